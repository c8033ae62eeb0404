"""virtual, killed at any call, with calls that fail or do a part of their work,
without memory, and at a file size limit: a letter is there as a whole when it
says so, older mail is never touched, at most the letter comes twice.

CRASH_ROUNDS in the environment ("make torture"): every call, not a sample."""

import itertools

import tap
from disturb import KILL, KILL_ALL
from faults import (ONE_BY_ONE, Starving, fails_sync, faults, parts, starve,
                    within)
from tap import case, equal
from world import Case, Workers, check_reach

LETTER = b"Subject: letter\n\n" + b"a line of a letter\n" * 200
LONG_LETTER = b"Subject: letter\n\n" + (b"long line " * 500 + b"\n") * 250
BOX = Case("delivery", [], [500, 600])

# To add one, add a line: the mailbox before, or None for none, and what comes.
DELIVERIES = {
    "to a mailbox": (BOX.old, LETTER),
    "to a new mailbox": (None, LETTER),
    "to a mailbox whose end was cut off": (BOX.old[:-30], LETTER),
    "of a long letter": (BOX.old, LONG_LETTER),
}


def begin_delivery(world, title):
    """The mailbox as bytes, and the letter."""
    before, letter = DELIVERIES[title]
    world.reset(BOX)
    world.write_text(before)
    world.inode = None
    return before or b"", letter


def list_delivery(world, title):
    _, letter = begin_delivery(world, title)
    done = world.delivery(letter, "-l").check()
    equal(done.status, 0, done.output)
    return done.places


def split(text, before):
    """The messages behind before, each without its From_ line; the line ends
    that complete a mailbox whose end was cut off are not theirs."""
    assert text.startswith(before), "older mail was changed"
    rest = text[len(before):]
    if not before.endswith(b"\n\n"):
        rest = rest.lstrip(b"\n")
    pieces = rest.split(b"From a@example.com ")
    equal(pieces[0], b"", "in front of the message")
    return [piece.partition(b"\n")[2] for piece in pieces[1:]]


def whole(letter):
    return (b"Return-Path: <a@example.com>\nDelivered-To: joe@kvt.dk\n" +
            letter + b"\n")


def classify(piece, letter):
    if piece == whole(letter):
        return "whole"
    assert whole(letter).startswith(piece.rstrip(b"\n")), \
        f"no part of the letter: {piece!r:.500}"
    return "torn"


# ---- killed -----------------------------------------------------------------

def kill_delivery(world, title, place, how):
    """What was left: absent or whole, or, if nobody was left to mend it, torn;
    then the MTA tries again."""
    before, letter = begin_delivery(world, title)
    done = world.delivery(letter, *place.options(), *how).check()
    left = [classify(piece, letter) for piece in split(world.text(), before)]
    assert len(left) < 2, left
    assert how == KILL_ALL or left != ["torn"], "one death tears the letter"
    if done.status == 0:
        equal(left, ["whole"], "0, but")
    else:
        equal(world.delivery(letter).check().status, 0, "the second try")
        pieces = split(world.text(), before)
        equal([classify(piece, letter) for piece in pieces],
              left + ["whole"], "after the second try")
    world.check_served(world.text())
    return "".join(left) or "absent"


# ---- disturbed --------------------------------------------------------------

def judge_delivery(world, before, letter, done, may_stay):
    """0: the letter is there; 75: the mailbox is as it was, or, if it could
    not be cut back, what was written of the letter is behind it."""
    text = world.text()
    if done.status == 0:
        equal(split(text, before), [whole(letter)], "0, but")
        return "delivered"
    equal(done.status, 75, done.output)
    if may_stay and text != before:
        for piece in split(text, before):
            classify(piece, letter)
        return "left"
    equal(text, before, "75, but")
    return "refused"


def disturb_delivery(world, title, place, how):
    """Only if the file cannot be cut back any more, octets stay."""
    before, letter = begin_delivery(world, title)
    done = world.delivery(letter, *place.options(), *how).check()
    word = judge_delivery(world, before, letter, done,
                          any("ftruncate" in part for part in how))
    assert word != "delivered" or not fails_sync(place, how), "0 without a sync"
    if word != "delivered":
        equal(world.delivery(letter).check().status, 0, "the second try")
        equal(split(world.text(), before)[-1], whole(letter))
    world.check_served(world.text())
    return word if done.is_hit else "missed"


def deliver_within(world, title, limit):
    """A file size limit of so many octets, as of mailbox_size_limit."""
    before, letter = begin_delivery(world, title)
    done = world.delivery(letter, before=within(limit)).check()
    return judge_delivery(world, before, letter, done, False)


def starve_delivery(world, title, first, end):
    starving = Starving(world, first, end)
    before, letter = begin_delivery(world, title)
    done = world.delivery(
        letter, *starving.options, **starving.more).check()
    word = judge_delivery(world, before, letter, done, False)
    return word if end > 0 else starving.count


# ---- all of it --------------------------------------------------------------

def add_cases(title):
    @case(f"killed at any call of a delivery {title}: nothing lost, nothing "
          "twice but the letter")
    def _():
        places = workers.ask(list_delivery, title)
        jobs = list(itertools.product([title], places, [KILL, KILL_ALL]))
        workers.sweep(kill_delivery, jobs, 25)

    @case(f"a call of a delivery fails {title}: 75, or 0 and it is there")
    def _():
        places = workers.ask(list_delivery, title)
        seen = workers.sweep(disturb_delivery, [
            (title, *fault) for fault in faults(places)], 60)
        check_reach(seen)
        assert seen["delivered"] > 0 and seen["refused"] > 0, seen

    @case(f"calls do a part of their work in a delivery {title}: it is there")
    def _():
        places = workers.ask(list_delivery, title)
        jobs = [(title, *part) for part in parts(places)
                if title != "of a long letter" or part[1] != ONE_BY_ONE]
        seen = workers.sweep(disturb_delivery, jobs, 20)
        equal(set(seen) - {"missed"}, {"delivered"})

    @case(f"there is no memory for a delivery {title}: 75, or 0 and it is "
          "there")
    def _():
        starve(workers, starve_delivery, title)

    @case(f"a file size limit in a delivery {title}: 75 and the mailbox as it "
          "was, or 0 and it is there")
    def _():
        before, letter = DELIVERIES[title]
        size = len(before or b"")
        after = size + len(letter)
        limits = {0, size - 1, size, size + 1, size + 30, (size + after) // 2,
                  after, after + 1000} - {-1}
        seen = workers.sweep(deliver_within, [
            (title, limit) for limit in sorted(limits)], 20)
        assert seen["delivered"] > 0 and seen["refused"] > 0, seen


for name in DELIVERIES:
    add_cases(name)

with Workers() as workers:
    tap.main()
print(f"# virtual: {workers.total} runs, {workers.bad} bad")
