"""Large mailboxes: beyond 4 GB, and a million messages (row 45)."""

import subprocess

import tap
from house import DAEMON, FROM_LINE, House
from tap import case, equal

HOLE = 4_300_000_000
SMALL = b"Subject: small\n\nsmall\n"
HEAD = FROM_LINE + b"Subject: large\n\n"


def with_hole(house):
    """A mailbox whose first message has a hole of more than 4 GB in it."""
    house.add_user("joe", "kvt.dk", "secret")
    path = house.write_mailbox("joe", "kvt.dk", [])
    with open(path, "r+b") as mailbox:
        mailbox.write(HEAD)
        mailbox.seek(HOLE, 1)
        mailbox.write(b"\n\n" + FROM_LINE + SMALL + b"\n")
    return path


@case("row 45: sizes and places beyond 4 GB are right, the last is deleted")
def _():
    with House() as house:
        path = with_hole(house)
        size = path.stat().st_size
        large = len(b"Subject: large\r\n\r\n") + HOLE + 2
        small = len(SMALL) + SMALL.count(b"\n")
        with house.inetd() as client:
            client.login("joe@kvt.dk", "secret")
            equal(client.ok("STAT"), b"+OK 2 %d" % (large + small))
            equal(client.ok("LIST 1"), b"+OK 1 %d" % large)
            equal(client.retr(2), (small, SMALL.replace(b"\n", b"\r\n")))
            client.ok("DELE 2")
            client.ok("QUIT")
        equal(path.stat().st_size, size - len(FROM_LINE + SMALL + b"\n"))


@case("row 45: what stands behind 4 GB is moved to the front")
def _():
    with House() as house:
        path = with_hole(house)
        with house.inetd() as client:
            client.login("joe@kvt.dk", "secret")
            client.ok("DELE 1")
            client.ok("QUIT")
        equal(path.read_bytes(), FROM_LINE + SMALL + b"\n")


COUNT = 1_000_000


def million(house):
    house.add_user("joe", "kvt.dk", "secret")
    path = house.write_mailbox("joe", "kvt.dk", [])
    with open(path, "wb") as mailbox:
        for start in range(0, COUNT, 10000):
            mailbox.write(b"".join(
                b"%sN: %06d\n\n" % (FROM_LINE, number)
                for number in range(start, start + 10000)))
    return path


def converse(house, commands):
    """All replies, through pipes; the log has the peak of memory."""
    return subprocess.run(
        [DAEMON, "-i", "--debug=100", *house.options()],
        input=b"USER joe@kvt.dk\r\nPASS secret\r\n" + commands,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=300,
        check=False).stdout.splitlines()


@case("row 45: a million messages have numbers, sizes and ids of their own")
def _():
    with House() as house:
        million(house)
        replies = converse(house, b"STAT\r\nLIST 1000000\r\nUIDL\r\nQUIT\r\n")
        equal(replies[3], b"+OK 1000000 11000000")
        equal(replies[4], b"+OK 1000000 11")
        ids = {line.split()[1] for line in replies[6:-2]}
        equal(len(ids), COUNT)


@case("row 45: every second one of a million is deleted in one session")
def _():
    with House() as house:
        path = million(house)
        size = path.stat().st_size
        replies = converse(house, b"".join(
            b"DELE %d\r\n" % number
            for number in range(1, COUNT, 2)) + b"STAT\r\nQUIT\r\n")
        equal(replies[-2:], [b"+OK 500000 5500000",
                             b"+OK mailbox updated, goodbye"])
        equal(path.stat().st_size, size // 2)
        text = path.read_bytes()
        assert text.count(b"\nN: ") == COUNT // 2
        assert text.startswith(FROM_LINE + b"N: 000001\n")
        assert text.endswith(b"N: 999999\n\n")


tap.main()
