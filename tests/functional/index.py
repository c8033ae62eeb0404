"""The index file: a mailbox that is known is not read again, and one that was
changed, in whatever way, is."""

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
import time

import tap
from house import DAEMON, FROM_LINE, House, IS_ROOT, OWNER
from strace import ENVIRONMENT
from tap import Skip, case, equal

BODY = b"a line of text that is not very long, like most of them\n"
HEADER = b"Subject: number %d\nMessage-Id: <%d@example.com>\n\n"
NEW = b"Subject: new\n\nnew\n"


def message(number):
    return HEADER % (number, number) + BODY * (number % 40)


MESSAGES = [message(number) for number in range(200)] + [message(7)] * 3
LOGIN = ["USER joe@kvt.dk", "PASS secret"]


def settle():
    """A mailbox that was changed a moment ago has no index."""
    time.sleep(0.08)


@contextlib.contextmanager
def a_house(messages=tuple(MESSAGES), keeps_status=False):
    with House(keeps_status) as house:
        house.add_user("joe", "kvt.dk", "secret")
        house.path = house.write_mailbox("joe", "kvt.dk", messages)
        settle()
        yield house


def say(house, *commands):
    """What a session answers to them, without greeting and login."""
    data = "".join(f"{line}\r\n" for line in (*LOGIN, *commands, "QUIT"))
    return house.converse(data.encode()).splitlines()[3:]


def say_and_watch(house, *commands):
    """The same, and how many octets of the mailbox were read."""
    if shutil.which("strace") is None:
        raise Skip("strace is not installed")
    data = "".join(f"{line}\r\n" for line in (*LOGIN, *commands, "QUIT"))
    with tempfile.NamedTemporaryFile() as report:
        said = subprocess.run(
            ["strace", "-f", "-qq", "-y", "-e", "trace=read,pread64", "-o",
             report.name, DAEMON, "-i", "--debug=100", *house.options()],
            input=data.encode(), stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, timeout=60, env=ENVIRONMENT,
            check=False).stdout
        text = report.read().decode(errors="replace")
    pattern = re.escape(f"<{house.path}>") + r",.*\) = (\d+)$"
    octets = sum(map(int, re.findall(pattern, text, re.MULTILINE)))
    return said.splitlines()[3:], octets


def index_of(house):
    return next(house.state.glob("*joe.index"))


def say_without(house, *commands):
    """What a session says that finds no index, and leaves none."""
    path = index_of(house)
    kept = path.read_bytes()
    path.write_bytes(b"")
    said = say(house, *commands)
    path.write_bytes(kept)
    return said


ALL = ["STAT", "LAST", "LIST", "UIDL", "RETR 1", "RETR 3", "TOP 5 1"]


def check(house, what):
    """Two sessions with what is in the index file say what one without it
    says."""
    expected = say_without(house, *ALL)
    equal(say(house, *ALL), expected, what)
    settle()
    equal(say(house, *ALL), expected, f"{what}, again")


# ---- what is saved ----------------------------------------------------------

@case("no octet of a known mailbox is read for STAT, LIST, LAST and UIDL")
def _():
    with a_house() as house:
        commands = ["STAT", "LAST", "LIST", "UIDL"]
        first, octets = say_and_watch(house, *commands)
        assert octets >= house.path.stat().st_size, octets
        second, octets = say_and_watch(house, *commands)
        equal(second, first)
        equal(octets, 0)


@case("of a mailbox that has grown the new octets are read, and a few others")
def _():
    with a_house() as house:
        say(house, "STAT")
        for count in range(1, 4):
            equal(house.deliver(NEW, "-r", "joe@kvt.dk").returncode, 0)
            settle()
            said, octets = say_and_watch(house, "STAT")
            equal(said[0].split()[1], b"%d" % (len(MESSAGES) + count))
            assert octets < 10 * (len(FROM_LINE) + 300), octets
            check(house, f"{count} delivered")
        equal(index_of(house).stat().st_size, 128 + 64 * (len(MESSAGES) + 3))


@case("after DELE and QUIT no octet is read either")
def _():
    for keeps_status in (False, True):
        with a_house(keeps_status=keeps_status) as house:
            say(house, "UIDL")
            for commands in (["DELE 1"], ["RETR 5", "DELE 30", "DELE 31"],
                             ["DELE 200"], ["RETR 7"]):
                equal(say(house, *commands)[-1],
                      b"+OK mailbox updated, goodbye")
                said, octets = say_and_watch(house, "STAT", "UIDL", "LIST")
                equal(octets, 0, f"{commands}")
                equal(said, say_without(house, "STAT", "UIDL", "LIST"))


@case("a small mailbox has no index")
def _():
    with a_house([message(3)] * 5) as house:
        say(house, "UIDL")
        equal(index_of(house).stat().st_size, 0)


@case("without the files of all indexes nothing is lost, and no id changes")
def _():
    with a_house() as house:
        before = say(house, *ALL)
        for path in house.state.glob("*.index"):
            path.unlink()
        equal(say(house, *ALL), before)


@case("the file is the superuser's, in his directory")
def _():
    if not IS_ROOT:
        raise Skip("needs root")
    with a_house() as house:
        say(house, "STAT")
        status = index_of(house).stat()
        equal((status.st_uid, status.st_mode & 0o7777), (0, 0o600))
        assert status.st_size > 0


# ---- what is not believed ---------------------------------------------------

def replace_text(house, old, new):
    text = house.path.read_bytes()
    at = text.index(old)
    with open(house.path, "r+b") as mailbox:
        mailbox.seek(at)
        mailbox.write(new)


def restore(house, status):
    os.utime(house.path, ns=(status.st_atime_ns, status.st_mtime_ns))


def touch(house):
    os.utime(house.path, (1, 1))


def write_in_place(house):
    replace_text(house, b"number 2\n", b"NUMBER 2\n")


def write_and_restore(house):
    status = house.path.stat()
    write_in_place(house)
    restore(house, status)


def move_a_separator(house):
    """Two messages less and two more, at other places."""
    status = house.path.stat()
    replace_text(house, b"\n" + FROM_LINE + HEADER % (4, 4),
                 b"\nfrom" + FROM_LINE[4:])
    restore(house, status)


def replace(house):
    status = house.path.stat()
    text = house.path.read_bytes().replace(b"number 2\n", b"NUMBER 2\n")
    house.path.unlink()
    house.path.write_bytes(text)
    house.path.chmod(0o600)
    house.own(house.path)
    restore(house, status)


def shorten(house):
    text = house.path.read_bytes()
    os.truncate(house.path, text.rindex(FROM_LINE))


def shorten_within(house):
    os.truncate(house.path, house.path.stat().st_size - 20)


def rewrite_and_append(house):
    text = house.path.read_bytes()
    house.path.write_bytes(text[text.index(FROM_LINE, 1):] +
                           2 * (FROM_LINE + message(39) + b"\n"))


CHANGES = [touch, write_in_place, write_and_restore, move_a_separator, replace,
           shorten, shorten_within, rewrite_and_append]


@case("a mailbox that others have changed is read again, whatever they did")
def _():
    for change in CHANGES:
        with a_house() as house:
            say(house, *ALL)
            assert index_of(house).stat().st_size > 0
            change(house)
            settle()
            check(house, change.__name__)


@case("an index that is damaged is not believed")
def _():
    with a_house() as house:
        say(house, *ALL)
        index = index_of(house).read_bytes()
        for at in [*range(0, 128, 9), *range(128, len(index), 1201)]:
            damaged = bytearray(index)
            damaged[at] ^= 0x55
            index_of(house).write_bytes(damaged)
            equal(say(house, *ALL[:4]), say_without(house, *ALL[:4]), at)
        for length in (1, 127, 128, 200, len(index) - 1):
            index_of(house).write_bytes(index[:length])
            equal(say(house, *ALL[:4]), say_without(house, *ALL[:4]), length)


@case("the index of another mailbox is not believed")
def _():
    with a_house() as house:
        house.add_user("jim", "kvt.dk", "secret")
        other = house.write_mailbox("jim", "kvt.dk", MESSAGES[5:] * 2)
        say(house, *ALL)
        data = b"USER jim@kvt.dk\r\nPASS secret\r\nUIDL\r\nQUIT\r\n"
        settle()
        first = house.converse(data).splitlines()[1:]
        path = next(house.state.glob("*jim.index"))
        assert path.stat().st_size > 0
        restore(house, other.stat())
        shutil.copyfile(index_of(house), path)
        equal(house.converse(data).splitlines()[1:], first)


@case("a header that was changed behind the back of the index is not shown")
def _():
    with a_house() as house:
        say(house, *ALL)
        replace_text(house, b"Subject: number 3\n", b"Subject: NUMBER 3\n")
        with open(house.path, "ab") as mailbox:
            mailbox.write(FROM_LINE + NEW + b"\n")
        settle()
        said = say(house, "STAT", "RETR 4")
        equal(said[0].split()[1], b"%d" % (len(MESSAGES) + 1))
        assert said[1].startswith(b"-ERR [SYS/TEMP]"), said
        equal(index_of(house).stat().st_size, 0)
        check(house, "and then")


# ---- files that cannot be written -------------------------------------------

@case("a disk that is full costs the index, and nothing else")
def _():
    if not IS_ROOT:
        raise Skip("needs root to mount")
    with a_house() as house:
        shutil.rmtree(house.state)
        house.state.mkdir(mode=0o700)
        script = ('mount -t tmpfs -o size=32k,mode=700 none "$1" && shift && '
                  'exec "$@"')
        said = [house.converse(
            "".join(f"{line}\r\n" for line in
                    (*LOGIN, "UIDL", "QUIT")).encode(),
            before=["unshare", "-m", "sh", "-c", script, "sh",
                    str(house.state)]).splitlines()[1:] for _ in range(2)]
        equal(said[0], said[1])
        assert len(said[0]) > len(MESSAGES), said[0]


tap.main()
