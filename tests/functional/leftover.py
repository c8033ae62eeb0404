"""USER.old, which GNU pop3d 0.10.x leaves when it dies in an update: its mail is
put back once, by --recover and when the daemon starts."""

import contextlib
import os
import random
import subprocess

import tap
from house import DAEMON, FROM_LINE, GROUP, House, IS_ROOT, OWNER
from tap import Skip, case, equal


def message(number, length=100, status=b""):
    line = b"line of message %d\n" % number
    return FROM_LINE + b"Subject: %d\n%s\n%s\n" % (
        number, status, line * (length // len(line) + 1))


OLD = [message(number, 3000 * number) for number in range(1, 6)]
LATE = message(99)


@contextlib.contextmanager
def a_house(mailbox, old=b"".join(OLD)):
    with House() as house:
        house.add_user("joe", "kvt.dk", "secret")
        house.path = house.mailbox("joe", "kvt.dk")
        house.old = house.path.with_name("joe.old")
        house.kept = house.path.with_name("joe.old.merged")
        for path, text in ((house.path, mailbox), (house.old, old)):
            if text is not None:
                write(house, path, text)
        yield house


def write(house, path, text):
    path.write_bytes(text)
    path.chmod(0o600)
    house.own(path)


def recover(house, *options):
    with open(house.log_path, "ab") as log:
        return subprocess.run(
            [DAEMON, "--recover", "--debug=100", *house.options(), *options],
            stdout=log, stderr=log, timeout=60, check=False).returncode


def becomes(mailbox, expected, count, old=b"".join(OLD), *options):
    """--recover makes this of it, and does nothing the second time."""
    with a_house(mailbox, old) as house:
        equal(recover(house, *options), 0, house.log())
        equal(house.path.read_bytes(), expected)
        equal(house.kept.read_bytes(), old)
        equal(sorted(os.listdir(house.path.parent)),
              ["joe", "joe.old.merged"])
        equal(house.path.stat().st_mode & 0o7777, 0o600)
        equal(house.path.stat().st_uid, OWNER)
        directory = house.path.parent
        house.logged(f"{directory}/joe.old: {count} messages put back into "
                     f"{directory}/joe, kept as {directory}/joe.old.merged\n")
        before = house.log()
        equal(recover(house, *options), 0)
        equal(house.path.read_bytes(), expected)
        equal(house.log(), before)


@case("a mailbox that is missing or empty gets all mail back, in order")
def _():
    becomes(None, b"".join(OLD), 5)
    becomes(b"", b"".join(OLD), 5)


@case("what is there already does not come again, whatever its flags")
def _():
    becomes(b"".join(OLD), b"".join(OLD), 0)
    kept = message(2, 6000, b"Status: RO\nX-Status: A\n") + OLD[3]
    becomes(kept, kept + OLD[0] + OLD[2] + OLD[4], 3)


@case("new mail stays where it is, what is missing comes behind it")
def _():
    becomes(OLD[1] + LATE, OLD[1] + LATE + OLD[0] + b"".join(OLD[2:]), 4)
    becomes(LATE, LATE + b"".join(OLD), 5)


@case("wherever the mailbox is torn, all mail is there once in the end")
def _():
    text = b"".join(OLD)
    ends = [len(b"".join(OLD[:i])) for i in range(6)]
    places = {end + more for end in ends
              for more in (-2, -1, 0, 1, 4, 5, 6, 30, len(FROM_LINE) - 1,
                           len(FROM_LINE), len(FROM_LINE) + 1, 70)}
    places |= set(random.Random(1).sample(range(len(text)), 20))
    for place in sorted(place for place in places if 0 < place < len(text)):
        with a_house(text[:place]) as house:
            equal(recover(house), 0)
            equal(house.path.read_bytes(), text, f"torn at {place}")
            assert house.kept.exists()


@case("a torn piece that new mail has followed stays; nothing is lost")
def _():
    torn = OLD[0] + OLD[1][:2000]
    becomes(torn + b"\n\n" + LATE,
            torn + b"\n\n" + LATE + b"".join(OLD[1:]), 4)


@case("copies that are equal to the last octet count one by one")
def _():
    becomes(OLD[0] + LATE, OLD[0] + LATE + OLD[0] + OLD[0], 2,
            OLD[0] * 3)


@case("a last line without end gets one, on either side")
def _():
    cut = LATE.rstrip(b"\n")
    becomes(cut, cut + b"\n\n" + OLD[0][:-2] + b"\n\n", 1, OLD[0][:-2])


@case("a large one, and one without locks by files")
def _():
    large = message(7, 3_000_000)
    becomes(OLD[0] + large[:1_500_000], OLD[0] + large, 1, OLD[0] + large)
    becomes(None, b"".join(OLD), 5, b"".join(OLD), "--lock=fcntl")


@case("an empty file is put aside")
def _():
    becomes(LATE, LATE, 0, b"")


@case("names that are taken are not taken away")
def _():
    with a_house(None) as house:
        write(house, house.kept, b"first\n")
        write(house, house.path.with_name("joe.old.merged.2"), b"second\n")
        equal(recover(house), 0)
        equal(house.kept.read_bytes(), b"first\n")
        equal(house.path.with_name("joe.old.merged.2").read_bytes(),
              b"second\n")
        equal(house.path.with_name("joe.old.merged.3").read_bytes(),
              b"".join(OLD))
        assert not house.old.exists()


@case("with both names it was merged: the first goes, and nothing else is done")
def _():
    with a_house(LATE) as house:
        os.link(house.old, house.kept)
        equal(recover(house), 0)
        equal(house.path.read_bytes(), LATE)
        equal(house.kept.read_bytes(), b"".join(OLD))
        assert not house.old.exists()


@case("the daemon does it when it starts, and serves the mail")
def _():
    with a_house(OLD[1] + LATE) as house:
        house.start_daemon()
        house.logged("joe.old: 4 messages put back into")
        with house.connect() as client:
            client.login("joe@kvt.dk", "secret")
            equal(client.ok("STAT").split()[1], b"6")
        assert house.kept.exists()


@case("a mailbox with a session is left for the next time")
def _():
    with a_house(LATE) as house, house.inetd() as client:
        client.login("joe@kvt.dk", "secret")
        equal(recover(house), 0)
        equal(house.path.read_bytes(), LATE)
        client.ok("QUIT")
        client.close()
        equal(recover(house), 0)
        equal(house.path.read_bytes(), LATE + b"".join(OLD))


@case("a mailbox that is locked is left, and the status says so")
def _():
    with a_house(LATE) as house:
        lock = house.path.with_name("joe.lock")
        lock.write_text(f"{os.getpid()}\n")
        done = subprocess.Popen(
            [DAEMON, "--recover", "--debug=100", *house.options()],
            stderr=subprocess.DEVNULL)
        try:
            equal(done.wait(timeout=50), 75)
        finally:
            done.kill()
        equal(house.path.read_bytes(), LATE)
        assert house.old.exists() and lock.exists()


# ---- what is not touched ----------------------------------------------------

def untouched(house, words):
    before = {path.name: path.lstat() for path in house.path.parent.iterdir()}
    equal(recover(house), 0, house.log())
    if words is not None:
        house.logged(words)
    after = {path.name: path.lstat() for path in house.path.parent.iterdir()}
    equal(set(after), set(before))
    for name, status in after.items():
        equal((status.st_ino, status.st_size, status.st_mtime_ns),
              (before[name].st_ino, before[name].st_size,
               before[name].st_mtime_ns), name)


@case("what is no mbox of the owner's is left alone, and so is the mailbox")
def _():
    with a_house(LATE, b"notes of mine\n") as house:
        untouched(house, "joe.*the .old file beside it is not an mbox")
    with a_house(b"not an mbox\n") as house:
        untouched(house, "joe: is not an mbox; the .old file")
    with a_house(LATE) as house:
        os.link(house.old, house.root / "other")
        untouched(house, "is not a regular file with one link")
    with a_house(LATE, None) as house:
        house.old.symlink_to(house.path)
        untouched(house, "is not a regular file with one link")
    with a_house(LATE, None) as house:
        os.mkfifo(house.old)
        untouched(house, "is not a regular file with one link")
    with a_house(None, None) as house:
        house.old.mkdir()
        untouched(house, "is not a regular file with one link")
    if IS_ROOT:
        with a_house(LATE) as house:
            os.chown(house.old, 4711, 4711)
            untouched(house, "belongs to another user; it is left alone")


@case("files of names that are no users are not looked at")
def _():
    with a_house(LATE) as house:
        for name in ("ann.old", ".old", "joe.old.old", "J\u00f6.old"):
            house.old.rename(house.old.with_name(name))
            untouched(house, None)
            house.old.with_name(name).rename(house.old)
        equal(house.log(), "")


@case("where the owner cannot rename, nothing is begun")
def _():
    if not IS_ROOT:
        raise Skip("needs root for a directory of another user")
    with a_house(LATE) as house:
        os.chown(house.path.parent, 0, 0)
        untouched(house, "joe.old: left alone, for the directory is not "
                  "writable for the mailbox owner")
        equal(GROUP, OWNER)


tap.main()
