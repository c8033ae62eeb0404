"""--relay-file: who has logged in from where, for POP before SMTP."""

import concurrent.futures
import contextlib
import fcntl
import os
import re
import socket
import time

import tap
from house import Client, House, IS_ROOT
from tap import case, equal

LINE = re.compile(r"(\S+) (\d+) (\S+)\n")


@contextlib.contextmanager
def a_house(*options, starts=True):
    with House() as house:
        for user in ("joe", "ann"):
            house.add_user(user, "kvt.dk", "secret")
        house.relay = house.root / "relay" / "file"
        house.relay.parent.mkdir(mode=0o750)
        if starts:
            house.start_daemon(f"--relay-file={house.relay}", *options)
        yield house


def connect(house, source):
    return Client(socket.create_connection(
        ("127.0.0.1", house.port), 30, (source, 0)))


def log_in(house, source="127.0.0.5", user="joe", header=b""):
    with connect(house, source) as client:
        client.send(header)
        client.login(f"{user}@kvt.dk", "secret")
        client.ok("QUIT")


def rows(house):
    """[(address, user)], in the order of the file; all lines are whole."""
    if not house.relay.exists():
        return []
    found = []
    for line in house.relay.read_text().splitlines(keepends=True):
        match = LINE.fullmatch(line)
        assert match, line
        assert abs(int(match[2]) - time.time()) < 2000, line
        found.append((match[1], match[3]))
    return found


@case("a login is noted with address, time and user, the latest at the end")
def _():
    with a_house() as house:
        log_in(house)
        line = house.relay.read_text()
        assert LINE.fullmatch(line), line
        assert abs(int(line.split()[1]) - time.time()) < 30, line
        log_in(house, "127.0.0.6")
        log_in(house, user="ann")
        equal(rows(house), [("127.0.0.6", "joe@kvt.dk"),
                            ("127.0.0.5", "ann@kvt.dk")])
        equal(os.listdir(house.relay.parent), ["file"])


@case("failed logins, 127.0.0.1 and clients without an address are not noted")
def _():
    with a_house() as house:
        log_in(house, "127.0.0.1")
        with connect(house, "127.0.0.5") as client:
            client.greet()
            client.ok("USER joe@kvt.dk")
            client.err("PASS wrong")
        with house.inetd(f"--relay-file={house.relay}") as client:
            client.login("joe@kvt.dk", "secret")
            client.ok("QUIT")
        equal(rows(house), [])
        assert "is not noted" not in house.log()


@case("behind --proxy-from it is the address of the header, IPv6 too")
def _():
    with a_house("--proxy-from=127.0.0.1") as house:
        for address, kind in (("192.0.2.7", "4"), ("2001:db8::7", "6")):
            here = address.rstrip("7") + "1"
            log_in(house, "127.0.0.1", header=(
                f"PROXY TCP{kind} {address} {here} 1 110\r\n").encode())
        log_in(house, "127.0.0.1", header=b"PROXY TCP6 ::1 ::1 1 110\r\n")
        log_in(house, "127.0.0.1", header=b"PROXY UNKNOWN\r\n")
        equal(rows(house), [("192.0.2.7", "joe@kvt.dk"),
                            ("2001:db8::7", "joe@kvt.dk")])


@case("a login whose mailbox is in use is a login too")
def _():
    with a_house() as house, connect(house, "127.0.0.5") as first:
        first.login("joe@kvt.dk", "secret")
        with connect(house, "127.0.0.6") as second:
            second.greet()
            second.ok("USER joe@kvt.dk")
            assert second.err("PASS secret").startswith(b"-ERR [IN-USE]")
        equal([address for address, _ in rows(house)],
              ["127.0.0.5", "127.0.0.6"])


# ---- the file ---------------------------------------------------------------

def write(house, text):
    house.relay.write_bytes(text)
    house.relay.chmod(0o640)


@case("old lines, torn ones and nonsense go, the others stay as they are")
def _():
    with a_house() as house:
        now = int(time.time())
        good = b"192.0.2.1 %d ann@kvt.dk\n2001:db8::1 %d joe\n" % (
            now - 1500, now - 5)
        write(house, good + b"".join((
            b"192.0.2.2 %d joe\n" % (now - 1900),
            b"192.0.2.3 %d joe\n" % (now + 300),
            b"127.0.0.5 %d joe\n" % (now - 9), b"nonsense\n", b"\n",
            b"192.0.2.4 -1 joe\n", b"192.0.2.4 %d \n" % now,
            b"192.0.2.4 1%d joe\n" % 10 ** 30, b"192.0.2.4 %d\n" % now,
            b"x" * 5000 + b"\n", b"192.0.2.4 %d j\0e\n" % now,
            b"192.0.2.4 %d joe" % now)))
        log_in(house)
        text = house.relay.read_bytes()
        assert text.startswith(good), text
        assert LINE.fullmatch(text[len(good):].decode()), text


@case("at 1 MB the oldest lines go")
def _():
    with a_house() as house:
        now = int(time.time())
        lines = [b"192.0.%d.%d %d %s\n" % (
            i // 250, i % 250, now, b"x" * 100) for i in range(20000)]
        write(house, b"".join(lines))
        log_in(house)
        text = house.relay.read_bytes()
        assert (1 << 20) - 500 < len(text) < (1 << 20) + 500, len(text)
        assert text.startswith(b"192.0."), text[:200]
        assert b"\n" + lines[-1] + b"127.0.0.5 " in text


@case("many at a time: every login is there once, readers see whole lines")
def _():
    with a_house("--max-per-source=100") as house:
        sources = [f"127.0.1.{i}" for i in range(1, 31)]
        users = ["joe", "ann"]
        for user in users:
            house.write_mailbox(user, "kvt.dk", [])

        def attempt(source):
            with connect(house, source) as client:
                client.greet()
                client.ok("USER joe@kvt.dk")
                client.ask("PASS secret")  # or in use
            rows(house)
        with concurrent.futures.ThreadPoolExecutor(10) as pool:
            list(pool.map(attempt, sources * 2))
        found = [address for address, _ in rows(house)]
        equal(len(found), len(set(found)), "one line for each")
        missed = house.log().count("is not noted there")
        assert missed > 0 or set(found) == set(sources), found
        equal(os.listdir(house.relay.parent), ["file"])


@case("what a crash has left is written over")
def _():
    with a_house() as house:
        (house.relay.parent / "file.new").write_text("half a li")
        log_in(house)
        equal(rows(house), [("127.0.0.5", "joe@kvt.dk")])
        equal(os.listdir(house.relay.parent), ["file"])


@case("a new file has mode 640 and the group of its directory; others keep "
      "theirs")
def _():
    with a_house() as house:
        if IS_ROOT:
            os.chown(house.relay.parent, -1, 4711)
        log_in(house)
        status = house.relay.stat()
        equal(status.st_mode & 0o7777, 0o640)
        equal(status.st_gid, house.relay.parent.stat().st_gid)
        house.relay.chmod(0o604)
        if IS_ROOT:
            os.chown(house.relay, -1, 4712)
        log_in(house)
        status = house.relay.stat()
        equal(status.st_mode & 0o7777, 0o604)
        if IS_ROOT:
            equal(status.st_gid, 4712)


# ---- trouble ----------------------------------------------------------------

def is_noted_after(house, change, words):
    """No login fails for it, and there is one line in the log."""
    change()
    started = time.monotonic()
    log_in(house)
    log_in(house)
    assert time.monotonic() - started < 10
    house.logged(f"file: {words}.*; a login is not noted there")


@case("a link, a pipe, a directory, a file of others: nothing is noted, the "
      "login goes on")
def _():
    with a_house() as house:
        aside = house.root / "aside"
        aside.write_text("precious\n")

        def give_away():
            house.relay.rmdir()
            house.relay.touch(mode=0o600)
            os.chown(house.relay, 4711, -1)

        def open_up():
            house.relay.unlink()
            house.relay.touch()
            house.relay.chmod(0o660)
        is_noted_after(house, lambda: house.relay.symlink_to(aside),
                       "cannot be opened: Too many levels")
        house.relay.unlink()
        is_noted_after(house, lambda: os.mkfifo(house.relay, 0o600),
                       "is not a regular file")
        house.relay.unlink()
        is_noted_after(house, house.relay.mkdir,
                       "cannot be opened: Is a directory")
        if IS_ROOT:
            is_noted_after(house, give_away, "must belong to root")
        else:
            house.relay.rmdir()
            house.relay.touch()
        is_noted_after(house, open_up, "must belong to root")
        equal(aside.read_text(), "precious\n")


@case("a directory that others can write, or that is missing, is no place")
def _():
    with a_house() as house:
        is_noted_after(house, lambda: house.relay.parent.chmod(0o775),
                       "its directory must belong to root")
        is_noted_after(house, house.relay.parent.rmdir,
                       "its directory cannot be opened: No such file")


@case("a lock that is never given back costs a tenth of a second, and the line")
def _():
    with a_house() as house:
        log_in(house, "127.0.0.6")
        with open(house.relay) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            is_noted_after(house, lambda: None,
                           "is locked by others for too long")
        log_in(house)
        equal([address for address, _ in rows(house)],
              ["127.0.0.6", "127.0.0.5"])
        equal(len(re.findall("is locked .* noted there\n", house.log())), 1)


tap.main()
