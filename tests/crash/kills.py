"""kill -9 at the entry of any system call of login, update and recovery: the
mailbox is the old or the new one with all that was appended, no lock stays, the
daemon serves on.

CRASH_ROUNDS in the environment ("make torture"): every call, not a sample."""

import itertools

import tap
from disturb import KILL, KILL_ALL, Report
from tap import case, equal
from world import (CASES, LATE, LATER, Case, Workers, check_reach, need_root)

HOW = [KILL, KILL_ALL]
WAYS = ["login", "--recover"]
JOURNALLING = ("pwrite64", "ftruncate", "fsync", "fallocate")


# ---- judging ----------------------------------------------------------------

def judge(world, kind, said, tail):
    """Which mailbox it is; all recovery is done."""
    text = world.text()
    assert text in (kind.old + tail, kind.new + tail), \
        f"neither old nor new: {text!r:.3000}"
    if b"mailbox updated" in said:
        equal(text, kind.new + tail, "+OK, but not the new one")
    world.check_served(text)
    return "new" if text == kind.new + tail else "old"


def recover(world, way):
    done = world.recovery(way).check()
    equal(done.status, 0, f"{way}: {done.output} {done.errors}")


# ---- sessions ---------------------------------------------------------------

def list_session(world, kind):
    world.reset(kind)
    done = world.session(kind, "-l").check()
    equal(world.text(), kind.new, "an update that nobody disturbs")
    return done.places


def kill_session(world, kind, place, how, is_late, way):
    world.reset(kind)
    done = world.session(kind, *place.options(), *how).check()
    if not done.is_hit:
        return "missed"
    tail = LATE if is_late else b""
    world.append(tail)
    recover(world, way)
    return judge(world, kind, done.output, tail)


# ---- recovery ---------------------------------------------------------------

def look_at_session(world, kind, place):
    """What a session that dies at this place leaves, if it must be recovered,
    else None: the mailbox, and which journals are in use."""
    world.reset(kind)
    world.session(kind, *place.options(), *KILL_ALL)
    used = tuple(size > 0 for size in world.journals())
    return (world.text(), used) if any(used) else None


def list_recovery(world, kind, place, way):
    """The calls of recovery, and the mailbox that it makes."""
    look_at_session(world, kind, place)
    places = world.recovery(way, "-l").check().places
    return places, "new" if world.text() == kind.new else "old"


def kill_recovery(world, kind, first, way, decided, place, how, is_late):
    """Mail comes before it, perhaps, and after it, and the other way of
    recovery comes to the same end."""
    look_at_session(world, kind, first)
    tail = LATE if is_late else b""
    world.append(tail)
    done = world.recovery(way, *place.options(), *how).check()
    world.append(LATER)
    recover(world, "--recover" if way == "login" else "login")
    equal(judge(world, kind, b"", tail + LATER), decided)
    return decided if done.is_hit else "missed"


def half_done(kind):
    """The places in a session that leave something to recover, one for each
    state that can be told from the others."""
    states = {}
    for place in workers.ask(list_session, kind):
        if place[2] in JOURNALLING:
            state = workers.ask(look_at_session, kind, place)
            if state is not None:
                states.setdefault(state, place)
    return list(states.values())


# ---- the daemon -------------------------------------------------------------

def serve(world, kind, *tracing):
    """A session with the daemon, and what the daemon then does about it."""
    with world.serving(*tracing) as file:
        said = world.talk(kind.commands)
        world.wait_for(lambda: not any(world.journals()), "recovery")
        again = world.talk(Case.dialogue("STAT"))
        assert b"+OK logged in" in again, again
        return said, Report(file).check()


def list_served(world, kind):
    """The calls of a session, and of the login child, below the daemon."""
    world.reset(kind)
    with world.serving("-l") as file:
        assert b"updated" in world.talk(kind.commands)
        places = Report(file).check().places
    return [place for place in places if place[0] > 0]


def kill_served(world, kind, place):
    world.reset(kind)
    said, report = serve(world, kind, *place.options(), *KILL)
    seen = judge(world, kind, said, b"")
    return seen if report.is_hit else "missed"


def list_start(world, kind, first):
    """The calls of the recovery with which the daemon starts."""
    look_at_session(world, kind, first)
    with world.serving("-l") as file:
        world.wait_for(lambda: not any(world.journals()), "recovery")
        places = Report(file).check().places
    return ([place for place in places if place[0] in (1, 2)],
            "new" if world.text() == kind.new else "old")


def kill_start(world, kind, first, decided, place):
    look_at_session(world, kind, first)
    with world.serving(*place.options(), *KILL) as file:
        world.wait_for(lambda: Report(file).is_hit or
                       not any(world.journals()), "the kill")
        assert b"+OK logged in" in world.talk(Case.dialogue("STAT"))
        is_hit = Report(file).check().is_hit
    equal(judge(world, kind, b"", b""), decided)
    return decided if is_hit else "missed"


# ---- all of it --------------------------------------------------------------

def add_session_cases(kind):
    @case(f"killed at any call of a session: old or new; {kind.name}")
    def _():
        need_root(kind)
        places = workers.ask(list_session, kind)
        jobs = list(itertools.product(
            [kind], places, HOW, [False, True], WAYS))
        seen = workers.sweep(kill_session, jobs, 30)
        check_reach(seen)
        assert seen["new"] > 0, seen
        assert seen["old"] > 0 or kind.old == kind.new, seen

    if not kind.moves:
        return

    @case(f"killed at any call of recovery: what was decided; {kind.name}")
    def _():
        need_root(kind)
        jobs = []
        for first, way in itertools.product(half_done(kind), WAYS):
            places, decided = workers.ask(list_recovery, kind, first, way)
            jobs += itertools.product([kind], [first], [way], [decided],
                                      places, HOW, [False, True])
        seen = workers.sweep(kill_recovery, jobs, 15, 1200)
        check_reach(seen)
        assert seen["new"] > 0, seen


def add_daemon_cases(kind):
    @case("the daemon finishes what a session began that is killed at any "
          f"call, and serves on; {kind.name}")
    def _():
        need_root(kind)
        jobs = [(kind, place) for place in workers.ask(list_served, kind)]
        check_reach(workers.sweep(kill_served, jobs, 12))

    @case("the daemon serves when the recovery with which it starts is killed "
          f"at any call; {kind.name}")
    def _():
        need_root(kind)
        jobs = []
        for first in half_done(kind):
            places, decided = workers.ask(list_start, kind, first)
            jobs += itertools.product([kind], [first], [decided], places)
        check_reach(workers.sweep(kill_start, jobs, 12, 300))


for one in CASES:
    add_session_cases(one)
for one in CASES:
    if one.name.startswith("the first"):
        add_daemon_cases(one)

with Workers() as workers:
    tap.main()
print(f"# killed: {workers.total} runs, {workers.bad} bad")
