"""System calls that fail, do only a part of their work, and memory that cannot
be had: "+OK" only for what is on disk, else an honest reply or none; the
mailbox is the old or the new one; nothing hangs and nothing crashes.

CRASH_ROUNDS in the environment ("make torture"): every call, not a sample."""

import tap
from disturb import KILL_ALL, Report, error, need_registers
from faults import (FOR_EVER, Starving, fails_sync, faults, parts, starve,
                    within)
from tap import case, equal
from world import CASES, IS_LONG, LATER, Case, Workers, check_reach, need_root


# ---- sessions ---------------------------------------------------------------

def check_replies(lines):
    """A session is refused honestly, or shows the mailbox as it is."""
    for line in lines:
        assert line.startswith((b"+OK", b"-ERR")), f"no reply: {line}"
    refused = [line for line in lines[2:3] if line.startswith(b"-ERR")]
    assert not refused or refused[0].startswith(
        (b"-ERR [SYS/TEMP]", b"-ERR [IN-USE]")), refused
    if not refused:
        marked = lines[3:-1]
        assert all(line.startswith(b"+OK marked") for line in marked), lines


def check_quit(kind, said, text, recovered):
    """The last reply tells what is on disk.  A word for it."""
    reply = said.splitlines()[-1:] or [b""]
    if reply[0].startswith(b"+OK mailbox updated"):
        equal(text, kind.new, "+OK, but")
        return "updated"
    if b"completed later" in reply[0]:
        equal(recovered, kind.new, "later, but")
        return "later"
    if b"may or may not" in reply[0]:
        return "uncertain"
    if b"nothing deleted" in reply[0] or b"goodbye" in reply[0] or \
            b"[SYS/TEMP]" in reply[0] or b"[IN-USE]" in reply[0]:
        equal(text, kind.old, f"{reply[0]}, but")
        equal(recovered, kind.old, f"{reply[0]}, but after recovery")
        return "refused"
    assert b"-ERR" not in reply[0], f"what does it mean? {reply[0]}"
    return "closed"


def judge_session(world, kind, done):
    check_replies(done.output.splitlines())
    text = world.text()
    recovery = world.recovery("--recover").check()
    equal(recovery.status, 0, recovery.errors)
    recovered = world.text()
    assert recovered in (kind.old, kind.new), \
        f"neither old nor new: {recovered!r:.3000}"
    word = check_quit(kind, done.output, text, recovered)
    world.check_served(recovered)
    return word


def list_session(world, kind):
    world.reset(kind)
    return world.session(kind, "-l").check().places


def disturb_session(world, kind, place, how):
    world.reset(kind)
    done = world.session(kind, *place.options(), *how).check()
    word = judge_session(world, kind, done)
    # A cut at the end can do without the journal, and so without its sync.
    if kind.moves and fails_sync(place, how):
        assert word != "updated", "+OK without a sync"
    return word if done.is_hit else "missed"


def delete_on_full_disk(world, kind, name):
    """The state directory knows the mailbox from an earlier session."""
    world.reset(kind)
    world.recovery("login")
    calls, how = FOR_EVER[name]
    done = world.session(kind, "-p", "0", "-n", "0",
                         *error(name, "-c", calls, *how)).check()
    return judge_session(world, kind, done)


# ---- recovery ---------------------------------------------------------------

HALF_DONE = CASES[0]


def begin_recovery(world, first):
    world.reset(HALF_DONE)
    world.session(HALF_DONE, *first.options(), *KILL_ALL)


def is_half_done(world, first):
    begin_recovery(world, first)
    return world.text() not in (HALF_DONE.old, HALF_DONE.new)


def leave_half_done(world, first):
    """With sanitizers a process makes now and then a call more or less."""
    assert any(is_half_done(world, first) for _ in range(8)), \
        "nothing to recover"


def list_recovery(world, first, way):
    leave_half_done(world, first)
    return world.recovery(way, "-l").check().places


def seems_busy(how):
    """The mailbox is another session's, which recovers it itself."""
    return how[:2] == error("EAGAIN") and "flock" in how[3]


def disturb_recovery(world, first, way, place, how):
    """Whatever fails, the update is completed then or later, and mail that
    comes meanwhile stays."""
    leave_half_done(world, first)
    done = world.recovery(way, *place.options(), *how).check()
    now = world.text()
    if way == "--recover" and done.status == 0 and not seems_busy(how):
        equal(now, HALF_DONE.new, "status 0, but")
    if b"+OK logged in" in done.output:
        equal(now, HALF_DONE.new, "+OK, but")
    else:
        check_replies(done.output.splitlines())
    world.append(LATER)
    equal(world.recovery("--recover").check().status, 0)
    equal(world.text(), HALF_DONE.new + LATER, "after recovery")
    world.check_served(world.text())
    return "now" if now == HALF_DONE.new else "later"


def delete_within(world, kind, limit):
    world.reset(kind)
    done = world.session(kind, before=within(limit)).check()
    return judge_session(world, kind, done)


# ---- memory -----------------------------------------------------------------

def starve_session(world, kind, first, end):
    starving = Starving(world, first, end)
    world.reset(kind)
    done = world.session(kind, *starving.options, **starving.more).check()
    word = judge_session(world, kind, done)
    return word if end > 0 else starving.count


def starve_recovery(world, start, way, first, end):
    starving = Starving(world, first, end)
    leave_half_done(world, start)
    world.recovery(way, *starving.options, **starving.more).check()
    equal(world.recovery("--recover").check().status, 0)
    equal(world.text(), HALF_DONE.new, "after recovery")
    world.check_served(world.text())
    return "new" if end > 0 else starving.count


# ---- the daemon -------------------------------------------------------------

def list_daemon(world, kind):
    world.reset(kind)
    with world.serving("-l") as file:
        assert b"updated" in world.talk(kind.commands)
        places = Report(file).check().places
    return [place for place in places if place[0] == 0]


def disturb_daemon(world, kind, place, how):
    """It says that it cannot start; or it serves, if not the first then the
    third client; or, while the trouble lasts, says so."""
    world.reset(kind)
    try:
        with world.serving(*place.options(), *how) as file:
            replies = [world.talk(Case.dialogue("STAT")) for _ in range(3)]
            Report(file).check()
    except AssertionError as failure:
        if "daemon ended" not in str(failure):
            raise
        return "ended"
    if "-t" in how and b"+OK logged in" not in replies[2]:
        assert replies[2] == b"" or b"-ERR [SYS/TEMP]" in replies[2], replies
        return "refused"
    assert b"+OK logged in" in replies[2], replies
    return "served"


# ---- all of it --------------------------------------------------------------

def add_session_cases(kind):
    @case(f"a call of a session fails: the reply is honest; {kind.name}")
    def _():
        need_root(kind)
        places = workers.ask(list_session, kind)
        seen = workers.sweep(
            disturb_session, [(kind, *fault) for fault in faults(places)], 80)
        check_reach(seen)
        assert seen["updated"] > 0 and seen["refused"] > 0, seen
        if IS_LONG:
            assert seen["later" if kind.moves else "uncertain"] > 0, seen

    @case(f"calls do a part of their work: it is all the same; {kind.name}")
    def _():
        need_root(kind)
        places = workers.ask(list_session, kind)
        seen = workers.sweep(
            disturb_session, [(kind, *part) for part in parts(places)], 30)
        equal(set(seen) - {"missed"}, {"updated"})

    @case(f"there is no memory: the reply is honest; {kind.name}")
    def _():
        need_root(kind)
        seen = starve(workers, starve_session, kind)
        assert seen["updated"] > 0, seen


for number in (0, 2, 9):
    add_session_cases(CASES[number])


@case("a call of a session with an index fails: the next one sees what is so")
def _():
    kind = next(kind for kind in CASES if kind.is_known)
    places = workers.ask(list_session, kind)
    seen = workers.sweep(
        disturb_session, [(kind, *fault) for fault in faults(places)], 40)
    check_reach(seen)
    assert seen["updated"] > 0 and seen["refused"] > 0, seen


@case("a full disk, or quota: the last messages can be deleted, others not yet")
def _():
    need_registers()
    for name in ("ENOSPC", "EDQUOT"):
        equal(workers.ask(delete_on_full_disk, CASES[2], name), "updated")
        equal(workers.ask(delete_on_full_disk, CASES[3], name), "updated")
        equal(workers.ask(delete_on_full_disk, CASES[0], name), "refused")


@case("a file size limit of any kind: a session is honest")
def _():
    jobs = [(kind, limit) for kind in CASES
            if not kind.keeper and not kind.keeps_status
            for limit in (0, 1, 100, 1000, 4096, 8192, 1 << 20)]
    workers.sweep(delete_within, jobs, 20)


def half_done():
    """A place in a session that leaves the mailbox neither old nor new."""
    for place in workers.ask(list_session, HALF_DONE):
        if place[2] == "pwrite64" and workers.ask(is_half_done, place):
            return place
    raise AssertionError("no call leaves the mailbox half done")


for one in ("login", "--recover"):
    @case(f"a call of recovery fails: it is completed then or later; {one}")
    def _(way=one):
        first = half_done()
        places = workers.ask(list_recovery, first, way)
        workers.sweep(disturb_recovery, [
            (first, way, *fault) for fault in faults(places)], 60)

    @case(f"recovery lacks memory: it is completed then or later; {one}")
    def _(way=one):
        starve(workers, starve_recovery, half_done(), way)


@case("a call of the daemon fails: it says so and ends, or serves on")
def _():
    kind = CASES[0]
    places = workers.ask(list_daemon, kind)
    seen = workers.sweep(disturb_daemon, [
        (kind, *fault) for fault in faults(places)], 25)
    assert seen["served"] > 0, seen


with Workers() as workers:
    tap.main()
print(f"# disturbed: {workers.total} runs, {workers.bad} bad")
