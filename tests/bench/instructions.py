"""Instructions of our own code, counted by callgrind: the same in each run, so
that what a change brings can be seen on a busy machine too."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from house import DAEMON, House, become_owner, hash_of
from others import SECRET
from tap import Skip

MEGABYTES = 10
MESSAGES = 100  # of each megabyte


class Counter:
    """A user without rights who serves himself in inetd mode: one process
    reads and sends all mail."""

    def __init__(self, bench):
        self.bench = bench
        self.house = House()
        self.house.add_domain("kvt.dk")
        self.house.add_user("u", "kvt.dk", hash_of(SECRET, "$1$"))
        self.house.own(self.house.state)
        self.house.state.chmod(0o700)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.house.__exit__()

    def put(self, messages, octets):
        """A mailbox, of which nothing is known yet."""
        shutil.rmtree(self.house.state)
        self.house.state.mkdir(0o700)
        self.house.own(self.house.state)
        mailbox = self.house.mailbox("u", "kvt.dk")
        shutil.copyfile(self.bench.make_mailbox(messages, octets), mailbox)
        self.house.own(mailbox)

    def talk(self, commands, before=()):
        lines = ["USER u@kvt.dk", f"PASS {SECRET}", *commands, "QUIT"]
        done = subprocess.run(
            [*before, DAEMON, "--inetd", "--debug=100", "--sandbox=no",
             *self.house.options()], check=False, capture_output=True,
            input="".join(f"{line}\r\n" for line in lines).encode(),
            preexec_fn=become_owner(), timeout=300)
        if b"+OK mailbox updated" not in done.stdout:
            raise Skip(done.stderr.decode(errors="replace")[-200:])

    def count(self, *commands):
        """Those of the session from main() on."""
        with tempfile.TemporaryDirectory() as directory:
            os.chmod(directory, 0o777)
            self.talk(commands, [
                "valgrind", "--tool=callgrind", "-q", "--toggle-collect=main",
                f"--callgrind-out-file={directory}/%p"])
            found = [re.search(r"^totals: (\d+)", file.read_text(), re.M)
                     for file in pathlib.Path(directory).iterdir()]
            return max(int(one[1]) for one in found if one is not None)

    def per_megabyte(self, *commands):
        """What ten megabytes more cost."""
        counts = []
        for size in (MEGABYTES, 2 * MEGABYTES):
            self.put(MESSAGES * size, size * 10**6)
            counts.append(self.count(*commands))
        return (counts[1] - counts[0]) / MEGABYTES

    def per_retrieved_megabyte(self):
        """The commands are counted too: there is one for each message."""
        self.put(MESSAGES * MEGABYTES, MEGABYTES * 10**6)
        self.talk(["STAT"])
        idle = self.count("STAT")
        every = [f"RETR {i + 1}" for i in range(MESSAGES * MEGABYTES)]
        return (self.count("STAT", *every) - idle) / MEGABYTES


def count(bench):
    """The figures of gnu-pop3d."""
    if shutil.which("valgrind") is None:
        raise Skip("valgrind is not installed")
    with Counter(bench) as counter:
        counter.put(10, 20000)
        poll = counter.count("STAT")
        scanned = counter.per_megabyte("STAT")
        identified = counter.per_megabyte("UIDL") - scanned
        return tuple(number / 1000 for number in (
            poll, scanned, identified, counter.per_retrieved_megabyte()))
