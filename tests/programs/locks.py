"""Each program that may have the mailbox beside us, and our locks: it waits for
ours, we wait for its, and nothing is lost.

Whoever is to be waited for stops, by a signal that strace sends, in the middle
of its work with its locks in its hand, until the test has seen that the other
one does not go on.
"""

import concurrent.futures
import contextlib
import fcntl
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time
from functools import partial

import tap
from deliverers import (
    DOMAIN, dovecot_lda, dovecot_rules, environment_of, exim, maildrop,
    procmail, run_as, share_spool)
from house import DAEMON, Client, House, become_owner, children_of
from postfix import Owner, Postfix, need_program
from strace import ENVIRONMENT, injecting
from tap import case, equal
from terminal import run_in_terminal

SECRET = "secret"
WATCHED = 3  # seconds in which nothing may happen
# A dotlock that is as old as this stands until we want it to go: procmail
# sleeps a second before it writes.
STANDS = 2


def message(number):
    return (b"From: a@client.test\nTo: b@client.test\nSubject: %d\n"
            b"Date: Sun, 22 Nov 2026 07:00:00 +0000\n"
            b"Message-ID: <%d@client.test>\nX-Number: %d\n\nbody %d\nend\n" %
            (number, number, number, number))


def stopping(call, fault="signal=STOP"):
    """The command line before a program that is to stop itself there."""
    return injecting(f"{fault}:when=1", call)


def descendants(pid):
    for child in children_of(pid):
        yield child
        yield from descendants(child)


class Task(threading.Thread):
    """Something that is done beside the test."""

    def __init__(self, work, *arguments):
        super().__init__(daemon=True)
        self.work = lambda: work(*arguments)
        self.result = self.failure = None
        self.start()

    def run(self):
        try:
            self.result = self.work()
        except BaseException as failure:  # told by finish()
            self.failure = failure

    def finish(self):
        self.join(90)
        assert not self.is_alive(), "not done after 90 seconds"
        if self.failure is not None:
            raise self.failure
        return self.result


class Scene:
    """A mailbox with messages 0, 1 and 2, and those who want it."""

    def __init__(self, stack, program):
        need_program(program)
        self.house = stack.enter_context(House())
        self.owner = stack.enter_context(
            Owner(self.house.root, SECRET, "mail"))
        self.path, group = share_spool(
            self.house, self.owner, SECRET, map(message, range(3)))
        self.groups = [group]
        self.lock = self.path.with_name(self.path.name + ".lock")

    def wait_for_lock(self):
        """Until somebody has stopped with the dotlock in his hand."""
        seen = []

        def stands():
            with contextlib.suppress(FileNotFoundError):
                inode, now = self.lock.stat().st_ino, time.monotonic()
                if not seen or seen[0] != inode:
                    seen[:] = inode, now
                return now - seen[1] > STANDS
            return False
        self.house.wait_for(stands, "a dotlock that stays")

    def watch(self, *tasks):
        """Nothing happens to the mailbox, and none of the tasks is done.  The
        file is not opened: to close it would give back an fcntl lock."""
        before = self.path.stat()
        time.sleep(WATCHED)
        after = self.path.stat()
        equal((after.st_ino, after.st_size, after.st_mtime_ns),
              (before.st_ino, before.st_size, before.st_mtime_ns))
        for task in tasks:
            assert task.is_alive(), (task.result, task.failure)

    # ---- ours ----

    def session(self, before=()):
        ours, theirs = socket.socketpair()
        with open(self.house.log_path, "ab") as log:
            process = subprocess.Popen(
                [*before, DAEMON, "-i", "--debug=100", *self.house.options()],
                stdin=theirs, stdout=theirs, stderr=log, env=ENVIRONMENT)
        theirs.close()
        client = Client(ours, process)
        client.socket.settimeout(90)
        client.greet()
        client.ok(f"USER {self.owner.name}")
        return client

    def fetch(self):
        """Logs in; the numbers of the messages."""
        with self.session() as client:
            client.ok(f"PASS {SECRET}")
            count = int(client.ok("STAT").split()[1])
            texts = [client.retr(i + 1)[1] for i in range(count)]
            client.ok("QUIT")
        for text in texts:
            assert text.endswith(b"\r\nend\r\n"), text
        return [int(number) for text in texts
                for number in re.findall(rb"\r\nX-Number: (\d+)\r\n", text)]

    def deliver(self, number):
        done = self.house.deliver(
            message(number), "-f", "a@client.test",
            "-r", f"{self.owner.name}@{DOMAIN}", uid=self.owner.uid,
            gid=self.owner.gid, groups=self.groups)
        equal((done.returncode, done.stdout), (0, b""), "virtual")


# ---- the others --------------------------------------------------------------
# Each is a context that gives two functions: go(), which does its work and
# fails if it cannot, and stop(), which does the same up to where it stops with
# its locks, and returns the process to go on.

class Program:
    """Runs work(scene, before), which is over when the program is."""

    def __init__(self, work, call, scene, fault="signal=STOP"):
        self.scene, self.work = scene, work
        self.where = call, fault

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """Nobody may stay behind, stopped."""

    def go(self):
        self.work(self.scene, ())

    def stop(self):
        task = Task(self.work, self.scene, stopping(*self.where))
        self.scene.wait_for_lock()
        return task

    def proceed(self):
        """All of this scene is told on its command line where it is."""
        mark = os.fsencode(self.scene.house.root)
        for pid in descendants(os.getpid()):
            with contextlib.suppress(OSError):  # it may have ended
                if self.where[1] == "signal=STOP" and mark in pathlib.Path(
                        f"/proc/{pid}/cmdline").read_bytes():
                    os.kill(pid, signal.SIGCONT)


class PostfixProgram(Program):
    """Its local(8) is a daemon, so strace comes to it."""

    def __init__(self, scene):
        super().__init__(None, "fsync", scene)
        self.postfix = Postfix(scene.house, scene.owner,
                               f"mail_spool_directory = {scene.house.mail}\n")
        (scene.owner.home / ".forward").unlink()
        self.tracer = None

    def __enter__(self):
        self.postfix.__enter__()
        return self

    def __exit__(self, *_):
        if self.tracer is not None:
            self.tracer.terminate()
            self.tracer.wait(10)
        self.postfix.__exit__()

    def go(self, number=9):
        self.postfix.send("a@client.test", [f"{self.scene.owner.name}@mx.test"],
                          message(number))
        self.postfix.drain(80)

    def agent(self):
        master = int((self.postfix.root / "queue/pid/master.pid").read_text())
        return next(pid for pid in children_of(master) if pathlib.Path(
            f"/proc/{pid}/comm").read_text() == "local\n")

    def stop(self):
        self.go(5)  # now there is a local(8)
        self.pid = self.agent()
        self.tracer = subprocess.Popen(
            [*stopping(*self.where), "-p", str(self.pid)],
            stderr=subprocess.DEVNULL)
        self.scene.house.wait_for(
            lambda: "TracerPid:\t0\n" not in pathlib.Path(
                f"/proc/{self.pid}/status").read_text(), "strace")
        task = Task(self.go)
        self.scene.wait_for_lock()
        return task

    def proceed(self):
        os.kill(self.pid, signal.SIGCONT)


def agent(prepare, scene, before):
    """A delivery agent delivers message 9."""
    prepare(scene.house, scene.owner, scene.path, scene.groups,
            before)(message(9))


def mutt(scene, before):
    """Deletes message 1, as the two below."""
    owner = scene.owner
    owner.write("muttrc", "\n".join([
        f"set spoolfile = '{scene.path}'", "set mbox_type = mbox",
        f"set tmpdir = '{owner.home}'", "set folder = ''",
        "set delete = yes", "set quit = yes", "set move = no",
        "set wait_key = no", "set header_cache = ''", "set sleep_time = 0",
        "push '<delete-pattern>~s ^1$<enter><quit>'", ""]))
    shown = run_in_terminal(
        [*before, need_program("mutt"), "-n", "-F", f"{owner.home}/muttrc"],
        {**environment_of(owner), "TERM": "xterm", "LC_ALL": "C.UTF-8"}, 60,
        become_owner(owner.uid, owner.gid, scene.groups))
    assert re.search(rb"\d+ kept, 1 deleted", shown), shown


def mailutils(scene, before):
    run_as(scene.owner, scene.groups,
           [*before, need_program("mail.mailutils"), "-f", scene.path],
           b"delete 2\nquit\n")


def doveadm(scene, before):
    run_as(scene.owner, scene.groups,
           [*before, need_program("doveadm"), "-c",
            dovecot_rules(scene.owner, scene.path), "expunge", "mailbox",
            "INBOX", "2"], b"")


# Name, program, how it is run, and what there is of messages 0, 1, 2 and 9
# afterwards.
DELIVERED, DELETED = [0, 1, 2, 9], [0, 2]
PROGRAMS = [
    ("Postfix", "postfix", DELIVERED, PostfixProgram),
    ("Exim", "exim4", DELIVERED,
     partial(Program, partial(agent, exim), "utimensat")),
    ("procmail", "procmail", DELIVERED,
     partial(Program, partial(agent, procmail), "fsync")),
    # SIGCONT would be the end of it: time must pass.
    ("maildrop", "maildrop", DELIVERED,
     partial(Program, partial(agent, maildrop), "fsync",
             fault="delay_enter=8s")),
    ("Dovecot's delivery agent", "/usr/lib/dovecot/dovecot-lda", DELIVERED,
     partial(Program, partial(agent, dovecot_lda), "fdatasync")),
    ("doveadm", "doveadm", DELETED, partial(Program, doveadm, "ftruncate")),
    ("mutt", "mutt", DELETED, partial(Program, mutt, "ftruncate")),
    ("mail of mailutils", "mail.mailutils", DELETED,
     partial(Program, mailutils, "ftruncate")),
]


# ---- the cases ---------------------------------------------------------------

def waits_for_us(program, after, make):
    """A session that deletes message 2 stops between cut and sync."""
    with contextlib.ExitStack() as stack:
        scene = Scene(stack, program)
        scene.fetch()
        program = stack.enter_context(make(scene))
        client = scene.session(stopping("ftruncate"))
        client.ok(f"PASS {SECRET}")
        client.ok("DELE 3")
        client.send(b"QUIT\r\n")
        try:
            scene.wait_for_lock()
            task = Task(program.go)
            scene.watch(task)
        finally:
            for pid in descendants(client.process.pid):
                os.kill(pid, signal.SIGCONT)
        equal(client.line(), b"+OK mailbox updated, goodbye")
        client.close()
        task.finish()
        equal(scene.fetch(), [number for number in after if number != 2])
        equal(list(scene.path.parent.iterdir()), [scene.path])


def is_waited_for(program, after, make):
    with contextlib.ExitStack() as stack:
        scene = Scene(stack, program)
        scene.fetch()
        program = stack.enter_context(make(scene))
        try:
            task = program.stop()
            login, virtual = Task(scene.fetch), Task(scene.deliver, 8)
            scene.watch(task, login, virtual)
        finally:
            program.proceed()
        task.finish()
        virtual.finish()
        seen = login.finish()
        numbers = scene.fetch()
        equal(sorted(set(numbers) - {5}), sorted([*after, 8]))
        equal(len(numbers), len(set(numbers)), "messages")
        # What was there when the lock was given back must have been seen.
        assert set(after) <= set(seen) | {5}, seen
        equal(list(scene.path.parent.iterdir()), [scene.path])


def blocked_procmail():
    with contextlib.ExitStack() as stack:
        scene = Scene(stack, "procmail")
        scene.fetch()
        inode = scene.path.stat().st_ino
        with open(scene.path, "r+b") as holder:
            fcntl.lockf(holder, fcntl.LOCK_EX)
            task = Task(agent, procmail, scene, ())
            scene.wait_for_lock()
            login, virtual = Task(scene.fetch), Task(scene.deliver, 8)
            scene.watch(task, login, virtual)
            # The test itself, and procmail behind it.
            held = [line for line in pathlib.Path(
                "/proc/locks").read_text().splitlines() if f":{inode} " in line]
            equal(len(held), 2, held)
            equal([" -> " in line for line in held], [False, True])
        for each in (task, login, virtual):
            each.finish()
        equal(sorted(scene.fetch()), [0, 1, 2, 8, 9])


def begin(pool, sentence, work, *arguments):
    """Each case waits most of the time, so they go side by side."""
    case(sentence)(pool.submit(work, *arguments).result)


with concurrent.futures.ThreadPoolExecutor(6) as pool:
    for name, *how in PROGRAMS:
        begin(pool, f"{name} waits while a session of ours has its locks at "
              "QUIT, and then goes on; nothing is lost", waits_for_us, *how)
        begin(pool, f"a login and virtual wait while {name} has its locks, and "
              "then go on; nothing is lost", is_waited_for, *how)
    begin(pool, "a login and virtual wait with no lock in their hand for a "
          "procmail that has the dotlock and waits for fcntl",
          blocked_procmail)
    tap.main()
