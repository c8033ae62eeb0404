"""How fast everything is, side by side: make bench BENCH="...".

  --quick            one round, small mailboxes: to see that it works
  --only=NAME,...    only these measurements
  --servers=NAME,... only these servers (parts of their names)
  --rounds=N         rounds, of which the median counts; 5
  --output=DIR       where bench.txt and bench.svg go; the directory it runs in

Each round takes the servers one after the other, so that what else the machine
does meets them all.  Nothing is asserted: it prints a table.
"""

import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import measures
import peers
import picture
from others import SECRET
from tap import Skip

BUILD = pathlib.Path(os.environ["POP3D_BUILD"])
TOOLS = BUILD / "tests" / "bench"
PATIENCE = 300


class Failed(Exception):
    """A server could not do it."""


class Bench:
    """What measurements need: tools, servers, mailboxes, and the sizes."""

    def __init__(self, options):
        self.is_quick = options.quick
        self.rounds = 1 if options.quick else options.rounds
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="gnu-pop3d-bench."))
        self.root.chmod(0o755)
        self.servers = []
        self.options = options

    def __enter__(self):
        for kind in peers.ALL:
            if self.is_wanted(kind.name):
                try:
                    self.servers.append(peers.start(kind, self.path("limit")))
                except Skip as why:
                    print(f"{kind.name}: {why}", file=sys.stderr)
        return self

    def __exit__(self, *_):
        for server in self.servers:
            server.stop()
        shutil.rmtree(self.root, ignore_errors=True)

    def is_wanted(self, name):
        wanted = self.options.servers
        return not wanted or any(
            part.lower() in name.lower() for part in wanted.split(","))

    # ---- tools -------------------------------------------------------------

    @staticmethod
    def path(name):
        return str(TOOLS / name)

    def tool(self, name, *arguments):
        """Runs one of our programs: what it printed, as a dictionary."""
        try:
            done = subprocess.run(
                [self.path(name), *map(str, arguments)], check=False,
                capture_output=True, text=True, timeout=PATIENCE)
        except subprocess.TimeoutExpired as why:
            raise Failed(f"not in {PATIENCE} s") from why
        if done.returncode != 0:
            raise Failed(done.stderr.strip()[:60] or f"{done.returncode}")
        pairs = (line.rsplit(" ", 1) for line in done.stdout.splitlines())
        return {name: int(number) for name, number in pairs}

    def limit(self, *arguments):
        """Microseconds of a limit."""
        return self.tool("limit", *arguments)[arguments[0]]

    def session(self, server, number, *commands):
        """Microseconds of each part of one session of user u<number>."""
        user = server.user.replace("%u", str(number))
        return self.tool("client", "session", server.port, user, SECRET,
                         *commands)

    def make_mailbox(self, messages, octets, is_read=False):
        """The path of a mailbox, the same in each run; with is_read all its
        messages have a Status: header."""
        name = f"{messages}-{octets}{'-read' if is_read else ''}.mbox"
        path = self.root / name
        if not path.exists():
            seed = ("1", "read") if is_read else ("1",)
            with open(path, "wb") as out:
                subprocess.run(
                    [self.path("mailbox"), str(messages), str(octets), *seed],
                    stdout=out, check=True)
        return path

    def put(self, number, source):
        for server in self.servers:
            server.put(number, source)

    # ---- rounds ------------------------------------------------------------

    def repeat(self, measure, limit=None):
        """The median of each server for measure(server), a number or a tuple
        of numbers; and that of limit() under the name "limit"."""
        found = {}
        for turn in range(self.rounds):
            if limit is not None:
                found.setdefault("limit", []).append(limit())
            for server in self.servers:
                self.tell_progress(server.name, turn)
                try:
                    result = measure(server)
                except Failed as why:
                    print(f"\n{server.name}: {why}", file=sys.stderr)
                    continue
                found.setdefault(server.name, []).append(result)
        return {name: self.median(results) for name, results in found.items()}

    @staticmethod
    def median(results):
        if isinstance(results[0], tuple):
            return tuple(map(statistics.median, zip(*results)))
        return statistics.median(results)

    def tell_progress(self, name, turn):
        if sys.stderr.isatty():
            print(f"\r\033[K{self.current}: round {turn + 1} of "
                  f"{self.rounds}, {name}", end="", file=sys.stderr)

    current = ""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--servers", default="")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--output", type=pathlib.Path, default=pathlib.Path())
    options = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("bench: only root can give all servers the same users")
    wanted = options.only.split(",") if options.only else list(measures.ALL)
    tables = []
    with Bench(options) as bench:
        for name in wanted:
            bench.current = name
            started = time.monotonic()
            for table in measures.ALL[name](bench):
                tables.append(table)
                print("\r\033[K" if sys.stderr.isatty() else "", end="",
                      file=sys.stderr)
                print("\n".join(table.lines()), flush=True)
            print(f"({name}: {time.monotonic() - started:.0f} s)",
                  file=sys.stderr)
    (options.output / "bench.txt").write_text(
        "\n".join(line for table in tables for line in table.lines()))
    (options.output / "bench.svg").write_text(picture.draw(tables))


main()
