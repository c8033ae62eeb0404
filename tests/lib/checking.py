"""gnu-pop3d --check on installations with exactly one fault.

    with sound_house() as house:
        result = check(house)
        result.items        [("warning", text, remedy), ...], all but ok
        result.status       of the exit
"""

import contextlib
import os
import re
import subprocess

import tap
from house import DAEMON, House, IS_ROOT
from tap import Skip, case, equal

MAIL = [b"Subject: one\n\nfirst\n", b"Subject: two\n\nsecond\n"]
LINE = re.compile(r"(ok|warning|wrong|) +(.*)")
SUM = re.compile(r"(\d+) wrong, (\d+) warnings?, (\d+) ok")


class Result:
    """What a check has printed."""

    def __init__(self, process):
        self.status = process.returncode
        self.text = process.stdout
        self.errors = process.stderr
        self.items, self.fine = [], []
        *lines, last = self.text.splitlines()
        for line in lines:
            level, text = LINE.fullmatch(line).groups()
            if level == "":
                assert self.items[-1][2] is None, line
                self.items[-1] = (*self.items[-1][:2], text)
            elif level == "ok":
                self.fine.append(text)
            else:
                self.items.append((level, text, None))
        self.sums = tuple(map(int, SUM.fullmatch(last).groups()))

    def unlike_kernels(self):
        """Without what a kernel lacks on which the tests run."""
        return [item for item in self.items
                if not item[1].startswith("kernel: ")]


def run(house, *options, before=(), **how):
    """gnu-pop3d with the house's options, and no programs but those in the
    house's bin."""
    environment = {"PATH": str(house.root / "bin"), "TZ": "UTC"}
    return subprocess.run(
        [*before, DAEMON, *house.options(), *options],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, check=False, timeout=60,
        **{"env": environment, **how})


def check(house, *options, **how):
    return Result(run(house, *options, "--check", **how))


@contextlib.contextmanager
def sound_house():
    """Two virtual users with mail."""
    with House(keeps_status=True) as house:
        (house.root / "bin").mkdir()
        for user, secret in (("ann", "plain"), ("joe", "{PLAIN}words")):
            house.add_user(user, "kvt.dk", secret)
            house.write_mailbox(user, "kvt.dk", MAIL)
        house.passwd = house.virtual / "kvt.dk" / "passwd"
        yield house


def tree(house):
    """All that can be seen of the files, but when they were last read."""
    found = {}
    for path in sorted(house.root.rglob("*")):
        status = path.lstat()
        content = path.read_bytes() if path.is_file() else None
        found[path] = (status.st_mode, status.st_uid, status.st_gid,
                       status.st_nlink, status.st_ino, status.st_mtime_ns,
                       status.st_ctime_ns, content)
    return found


def script(house, name, text):
    """A program for the house's bin."""
    path = house.root / "bin" / name
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return path


def faulty(sentence, *options):
    """A case whose function makes one fault, in a sound house, and returns the
    items that there must be, and no other."""
    def register(function):
        @case(sentence)
        def _():
            if not IS_ROOT:
                raise Skip("makes files of several users")
            with sound_house() as house:
                expected = function(house)
                before = tree(house)
                given = [option.format(house=house) for option in options]
                result = check(house, *given)
                equal(tree(house), before, "changed")
                found = [(level, re.sub(r"\d+ s old", "N s old", text), remedy)
                         for level, text, remedy in result.unlike_kernels()]
                equal(found, expected, result.text)
                levels = [item[0] for item in result.items]
                equal(result.sums[:2], (levels.count("wrong"),
                                        levels.count("warning")), result.text)
                equal(result.status, 78 if "wrong" in levels else 0)
        return function
    return register


os.umask(0o022)
main = tap.main
