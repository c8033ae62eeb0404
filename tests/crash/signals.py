"""A signal at the entry of any system call of login, RETR, QUIT, of the daemon
and of a delivery: nothing hangs, no lock stays, the mailbox is the old or the
new one, and +OK is said for the new one only.

CRASH_ROUNDS in the environment ("make torture"): every call, not a sample."""

import itertools
import signal

import tap
from disturb import Report, signalling
from house import FROM_LINE
from tap import case, equal
from world import CASES, Case, Workers, check_reach, need_root

SIGNALS = [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGUSR1,
           signal.SIGUSR2, signal.SIGALRM, signal.SIGCHLD, signal.SIGPIPE,
           signal.SIGCONT]

# What a session may end of.  The others it must survive.
DEADLY = {signal.SIGTERM}

READ = Case("one is read, one is deleted", [3], [900, 700, 200, 600, 3000],
            retrieved=[2])
KINDS = [READ] + [kind for kind in CASES if kind.keeper]


# ... and virtual, before it has begun.  By SIGTERM it ends also later, and its
# lock file then stays until it is stale.
DEADLY_FOR_VIRTUAL = set(SIGNALS) - {signal.SIGCHLD, signal.SIGCONT}


def check_end(done, number, deadly=frozenset(DEADLY)):
    """Nothing hung, and nothing died of anything else."""
    assert not done.is_late, "it did not end"
    for died in done.signals:
        assert died == number and number in deadly, f"died of signal {died}"


def check_unlocked(world):
    locks = list(world.path.parent.glob("*.lock"))
    assert locks == [], f"{locks} stays"


def judge(world, kind, said):
    """A minute later nobody holds a lock, and all that is left is whole."""
    equal(world.recovery("--recover").check().status, 0, "--recover")
    text = world.text()
    assert text in (kind.old, kind.new), f"neither: {text!r:.2000}"
    if b"mailbox updated" in said:
        equal(text, kind.new, "+OK, but not the new one")
    world.check_served(text)
    return "new" if text == kind.new else "old"


# ---- sessions ---------------------------------------------------------------

def list_session(world, kind):
    world.reset(kind)
    places = world.session(kind, "-l").check().places
    equal(world.text(), kind.new, "a session that nobody disturbs")
    return places


def signal_session(world, kind, place, number):
    world.reset(kind)
    done = world.session(kind, *place.options(), *signalling(number))
    # As long as it has not begun, it is like any program.
    deadly = DEADLY if done.output else set(SIGNALS)
    check_end(done, number, deadly)
    check_unlocked(world)
    if number not in deadly:
        assert b"mailbox updated" in done.output, done.output
    seen = judge(world, kind, done.output)
    return seen if done.is_hit else "missed"


def add_session_case(kind):
    @case("row 48: a signal at any system call of a session: no hang, no lock "
          f"file, old or new; {kind.name}")
    def _():
        need_root(kind)
        places = workers.ask(list_session, kind)
        jobs = list(itertools.product([kind], places, SIGNALS))
        seen = workers.sweep(signal_session, jobs, 120)
        check_reach(seen)
        assert seen["new"] > 0 and seen["old"] > 0, seen


# ---- the daemon -------------------------------------------------------------

def list_served(world, kind):
    world.reset(kind)
    with world.serving("-l") as file:
        assert b"updated" in world.talk(kind.commands)
        return Report(file).check().places


def signal_served(world, kind, place, number):
    """Below the daemon; if it is the daemon that is told to end, it does."""
    world.reset(kind)
    with world.serving(*place.options(), *signalling(number)) as file:
        try:
            said = world.talk(kind.commands)
        except ConnectionError:
            said = b""
        if number not in DEADLY:
            assert b"mailbox updated" in said, said
            assert b"+OK logged in" in world.talk(Case.dialogue("STAT"))
        world.stop_daemon()
        done = Report(file)
    check_unlocked(world)
    check_end(done, number)
    seen = judge(world, kind, said)
    return seen if done.is_hit else "missed"


@case("row 48: a signal at any system call of the daemon and its children: it "
      "serves on, or ends if it was told to")
def _():
    jobs = [(READ, place, number) for place, number in itertools.product(
        workers.ask(list_served, READ), SIGNALS)
        # What it does before it listens has no client.
        if place[0] > 0]
    check_reach(workers.sweep(signal_served, jobs, 60, 1500))


# ---- deliveries -------------------------------------------------------------

LETTER = b"Subject: letter\n\n" + b"a line of a letter\n" * 300


def delivered(world, kind):
    """The mailbox with the letter behind the old mail."""
    return world.text().startswith(kind.old + b"From a@example.com ") and \
        world.text().endswith(LETTER + b"\n")


def list_delivery(world, kind):
    world.reset(kind)
    done = world.delivery(LETTER, "-l").check()
    equal(done.status, 0)
    assert delivered(world, kind)
    return done.places


def signal_delivery(world, kind, place, number):
    world.reset(kind)
    done = world.delivery(LETTER, *place.options(), *signalling(number))
    check_end(done, number, DEADLY_FOR_VIRTUAL)
    if number != signal.SIGTERM:
        check_unlocked(world)
    if done.status == 0:
        assert delivered(world, kind), "0, but not delivered"
    elif number not in DEADLY_FOR_VIRTUAL:
        raise AssertionError(f"status {done.status}")
    again = world.delivery(LETTER).check()
    equal(again.status, 0, "the next one")
    text = world.text()
    assert text.startswith(kind.old + FROM_LINE[:5]), text[-500:]
    assert text.endswith(LETTER + b"\n")
    assert list(world.path.parent.glob("*.lock")) == []
    if not done.is_hit:
        return "missed"
    return "delivered" if done.status == 0 else "ended"


@case("row 48: a signal at any system call of a delivery: 0 and it is there, "
      "and the next one is delivered")
def _():
    jobs = list(itertools.product(
        [READ], workers.ask(list_delivery, READ), SIGNALS))
    check_reach(workers.sweep(signal_delivery, jobs, 60))


for one in KINDS:
    add_session_case(one)

with Workers() as workers:
    tap.main()
print(f"# signals: {workers.total} runs, {workers.bad} bad")
