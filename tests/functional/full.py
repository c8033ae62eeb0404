"""Full disks and full quotas: whoever has no room left can still log in, read,
and make room.  What cannot be done is refused, clearly, with nothing changed;
mail that does not fit stays with the MTA."""

import contextlib
import os
import re
import time

import tap
import volumes
from house import FROM_LINE, House, OWNER
from postfix import need_program
from tap import case, equal

MESSAGES = [b"Subject: %d\n\n" % i + b"%d\n" % i * (700 * i + 10)
            for i in range(8)]
LETTER = b"Subject: letter\n\n" + b"a line of a letter\n" * 20000
DELETED = {"first": [1], "middle": [4], "last": [8],
           "the first six": [1, 2, 3, 4, 5, 6], "all": list(range(1, 9))}
UPDATED = b"+OK mailbox updated, goodbye"
REFUSED = b"-ERR [SYS/TEMP] mailbox cannot be updated now, nothing deleted"


def stored(messages):
    return b"".join(FROM_LINE + message + b"\n" for message in messages)


def without_status(text):
    return re.sub(rb"(?m)^Status: .*\n", b"", text)


OLD = stored(MESSAGES)


# ---- disks -------------------------------------------------------------------

def mount_disk(kind, image, directory):
    if kind == "tmpfs":
        volumes.mount_memory(directory, "mode=755,size=600k,nr_inodes=60")
    else:
        volumes.Volume(kind, image, directory)


@contextlib.contextmanager
def a_house(kind, state="elsewhere"):
    """A house whose mail is on a disk of its own.  The state directory is
    "elsewhere" or "beside" the mail; for a "stranger", beside it, with nothing
    in it that is his."""
    volumes.enter()
    house = House()
    house.disk, images = house.root / "disk", house.root / "images"
    for directory in (house.disk, images):
        directory.mkdir()
    try:
        volumes.mount_memory(images)
        mount_disk(kind, images / "disk", house.disk)
        house.spool = house.disk / "spool"
        house.spool.mkdir()
        if state != "elsewhere":
            house.state = house.disk / "state"
            house.state.mkdir(mode=0o700)
        house.add_user("ann", "kvt.dk", "secret")
        house.add_user("joe", "kvt.dk", "secret")
        house.path = house.write_mailbox("joe", "kvt.dk", MESSAGES)
        who = b"ann" if state == "stranger" else b"joe"
        said = house.converse(
            b"USER " + who + b"@kvt.dk\r\nPASS secret\r\nQUIT\r\n")
        assert said.endswith(UPDATED + b"\r\n"), said
        yield house
    finally:
        for directory in (house.disk, images):
            volumes.attempt("umount", directory)
        house.__exit__()


def fill(house):
    """To the last octet."""
    filler = os.open(house.disk / "filler", os.O_WRONLY | os.O_CREAT)
    with contextlib.closing(open(filler, "wb", buffering=0)) as file:
        for size in (65536, 1024, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(bytes(size))
        with contextlib.suppress(OSError):
            os.fsync(filler)


def leave_some_room(house):
    filler = house.disk / "filler"
    os.truncate(filler, filler.stat().st_size // 65536 * 65536 - 65536)


def fill_inodes(house):
    """To the last file."""
    directory = house.disk / "files"
    directory.mkdir()
    with contextlib.suppress(OSError):
        for number in range(100000):
            (directory / str(number)).touch()


# ---- sessions ----------------------------------------------------------------

def clear(house, deleted, *options):
    """A session that reads everything and deletes.  What it says to QUIT."""
    with house.inetd(*options) as client:
        client.login("joe@kvt.dk", "secret")
        for number, message in enumerate(MESSAGES, 1):
            equal(client.retr(number)[1], message.replace(b"\n", b"\r\n"))
        for number in deleted:
            client.ok(f"DELE {number}")
        return client.ask("QUIT")


def check(house, name, may_refuse, *options):
    reply = clear(house, DELETED[name], *options)
    text = house.path.read_bytes()
    if may_refuse and reply != UPDATED:
        equal(reply, REFUSED, f"delete {name}")
        assert text == OLD, f"delete {name}: changed, though refused"
    else:
        equal(reply, UPDATED, f"delete {name}")
        assert without_status(text) == stored(
            message for number, message in enumerate(MESSAGES, 1)
            if number not in DELETED[name]), f"delete {name}: not gone"
    equal([path.name for path in house.path.parent.iterdir()], ["joe"],
          "what is left in the spool")
    equal(clear_again(house), text == b"", "the next session")


def clear_again(house):
    """Whether the next session finds nothing."""
    with house.inetd() as client:
        client.login("joe@kvt.dk", "secret")
        stat = client.ok("STAT")
        client.ok("QUIT")
        return stat == b"+OK 0 0"


def add_disk(kind, is_in_place):
    """is_in_place: whether octets of a file can be overwritten without room
    for others."""
    @case(f"{kind}, full: all can be read and deleted" + (
        "" if is_in_place else "; what must be moved may be refused"))
    def _():
        for name in DELETED:
            with a_house(kind) as house:
                fill(house)
                check(house, name, not is_in_place and name != "all")

    @case(f"{kind}, full, and with it the state directory: all can be read and "
          "deleted; what needs a journal may be refused")
    def _():
        for name in DELETED:
            with a_house(kind, "beside") as house:
                fill(house)
                check(house, name, name != "all")

    @case(f"{kind}, full, and with it the state directory: so can somebody "
          "who has never logged in")
    def _():
        for name in DELETED:
            with a_house(kind, "stranger") as house:
                fill(house)
                check(house, name, name != "all")

    @case(f"{kind}, full: virtual says 4.2.2 and 75, and changes nothing")
    def _():
        with a_house(kind) as house:
            fill(house)
            refuse_delivery(house)
            leave_some_room(house)
            refuse_delivery(house)


def refuse_delivery(house, letter=LETTER):
    done = house.deliver(letter, "-r", "joe@kvt.dk")
    equal(done.returncode, 75, done.stdout)
    assert done.stdout.startswith(b"4.2.2 "), done.stdout
    assert house.path.read_bytes() == OLD
    equal([path.name for path in house.path.parent.iterdir()], ["joe"])


for disk in ("tmpfs", "ext4", "xfs", "btrfs"):
    add_disk(disk, disk != "btrfs")


# ---- locks -------------------------------------------------------------------

@case("full: a dotlock without data in it is enough where nothing else is asked "
      "for")
def _():
    for kind in ("tmpfs", "ext4"):
        with a_house(kind) as house:
            fill(house)
            check(house, "first", False, "--lock=dotlock")


@case("full: an empty dotlock of somebody else is respected")
def _():
    with a_house("ext4") as house:
        lock = house.path.with_name("joe.lock")
        with house.inetd() as client:
            client.login("joe@kvt.dk", "secret")
            lock.touch()
            fill(house)
            client.ok("DELE 1")
            client.send(b"QUIT\r\n")
            time.sleep(1)
            assert house.path.read_bytes() == OLD, "changed under the lock"
            lock.unlink()
            equal(client.line(), UPDATED)


@case("no inode is left, so no dotlock can be made: fcntl alone carries it")
def _():
    for kind in ("tmpfs", "ext4"):
        for name in DELETED:
            with a_house(kind, "beside") as house:
                fill_inodes(house)
                check(house, name, False)


@case("no inode is left, and dotlocks are all that counts: refused, unchanged")
def _():
    with a_house("ext4") as house:
        fill_inodes(house)
        with house.inetd("--lock=dotlock") as client:
            client.greet()
            client.ok("USER joe@kvt.dk")
            equal(client.ask("PASS secret"),
                  b"-ERR [SYS/TEMP] mailbox cannot be read now, try again "
                  b"later")
        house.logged("cannot make the .lock file beside it.*No space left")
        assert house.path.read_bytes() == OLD


@case("no inode is left: mail for a mailbox that exists is delivered, for a "
      "new one it is 4.2.2 and 75")
def _():
    with a_house("ext4") as house:
        fill_inodes(house)
        done = house.deliver(b"Subject: short\n\nshort\n", "-r", "joe@kvt.dk")
        equal(done.returncode, 0, done.stdout)
        assert house.path.read_bytes().startswith(OLD + b"From ")
        done = house.deliver(b"Subject: short\n\nshort\n", "-r", "ann@kvt.dk")
        equal(done.returncode, 75, done.stdout)
        assert done.stdout.startswith(b"4.2.2 "), done.stdout


@case("a small rest of room for the journal is never used up half way")
def _():
    for kilobytes in (70, 140, 300, 550):
        with a_house("ext4", "beside") as house:
            big = [b"Subject: %d\n\n" % i + b"%d\n" % i * 60000
                   for i in range(8)]
            house.path.write_bytes(stored(big))
            status = os.statvfs(house.disk)
            with open(house.disk / "filler", "wb") as filler:
                os.posix_fallocate(
                    filler.fileno(), 0, status.f_bavail * status.f_frsize -
                    kilobytes * 1024)
            with house.inetd() as client:
                client.login("joe@kvt.dk", "secret")
                client.ok("DELE 1")
                reply = client.ask("QUIT")
            assert (reply, without_status(house.path.read_bytes())) in (
                (UPDATED, stored(big[1:])), (REFUSED, stored(big))), \
                f"{kilobytes} KB: {reply}"


# ---- quotas ------------------------------------------------------------------

@contextlib.contextmanager
def a_limited_user(state, blocks="0", inodes="0"):
    """The owner of the mail has a quota, in KB and files; the disk has room."""
    with a_house("ext4 with quotas", state) as house:
        volumes.run(need_program("setquota"), "-u", str(OWNER),
                    blocks, blocks, inodes, inodes, house.disk)
        yield house


@case("over quota: all can be read and deleted, the journal is not his")
def _():
    for state in ("elsewhere", "beside", "stranger"):
        for name in DELETED:
            with a_limited_user(state, blocks="10") as house:
                check(house, name, False)


@case("over quota: virtual says 4.2.2 and 75, and changes nothing")
def _():
    with a_limited_user("elsewhere", blocks="10") as house:
        refuse_delivery(house, b"Subject: short\n\nshort\n" * 100)


@case("over his quota of files: all can be read and deleted")
def _():
    for name in DELETED:
        with a_limited_user("beside", inodes="1") as house:
            check(house, name, False)


@case("a quota of btrfs is over, where deleting may need room: an honest reply")
def _():
    for name in DELETED:
        with a_house("btrfs") as house:
            volumes.run("btrfs", "quota", "enable", house.disk)
            volumes.run("btrfs", "subvolume", "create", house.disk / "mail")
            house.spool = house.disk / "mail"
            house.add_domain("kvt.dk")
            house.path = house.write_mailbox("joe", "kvt.dk", MESSAGES)
            volumes.run("sync", "--file-system", house.disk)
            volumes.run("btrfs", "qgroup", "limit", "32K", house.spool)
            refuse_delivery(house)
            check(house, name, True)


tap.main()
