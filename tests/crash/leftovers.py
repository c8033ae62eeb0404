"""kill -9 at the entry of any system call while the mail of USER.old is put
back: begun again, all mail is there once, and USER.old has its other name.

CRASH_ROUNDS in the environment ("make torture"): every call, not a sample."""

import itertools

import tap
from disturb import KILL, KILL_ALL, error, need_registers
from house import FROM_LINE
from tap import case, equal
from world import LATE, OWNER, Case, Workers, check_reach

# The last one takes more than one write.
OLD = [Case.message(number, length) for number, length
       in enumerate([900, 700, 2000, 30, 200_000], 1)]
TEXT = b"".join(OLD)


class Left:
    """What 0.10.x has left of the mailbox, and what becomes of it."""

    def __init__(self, name, mailbox, expected):
        self.name, self.mailbox, self.expected = name, mailbox, expected

    def __str__(self):
        return self.name


CASES = [
    Left("the mailbox is missing", None, TEXT),
    Left("it is torn in a message", TEXT[:2000], TEXT),
    Left("it is torn in a From_ line",
         OLD[0] + FROM_LINE[:9], TEXT),
    Left("it has what was kept, and new mail", OLD[1] + OLD[3] + LATE,
         OLD[1] + OLD[3] + LATE + OLD[0] + OLD[2] + OLD[4]),
    Left("it has everything", TEXT, TEXT),
]
NOTHING = Case("nothing", [], [])


def reset(world, left):
    world.reset(NOTHING)
    world.write_text(left.mailbox)
    old = world.path.with_name("joe.old")
    old.write_bytes(TEXT)
    old.chmod(0o600)
    world.own(old, *OWNER)


def judge(world, left):
    equal(world.text(), left.expected)
    equal(world.path.with_name("joe.old.merged").read_bytes(), TEXT)
    assert not world.path.with_name("joe.old").exists()
    world.inode = None  # it may be a new file
    world.check_served(left.expected)


def recover(world):
    done = world.recovery("--recover").check()
    equal(done.status, 0, done.errors)


def list_calls(world, left):
    reset(world, left)
    done = world.recovery("--recover", "-l").check()
    judge(world, left)
    return done.places


def disturb(world, left, place, how):
    """Interrupted there, and begun again, it comes to the same end."""
    reset(world, left)
    done = world.recovery("--recover", *place.options(), *how).check()
    was_whole = world.text() == left.expected
    recover(world)
    judge(world, left)
    if not done.is_hit:
        return "missed"
    return "late" if was_whole else "early"


def add_cases(left):
    @case(f"killed at any call, all mail is there once; {left.name}")
    def _():
        places = workers.ask(list_calls, left)
        jobs = list(itertools.product([left], places, [KILL, KILL_ALL]))
        seen = workers.sweep(disturb, jobs, 60)
        check_reach(seen)
        assert seen["late"] > 0, seen
        assert seen["early"] > 0 or left.mailbox == TEXT, seen

    @case(f"when any call fails, the next time does it; {left.name}")
    def _():
        need_registers()
        places = [place for place in workers.ask(list_calls, left)
                  if place[2] in ("write", "fsync", "ftruncate", "linkat",
                                  "unlinkat", "pread64")]
        jobs = list(itertools.product(
            [left], places, [error("ENOSPC"), error("EIO")]))
        check_reach(workers.sweep(disturb, jobs, 30))


for one in CASES:
    add_cases(one)

with Workers() as workers:
    tap.main()
