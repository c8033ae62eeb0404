"""virtdomain, killed at its system calls: a passwd file is the old one or the
new one, and a command that is given again does what was left to do.

CRASH_ROUNDS in the environment ("make torture"): every call, not a sample."""

import os
import re

import tap
from disturb import KILL, KILL_ALL, Traced, error, need_registers
from domains import Image
from house import House
from tap import case, equal

# Calls that change something, or that separate such calls.
CHANGES = re.compile(
    r"^(open|openat|creat|write|pwrite64|mkdir|mkdirat|chmod|fchmod|fchmodat|"
    r"chown|fchown|lchown|fchownat|rename|renameat|renameat2|unlink|unlinkat|"
    r"rmdir|fsync|close|flock|fork|vfork|clone|clone3|wait4|exit_group)$")
MOST = 10 ** 6 if "CRASH_ROUNDS" in os.environ else 60


def places_of(image, words):
    done = Traced(image.command(*words), "-l").check()
    equal(done.status, 0, done.errors)
    found = [place for place in done.places if CHANGES.match(place[2])]
    assert len(found) > 20, done.places
    # Every one of them in the long form; not always the same in the short one.
    step = -(-len(found) // MOST)
    return found[os.getpid() % step::step]


def strike(image, words, judge):
    """Kills the command at each place; judge looks at what is left.  Given
    again, it ends as if nothing had been."""
    image.keep()
    places = places_of(image, words)
    wanted = image.tree()
    hits = 0
    for number, place in enumerate(places):
        image.put_back()
        how = (KILL, KILL_ALL)[number % 2]
        done = Traced(image.command(*words), *place.options(), *how).check()
        hits += done.is_hit
        judge(str(place))
        again = image.command(*words)
        status = Traced(again).check().status
        assert status in (0, 67, 73), (str(place), status)
        found = image.tree()
        if found != wanted:
            raise AssertionError(f"{place}: " + repr(
                {name: (found.get(name), wanted.get(name))
                 for name in {*found, *wanted}
                 if found.get(name) != wanted.get(name)}))
    assert hits >= len(places) * 3 // 4, (hits, len(places))


@case("add: the passwd file is the old one or the new one")
def _():
    with House() as house:
        image = Image(house)
        image.create()
        before = image.passwd()

        def judge(place):
            now = image.passwd()
            assert now == before or re.fullmatch(
                re.escape(before) + r"joe:HASH:\d+:\d+:::\n", now), (place, now)
        strike(image, ("add", "joe@kvt.dk", "secret"), judge)


@case("remove: the passwd file is the old one or the new one")
def _():
    with House() as house:
        image = Image(house)
        image.create()
        without = image.passwd()
        image.run("add", "joe@kvt.dk", "secret")
        both = image.passwd()

        def judge(place):
            assert image.passwd() in (both, without), place
        strike(image, ("remove", "joe@kvt.dk"), judge)


@case("CREATE, given again, makes the rest")
def _():
    with House() as house:
        image = Image(house)
        (image.postfix / "virtual").write_text("# of others\n")

        def judge(place):
            text = (image.postfix / "virtual").read_text()
            assert text == "# of others\n" or text.endswith(": end\n"), place
            if "kvt.dk" in text:  # mail is let in last
                assert (image.home / ".forward").exists(), place
                assert image.passwd().count("\n") == 2, place
        strike(image, ("CREATE", "kvt.dk", "owner", "secret"), judge)


@case("DELETE, given again, undoes the rest")
def _():
    with House() as house:
        image = Image(house)
        (image.postfix / "virtual").write_text("# of others\n")
        image.create()

        def judge(place):
            if not (image.virtual / "kvt.dk/passwd").exists():
                equal((image.postfix / "virtual").read_text(),
                      "# of others\n", place)
                assert not (image.spool / "kvt.dk").exists(), place
        strike(image, ("DELETE", "kvt.dk", "owner", "secret"), judge)


@case("add, with any call that fails: done, or told, and nothing is torn")
def _():
    need_registers()
    with House() as house:
        image = Image(house)
        image.create()
        image.keep()
        before = image.passwd()
        words = ("add", "joe@kvt.dk", "secret")
        places = places_of(image, words)
        told = 0
        for number, place in enumerate(places):
            image.put_back()
            fault = error(("ENOSPC", "EIO", "EACCES")[number % 3])
            done = Traced(image.command(*words), *place.options(), *fault)
            now = image.passwd()
            if done.status == 0:
                assert "\njoe:" in now, (str(place), done.output)
            else:
                told += 1
                assert now == before or "\njoe:" in now, (str(place), now)
                # Before main() can speak: the loader, and EX_OSERR.
                assert done.errors or done.status in (71, 127), \
                    (str(place), done.status)
            assert not [name for name in os.listdir(image.virtual / "kvt.dk")
                        if name != "passwd"] or done.status != 0, str(place)
        assert told > 5, told


tap.main()
