"""System calls that fail, and processes that die, at every place: the reply is
honest and the mailbox whole."""

import os
import subprocess

import tap
from house import DAEMON, FROM_LINE, House, VIRTUAL, become_owner
from strace import ENVIRONMENT, injecting
from tap import case, equal

MESSAGES = [b"Subject: %d\n\n" % i + b"%d\n" % i * (1500 * i + 10)
            for i in range(5)]
WRITING = "pwrite64,ftruncate,fsync,fallocate"


def stored(messages):
    return b"".join(FROM_LINE + message + b"\n" for message in messages)


OLD = stored(MESSAGES)


def new_house():
    house = House()
    house.add_user("joe", "kvt.dk", "secret")
    house.write_mailbox("joe", "kvt.dk", MESSAGES)
    return house


def session(house, fault, deleted):
    """The last reply of a session that meets the fault."""
    commands = ["USER joe@kvt.dk", "PASS secret",
                *(f"DELE {number}" for number in deleted), "QUIT"]
    result = subprocess.run(
        injecting(fault, WRITING, DAEMON, "-i", "--debug=100",
                  *house.options()),
        input="".join(command + "\r\n" for command in commands).encode(),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
        env=ENVIRONMENT, check=False)
    return result.stdout.splitlines()[-1]


def recover(house):
    subprocess.run([DAEMON, "--recover", "--debug=100", *house.options()],
                   stderr=subprocess.DEVNULL, timeout=60, check=False)
    return house.mailbox("joe", "kvt.dk").read_bytes()


def check_reply(house, reply, new, where):
    """The mailbox is what the reply says, at once and after recovery."""
    text = house.mailbox("joe", "kvt.dk").read_bytes()
    if b"+OK mailbox updated" in reply:
        assert text == new, f"{where}: +OK, but not updated"
        return "updated"
    if b"nothing deleted" in reply or b"cannot make" in reply or \
            b"cannot be read" in reply:
        assert text == OLD, f"{where}: {reply}, but changed"
        assert recover(house) == OLD, f"{where}: changed by recovery"
        return "refused"
    if b"may or may not" in reply:
        assert recover(house) in (OLD, new), f"{where}: uncertain, and bad"
        return "uncertain"
    assert b"completed later" in reply, f"{where}: {reply}"
    assert recover(house) == new, f"{where}: not completed"
    return "later"


def fail_everywhere(error, deleted):
    """Every writing call fails once, then all from it on.  What was seen."""
    new = stored(message for number, message in enumerate(MESSAGES, 1)
                 if number not in deleted)
    seen = set()
    for suffix in ("", "+"):
        for number in range(1, 30):
            with new_house() as house:
                fault = f"error={error}:when={number}{suffix}"
                reply = session(house, fault, deleted)
                seen.add(check_reply(house, reply, new, fault))
                if reply.startswith(b"+OK") and suffix == "+":
                    break
    return seen


@case("invariant 9: ENOSPC at any writing call of an update: old or new, as the "
      "reply says")
def _():
    seen = fail_everywhere("ENOSPC", (1, 3))
    assert {"updated", "refused", "later"} <= seen, seen


@case("EIO at any writing call of an update: old or new, as the reply says")
def _():
    seen = fail_everywhere("EIO", (2,))
    assert {"updated", "refused", "later"} <= seen, seen


@case("EIO at any call where only the end is cut off: old or new as well")
def _():
    seen = fail_everywhere("EIO", (4, 5))
    assert {"updated", "refused", "uncertain"} <= seen, seen


# ---- delivery ---------------------------------------------------------------

LETTER = b"Subject: letter\n\n" + b"a line of a letter\n" * 2000


def deliver(house, fault, calls):
    return subprocess.run(
        injecting(fault, calls, VIRTUAL, f"--virtual-dir={house.virtual}",
                  f"--virtual-spool={house.spool}", "-r", "joe@kvt.dk",
                  "-f", "a@example.com"),
        input=LETTER, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=become_owner(), env=ENVIRONMENT, timeout=60,
        check=False).returncode


def is_whole(text):
    rest = text[len(OLD):]
    return text.startswith(OLD) and rest.endswith(LETTER + b"\n") and \
        rest.count(b"Subject: letter") == 1


@case("an error at any call of a delivery: 75 and the mailbox as it was, or "
      "0 and the letter in it")
def _():
    calls = "write,fsync,openat,linkat,fcntl,fstat,newfstatat"
    statuses = set()
    for error in ("ENOSPC", "EIO"):
        for number in range(1, 60):
            with new_house() as house:
                status = deliver(
                    house, f"error={error}:when={number}", calls)
                text = house.mailbox("joe", "kvt.dk").read_bytes()
                if status == 0:
                    assert is_whole(text), f"0, not whole: call {number}"
                elif status == 75:
                    assert text == OLD, f"75, but changed: call {number}"
                statuses.add(status)
    assert {0, 75} <= statuses, statuses


@case("a delivery killed at any call loses nothing, and the next is whole")
def _():
    calls = "write,fsync,openat,linkat,unlinkat,fcntl"
    for number in range(1, 60):
        with new_house() as house:
            path = house.mailbox("joe", "kvt.dk")
            status = deliver(house, f"signal=KILL:when={number}", calls)
            assert path.read_bytes().startswith(OLD), f"call {number}"
            for lock in path.parent.glob("*.lock"):
                os.utime(lock, (0, 0))
            equal(house.deliver(LETTER, "-r", "joe@kvt.dk").returncode, 0)
            text = path.read_bytes()
            assert text.startswith(OLD) and text.endswith(
                LETTER + b"\n"), f"call {number}"
            if status == 0:
                break


tap.main()
