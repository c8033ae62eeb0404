"""What an idle session costs: one process, and few pages of its own."""

import os
import pathlib
import re
import statistics

import tap
from house import DAEMON, House, children_of
from tap import Skip, case, equal

PASSWORD = "secret"
SESSIONS = 5
# KB.  13 or 14 pages when this was written, by the place of the stack.
MOST = 80


def own_kilobytes(pid):
    """What nobody else has: pages that were written."""
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(r"Private_Dirty:\s+(\d+) kB", text)[1])


def can_be_compared():
    program = DAEMON.read_bytes()
    if b"__asan_init" in program:
        raise Skip("the sanitizer has more memory than the session")
    if b"__gcov_" in program:
        raise Skip("the counters of a coverage build are written everywhere")
    if os.sysconf("SC_PAGESIZE") != 4096:
        raise Skip("pages are not of 4 KB")


def idle_sessions(messages):
    """A house with some users logged in: the pids, and what each has."""
    with House() as house:
        for i in range(SESSIONS):
            house.add_user(f"u{i}", "kvt.dk", PASSWORD)
            house.write_mailbox(f"u{i}", "kvt.dk", messages)
        house.start_daemon()
        clients = []
        for i in range(SESSIONS):
            clients.append(house.connect())
            clients[-1].login(f"u{i}@kvt.dk", PASSWORD)
        pids = children_of(house.daemon.pid)
        result = {pid: own_kilobytes(pid) for pid in pids}
        equal([children_of(pid) for pid in pids], [[]] * SESSIONS)
        for client in clients:
            client.close()
        return result


def is_small(messages):
    sizes = idle_sessions(messages)
    equal(len(sizes), SESSIONS)
    median = statistics.median(sizes.values())
    assert 0 < median <= MOST, f"{sizes} KB, at most {MOST}"


@case("an idle session is one process with few pages of its own")
def _():
    can_be_compared()
    is_small([b"Subject: x\n\nx\n"] * 10)


@case("a scan of more than its buffer holds leaves nothing behind")
def _():
    can_be_compared()
    is_small([b"Subject: x\n\n" + b"x" * 63 + b"\n" * 60000] * 10)


tap.main()
