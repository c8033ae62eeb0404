"""One mailbox, one user, one installation, put back thousands of times: what
the tests that crash programs share.  And workers that do it in parallel."""

import collections
import concurrent.futures
import contextlib
import fcntl
import os
import random
import shutil
import subprocess
import tempfile
import threading
import time
import traceback

import house
from disturb import ENVIRONMENT, Traced, tracing
from house import DAEMON, FROM_LINE, House, IS_ROOT, VIRTUAL, free_port
from tap import Skip

# The C library finds this user at once, so its calls are few.
OWNER = (65534, 65534) if IS_ROOT else (house.OWNER, house.GROUP)

# "make torture" sets it: all runs, not a sample of them.
IS_LONG = "CRASH_ROUNDS" in os.environ

LATE = FROM_LINE + b"Subject: late\n\ncame after the crash\n\n"
LATER = FROM_LINE + b"Subject: later\n\ncame after the second crash\n\n"


# ---- mailboxes --------------------------------------------------------------

class Case:
    """A mailbox and what a session does to it.  deleted: numbers, from 1;
    lengths: of the bodies; keeper: only root may write the directory;
    retrieved: numbers; if there are any, Status: headers are kept; is_known:
    an earlier session has left an index."""

    def __init__(self, name, deleted, lengths, keeper=False, retrieved=(),
                 is_known=False):
        self.name = name
        self.keeper = keeper
        self.is_known = is_known
        self.keeps_status = bool(retrieved)
        first = min((*deleted, *retrieved), default=0)

        def status(number):
            if number in retrieved:
                return b"Status: RO\n"
            return b"Status: O \n" if number > first else b""

        messages = list(enumerate(lengths, 1))
        self.old = b"".join(self.message(*message) for message in messages)
        self.new = b"".join(
            self.message(*message,
                         status(message[0]) if retrieved else b"")
            for message in messages if message[0] not in deleted)
        self.commands = self.dialogue(
            *(f"RETR {number}" for number in retrieved),
            *(f"DELE {number}" for number in deleted))

    def __str__(self):
        return self.name

    @staticmethod
    def message(number, length, field=b""):
        body = b"".join(b"line %d of message %d\n" % (i, number)
                        for i in range(length // 20))
        return FROM_LINE + b"Subject: %d\n%s\n%s\n" % (number, field, body)

    @staticmethod
    def dialogue(*commands):
        return "".join(f"{command}\r\n" for command in (
            "USER joe@kvt.dk", "PASS secret", *commands, "QUIT")).encode()

    @property
    def moves(self):
        """The update needs a journal."""
        return not self.old.startswith(self.new)


# To add a case, add a line.
CASES = [
    Case("the first is deleted", [1], [900, 700, 2000, 30, 1500]),
    Case("a middle one is deleted", [3], [900, 700, 200, 600, 3000, 800]),
    Case("the last is deleted", [5], [500, 600, 700, 800, 900]),
    Case("all are deleted", [1, 2, 3, 4, 5], [500, 600, 700, 800, 900]),
    Case("every second is deleted", [1, 3, 5, 7],
         [500, 600, 700, 800, 900, 1000, 50, 60]),
    Case("all but the last are deleted", [1, 2, 3, 4],
         [500, 600, 700, 800, 900]),
    Case("a long first is deleted", [1], [9000, 700, 2000, 30]),
    Case("a short first is deleted", [1], [20, 3000, 3000, 3000]),
    Case("nothing is deleted", [], [500, 600, 700]),
    Case("the first is deleted, with a lock keeper", [1],
         [900, 700, 2000, 30, 1500], keeper=True),
    Case("one is read, the mailbox gets longer", [],
         [900, 700, 2000, 30, 1500], retrieved=[2]),
    Case("all are read, the mailbox gets longer", [],
         [900, 700, 200, 300], retrieved=[1, 2, 3, 4]),
    Case("two are read, one is deleted", [3],
         [900, 700, 200, 600, 3000], retrieved=[1, 5]),
    Case("a known mailbox, a middle one is deleted", [2],
         [900, 700, 65600, 600], is_known=True),
    Case("a known mailbox, one is read, one is deleted", [3],
         [900, 65600, 700, 600], retrieved=[2], is_known=True),
]


class World(House):
    def __init__(self):
        super().__init__()
        self.add_user("joe", "kvt.dk", "secret", *OWNER)
        self.path = self.mailbox("joe", "kvt.dk")
        self.inode = None

    def age_locks(self):
        """A minute later: lock files of dead processes are stale."""
        past = time.time() - 60
        for lock in self.path.parent.glob("*.lock"):
            with contextlib.suppress(FileNotFoundError):
                os.utime(lock, (past, past))

    def traced(self, *arguments, **more):
        """A finished program, and a minute later."""
        done = Traced(*arguments, **more)
        self.age_locks()
        return done

    def reset(self, case):
        """As if nothing had ever happened."""
        self.keeps_status = case.keeps_status
        shutil.rmtree(self.state)
        self.state.mkdir(mode=0o700)
        for entry in os.scandir(self.path.parent):
            if entry.name != self.path.name:
                os.unlink(entry.path)
        self.write_text(case.old)
        self.own(self.path.parent, *((0, 0) if case.keeper else OWNER))
        if case.is_known:
            time.sleep(0.08)  # a mailbox of this moment has no index
            self.listing()
            assert self.index().stat().st_size > 0

    def index(self):
        return next(self.state.glob("*.index"))

    def listing(self):
        """All sizes and ids."""
        done = self.traced(self.daemon_command("-i"),
                           data=Case.dialogue("LIST", "UIDL")).check()
        return done.output.split(b"\r\n", 1)[1]

    def write_text(self, text):
        """text as the mailbox; None: there is none."""
        if text is None:
            self.path.unlink(missing_ok=True)
            return
        self.path.write_bytes(text)
        self.path.chmod(0o600)
        self.own(self.path, *OWNER)
        self.inode = self.path.stat().st_ino

    def text(self):
        return self.path.read_bytes() if self.path.exists() else b""

    def append(self, text):
        """What an MTA does once the lock of the dead is stale."""
        with open(self.path, "ab") as mailbox:
            mailbox.write(text)

    # ---- programs ----------------------------------------------------------

    def daemon_command(self, *options):
        return [DAEMON, "--debug=100", "--login-user=nobody", *self.options(),
                *options]

    def session(self, case, *tracing, **more):
        return self.traced(self.daemon_command("-i"), *tracing,
                           data=case.commands, **more)

    def recovery(self, way, *tracing, **more):
        """Finishes an update, by a login or by --recover."""
        if way == "login":
            return self.traced(self.daemon_command("-i"), *tracing,
                               data=Case.dialogue("STAT"), **more)
        return self.traced(self.daemon_command("--recover"), *tracing, **more)

    def delivery(self, message, *tracing, **more):
        return self.traced([VIRTUAL, f"--virtual-dir={self.virtual}",
                            f"--virtual-spool={self.spool}",
                            "-r", "joe@kvt.dk",
                            "-f", "a@example.com"], *tracing, data=message,
                           owner=OWNER if IS_ROOT else None, **more)

    @contextlib.contextmanager
    def serving(self, *options):
        """The daemon on a port, traced; yields the report's file."""
        self.port = free_port()
        with tempfile.TemporaryFile() as report:
            self.daemon = subprocess.Popen(
                tracing(report, ["-w", "60", *options], self.daemon_command(
                    "-d", "--foreground", f"--listen=127.0.0.1:{self.port}")),
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, pass_fds=[report.fileno()],
                env=ENVIRONMENT)
            try:
                self.wait_for(self.is_listening, "the daemon to listen")
                with self.ageing_locks():
                    yield report
            finally:
                self.stop_daemon()

    @contextlib.contextmanager
    def ageing_locks(self):
        """Nobody has to wait until the lock of a dead process is stale."""
        end = threading.Event()

        def age():
            while not end.wait(0.05):
                self.age_locks()
        thread = threading.Thread(target=age)
        thread.start()
        try:
            yield
        finally:
            end.set()
            thread.join()

    def talk(self, commands):
        """A session with the daemon; all that it says."""
        said = b""
        with self.connect() as client:
            with contextlib.suppress(ConnectionError):
                client.send(commands)
                while data := client.socket.recv(65536):
                    said += data
        return said

    # ---- what is left ------------------------------------------------------

    def journals(self):
        return [path.stat().st_size for path in
                sorted(self.state.glob("*.j[01]"))]

    def check_served(self, text):
        """Somebody logs in, sees all of text, and nothing is left behind."""
        count = text.count(b"\nSubject: ")
        done = self.recovery("login").check()
        assert b"+OK %d " % count in done.output, (count, done.output,
                                                   done.errors)
        assert self.text() == text, "changed by the next login"
        if self.index().stat().st_size > 0:
            said = self.listing()
            self.index().unlink()
            assert self.listing() == said, "the index is wrong"
        self.check_free()

    def check_free(self):
        """No lock is left, nothing is half done, the file is the same."""
        locks = list(self.path.parent.glob("*.lock"))
        assert locks == [], f"dotlock left: {locks}"
        assert not any(self.journals()), "octets left in a journal"
        assert self.inode in (None, self.path.stat().st_ino), "another inode"
        for claim in self.state.glob("*.lock"):
            with open(claim, "rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


# ---- workers ----------------------------------------------------------------

_world = None


def _begin():
    global _world
    _world = World()


def _run(function, job):
    try:
        return function(_world, *job)
    except Exception:  # every failure of a run is counted and shown
        text = traceback.format_exc().replace("\n", "\n    ")
        return f"bad {' '.join(str(part) for part in job)}\n    {text}"


class Workers:
    """Processes with a World each.  total counts what they ever did."""

    def __init__(self):
        self.total = self.bad = 0

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="gnu-pop3d-crash.")
        os.chmod(self.directory.name, 0o755)
        tempfile.tempdir = self.directory.name
        # More than processors, for some wait for a lock that is stale.
        self.count = 2 * os.cpu_count()
        self.pool = concurrent.futures.ProcessPoolExecutor(
            self.count, initializer=_begin)
        return self

    def __exit__(self, *_):
        self.pool.shutdown()
        self.directory.cleanup()

    def ask(self, function, *job):
        """The result of one function(world, ...)."""
        result = self.pool.submit(_run, function, job).result()
        assert not str(result).startswith("bad "), result
        return result

    def sweep(self, function, jobs, short, long=None):
        """Runs function(world, *job) for all jobs, or for so many of them in
        the short form, and in the long one.  It returns a word for what came
        of it; returns how often each was."""
        most = long if IS_LONG else short
        if most is not None and len(jobs) > most:
            jobs = [jobs[0], jobs[-1],
                    *random.Random(1).sample(jobs[1:-1], most - 2)]
        begun = time.monotonic()
        chunk = max(1, min(16, len(jobs) // (4 * self.count)))
        results = collections.Counter(self.pool.map(
            _run, [function] * len(jobs), jobs, chunksize=chunk))
        bad = [text for text in results if text.startswith("bad ")]
        self.total += len(jobs)
        self.bad += sum(results[text] for text in bad)
        for text in bad[:5]:
            print("# " + text.replace("\n", "\n# "))
        words = ", ".join(f"{count} {word}" for word, count
                          in sorted(results.items()) if word not in bad)
        print(f"# {len(jobs)} runs in {time.monotonic() - begun:.0f} s: "
              f"{words or 'none good'}, {len(bad)} bad")
        assert not bad, f"{len(bad)} bad runs of {len(jobs)}"
        return results


def check_reach(seen):
    """The calls of two runs are not always the same, but nearly."""
    assert seen["missed"] <= max(2, sum(seen.values()) // 20), seen


def need_root(case):
    if case.keeper and not IS_ROOT:
        raise Skip("needs root for a lock keeper")
