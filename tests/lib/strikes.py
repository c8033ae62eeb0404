"""A program killed at its system calls: what is left, and what the same command
makes of it.

    strike(image, Deed(image.command("add", "joe@kvt.dk", "secret")), judge)

CRASH_ROUNDS in the environment ("make torture"): every call, not a sample.
"""

import os
import re

from disturb import KILL, KILL_ALL, Traced
from tap import equal

# Calls that change something, or that separate such calls.
CHANGES = re.compile(
    r"^(open|openat|creat|write|pwrite64|mkdir|mkdirat|chmod|fchmod|fchmodat|"
    r"chown|fchown|lchown|fchownat|rename|renameat|renameat2|unlink|unlinkat|"
    r"rmdir|fsync|close|flock|fork|vfork|clone|clone3|wait4|exit_group)$")
MOST = 10 ** 6 if "CRASH_ROUNDS" in os.environ else 60


class Deed:
    """What is done, with what on standard input, by whom, and with what in the
    environment."""

    def __init__(self, command, data=b"", owner=None, environment=None):
        self.command = command
        self.more = {"data": data, "owner": owner, "environment": environment}

    def run(self, *options):
        return Traced(self.command, *options, **self.more)

    def places(self):
        done = self.run("-l").check()
        equal(done.status, 0, done.errors)
        found = [place for place in done.places if CHANGES.match(place[2])]
        assert len(found) > 20, done.places
        # Every one of them in the long form; not always the same in the short
        # one.
        step = -(-len(found) // MOST)
        return found[os.getpid() % step::step]


def compare(place, found, wanted):
    if found != wanted:
        raise AssertionError(f"{place}: " + repr(
            {name: (found.get(name), wanted.get(name))
             for name in {*found, *wanted}
             if found.get(name) != wanted.get(name)}))


def strike(image, deed, judge, statuses=(0, 67, 73), forgive=None):
    """Kills it at each place; judge looks at what is left.  Done again, it ends
    as if nothing had been; forgive may take from the tree what may differ."""
    image.keep()
    places = deed.places()
    wanted = image.tree()
    hits = 0
    for number, place in enumerate(places):
        image.put_back()
        how = (KILL, KILL_ALL)[number % 2]
        hits += deed.run(*place.options(), *how).check().is_hit
        judge(str(place))
        left = image.tree()
        status = deed.run().check().status
        assert status in statuses, (str(place), status)
        found = image.tree()
        if forgive:
            forgive(left, found)
        compare(place, found, wanted)
    assert hits >= len(places) * 3 // 4, (hits, len(places))
