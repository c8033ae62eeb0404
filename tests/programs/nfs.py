"""Two machines with one mail spool and one state directory on NFSv4: what the
manual promises of them."""

import contextlib
import itertools
import os
import random
import re
import subprocess
import threading
import time

import nfshosts
import tap
from house import DAEMON, FROM_LINE, House
from tap import case, equal

USER, DOMAIN, SECRET = "joe@kvt.dk", "kvt.dk", "secret"
IN_USE = b"-ERR [IN-USE] mailbox is in use, try again later"
UPDATED = b"+OK mailbox updated, goodbye"
REFUSED = b"-ERR [SYS/TEMP] mailbox cannot be updated now, nothing deleted"
LATER = b"-ERR [SYS/TEMP] mailbox update will be completed later"
# "make torture" sets it: all places, not a sample of them.
IS_LONG = "CRASH_ROUNDS" in os.environ
HOSTS = []  # a, b


def message(number, length=20):
    return b"Subject: %d\nX-Number: %d\n\n%s\n" % (
        number, number, b"%d" % (number % 10) * length)


def numbers_in(path):
    return [int(number) for number in re.findall(
        rb"(?m)^X-Number: (\d+)$", path.read_bytes())]


@contextlib.contextmanager
def a_house(count=5, length=20, keeps_status=False):
    with House(keeps_status) as house:
        house.add_user("joe", DOMAIN, SECRET)
        house.path = house.write_mailbox(
            "joe", DOMAIN, [message(i, length) for i in range(count)])
        with login(HOSTS[0], house) as client:  # makes its files
            client.ok("QUIT")
        yield house


def try_login(client):
    client.greet()
    client.ok(f"USER {USER}")
    return client.ask(f"PASS {SECRET}")


def login(host, house, seconds=20):
    """A session on the host; waits for that of another one to end."""
    deadline = time.monotonic() + seconds
    while True:
        client = host.session(house)
        reply = try_login(client)
        if reply.startswith(b"+OK"):
            return client
        client.close()
        equal(reply, IN_USE)
        assert time.monotonic() < deadline, "in use for ever"
        time.sleep(0.2)


@contextlib.contextmanager
def on_other_host(script, *arguments):
    """A Python script on host b, which says a line when it has the lock, and
    is told by a line to give it back."""
    process = subprocess.Popen(
        HOSTS[1].command("python3", "-c", script, *arguments),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        equal(process.stdout.readline(), b"locked\n")
        yield process
    finally:
        process.communicate(b"\n", timeout=30)


# ---- sessions ----------------------------------------------------------------

@case("a mailbox has one session, on whichever host")
def _():
    a, b = HOSTS
    with a_house() as house:
        with login(a, house) as client:
            with b.session(house) as other:
                equal(try_login(other), IN_USE)
            client.ok("DELE 1")
            equal(client.ask("QUIT"), UPDATED)
        with login(b, house) as client:
            equal(client.ok("STAT")[:6], b"+OK 4 ")
        equal(numbers_in(house.path), [1, 2, 3, 4])


@case("the session of a process that was killed is over for the other host")
def _():
    a, b = HOSTS
    with a_house() as house:
        with login(a, house) as client:
            client.process.kill()
            client.process.wait()
            with login(b, house, 5) as other:
                equal(other.ask("QUIT"), UPDATED)


def statuses_in(path):
    """Status: of each message, or nothing."""
    return [b"".join(re.findall(rb"(?m)^Status: (.*)$", text)) for text in
            path.read_bytes().split(FROM_LINE)[1:]]


@case("Status: headers are added where what is deleted makes room, only there")
def _():
    with a_house(3, keeps_status=True) as house:
        for command, statuses in (("NOOP", [b"", b"", b""]),
                                  ("DELE 1", [b"RO", b"O "])):
            with login(HOSTS[0], house) as client:
                client.retr(2)
                client.ok(command)
                equal(client.ask("QUIT"), UPDATED)
            equal(statuses_in(house.path), statuses)


def look(host, house):
    """The numbers of all messages, by RETR; and UIDL."""
    time.sleep(0.1)  # the mailbox is not new any more
    with login(host, house) as client:
        ids = client.listing("UIDL")
        numbers = [int(re.search(rb"X-Number: (\d+)\r\n",
                                 client.retr(i + 1)[1])[1])
                   for i in range(len(ids))]
        client.ok("QUIT")
    return numbers, [line.split()[1] for line in ids]


@case("what one host remembers of a mailbox is good after the other's changes")
def _():
    a, b = HOSTS
    with a_house(20, 5000) as house:
        numbers, ids = look(a, house)
        equal(numbers, list(range(20)))
        for host, other, new in ((b, a, 20), (a, b, 21), (b, a, 22)):
            with login(host, house) as client:
                client.ok("DELE 2")
                equal(client.ask("QUIT"), UPDATED)
            equal(host.delivery(house, message(new), "-r", USER).wait(60), 0)
            numbers = [numbers[0], *numbers[2:], new]
            found, new_ids = look(other, house)
            equal(found, numbers)
            ids = [ids[0], *ids[2:], new_ids[-1]]
            equal(new_ids, ids)
            equal(look(host, house), (numbers, ids))


@case("--check says on both hosts that there is a session")
def _():
    with a_house() as house:
        with login(HOSTS[0], house) as client:
            said = [subprocess.run(
                host.command(DAEMON.resolve(), f"--check={USER}",
                             *house.options()),
                stdout=subprocess.PIPE, check=False).stdout for host in HOSTS]
            client.ok("QUIT")
    assert b"open in another session, pid %d" % client.process.pid in said[0], \
        said[0]
    assert b"open in another session\n" in said[1], said[1]


# ---- others ------------------------------------------------------------------

FCNTL = """
import fcntl, sys
with open(sys.argv[1], "r+") as mailbox:
    fcntl.lockf(mailbox, fcntl.LOCK_EX)
    print("locked", flush=True)
    sys.stdin.readline()
"""

DOTLOCK = """
import os, sys
name = sys.argv[1] + ".lock"
with open(name, "x") as lock:
    lock.write("999999\\n")
print("locked", flush=True)
sys.stdin.readline()
os.unlink(name)
"""


def wait_for_other(script, seconds):
    """virtual on host a waits for the lock that somebody on b holds."""
    with a_house() as house:
        with on_other_host(script, str(house.path)):
            delivery = HOSTS[0].delivery(house, message(7), "-r", USER)
            time.sleep(seconds)
            equal(delivery.poll(), None, "it does not wait")
            equal(numbers_in(house.path), [0, 1, 2, 3, 4])
        equal((delivery.wait(30), delivery.stdout.read()), (0, b""))
        equal(numbers_in(house.path), [0, 1, 2, 3, 4, 7])


@case("fcntl locks of one host keep out the other")
def _():
    wait_for_other(FCNTL, 2)


@case("a dotlock of one host does, also if no process here has its number")
def _():
    wait_for_other(DOTLOCK, 6)


@case("a mailbox that the other host has replaced is not written")
def _():
    with a_house() as house:
        with login(HOSTS[0], house) as client:
            client.ok("DELE 1")
            HOSTS[1].run("cp", "-p", house.path, f"{house.path}.new")
            HOSTS[1].run("mv", f"{house.path}.new", house.path)
            client.err("QUIT")
        equal(numbers_in(house.path), [0, 1, 2, 3, 4])
        house.logged("was replaced by another program")


@case("a message that the other host has moved is not sent for another one")
def _():
    with a_house(30, 5000) as house:
        with login(HOSTS[0], house) as client:
            for number in range(1, 31):
                client.retr(number)
            rest = house.path.read_bytes().split(b"From ", 3)[3]
            HOSTS[1].run("python3", "-c", "import sys; "
                         "file = open(sys.argv[1], 'r+b'); "
                         "data = file.read(); file.seek(0); "
                         "file.write(data[int(sys.argv[2]):]); "
                         "file.truncate()", house.path,
                         house.path.stat().st_size - len(b"From " + rest))
            client.err("RETR 20")


# ---- everybody at once -------------------------------------------------------

class Fetcher(threading.Thread):
    """Fetches and deletes on both hosts by turns, until it is told to end."""

    def __init__(self, house):
        super().__init__()
        self.house, self.numbers, self.trouble = house, [], None
        self.ends = False
        self.start()

    def run(self):
        try:
            for turn in range(1000):
                is_last = self.ends
                self.fetch(HOSTS[turn % 2])
                if is_last:
                    break
        except Exception as trouble:  # told by whoever joins
            self.trouble = trouble

    def fetch(self, host):
        with login(host, self.house) as client:
            count = int(client.ok("STAT").split()[1])
            for number in range(1, count + 1):
                _, text = client.retr(number)
                self.numbers.append(
                    int(re.search(rb"X-Number: (\d+)\r\n", text)[1]))
                client.ok(f"DELE {number}")
            client.ok("QUIT")


@case("mail that both hosts deliver, while both fetch it, arrives once")
def _():
    with a_house(0) as house:
        fetcher = Fetcher(house)
        for start in range(0, 24, 6):
            deliveries = [
                HOSTS[number % 2].delivery(
                    house, message(number, random.randrange(5000)), "-r", USER)
                for number in range(start, start + 6)]
            for delivery in deliveries:
                equal((delivery.wait(60), delivery.stdout.read()), (0, b""))
        fetcher.ends = True
        fetcher.join(60)
        equal(fetcher.trouble, None)
        equal(sorted(fetcher.numbers), list(range(24)))


# ---- crashes -----------------------------------------------------------------

def begin_update(house, halt):
    """A session on host a whose update stops there: True, or it is over."""
    client = HOSTS[0].session(house, halt)
    client.login(USER, SECRET)
    client.ok("DELE 2")
    client.send(b"QUIT\r\n")
    return client, halt.wait()


def forget_dotlock(house):
    """What a dead process has left is stale by its age alone on NFS."""
    with contextlib.suppress(FileNotFoundError):
        os.utime(house.path.with_name("joe.lock"), (0, 0))


def is_pending(house):
    return any(file.stat().st_size > 0 for file in house.state.glob("*.j?"))


def kill_update(house, halt):
    """False if it was over; and what the client was told."""
    client, is_halted = begin_update(house, halt)
    halt.die()
    with client:
        return is_halted, client.line()


def check_recovery(house, old, new):
    """On host b, after mail has come there."""
    forget_dotlock(house)
    equal(HOSTS[1].delivery(house, message(7), "-r", USER).wait(60), 0)
    with login(HOSTS[1], house) as client:
        client.ok("QUIT")
    text = house.path.read_bytes()
    start = text.rindex(b"From MAILER-DAEMON ")
    assert text[:start] in (old, new), text
    assert text[start:].endswith(b"\n" + message(7) + b"\n"), text
    return "old" if text[:start] == old else "new"


@case("wherever an update on one host dies, the other one completes it")
def _():
    found = set()
    with a_house() as house:
        old = house.path.read_bytes()
        new = b"".join(FROM_LINE + message(i) + b"\n" for i in (0, 2, 3, 4))
        for count in range(1, 100, 1 if IS_LONG else 7):
            house.path.write_bytes(old)
            with nfshosts.Halt(count) as halt:
                is_halted, reply = kill_update(house, halt)
            if not is_halted:
                break
            was_pending = is_pending(house)
            result = check_recovery(house, old, new)
            assert reply in (None, UPDATED), reply
            assert reply is None or result == "new", "what was said is not so"
            found.add((was_pending, result))
    assert {(False, "old"), (True, "new")} <= found, found


# ---- the network -------------------------------------------------------------

class CutOff:
    """A session on host a that stops in its update, and what then comes."""

    def __init__(self, stack, count):
        self.house = stack.enter_context(a_house())
        self.halt = stack.enter_context(nfshosts.Halt(count))
        self.client, self.is_halted = begin_update(self.house, self.halt)
        stack.enter_context(self.client)

    def go_on_elsewhere(self):
        """The other host deletes one message more."""
        forget_dotlock(self.house)
        with login(HOSTS[1], self.house, 60) as client:
            self.messages = client.ok("STAT").split()[1]
            client.ok("DELE 1")
            equal(client.ask("QUIT"), UPDATED)
        self.text = self.house.path.read_bytes()

    def come_back(self):
        """It may only say what is true."""
        self.halt.go_on()
        reply = self.client.line()
        if self.messages == b"5":
            equal(reply, REFUSED)
        else:
            assert reply in (UPDATED, LATER), reply
        equal(self.house.path.read_bytes(), self.text, "it wrote")
        assert not is_pending(self.house), "there is a journal"
        return self.messages, reply


@case("a host that was cut off in an update, and comes back, writes no more")
def _():
    a = HOSTS[0]
    with contextlib.ExitStack() as stack:
        sessions = list(itertools.takewhile(
            lambda session: session.is_halted,
            (CutOff(stack, count)
             for count in range(2, 100, 1 if IS_LONG else 3))))
        a.cable("down")
        for session in sessions:
            session.go_on_elsewhere()
        a.cable("up")
        ends = {session.come_back() for session in sessions}
    equal(ends, {(b"5", REFUSED), (b"4", LATER), (b"4", UPDATED)})


def test(*hosts):
    HOSTS.extend(hosts)
    tap.main()


if os.getpid() == 1:
    nfshosts.live(test)
else:
    nfshosts.boot(__file__)
