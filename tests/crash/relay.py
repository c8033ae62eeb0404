"""kill -9 and failing calls at any system call of a login with --relay-file: the
file is the old or the new one, the next login is noted, and no login fails
because of it.

CRASH_ROUNDS in the environment ("make torture"): every call, not a sample."""

import itertools
import time

import tap
from disturb import KILL, KILL_ALL, error, need_registers
from tap import case, equal
from world import Case, Workers, check_reach

SESSION = Case("a session", [], [900, 700])
SOURCE = {"REMOTE_HOST": "192.0.2.7"}
# What relay.c calls, and what an error of theirs is to it.
CALLS = ("openat", "newfstatat", "fstat", "flock", "fchown", "fchmod", "write",
         "renameat", "unlinkat", "pread64", "close")
OTHER = "192.0.2.8 {} ann@kvt.dk\n"


def path_of(world):
    return world.root / "relay" / "file"


def reset(world):
    """One other address is there, and a line that is too old."""
    world.reset(SESSION)
    path = path_of(world)
    path.parent.mkdir(mode=0o755, exist_ok=True)
    for entry in path.parent.iterdir():
        entry.unlink()
    now = int(time.time())
    path.write_text(f"192.0.2.9 {now - 3000} old\n" + OTHER.format(now - 60))
    path.chmod(0o640)
    return path.read_text()


def log_in(world, *tracing):
    return world.traced(
        world.daemon_command("-i", "--believe-remote-host",
                             f"--relay-file={path_of(world)}"),
        *tracing, data=SESSION.commands, environment=SOURCE)


def is_new(world, before):
    """True for the new file, False for the old one, and it is one of them."""
    text = path_of(world).read_text()
    if text == before:
        return False
    lines = text.splitlines(keepends=True)
    equal(lines[:-1], before.splitlines(keepends=True)[-1:])
    assert lines[-1].startswith("192.0.2.7 "), text
    assert lines[-1].endswith(" joe@kvt.dk\n"), text
    return True


def judge(world, before):
    found = is_new(world, before)
    log_in(world).check()
    assert is_new(world, before), "the next login is not noted"
    equal([path.name for path in path_of(world).parent.iterdir()], ["file"])
    return "new" if found else "old"


def list_calls(world):
    before = reset(world)
    done = log_in(world, "-l").check()
    assert is_new(world, before), done.errors
    return done.places


def kill(world, place, how):
    before = reset(world)
    done = log_in(world, *place.options(), *how).check()
    seen = judge(world, before)
    return seen if done.is_hit else "missed"


def fail(world, place, how):
    """Only calls of the relay file: others may well end a login."""
    before = reset(world)
    done = log_in(world, *place.options(), *how).check()
    text = done.errors.decode(errors="replace")
    if "is not noted there" in text:
        assert b"+OK logged in" in done.output, (done.output, text)
    seen = judge(world, before)
    return seen if done.is_hit else "missed"


@case("killed at any call of a login: the relay file is the old or the new one")
def _():
    places = workers.ask(list_calls)
    jobs = list(itertools.product(places, [KILL, KILL_ALL]))
    seen = workers.sweep(kill, jobs, 120)
    check_reach(seen)
    assert seen["new"] > 0 and seen["old"] > 0, seen


@case("when a call fails: the same, and the login goes on")
def _():
    need_registers()
    places = [place for place in workers.ask(list_calls)
              if place[0] == 0 and place[2] in CALLS]
    jobs = list(itertools.product(
        places, [error("ENOSPC"), error("EIO"), error("EACCES")]))
    check_reach(workers.sweep(fail, jobs, 120))


with Workers() as workers:
    tap.main()
