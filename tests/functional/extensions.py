"""What CAPA announces: languages, UTF-8, EXPIRE, LOGIN-DELAY, pipelining.

RFC 2449 and RFC 6856.
"""

import contextlib
import os
import poplib
import re
import socket
import time

import tap
from catalogue import read_languages, statuses
from house import BUILD, House
from tap import case, equal

LOGIN = b"USER joe@kvt.dk\r\nPASS secret\r\n"
# Raw UTF-8 in header and body, as RFC 6532 allows it, and octets that are not
# UTF-8 at all.
UNICODE = ("From: Jørgen <jørgen@kvt.dk>\nSubject: grøn €\n\n"
           "blå\n").encode()
LATIN = "Subject: gr\xf8n\n\nbl\xe5\n".encode("latin-1")

LANGUAGES = {language.tag: language for language in read_languages()}
STATUSES = statuses()


def line_of(tag, name, word=None):
    """The line of a reply; word is data in front of the text."""
    words = [STATUSES[name], word, LANGUAGES[tag].texts[name]]
    return " ".join(part for part in words if part is not None).encode()


@contextlib.contextmanager
def a_house(messages=(UNICODE, LATIN)):
    with House() as house:
        house.add_user("joe", "kvt.dk", "secret")
        house.add_user("ann", "kvt.dk", "secret")
        house.path = house.write_mailbox("joe", "kvt.dk", messages)
        yield house


@contextlib.contextmanager
def a_client(*options):
    with a_house() as house, house.inetd(*options) as client:
        yield client.greet()


def rest_of(client):
    lines = []
    while (line := client.line()) is not None:
        lines.append(line)
    return lines


def default_tag():
    """What configure --enable-language chose."""
    return re.search(r'^#define DEFAULT_LANGUAGE "(.*)"$',
                     (BUILD / "config.h").read_text(), re.MULTILINE)[1]


# ---- LANG ------------------------------------------------------------------

@case("LANG lists each language file with its tag and its own name")
def _():
    expected = [f"{language.tag} {language.name}".encode()
                for language in LANGUAGES.values()]
    assert len(expected) >= 12
    with a_client("--language=en") as client:
        equal(client.ask("LANG"), line_of("en", "LANGUAGES"))
        equal(client.lines(), expected)
        client.login("joe@kvt.dk", "secret")
        equal(client.listing("LANG"), expected)


@case("LANG XX is answered in XX, with the tag in front, in both states")
def _():
    with a_client() as client:
        for tag in LANGUAGES:
            equal(client.ask(f"LANG {tag}"), line_of(tag, "LANGUAGE", tag))
            equal(client.ask("XYZZY"), line_of(tag, "UNKNOWN_COMMAND"))
        client.login("joe@kvt.dk", "secret")
        for tag in reversed(LANGUAGES):
            equal(client.ask(f"lang {tag.upper()}"),
                  line_of(tag, "LANGUAGE", tag))
            equal(client.ask("NOOP"), line_of(tag, "NOTHING"))


@case("a whole session is in the language that was chosen before login")
def _():
    for tag in LANGUAGES:
        with a_client() as client:
            client.ok(f"LANG {tag}")
            for command, expected in (
                    ("LANG xx", line_of(tag, "UNKNOWN_LANGUAGE")),
                    ("PASS x", line_of(tag, "USER_FIRST")),
                    ("USER", line_of(tag, "WRONG_ARGUMENTS")),
                    ("x" * 600, line_of(tag, "LINE_TOO_LONG")),
                    ("NOOP\0", line_of(tag, "HAS_NUL")),
                    ("UTF8", line_of(tag, "UTF8")),
                    ("USER joe@kvt.dk", line_of(tag, "NAME_TAKEN")),
                    ("PASS secret", line_of(tag, "LOGGED_IN")),
                    ("STAT", None),
                    ("LIST 1", None),
                    ("DELE 1", line_of(tag, "DELETED")),
                    ("RETR 1", line_of(tag, "IS_DELETED")),
                    ("RETR 9", line_of(tag, "NO_SUCH_MESSAGE")),
                    ("RSET", line_of(tag, "RESET")),
                    ("RETR x", line_of(tag, "NO_SUCH_MESSAGE")),
                    ("QUIT", line_of(tag, "UPDATED"))):
                got = client.ask(command)
                if expected is None:
                    assert re.fullmatch(rb"\+OK \d+ \d+", got), got
                else:
                    equal(got, expected, command)


@case("multi-line replies begin in the language, their lines do not change")
def _():
    def lists(client):
        return [client.lines() for command in ("LIST", "UIDL", "CAPA")
                if client.send(command.encode() + b"\r\n") or client.line()]

    with a_client("--language=en") as client:
        client.login("joe@kvt.dk", "secret")
        english = lists(client)
        for tag in LANGUAGES:
            client.ok(f"LANG {tag}")
            equal(lists(client), english, tag)
            equal(client.ask("CAPA"), line_of(tag, "CAPABILITIES"))
            client.lines()
            equal(client.ask("LIST"), line_of(tag, "LISTING"))
            client.lines()
            size = b"%d" % (len(UNICODE) + UNICODE.count(b"\n"))
            equal(client.ask("RETR 1"),
                  line_of(tag, "OCTETS", size.decode()))
            client.lines()


@case("LANG * brings the language of the administrator, unknown ones nothing")
def _():
    with a_client("--language=sv") as client:
        equal(client.greeting.split(b" <")[0], line_of("sv", "GREETING"))
        client.ok("LANG fr-CH-1996")
        equal(client.ask("CAPA"), line_of("fr", "CAPABILITIES"))
        client.lines()
        for unknown in ("xx", "mul", "i-default", "frx", "f", "-", "svenska"):
            equal(client.ask(f"LANG {unknown}"),
                  line_of("fr", "UNKNOWN_LANGUAGE"), unknown)
        equal(client.ask("LANG *"), line_of("sv", "LANGUAGE", "sv"))
        client.login("joe@kvt.dk", "secret")
        client.ok("LANG ru")
        equal(client.ask("LANG *"), line_of("sv", "LANGUAGE", "sv"))
        client.err("LANG da de")
        client.err("LANG  da")
        equal(client.ask("NOOP"), line_of("sv", "NOTHING"))


@case("without LANG and --language all is in the built-in language")
def _():
    tag = default_tag()
    with a_client() as client:
        equal(client.greeting.split(b" <")[0], line_of(tag, "GREETING"))
        equal(client.ask("LANG *"), line_of(tag, "LANGUAGE", tag))
        equal(client.ask("QUIT"), line_of(tag, "GOODBYE"))


@case("--language takes tags, aliases and ranges")
def _():
    with a_house() as house:
        for value, tag in (("da", "da"), ("DE", "de"), ("no", "nb"),
                           ("nb-NO", "nb"), ("pt-BR", "pt"), ("en", "en")):
            with house.inetd(f"--language={value}") as client:
                equal(client.greet().greeting.split(b" <")[0],
                      line_of(tag, "GREETING"), value)


@case("a failed login is told in the language, with the code for programs")
def _():
    with a_client("--language=en") as client:
        client.ok("LANG uk")
        client.ok("USER joe@kvt.dk")
        reply = client.ask("PASS wrong")
        equal(reply, line_of("uk", "BAD_CREDENTIALS"))
        assert reply.startswith(b"-ERR [AUTH] "), reply


@case("trouble with the mailbox is told in the language of the session")
def _():
    with a_house() as house:
        house.path.chmod(0o666)
        with house.inetd() as client:
            client.greet()
            client.ok("LANG tr")
            client.ok("USER joe@kvt.dk")
            equal(client.ask("PASS secret"), line_of("tr", "MAILBOX_UNSAFE"))
        house.path.chmod(0o600)
        with house.inetd() as client, house.inetd() as second:
            client.login("joe@kvt.dk", "secret")
            second.greet()
            second.ok("LANG pl")
            second.ok("USER joe@kvt.dk")
            equal(second.ask("PASS secret"), line_of("pl", "MAILBOX_BUSY"))
            client.ok("LANG da")
            client.ok("DELE 1")
            house.path.write_bytes(b"From x\n")
            equal(client.ask("QUIT"), line_of("da", "MAILBOX_CHANGED"))


@case("who is turned away is told so in the language of the administrator")
def _():
    with a_house() as house:
        house.start_daemon("--daemon=1", "--language=es")
        with house.connect() as first:
            first.greet()
            with house.connect() as second:
                equal(second.line(), line_of("es", "TOO_MANY_CONNECTIONS"))


# ---- pipelining ------------------------------------------------------------

SESSION = (b"CAPA\r\nLANG sv\r\nUTF8\r\nUSER joe@kvt.dk\r\nPASS secret\r\n"
           b"STAT\r\nCAPA\r\nLANG uk\r\nRETR 1\r\nTOP 2 0\r\nXYZZY\r\nUIDL 1\r\n"
           b"DELE 2\r\nNOOP\r\nQUIT\r\n")


def check_session(lines):
    """Lines are the replies to SESSION, and no others."""
    lines = iter(lines)

    def expect(line):
        equal(next(lines), line)

    def until_dot():
        return list(iter(lambda: next(lines), b"."))
    expect(line_of("en", "CAPABILITIES"))
    capabilities = until_dot()
    assert b"PIPELINING" in capabilities
    expect(line_of("sv", "LANGUAGE", "sv"))
    expect(line_of("sv", "UTF8"))
    expect(line_of("sv", "NAME_TAKEN"))
    expect(line_of("sv", "LOGGED_IN"))
    octets = sum(len(text) + text.count(b"\n") for text in (UNICODE, LATIN))
    expect(b"+OK 2 %d" % octets)
    expect(line_of("sv", "CAPABILITIES"))
    equal(until_dot(), capabilities)
    expect(line_of("uk", "LANGUAGE", "uk"))
    size = len(UNICODE) + UNICODE.count(b"\n")
    expect(line_of("uk", "OCTETS", str(size)))
    equal(until_dot(), UNICODE.split(b"\n")[:-1])
    expect(line_of("uk", "LISTING"))
    equal(until_dot(), LATIN.split(b"\n")[:2])
    expect(line_of("uk", "UNKNOWN_COMMAND"))
    assert next(lines).startswith(b"+OK 1 ")
    expect(line_of("uk", "DELETED"))
    expect(line_of("uk", "NOTHING"))
    expect(line_of("uk", "UPDATED"))
    equal(list(lines), [])


@case("row 10: a session in one write: each command has its reply, in turn")
def _():
    with a_house() as house:
        house.start_daemon("--language=en")
        with house.connect() as client:
            client.send(SESSION)
            client.greet()
            check_session(rest_of(client))
        assert UNICODE in house.path.read_bytes()
        assert LATIN not in house.path.read_bytes()


@case("row 9: the same session in writes of one octet has the same replies")
def _():
    with a_house() as house:
        house.start_daemon("--language=en")
        with house.connect() as client:
            client.socket.setsockopt(
                socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for octet in SESSION:
                client.send(bytes([octet]))
                time.sleep(0.001)
            client.greet()
            check_session(rest_of(client))


@case("row 10: cut in two at any place, the session has the same replies")
def _():
    for cut in range(1, len(SESSION), 7):
        with a_house() as house, house.inetd("--language=en") as client:
            client.send(SESSION[:cut])
            client.greet()
            client.send(SESSION[cut:])
            check_session(rest_of(client))


# ---- UTF8 ------------------------------------------------------------------

@case("UTF8 is taken before login and refused after it")
def _():
    with a_client("--language=en") as client:
        equal(client.ask("UTF8"), line_of("en", "UTF8"))
        equal(client.ask("utf8"), line_of("en", "UTF8"))
        client.err("UTF8 USER")
        client.login("joe@kvt.dk", "secret")
        equal(client.ask("UTF8"), line_of("en", "UNKNOWN_COMMAND"))
        client.ok("QUIT")


@case("with UTF8 and without it messages are sent as they are stored")
def _():
    with a_house() as house:
        for commands in ((), ("UTF8",)):
            with house.inetd() as client:
                client.greet()
                for command in commands:
                    client.ok(command)
                client.login("joe@kvt.dk", "secret")
                for number, message in ((1, UNICODE), (2, LATIN)):
                    text = message.replace(b"\n", b"\r\n")
                    equal(client.ok(f"LIST {number}").split()[2],
                          b"%d" % len(text))
                    equal(client.retr(number), (len(text), text))
                    equal(client.listing(f"TOP {number} 9"),
                          text.split(b"\r\n")[:-1])


@case("a password in UTF-8 is compared octet by octet")
def _():
    with House() as house:
        house.add_user("joe", "kvt.dk", "blåbærgrød")
        house.write_mailbox("joe", "kvt.dk", [UNICODE])
        with house.inetd() as client:
            client.greet()
            client.ok("USER joe@kvt.dk")
            client.err("PASS blåbærgrød".encode("latin-1"))
            client.login("joe@kvt.dk", "blåbærgrød")


@case("Python's poplib switches to UTF-8 and reads the mail")
def _():
    with a_house() as house:
        house.start_daemon("--language=en")
        client = poplib.POP3("127.0.0.1", house.port, timeout=30)
        try:
            capabilities = client.capa()
            equal((capabilities["UTF8"], capabilities["LANG"]), ([], []))
            equal(client.utf8(), line_of("en", "UTF8"))
            client.user("joe@kvt.dk")
            client.pass_("secret")
            equal(client.retr(1)[1], UNICODE.split(b"\n")[:-1])
            equal(client.quit(), line_of("en", "UPDATED"))
        finally:
            client.close()


# ---- EXPIRE, LOGIN-DELAY ---------------------------------------------------

@case("EXPIRE NEVER: mail that nobody deletes stays, however old and read")
def _():
    with a_house() as house:
        os.utime(house.path, (0, 0))
        for _session in range(3):
            with house.inetd() as client:
                client.login("joe@kvt.dk", "secret")
                assert b"EXPIRE NEVER" in client.listing("CAPA")
                for number, message in ((1, UNICODE), (2, LATIN)):
                    equal(client.retr(number)[1],
                          message.replace(b"\n", b"\r\n"))
                client.ok("QUIT")


@case("without --login-delay none is announced, and a user may come at once")
def _():
    with a_house() as house:
        for options in ((), ("--login-delay=0",)):
            for _session in range(3):
                with house.inetd(*options) as client:
                    client.login("joe@kvt.dk", "secret")
                    equal([line for line in client.listing("CAPA")
                           if line.startswith(b"LOGIN-DELAY")], [])
        equal(list(house.state.glob("*.last")), [])


@case("--login-delay is announced in both states, and kept for each user")
def _():
    with a_house() as house:
        delay = "--login-delay=1000"
        with house.inetd(delay) as client:
            client.greet()
            assert b"LOGIN-DELAY 1000" in client.listing("CAPA")
            client.login("joe@kvt.dk", "secret")
            assert b"LOGIN-DELAY 1000" in client.listing("CAPA")
            client.ok("QUIT")
        with house.inetd(delay, "--language=en") as client:
            client.greet()
            client.ok("USER joe@kvt.dk")
            equal(client.ask("PASS secret"), line_of("en", "LOGIN_TOO_SOON"))
            assert client.is_ended()
        house.logged(r"mailbox trouble: \S+joe: opened again too soon "
                     r"user=joe@kvt\.dk addr=")
        with house.inetd(delay) as client:
            client.login("ann@kvt.dk", "secret")


@case("a login that --login-delay refused does not count, nor a failed one")
def _():
    with a_house() as house:
        with house.inetd("--login-delay=1000") as client:
            client.greet()
            client.ok("USER joe@kvt.dk")
            assert b"[AUTH]" in client.err("PASS wrong")
            client.login("joe@kvt.dk", "secret")
        last, = house.state.glob("*joe.last")
        then = int(time.time()) - 900
        os.utime(last, (then, then))
        with house.inetd("--login-delay=1000") as client:
            client.greet()
            client.ok("USER joe@kvt.dk")
            assert b"[LOGIN-DELAY]" in client.err("PASS secret")
        equal(int(last.stat().st_mtime), then)
        with house.inetd("--login-delay=800") as client:
            client.login("joe@kvt.dk", "secret")
        assert int(last.stat().st_mtime) > then


@case("a login that could not open the mailbox does not count")
def _():
    with a_house() as house:
        house.path.chmod(0o666)
        with house.inetd("--login-delay=1000") as client:
            client.greet()
            client.ok("USER joe@kvt.dk")
            assert b"[SYS/PERM]" in client.err("PASS secret")
        house.path.chmod(0o600)
        with house.inetd("--login-delay=1000") as client:
            client.login("joe@kvt.dk", "secret")


tap.main()
