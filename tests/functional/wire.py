"""What a client may do to the connection: split and joined segments, long
lines, NULs, silence, and leaving without a word."""

import contextlib
import socket
import struct
import time

import tap
from house import House
from tap import case, equal

MESSAGES = [b"Subject: one\n\nfirst\n", b"Subject: two\n\nsecond\n",
            b"Subject: three\n\nthird\n"]
LOGIN = b"USER joe@kvt.dk\r\nPASS secret\r\n"


@contextlib.contextmanager
def a_house(messages=tuple(MESSAGES)):
    with House() as house:
        house.add_user("joe", "kvt.dk", "secret")
        house.path = house.write_mailbox("joe", "kvt.dk", messages)
        yield house


@contextlib.contextmanager
def logged_in(*options):
    with a_house() as house:
        with house.inetd(*options) as client:
            client.login("joe@kvt.dk", "secret")
            yield client, house


def send_all(client, data):
    """Sends data though the server may have had enough of it."""
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        client.send(data)


def rest_of(client):
    lines = []
    while (line := client.line()) is not None:
        lines.append(line)
    return lines


def subjects(house):
    return [line for line in house.path.read_bytes().split(b"\n")
            if line.startswith(b"Subject:")]


ALL_SUBJECTS = [b"Subject: one", b"Subject: two", b"Subject: three"]


# ---- segments --------------------------------------------------------------

@case("row 9: a command split into segments with pauses is one command")
def _():
    with logged_in() as (client, _house):
        for part in (b"NO", b"OP\r", b"\n"):
            client.send(part)
            time.sleep(0.3)
        assert client.line().startswith(b"+OK")
        equal(client.ok("STAT").split()[1], b"3")


@case("row 9: a session of one octet per segment goes like any other")
def _():
    with a_house() as house:
        house.start_daemon()
        with house.connect() as client:
            client.socket.setsockopt(
                socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for octet in LOGIN + b"STAT\r\nDELE 1\r\nQUIT\r\n":
                client.send(bytes([octet]))
                time.sleep(0.002)
            lines = rest_of(client)
        equal(len(lines), 6, f"{lines}")
        assert all(line.startswith(b"+OK") for line in lines), lines
        equal(subjects(house), ALL_SUBJECTS[1:])


@case("row 10: 1,000 pipelined commands get 1,000 replies in order")
def _():
    with logged_in() as (client, _house):
        client.send(b"LIST 1\r\nLIST 2\r\nLIST 3\r\nLIST 4\r\n" * 250)
        replies = [client.line() for _command in range(1000)]
        equal([line.split()[:2] for line in replies],
              [[b"+OK", b"1"], [b"+OK", b"2"], [b"+OK", b"3"],
               [b"-ERR", b"no"]] * 250)


@case("row 10: what follows QUIT in the same segment is ignored")
def _():
    with logged_in() as (client, house):
        client.send(b"DELE 2\r\nQUIT\r\nDELE 1\r\nRSET\r\nSTAT\r\nQUIT\r\n")
        equal(len(rest_of(client)), 2)
        equal(subjects(house), [ALL_SUBJECTS[0], ALL_SUBJECTS[2]])


@case("a whole session in one segment, through PASS, is answered in order")
def _():
    with a_house() as house:
        with house.inetd() as client:
            client.send(LOGIN + b"STAT\r\nQUIT\r\n")
            lines = rest_of(client)
        equal(len(lines), 5, f"{lines}")
        equal(lines[3].split()[:2], [b"+OK", b"3"])


@case("a session through two pipes, input closed at once, is answered whole")
def _():
    with a_house() as house:
        output = house.converse(LOGIN + b"DELE 3\r\nSTAT\r\nQUIT\r\n")
        lines = output.split(b"\r\n")
        equal(len(lines), 7, f"{lines}")
        equal(lines[4].split()[:2], [b"+OK", b"2"])
        equal(subjects(house), ALL_SUBJECTS[:2])


@case("800 commands sent together with PASS are all answered")
def _():
    with a_house() as house:
        with house.inetd() as client:
            client.send(LOGIN + b"LIST 1\r\nNOOP\r\n" * 400 + b"QUIT\r\n")
            lines = rest_of(client)
        equal(len(lines), 3 + 800 + 1)
        assert all(line.startswith(b"+OK") for line in lines)


@case("commands behind a wrong password are read as those before login")
def _():
    with a_house() as house:
        with house.inetd() as client:
            client.greet()
            client.send(b"USER joe@kvt.dk\r\nPASS wrong\r\nDELE 1\r\n" +
                        LOGIN + b"STAT\r\nQUIT\r\n")
            lines = rest_of(client)
        equal([line[:4] for line in lines],
              [b"+OK ", b"-ERR", b"-ERR", b"+OK ", b"+OK ", b"+OK ", b"+OK "])
        equal(lines[5].split()[:2], [b"+OK", b"3"])


@case("a large message asked for together with PASS comes whole")
def _():
    body = b"".join(b".%07d %s\n" % (i, b"x" * 60) for i in range(100000))
    message = b"Subject: large\n\n" + body
    with a_house([message]) as house:
        house.start_daemon()
        with house.connect() as client:
            client.send(LOGIN + b"RETR 1\r\nRETR 1\r\nSTAT\r\nQUIT\r\n")
            client.greet()
            client.line()
            client.line()
            octets = len(message) + message.count(b"\n")
            for _copy in range(2):
                equal(client.line().split()[1], b"%d" % octets)
                equal(client.lines(), message.split(b"\n")[:-1])
            equal(client.line(), b"+OK 1 %d" % octets)
            equal(len(rest_of(client)), 1)


# ---- leaving ---------------------------------------------------------------

@case("row 11: QUIT, then closing at once, still deletes")
def _():
    with logged_in() as (client, house):
        client.ok("DELE 1")
        client.send(b"QUIT\r\n")
        client.close()
        equal(subjects(house), ALL_SUBJECTS[1:])


@case("row 11: a whole session sent, then closed without reading, deletes")
def _():
    with a_house() as house:
        with house.inetd() as client:
            client.send(LOGIN + b"DELE 1\r\nDELE 2\r\nQUIT\r\n")
        equal(subjects(house), ALL_SUBJECTS[2:])


@case("row 11: over TCP, QUIT and closing at once still deletes")
def _():
    with a_house() as house:
        house.start_daemon()
        with house.connect() as client:
            client.login("joe@kvt.dk", "secret")
            client.ok("DELE 3")
            client.send(b"QUIT\r\n")
        house.logged(r'end="quit".* deleted=1 ')
        equal(subjects(house), ALL_SUBJECTS[:2])


@case("row 12: closing without QUIT deletes nothing")
def _():
    with logged_in() as (client, house):
        before = house.path.read_bytes()
        client.ok("DELE 1")
        client.retr(2)
        client.close()
        equal(house.path.read_bytes(), before)
        house.logged(r'end="connection lost".* deleted=0 ')


@case("row 12: half a QUIT is no QUIT")
def _():
    with a_house() as house:
        before = house.path.read_bytes()
        for half in (b"QUIT", b"QUIT\r", b"QUI"):
            house.converse(LOGIN + b"DELE 1\r\n" + half)
        equal(house.path.read_bytes(), before)


@case("row 12: a reset connection deletes nothing")
def _():
    with a_house() as house:
        house.start_daemon()
        before = house.path.read_bytes()
        with house.connect() as client:
            client.login("joe@kvt.dk", "secret")
            client.ok("DELE 1")
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                     struct.pack("ii", 1, 0))
        house.logged(r'end="connection lost".* deleted=0 ')
        equal(house.path.read_bytes(), before)


# ---- time ------------------------------------------------------------------

@case("row 12: --timeout closes an idle session without reply or deletion")
def _():
    with logged_in("--timeout=2") as (client, house):
        before = house.path.read_bytes()
        started = time.monotonic()
        client.ok("DELE 1")
        assert client.is_ended()
        assert 1.5 <= time.monotonic() - started < 10
        equal(house.path.read_bytes(), before)
        house.logged(r'end="timeout".* deleted=0 ')


@case("any command lets the idle time start again, half a command does not")
def _():
    with logged_in("--timeout=2") as (client, _house):
        for _turn in range(4):
            time.sleep(0.8)
            client.ok("NOOP")
        started = time.monotonic()
        for _turn in range(3):
            time.sleep(0.5)
            client.send(b"N")
        assert client.is_ended()
        assert time.monotonic() - started < 8


@case("--timeout=0 sets no limit")
def _():
    with logged_in("--timeout=0") as (client, _house):
        time.sleep(1.5)
        client.ok("NOOP")


@case("--login-timeout ends a silent connection without a reply")
def _():
    with a_house() as house:
        with house.inetd("--login-timeout=1") as client:
            started = time.monotonic()
            client.greet()
            client.ok("USER joe@kvt.dk")
            assert client.is_ended()
            assert 0.8 <= time.monotonic() - started < 8
        house.logged(r'end="timeout"')


@case("--login-timeout is absolute: commands do not put it off")
def _():
    with a_house() as house:
        with house.inetd("--login-timeout=2") as client:
            started = time.monotonic()
            client.greet()
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                while client.ask("CAPA") is not None:
                    client.lines()
                    time.sleep(0.1)
                    assert time.monotonic() - started < 10
            assert time.monotonic() - started > 1.5


@case("--login-timeout does not touch a session that is logged in")
def _():
    with logged_in("--login-timeout=1") as (client, _house):
        time.sleep(1.6)
        equal(client.ok("STAT").split()[1], b"3")


# ---- octets ----------------------------------------------------------------

@case("row 5: a NUL anywhere in a line makes it one -ERR")
def _():
    with a_house() as house:
        with house.inetd() as client:
            client.greet()
            for line in (b"\0", b"USER joe@kvt.dk\0", b"USER joe\0@kvt.dk",
                         b"USER \0joe@kvt.dk", b"CAPA\0", b"\0\0\0\0"):
                client.err(line)
            client.ok("USER joe@kvt.dk")
            client.err(b"PASS secret\0")
            client.ok("USER joe@kvt.dk")
            client.ok("PASS secret")
            for line in (b"DELE 1\0", b"DELE\0 1", b"STAT\0", b"QUIT\0"):
                client.err(line)
            equal(client.ok("STAT").split()[1], b"3")


@case("row 5: a name cut off by a NUL is not logged in")
def _():
    with a_house() as house:
        with house.inetd() as client:
            client.greet()
            client.err(b"USER joe@kvt.dk\0@evil.example")
            client.err(b"PASS secret")


@case("row 15: LF alone ends a line")
def _():
    with a_house() as house:
        with house.inetd() as client:
            client.send((LOGIN + b"STAT\r\nDELE 1\r\nQUIT\r\n")
                        .replace(b"\r\n", b"\n"))
            lines = rest_of(client)
        equal([line[:3] for line in lines], [b"+OK"] * 6)
        equal(subjects(house), ALL_SUBJECTS[1:])


@case("row 15: CR CR LF, 8-bit and TELNET octets get one -ERR each")
def _():
    with logged_in() as (client, _house):
        for line in (b"NOOP\r", b"STAT\r", b"\xff\xfb\x01", b"\x80",
                     b"NOOP\xff", b"\xef\xbb\xbfNOOP", b"\x1b[A", b"N\rOOP",
                     b"LIST \xb9"):
            client.err(line)
            client.ok("NOOP")


@case("row 15: CR alone ends no line")
def _():
    with logged_in() as (client, house):
        client.send(b"NOOP\rDELE 1\rQUIT\r\n")
        assert client.line().startswith(b"-ERR")
        equal(client.ok("STAT").split()[1], b"3")
        equal(subjects(house), ALL_SUBJECTS)


# ---- long lines ------------------------------------------------------------

@case("row 1: a line of 512 octets is read, one of 513 is too long")
def _():
    with a_house() as house:
        with house.inetd() as client:
            client.greet()
            equal(client.ok(b"USER " + b"x" * 505), client.ok("USER joe"))
            assert b"too long" in client.err(b"USER " + b"x" * 506)
            assert b"too long" in client.err(b"x" * 511)
            client.login("joe@kvt.dk", "secret")


@case("row 1: over-long lines get exactly one -ERR, then all goes on")
def _():
    lengths = (513, 514, 1023, 1024, 4096, 8192, 16383, 16384, 16385, 20000,
               65000)
    with a_house() as house:
        with house.inetd() as client:
            client.greet()
            for length in lengths:
                for verb in (b"USER ", b"PASS ", b"APOP ", b"AUTH "):
                    client.send(verb + b"x" * (length - 7) + b"\r\nCAPA\r\n")
                    equal(client.line(), b"-ERR line too long", f"{length}")
                    assert client.line().startswith(b"+OK")
                    client.lines()
            client.login("joe@kvt.dk", "secret")
            for length in lengths:
                client.err(b"DELE 1" + b" " * (length - 8))
                equal(client.ok("STAT").split()[1], b"3")


@case("row 1: an over-long line that comes in small pieces gets one -ERR")
def _():
    with logged_in() as (client, _house):
        for _piece in range(60):
            client.send(b"x" * 101)
            time.sleep(0.002)
        client.send(b"\r\nSTAT\r\n")
        equal(client.line(), b"-ERR line too long")
        equal(client.line().split()[:2], [b"+OK", b"3"])


@case("row 25: a password of 25 KB is one over-long line, and no attempt")
def _():
    with a_house() as house:
        with house.inetd() as client:
            client.greet()
            client.ok("USER joe@kvt.dk")
            equal(client.ask(b"PASS " + b"x" * 25 * 1024), b"-ERR line too long")
            client.ok("PASS secret")
            client.ok("QUIT")
        assert "login failed" not in house.log()


@case("row 8: STLS is refused, and what came with it is answered as it was")
def _():
    with a_house() as house, house.inetd() as client:
        client.greet()
        assert b"STLS" not in client.listing("CAPA")
        client.send(b"STLS\r\nUSER joe@kvt.dk\r\nPASS secret\r\n")
        equal(client.line()[:4], b"-ERR")
        equal(client.line()[:3], b"+OK")
        equal(client.line()[:3], b"+OK")
        client.send(b"STLS\r\nSTAT\r\n")
        equal(client.line()[:4], b"-ERR")
        equal(client.line()[:6], b"+OK 3 ")


@case("row 2: the rest of an over-long line is never taken for a command")
def _():
    with logged_in() as (client, house):
        before = house.path.read_bytes()
        for cut in (255, 256, 505, 506, 510, 511, 512, 513, 1024, 4096, 8192,
                    16378, 16383, 16384, 16385):
            line = b"x" * cut + b"DELE 1" + b" " * 512
            client.send(line + b"\r\nSTAT\r\n")
            equal(client.line(), b"-ERR line too long", f"{cut}")
            equal(client.line().split()[:2], [b"+OK", b"3"], f"{cut}")
            client.err(b"x" * cut + b"\rDELE 1" + b" " * 512)
            equal(client.ok("STAT").split()[:2], [b"+OK", b"3"], f"{cut}")
        client.ok("QUIT")
        equal(house.path.read_bytes(), before)


@case("row 1: 100 KB without a newline end the connection, before login")
def _():
    with a_house() as house:
        with house.inetd() as client:
            client.greet()
            send_all(client, b"USER " + b"x" * 100000)
            equal([line for line in rest_of(client)
                   if not line.startswith(b"-ERR")], [])


@case("row 1: 1 MB in one line ends the session, and deletes nothing")
def _():
    with logged_in() as (client, house):
        before = house.path.read_bytes()
        client.ok("DELE 1")
        send_all(client, b"DELE 2" + b"x" * 1000000 + b"\r\nQUIT\r\n")
        lines = rest_of(client)
        assert len(lines) <= 1, lines
        assert all(line.startswith(b"-ERR") for line in lines), lines
        client.close()
        equal(house.path.read_bytes(), before)


tap.main()
