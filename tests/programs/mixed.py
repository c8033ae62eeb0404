"""Everybody at once on one mailbox of a user of the system: Postfix, virtual,
procmail and maildrop deliver, mutt deletes and marks, eight POP3 clients fetch,
delete, think better of it, and hang up.

MIXED_SECONDS says how long, 20 by default; "make torture" takes 600.

Each message carries a digest of all that its sender has written, and whose it
is to take: mutt's, or the clients'.  So no message has two that may delete it,
and what is missing in the end must be what each of them says to have deleted.
"""

import collections
import contextlib
import hashlib
import itertools
import os
import poplib
import random
import re
import signal
import sys
import threading
import time

import tap
from deliverers import (
    environment_of, maildrop, procmail, share_spool, virtual)
from house import House, become_owner
from locktimer import OURS, LockTimer
from postfix import Owner, Postfix, need_program
from readers import Mailbox, number_of, retrieve
from tap import case, equal
from terminal import run_in_terminal

SECONDS = int(os.environ.get("MIXED_SECONDS", "20"))
SECRET = "secret"
PATIENCE = 90  # of a POP3 client: a login and a QUIT may wait for locks

# ---- messages ----------------------------------------------------------------

# What the programs on the way and mail readers write into a header.
FOREIGN = {b"return-path", b"x-original-to", b"delivered-to", b"received",
           b"status", b"x-status", b"content-length", b"lines"}
LINES = [b"text", b"", b".", b"..dots", b"\xe6\xf8\xe5", b" From indented",
         b"x" * 900]


def digest(fields, body):
    return hashlib.md5(b"\n".join(fields) + b"\n\n" + body).hexdigest()


def make_message(number, rng):
    fields = [b"From: a@client.test", b"To: b@client.test",
              b"Date: Sun, 22 Nov 2026 07:00:00 +0000",
              b"Message-ID: <%d@client.test>" % number,
              b"Subject: for %s" % (b"mutt" if number % 4 == 0 else b"pop"),
              b"X-Number: %d" % number]
    most = rng.choice([5, 50, 500])
    body = b"\n".join(rng.choices(LINES, k=rng.randrange(most))) + b"\nend\n"
    fields.append(b"X-Digest: " + digest(fields, body).encode())
    return b"\n".join(fields) + b"\n\n" + body


def is_whole(text):
    """Whether this is, to the octet, what some sender has written."""
    header, _, body = text.replace(b"\r\n", b"\n").partition(b"\n\n")
    fields = [field for field in re.split(rb"\n(?![ \t])", header)
              if field.split(b":")[0].lower() not in FOREIGN]
    return fields[-1] == b"X-Digest: " + digest(fields[:-1], body).encode()


def is_for_pop(text):
    return b"\r\nSubject: for pop\r\n" in text


# ---- all who take part -------------------------------------------------------

class Worker(threading.Thread):
    """Does the same thing again and again until the end."""

    def __init__(self, ends, work, pause):
        super().__init__(daemon=True)
        self.ends, self.work, self.pause = ends, work, pause
        self.rng = random.Random(work.__name__)
        self.failure = None

    def run(self):
        try:
            while not self.ends.is_set():
                self.work(self.rng)
                self.ends.wait(self.rng.uniform(0, self.pause))
        except Exception as failure:  # told when all have ended
            self.failure = failure
            self.ends.set()


class Run:
    """One mailbox and what happens to it."""

    def __init__(self, house, owner):
        self.house, self.owner = house, owner
        self.lock = threading.Lock()  # of the four below
        self.sent = collections.Counter()     # messages by who delivered them
        self.taken = collections.Counter()    # by POP3: number -> how often
        self.events = collections.Counter()
        self.damaged = []
        self.deleted_by_mutt = 0
        self.mutt_keys = itertools.cycle([
            "<delete-pattern>~s mutt<enter>",
            "<tag-pattern>~s mutt<enter><tag-prefix><flag-message>",
            "<delete-pattern>~s mutt<enter>",
            "<tag-pattern>~A<enter><tag-prefix><toggle-new>"])
        self.path, self.spool_group = share_spool(house, owner, SECRET)
        self.pop = Mailbox(
            house.start_daemon("--max-per-source=50"), owner.name, SECRET,
            PATIENCE)

    def count(self, event):
        with self.lock:
            self.events[event] += 1

    # ---- delivery ----

    def sender(self, name, deliver):
        """Work: delivers one message more."""
        def work(rng):
            with self.lock:
                self.sent["all"] += 1
                number = self.sent["all"] - 1
            deliver(make_message(number, rng))
            with self.lock:
                self.sent[name] += 1
        work.__name__ = name
        return work

    def senders(self, postfix):
        """With the most seconds between two messages; ours first.  mutt waits
        for the dotlock with the fcntl lock in its hand; Postfix, procmail and
        maildrop do it the other way round, until mutt gives up after five
        seconds.  If they came all the time, nothing else would happen here."""
        connection = postfix.connect()
        address = f"{self.owner.name}@mx.test"
        agents = [agent(self.house, self.owner, self.path, [self.spool_group])
                  for agent in (virtual, procmail, maildrop)]
        return [
            (self.sender("virtual", agents[0]), 0.2),
            (self.sender("postfix", lambda text: postfix.send(
                "a@client.test", [address], text, connection)), 1.5),
            (self.sender("procmail", agents[1]), 4),
            (self.sender("maildrop", agents[2]), 4)]

    # ---- mutt ----

    def mutt(self, _):
        """Deletes its messages, or marks some, which rewrites the mailbox."""
        keys = next(self.mutt_keys)
        # It stays when somebody was faster; it forgets the rest of its keys
        # when it cannot open the mailbox; and when the dotlock is taken, it
        # asks whether to remove it, with the fcntl lock in its hand.  So it is
        # urged to let that be, and to leave without writing.
        self.owner.write("muttrc", "\n".join([
            f"set spoolfile = '{self.path}'", "set mbox_type = mbox",
            f"set tmpdir = '{self.owner.home}'", "set folder = ''",
            "set delete = yes", "set quit = yes", "set move = no",
            "set wait_key = no", "set header_cache = ''", "set sleep_time = 0",
            f"push '{keys}<quit><quit><quit>'", ""]))
        shown = run_in_terminal(
            [need_program("mutt"), "-n", "-F", f"{self.owner.home}/muttrc"],
            {**environment_of(self.owner), "TERM": "xterm",
             "LC_ALL": "C.UTF-8"}, 120,
            become_owner(self.owner.uid, self.owner.gid), urge=b"\ax")
        done = re.findall(rb"(\d+) kept, (\d+) deleted", shown)
        self.count("mutt wrote" if done else "mutt was too late")
        for _, number in done:
            self.deleted_by_mutt += int(number)

    # ---- POP3 ----

    def session(self, work):
        """Logs in and works; a session that another program has overtaken is
        over, and has deleted nothing."""
        def run(rng):
            session = self.pop.login()
            try:
                work(session, rng)
                self.count("sessions")
            except poplib.error_proto as refusal:
                reply = refusal.args[0]
                assert b"nothing deleted" in reply or \
                    reply == b"-ERR EOF", reply
                self.count("sessions overtaken")
            finally:
                session.close()
        run.__name__ = work.__name__
        return run

    def look(self, session, rng):
        """Fetches some of all; the clients' messages, as {number here: number
        of the sender}."""
        count = session.stat()[0]
        found = {}
        for i in sorted(rng.sample(range(1, count + 1), min(count, 30))):
            text = retrieve(session, i)
            if not is_whole(text):
                with self.lock:
                    self.damaged.append(text)
            elif is_for_pop(text):
                found[i] = number_of(text)
        return found

    def take(self, session, rng):
        found = self.look(session, rng)
        for i in found:
            session.dele(i)
        session.quit()
        with self.lock:
            self.taken.update(found.values())

    def leave(self, session, rng):
        self.look(session, rng)
        session.quit()

    def regret(self, session, rng):
        for i in self.look(session, rng):
            session.dele(i)
        session.rset()
        session.quit()

    def vanish(self, session, rng):
        """The caller closes the connection."""
        for i in self.look(session, rng):
            session.dele(i)

    def clients(self):
        return [self.session(work) for work in (
            self.take, self.take, self.take, self.take, self.leave,
            self.regret, self.vanish, self.vanish)]

    # ---- all of it ----

    def go_on(self, postfix, seconds):
        """At the end only programs that do not stand in mutt's way go on until
        it has deleted something."""
        most, ends = threading.Event(), threading.Event()
        ours, *others = self.senders(postfix)
        workers = [Worker(most, work, pause) for work, pause in others]
        workers += [Worker(ends, *ours), Worker(ends, self.mutt, 3)]
        workers += [Worker(ends, work, 0.5) for work in self.clients()]
        for worker in workers:
            worker.start()
        most.wait(seconds)
        most.set()
        deadline = time.monotonic() + 30
        while not self.deleted_by_mutt and time.monotonic() < deadline:
            ends.wait(0.1)
        ends.set()
        for worker in workers:
            worker.join()
        for worker in workers:
            if worker.failure is not None:
                raise worker.failure

    def judge(self, left):
        """What became of all messages; left are those in the mailbox."""
        numbers = collections.Counter(number_of(text) for text in left)
        sent = set(range(self.sent["all"]))
        for_mutt = {number for number in sent if number % 4 == 0}
        missing = sent - set(numbers)
        return {
            "torn": len([text for text in self.damaged + left
                         if not is_whole(text)]),
            "twice": len([number for number, count in
                          (numbers + self.taken).items() if count > 1]),
            "lost": len(missing - for_mutt - set(self.taken)),
            "lost to mutt": len(missing & for_mutt) - self.deleted_by_mutt,
        }


def drain(house, postfix):
    """Mail that was deferred because of a lock is tried again."""
    deadline = time.monotonic() + 60
    while not postfix.is_drained() and time.monotonic() < deadline:
        postfix.flush()
        time.sleep(0.5)
    postfix.drain(5)


def report(run, timer, left):
    """The line for tests/README."""
    agents = ", ".join(f"{name} {run.sent[name]}" for name in sorted(run.sent)
                       if name != "all")
    longest = {who: max([0, *(timer.longest.get(name, 0) for name in names)])
               for who, names in (("ours", OURS), ("others", ["others"]))}
    events = ", ".join(
        f"{count} {event}" for event, count in sorted(run.events.items()))
    print(f"# {SECONDS} s: {run.sent['all']} messages ({agents}), "
          f"{sum(run.taken.values())} taken by POP3, "
          f"{run.deleted_by_mutt} by mutt, {len(left)} left; {events}; "
          f"longest lock: ours {longest['ours']:.3f} s "
          f"of {sum(timer.holds.get(name, 0) for name in OURS)}, "
          f"others {longest['others']:.3f} s")


@case("Postfix, virtual, procmail, maildrop, mutt and eight POP3 clients on "
      "one mailbox: no message is lost, torn or there twice")
def _():
    with contextlib.ExitStack() as stack:
        house = stack.enter_context(House())
        owner = stack.enter_context(Owner(house.root, SECRET, "mail"))
        run = Run(house, owner)
        timer = LockTimer(run.path)
        postfix = stack.enter_context(Postfix(
            house, owner, f"mail_spool_directory = {house.mail}\n"))
        (owner.home / ".forward").unlink()
        inode = run.path.stat().st_ino
        with timer:
            run.go_on(postfix, SECONDS)
            drain(house, postfix)
        left = run.pop.fetch()
        report(run, timer, left)
        equal(re.findall("not an mbox.*", house.log()), [])
        equal(run.judge(left), {
            "torn": 0, "twice": 0, "lost": 0, "lost to mutt": 0})
        equal(run.path.stat().st_ino, inode, "inode")
        equal([path.name for path in house.mail.iterdir()], [owner.name])
        for who in ("postfix", "virtual", "procmail", "maildrop"):
            assert run.sent[who] > 0, run.sent
        assert run.taken and run.deleted_by_mutt, "nothing was deleted"


signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # through all __exit__
tap.main()
