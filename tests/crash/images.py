"""Power cuts on real file systems.  The mailbox and the state directory are in
images of file systems.  While a session updates the mailbox, virtual delivers,
or recovery runs, the images are copied whenever something has got to the disk:
such a copy is what a power cut would have left.  Each one is mounted, which
replays the journal of the file system, and recovered; the mailbox must then be
the old or the new one, the new one if a client was told so.

Between the system calls the test has pages written that nobody has synced, as
the kernel may at any time.  Copies are mounted under other device numbers.

CRASH_ROUNDS above 1 asks for the long form.
"""

import itertools
import os
import re
import subprocess

import tap
import volumes
from house import DAEMON, FROM_LINE, VIRTUAL, become_owner
from powercut import HABITS, Site
from strace import ENVIRONMENT
from tap import case, equal

IS_LONG = int(os.environ.get("CRASH_ROUNDS", "1")) > 1

MESSAGES = [b"Subject: %d\n\n" % i + b"%d\n" % i * (700 * i + 10)
            for i in range(12)]
MANY = [b"Subject: %d\n\n" % i + b"%d\n" % i * (40000 + i)
        for i in range(30)]
LETTER = b"Subject: letter\n\n" + b"a line of a letter\n" * 900
DELETED = {"first": [1], "middle": [6], "several": [2, 3, 7, 11],
           "last": [12], "the last three": [10, 11, 12],
           "the first nine": list(range(1, 10)),
           "all": list(range(1, 13))}


def stored(messages):
    return b"".join(FROM_LINE + message + b"\n" for message in messages)


def without_status(text):
    return re.sub(rb"(?m)^Status: .*\n", b"", text)


class Count:
    """How many copies there were, and what was wrong with which."""
    total = 0
    total_bad = 0

    def __init__(self):
        self.copies = 0
        self.old = 0
        self.new = 0
        self.bad = []

    def add(self, where, text, contents, must_be_new):
        old, new = contents
        self.copies += 1
        if text == new:
            self.new += 1
        elif text == old and not must_be_new:
            self.old += 1
        else:
            self.bad.append(f"{where}: " + (
                "+OK, but old" if text == old else compare(text, *contents)))

    def judge(self):
        print(f"# {self.copies} copies: {self.old} old, {self.new} new, "
              f"{len(self.bad)} bad")
        Count.total += self.copies
        Count.total_bad += len(self.bad)
        assert not self.bad, "\n".join(self.bad[:20])
        assert self.old > 0 and self.new > 0, "both must be seen"


def compare(text, *others):
    """Where a mailbox that is neither old nor new begins to differ."""
    return f"{len(text)} octets, {text.count(0)} of them NUL; as " + ", ".join(
        f"{len(os.path.commonprefix([text, other]))} of {len(other)}"
        for other in others) + " octets of what it may be"


# ---- updates -----------------------------------------------------------------

def recovery(site):
    return [DAEMON, "--recover", "--debug=100", *site.options()]


def append(site, tail):
    """As an MTA that writes after the power cut, before the recovery."""
    with open(site.path(), "ab") as mailbox:
        mailbox.write(tail)


def recover_and_judge(site, copy, where, contents, count):
    """The copy is used up, and its disks are off in the end."""
    site.power_on(copy)
    tail = stored([LETTER]) if count.copies % 2 == 0 else b""
    append(site, tail)
    result = subprocess.run(recovery(site), stderr=subprocess.PIPE,
                            timeout=60, env=ENVIRONMENT, check=False)
    count.add(where, site.path().read_bytes(),
              [content + tail for content in contents],
              b"+OK mailbox updated" in copy.said)
    if result.returncode != 0:
        count.bad.append(f"{where}: --recover: {result.stderr}")
    if any(path.stat().st_size for path in site.state.glob("*.j[01]")):
        count.bad.append(f"{where}: octets left in the journal")
    site.power_off()


def cut_off_recovery(site, copy, where, contents, count):
    """Power cuts in the middle of the recovery of the copy, which stays."""
    site.power_on(site.twin(copy))
    tail = stored([LETTER])
    append(site, tail)
    site.sync()
    contents = [content + tail for content in contents]
    _, copies = site.watch(recovery(site), "all")
    for number, again in enumerate(copies):
        recover_and_judge(
            site, again._replace(said=copy.said),
            f"{where}, copy {number} of its recovery", contents, count)


def has_work(site, copy, contents):
    """Whether recovery has something to do; in the short form, whether it
    finds the mailbox half done."""
    site.power_on(site.twin(copy))
    text = site.path().read_bytes()
    is_used = any(
        path.stat().st_size for path in site.state.glob("*.j[01]"))
    site.power_off()
    return is_used and (IS_LONG or text not in contents)


def session_that_deletes(site, deleted, habit, *options):
    """Its copies.  It has seen what it does not delete."""
    commands = ["USER joe@kvt.dk", "PASS secret", "TOP 8 0", "RETR 9",
                *(f"DELE {number}" for number in deleted), "QUIT"]
    _, copies = site.watch(
        [DAEMON, "-i", "--debug=100", *site.options(), *options], habit,
        data="".join(command + "\r\n" for command in commands).encode())
    assert b"+OK mailbox updated" in copies[-1].said, copies[-1].said
    return copies


def final_mailbox(site, copy):
    """With the Status headers that the session has written."""
    site.power_on(site.twin(copy))
    text = site.path().read_bytes()
    site.power_off()
    return text


def cut_off_update(kinds, name, habit, count, messages=None,
                   options=("--no-status",), prepare=lambda site: None):
    """Power cuts in one session; and in the recovery after one of them, or in
    the long form after each."""
    messages = messages or MESSAGES
    deleted = DELETED.get(name, [])
    contents = [stored(messages), stored(
        message for number, message in enumerate(messages, 1)
        if number not in deleted)]
    has_crashed = False
    with Site(kinds, messages) as site:
        prepare(site)
        copies = session_that_deletes(site, deleted, habit, *options)
        if "--no-status" not in options:
            plain, contents[1] = contents[1], final_mailbox(site, copies[-1])
            equal(without_status(contents[1]), plain)
        for number, copy in enumerate(copies):
            where = (f"delete {name}, written back: {habit}, copy {number} of "
                     f"{len(copies)}")
            if (IS_LONG or not has_crashed) and has_work(
                    site, copy, contents):
                has_crashed = True
                cut_off_recovery(site, copy, where, contents, count)
            recover_and_judge(site, copy, where, contents, count)


LAYOUTS = [("ext4",), ("xfs",), ("btrfs",), ("ext4", "xfs")]
MORE_LAYOUTS = [("ext4 data=writeback",), ("ext4 data=journal",),
                ("btrfs", "ext4"), ("xfs", "ext4 data=writeback")]


def combinations(number):
    """Deletions and habits: in the short form three for each layout, one of
    them a cut at the end."""
    pairs = list(itertools.product(DELETED, HABITS))
    return pairs if IS_LONG else pairs[(5, 1, 9, 11)[number]::14]


def add_layout(number, kinds):
    @case("a power cut leaves the old or the new mailbox, and +OK the new one: "
          + " and ".join(kinds))
    def _():
        count = Count()
        for name, habit in combinations(number):
            cut_off_update(kinds, name, habit, count)
        count.judge()


for numbered in enumerate(
        LAYOUTS + MORE_LAYOUTS if IS_LONG else LAYOUTS):
    add_layout(*numbered)


def fill_state(site):
    """Leaves so little room that the journal is written in many portions."""
    equal(site.session(), b"+OK mailbox updated, goodbye")
    status = os.statvfs(site.state)
    free = status.f_bavail * status.f_frsize
    with open(site.state / "filler", "wb") as filler:
        os.posix_fallocate(filler.fileno(), 0, free - 800 * 1024)
    site.sync()


@case("so it is when the journal has little room and there are many steps")
def _():
    count = Count()
    for kinds in (("ext4", "xfs"), ("xfs", "ext4"))[:1 + IS_LONG]:
        for habit in HABITS if IS_LONG else ("every other page",):
            cut_off_update(kinds, "first", habit, count, messages=MANY,
                           prepare=fill_state)
    count.judge()


@case("so it is when Status headers are written")
def _():
    count = Count()
    for kinds in LAYOUTS if IS_LONG else LAYOUTS[:2]:
        for name in (*DELETED, "none") if IS_LONG else ("none", "middle"):
            for habit in HABITS if IS_LONG else ("all",):
                cut_off_update(kinds, name, habit, count, options=())
    count.judge()


@case("without syncing it is not: mail is torn, and deleted mail comes back")
def _():
    count = Count()
    for habit in ("nothing", "every other page"):
        cut_off_update(("ext4",), "several", habit, count,
                       options=["--no-status", "--fsync=no"])
    print(f"# {count.copies} copies, {len(count.bad)} bad")
    assert any("+OK, but old" in bad for bad in count.bad), count.bad
    assert any("of what it may be" in bad for bad in count.bad), count.bad


# ---- deliveries --------------------------------------------------------------

def delivery(site):
    return [VIRTUAL, f"--virtual-dir={site.virtual}",
            f"--virtual-spool={site.spool}", "-r", "joe@kvt.dk",
            "-f", "a@example.com"]


def is_letter(text):
    return text.startswith(b"From a@example.com ") and \
        text.endswith(LETTER + b"\n") and text.count(b"Subject: ") == 1


def judge_delivery(site, copy, is_acknowledged, old, count):
    """What was there stays, an acknowledged letter is whole, and so is the
    next one."""
    site.power_on(copy)
    path = site.path()
    text = path.read_bytes() if path.exists() else b""
    count.copies += 1
    rest = text[len(old):]
    if not text.startswith(old):
        count.bad.append("mail that was there is gone")
    elif is_acknowledged and not is_letter(rest):
        count.bad.append(f"acknowledged, but not whole: {rest[:200]}")
    count.new += is_letter(rest)
    count.old += rest == b""
    result = site.deliver(LETTER, "-r", "joe@kvt.dk", "-f", "a@example.com")
    after = path.read_bytes()
    if result.returncode != 0 or not after.startswith(text) or \
            not is_letter(after[len(text):].lstrip(b"\n")):
        count.bad.append(f"the next one: {result}, {after[len(text):][:200]}")
    site.power_off()


def cut_off_delivery(kinds, messages, habit, count):
    old = stored(messages or [])
    with Site(kinds, messages) as site:
        status, copies = site.watch(delivery(site), habit, data=LETTER,
                                    preexec_fn=become_owner())
        equal(status, 0, "exit status of virtual")
        for copy in copies:
            judge_delivery(site, copy, copy is copies[-1], old, count)


@case("a power cut in a delivery harms no other mail, and exit status 0 means "
      "that the message is whole")
def _():
    count = Count()
    habits = ("the mailbox", "nothing", "every other page")
    for kind in ("ext4", "ext4 data=writeback", "xfs", "btrfs"):
        for messages in (MESSAGES, None):
            for habit in habits if IS_LONG else habits[:1]:
                cut_off_delivery((kind,), messages, habit, count)
    count.judge()


tap.main()
print(f"# power cuts: {Count.total} copies of mounted images, "
      f"{Count.total_bad} bad")
