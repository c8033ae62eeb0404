"""Every command of the protocol, in both states, with good and bad words."""

import contextlib
import re

import tap
from house import House
from tap import case, equal

ONE = b"Subject: one\nX-Mark: 1\n\nfirst\nsecond\nthird\n"
TWO = b"Subject: two\n\n.dot\n..dots\n.\nFrom me\nend\n"
THREE = b"Subject: three\n\nthree\n"
MESSAGES = [ONE, TWO, THREE]

CAPABILITIES = [b"USER",
                b"SASL SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5 PLAIN LOGIN",
                b"TOP", b"UIDL", b"RESP-CODES", b"AUTH-RESP-CODE",
                b"PIPELINING", b"EXPIRE NEVER", b"UTF8", b"LANG",
                b"IMPLEMENTATION gnu-pop3d"]


def wire_form(message):
    return message.replace(b"\n", b"\r\n")


def size(message):
    return len(wire_form(message))


@contextlib.contextmanager
def opened(messages=(), *options):
    """A client that has seen nothing yet, and the mailbox."""
    with House() as house:
        house.add_user("joe", "kvt.dk", "secret")
        path = house.write_mailbox("joe", "kvt.dk", messages)
        with house.inetd(*options) as client:
            yield client, path


@contextlib.contextmanager
def logged_in(messages=(), *options):
    with opened(messages, *options) as (client, path):
        client.login("joe@kvt.dk", "secret")
        yield client, path


# ---- states ----------------------------------------------------------------

@case("row 20: commands of the TRANSACTION state are refused before login")
def _():
    with opened(MESSAGES) as (client, path):
        client.greet()
        before = path.read_bytes()
        for command in ("STAT", "LIST", "LIST 1", "UIDL", "RETR 1", "TOP 1 0",
                        "DELE 1", "RSET", "LAST", "NOOP"):
            client.err(command)
            client.listing("CAPA")
        client.login("joe@kvt.dk", "secret")
        equal(client.ok("STAT").split()[1], b"3")
        client.ok("QUIT")
        equal(path.read_bytes(), before)


@case("row 20: commands of the AUTHORIZATION state are refused after login")
def _():
    with logged_in(MESSAGES) as (client, _path):
        stat = client.ok("STAT")
        for command in ("USER joe@kvt.dk", "PASS secret",
                        "APOP joe@kvt.dk " + 32 * "0"):
            client.err(command)
        equal(client.ok("STAT"), stat)


@case("row 20: PASS without USER is refused, also after a failed attempt")
def _():
    with opened() as (client, _path):
        client.greet()
        client.err("PASS secret")
        client.ok("USER joe@kvt.dk")
        client.err("PASS wrong")
        client.err("PASS secret")
        client.ok("USER joe@kvt.dk")
        client.ok("PASS secret")


@case("row 20: of two USER commands the second one counts")
def _():
    with opened() as (client, _path):
        client.greet()
        client.ok("USER nobody@kvt.dk")
        client.ok("USER joe@kvt.dk")
        client.ok("PASS secret")


@case("row 20: a failed APOP takes the name of USER with it")
def _():
    with opened() as (client, _path):
        client.greet()
        client.ok("USER joe@kvt.dk")
        client.err("APOP joe@kvt.dk " + 32 * "0")
        client.err("PASS secret")


@case("USER says +OK to any name, known or not")
def _():
    with opened() as (client, _path):
        client.greet()
        equal(client.ok("USER joe@kvt.dk"), client.ok("USER nobody@nowhere"))


@case("QUIT before login is +OK and ends the connection")
def _():
    with opened(MESSAGES) as (client, path):
        before = path.read_bytes()
        client.greet()
        client.ok("QUIT")
        assert client.is_ended()
        equal(path.read_bytes(), before)


@case("CAPA lists the same capabilities before and after login")
def _():
    with opened() as (client, _path):
        client.greet()
        equal(client.listing("CAPA"), CAPABILITIES)
        client.login("joe@kvt.dk", "secret")
        equal(client.listing("CAPA"), CAPABILITIES)


# ---- lines -----------------------------------------------------------------

@case("verbs are known in capitals, small letters and mixed")
def _():
    with opened(MESSAGES) as (client, _path):
        client.greet()
        client.ok("uSeR joe@kvt.dk")
        client.ok("pass secret")
        for command in ("stat", "Noop", "rSeT", "last", "lIsT 1", "Uidl 2",
                        "dele 3", "capa"):
            client.ok(command)
            if command == "capa":
                client.lines()
        equal(client.retr(1)[1], wire_form(ONE))
        client.ok("quit")


@case("blanks at the end of a line are accepted")
def _():
    with opened(MESSAGES) as (client, _path):
        client.greet()
        client.ok("USER joe@kvt.dk  ")
        client.ok("PASS secret")
        for command in ("STAT ", "NOOP   ", "LIST 1 ", "UIDL 1  ", "DELE 1 ",
                        "RSET ", "LAST "):
            client.ok(command)
        equal(len(client.listing("LIST ")), 3)
        equal(client.listing("TOP 3 0  "), [b"Subject: three", b""])
        client.ok("QUIT ")


@case("unknown, empty and misspelt lines get one -ERR each")
def _():
    with logged_in(MESSAGES) as (client, _path):
        for line in (b"", b" ", b"XYZZY", b"STATX", b"STA", b" STAT",
                     b"STAT\tx", b"LIST\t1", b"RETR1", b"+OK", b"."):
            client.err(line)
            equal(client.ok("STAT").split()[1], b"3")


@case("ten bad lines in a row get ten replies, then the connection ends")
def _():
    with logged_in(MESSAGES) as (client, path):
        before = path.read_bytes()
        client.ok("DELE 1")
        client.send(b"XYZZY\r\n" * 10 + b"QUIT\r\n")
        replies = []
        while (line := client.line()) is not None:
            replies.append(line)
        equal(len(replies), 10, f"{replies}")
        assert all(line.startswith(b"-ERR ") for line in replies)
        equal(path.read_bytes(), before)


@case("a good command between bad ones lets the count start again")
def _():
    with logged_in(MESSAGES) as (client, _path):
        for _round in range(3):
            for _bad in range(9):
                client.err("XYZZY")
            client.ok("NOOP")


@case("superfluous and missing arguments are refused")
def _():
    with opened(MESSAGES) as (client, _path):
        client.greet()
        for command in ("USER", "USER ", "USER a b", "APOP", "APOP a",
                        "APOP a b c", "CAPA x", "QUIT now", "PASS"):
            client.err(command)
        client.listing("CAPA")
        client.login("joe@kvt.dk", "secret")
        for command in ("STAT 1", "NOOP x", "RSET 1", "CAPA x", "LAST 1",
                        "LIST 1 2", "UIDL 1 2", "RETR", "RETR 1 2", "DELE",
                        "DELE 1 2", "TOP", "TOP 1", "TOP 1 2 3", "QUIT now",
                        "LIST  1", "RETR  1", "TOP 1  2"):
            client.err(command)
            equal(client.ok("STAT").split()[1], b"3")


# ---- message numbers -------------------------------------------------------

BAD_NUMBERS = (b"0", b"4", b"-1", b"+1", b"0x1", b"1x", b"x", b"1.0", b"1,2",
               b"4294967297", b"18446744073709551616", b"18446744073709551617",
               b"9" * 400, b"\xb2", b"1\t", b"00", b"''", b"*", b"1-2")


@case("row 3: numbers that are no message are refused by every command")
def _():
    with logged_in(MESSAGES) as (client, path):
        before = path.read_bytes()
        for number in BAD_NUMBERS:
            for command in (b"LIST %s", b"UIDL %s", b"RETR %s", b"DELE %s",
                            b"TOP %s 1"):
                client.err(command % number)
                client.ok("NOOP")
        equal(client.ok("STAT").split()[1], b"3")
        client.ok("QUIT")
        equal(path.read_bytes(), before)


@case("row 3: leading zeros do no harm")
def _():
    with logged_in(MESSAGES) as (client, _path):
        equal(client.ok("LIST 01"), client.ok("LIST 1"))
        equal(client.ok("LIST 0000000000000000000000003"),
              client.ok("LIST 3"))


@case("row 4: bad line counts of TOP are refused, huge ones mean all")
def _():
    with logged_in(MESSAGES) as (client, _path):
        for count in ("-1", "+1", "x", "1x", "0x1", "99999999999999999999999"):
            client.err(f"TOP 1 {count}")
            client.ok("NOOP")
        for count in ("99999999999", "4294967296", "18446744073709551614"):
            equal(client.listing(f"TOP 1 {count}"), ONE.split(b"\n")[:-1])


# ---- STAT, LIST, UIDL ------------------------------------------------------

@case("STAT and LIST tell count and octets exactly")
def _():
    sizes = [size(message) for message in MESSAGES]
    with logged_in(MESSAGES) as (client, _path):
        equal(client.ok("STAT"), b"+OK 3 %d" % sum(sizes))
        equal(client.listing("LIST"),
              [b"%d %d" % row for row in enumerate(sizes, 1)])
        for number, octets in enumerate(sizes, 1):
            equal(client.ok(f"LIST {number}"), b"+OK %d %d" % (number, octets))


@case("UIDL lists a distinct id of 1 to 70 graphic octets per message")
def _():
    with logged_in(MESSAGES + [ONE, ONE]) as (client, _path):
        rows = client.listing("UIDL")
        equal(len(rows), 5)
        for number, row in enumerate(rows, 1):
            assert re.fullmatch(rb"%d [\x21-\x7e]{1,70}" % number, row), row
            equal(client.ok(f"UIDL {number}"), b"+OK " + row)
        equal(len({row.split()[1] for row in rows}), 5, "distinct ids")


@case("an empty mailbox gives empty lists and no message")
def _():
    with logged_in() as (client, _path):
        equal(client.ok("STAT"), b"+OK 0 0")
        equal(client.listing("LIST"), [])
        equal(client.listing("UIDL"), [])
        equal(client.ok("LAST"), b"+OK 0")
        for command in ("LIST 1", "UIDL 1", "RETR 1", "TOP 1 1", "DELE 1"):
            client.err(command)
        client.ok("QUIT")


# ---- RETR, TOP -------------------------------------------------------------

@case("RETR sends the exact octets, dots stuffed, ended by CR LF dot CR LF")
def _():
    with logged_in(MESSAGES) as (client, _path):
        client.send(b"RETR 2\r\nNOOP\r\n")
        equal(client.line().split()[:2], [b"+OK", b"%d" % size(TWO)])
        expected = (b"Subject: two\r\n\r\n..dot\r\n...dots\r\n..\r\n"
                    b"From me\r\nend\r\n.\r\n+OK")
        got = b""
        while len(got) < len(expected):
            line = client.line()
            got += line + b"\r\n"
        assert got.startswith(expected), got
        equal(client.retr(3), (size(THREE), wire_form(THREE)))


@case("TOP sends the header, the empty line and as many lines as asked for")
def _():
    lines = ONE.split(b"\n")[:-1]
    with logged_in(MESSAGES) as (client, _path):
        for count in range(6):
            equal(client.listing(f"TOP 1 {count}"), lines[:3 + count])
        equal(client.listing("TOP 2 2"),
              [b"Subject: two", b"", b".dot", b"..dots"])


@case("TOP stuffs dots as RETR does")
def _():
    with logged_in(MESSAGES) as (client, _path):
        client.send(b"TOP 2 3\r\n")
        got = [client.line() for _line in range(7)]
        equal(got[1:], [b"Subject: two", b"", b"..dot", b"...dots", b"..",
                        b"."])


@case("messages without body, header or final newline end as they should")
def _():
    with House() as house:
        house.add_user("joe", "kvt.dk", "secret")
        path = house.write_mailbox("joe", "kvt.dk", [
            b"Subject: no body\n", b"\nno header\n", b"", b"Subject: cut\n\n"])
        with open(path, "ab") as mailbox:
            mailbox.write(b"From x@y Sun Nov 22 07:00:00 2026\n"
                          b"Subject: last\n\nno newline")
        with house.inetd() as client:
            client.login("joe@kvt.dk", "secret")
            expected = [b"Subject: no body\r\n", b"\r\nno header\r\n", b"",
                        b"Subject: cut\r\n\r\n",
                        b"Subject: last\r\n\r\nno newline\r\n"]
            for number, text in enumerate(expected, 1):
                equal(client.retr(number), (len(text), text))
                equal(client.listing(f"TOP {number} 9"),
                      text.split(b"\r\n")[:-1])
            equal(client.ok("STAT"), b"+OK 5 %d" % sum(map(len, expected)))


# ---- DELE, RSET ------------------------------------------------------------

@case("deleted messages are gone from STAT, LIST and UIDL; numbers stay")
def _():
    with logged_in(MESSAGES) as (client, _path):
        ids = client.listing("UIDL")
        client.ok("DELE 2")
        equal(client.ok("STAT"), b"+OK 2 %d" % (size(ONE) + size(THREE)))
        equal(client.listing("LIST"),
              [b"1 %d" % size(ONE), b"3 %d" % size(THREE)])
        equal(client.listing("UIDL"), [ids[0], ids[2]])
        equal(client.retr(3)[1], wire_form(THREE))


@case("every command refuses the number of a deleted message")
def _():
    with logged_in(MESSAGES) as (client, _path):
        client.ok("DELE 2")
        for command in ("LIST 2", "UIDL 2", "RETR 2", "TOP 2 0", "DELE 2"):
            client.err(command)


@case("RSET brings all deleted messages back, and QUIT then removes none")
def _():
    with logged_in(MESSAGES) as (client, path):
        before = path.read_bytes()
        stat, ids = client.ok("STAT"), client.listing("UIDL")
        for number in (1, 2, 3):
            client.ok(f"DELE {number}")
        equal(client.ok("STAT"), b"+OK 0 0")
        equal(client.listing("LIST"), [])
        client.ok("RSET")
        equal(client.ok("STAT"), stat)
        equal(client.listing("UIDL"), ids)
        client.ok("QUIT")
        equal(path.read_bytes(), before)


@case("QUIT removes exactly the marked messages, for every choice of them")
def _():
    with House() as house:
        house.add_user("joe", "kvt.dk", "secret")
        for chosen in range(8):
            path = house.write_mailbox("joe", "kvt.dk", MESSAGES)
            with house.inetd() as client:
                client.login("joe@kvt.dk", "secret")
                for number in (1, 2, 3):
                    if chosen >> (number - 1) & 1:
                        client.ok(f"DELE {number}")
                client.ok("QUIT")
                assert client.is_ended()
            left = [message for number, message in enumerate(MESSAGES)
                    if not chosen >> number & 1]
            house.write_mailbox("expected", "kvt.dk", left)
            equal(path.read_bytes(),
                  house.mailbox("expected", "kvt.dk").read_bytes(),
                  f"choice {chosen:03b}")


# ---- LAST ------------------------------------------------------------------

@case("LAST tells the highest message retrieved; RSET takes it back")
def _():
    with logged_in(MESSAGES) as (client, _path):
        equal(client.ok("LAST"), b"+OK 0")
        client.retr(2)
        equal(client.ok("LAST"), b"+OK 2")
        client.retr(1)
        equal(client.ok("LAST"), b"+OK 2")
        client.listing("TOP 3 0")
        client.ok("DELE 3")
        equal(client.ok("LAST"), b"+OK 2")
        client.ok("RSET")
        equal(client.ok("LAST"), b"+OK 0")


@case("LAST begins at the last message that has R in its Status: header")
def _():
    messages = [b"Status: RO\n\n1\n", b"Subject: x\nStatus: R\n\n2\n",
                b"Status: O\n\n3\n", b"X-Status: R\n\nStatus: R\n"]
    with logged_in(messages) as (client, _path):
        equal(client.ok("LAST"), b"+OK 2")
        client.retr(4)
        equal(client.ok("LAST"), b"+OK 4")
        client.ok("RSET")
        equal(client.ok("LAST"), b"+OK 2")


# ---- replies ---------------------------------------------------------------

@case("replies are short, and begin with [ only for a known response code")
def _():
    codes = (b"[AUTH]", b"[IN-USE]", b"[SYS/TEMP]", b"[SYS/PERM]")
    with opened(MESSAGES) as (client, _path):
        replies = [client.greet().greeting]
        replies += [client.ask(command) for command in (
            "XYZZY", "USER", "PASS", "USER joe@kvt.dk", "PASS wrong",
            "USER joe@kvt.dk", "PASS secret", "STAT", "LIST 1", "LIST 9",
            "UIDL 1", "DELE 1", "DELE 1", "RETR 1", "RSET", "LAST", "NOOP",
            "TOP 1", "x" * 600, "\0", "QUIT")]
        for reply in replies:
            assert len(reply) + 2 <= 512, reply
            status, _blank, text = reply.partition(b" ")
            assert status in (b"+OK", b"-ERR"), reply
            assert not text.startswith(b"[") or text.startswith(codes), reply
        assert client.is_ended()


tap.main()
