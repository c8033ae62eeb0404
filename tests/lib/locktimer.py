"""How long the dotlock of a mailbox stands, and whose it is.

    with LockTimer(path) as timer:
        ...
    timer.longest     # seconds by holder: {"gnu-pop3d": 0.02, "others": 1.1}

A process of its own sees the lock file come and go by inotify, so a hold is
exact to what the scheduler makes of it: a millisecond on an idle machine.  All
other locks of ours are taken after the dotlock and given back before it, and so
are shorter.  A lock that is gone before it could be read counts as "others".
"""

import contextlib
import multiprocessing
import pathlib
import select
import time

from watch import Watch

OURS = ("gnu-pop3d", "virtual")


def holder(lock):
    """Ours write their process id into the lock file."""
    try:
        pid = int(lock.read_text())
        name = pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
    except (OSError, ValueError):
        return "others"
    return name if name in OURS else "others"


class LockTimer:
    def __init__(self, path):
        self.lock = path.with_name(path.name + ".lock")
        self.longest = {}
        self.holds = {}

    def __enter__(self):
        context = multiprocessing.get_context("fork")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=self._measure, args=(Watch(self.lock.parent), theirs))
        self._process.start()
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError, EOFError):  # we are being ended
            self._pipe.send("end")
            if self._pipe.poll(10):
                self.longest, self.holds = self._pipe.recv()
        self._process.join(10)
        if self._process.is_alive():
            self._process.kill()

    def _measure(self, watch, pipe):
        taken = None
        while not pipe.poll():
            select.select([watch.fd, pipe], [], [])
            now = time.monotonic()
            for name, mask in watch.events():
                if name != self.lock.name:
                    continue
                if taken is not None:
                    self._note(who, now - taken)
                    taken = None
                if mask == Watch.CREATED:
                    taken, who = now, holder(self.lock)
        pipe.send((self.longest, self.holds))

    def _note(self, who, seconds):
        self.longest[who] = max(seconds, self.longest.get(who, 0))
        self.holds[who] = self.holds.get(who, 0) + 1
