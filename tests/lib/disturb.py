"""Runs a program under tests/crash/tracer: system calls that kill, fail, or do
a part of their work, at a place that a test names."""

import errno
import os
import platform
import subprocess
import tempfile

from house import BUILD
from tap import Skip

TRACER = BUILD / "tests/crash/tracer"
CLOCK = BUILD / "tests/crash/clock.so"
MEMORY = BUILD / "tests/crash/memory.so"

# The leak checker of a sanitizer build cannot work under a tracer.
ENVIRONMENT = {**os.environ,
               "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") +
               ":detect_leaks=0:verify_asan_link_order=0"}

KILL = ("-k",)
KILL_ALL = ("-K",)


def need_registers():
    """To let calls fail; killing works everywhere."""
    if platform.machine() != "x86_64":
        raise Skip("tests/crash/tracer knows the registers of x86-64 only")


def error(name, *options):
    """The call fails with the errno of this name."""
    return ("-e", str(getattr(errno, name)), *options)


def signalling(number):
    """The process gets a signal."""
    return ("-S", str(int(number)))


class Place(tuple):
    """A system call: number of the process, number of the call in it, name."""

    def options(self):
        return ("-p", str(self[0]), "-n", str(self[1]))

    def __str__(self):
        return f"call {self[1]} ({self[2]}) of process {self[0]}"


def tracing(report, options, command):
    """The command line that runs command under the tracer."""
    return [TRACER, "-r", str(report.fileno()), *options, "--", *command]


class Report:
    """What the tracer tells."""

    def __init__(self, file):
        # The tracer may be writing at the offset that the two share.
        text = os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0)
        lines = [line.split() for line in text.decode().splitlines()]
        self.is_hit = ["hit"] in lines
        self.is_late = ["late"] in lines
        self.signals = [int(line[1]) for line in lines if line[0] == "died"]
        self.places = self._places(
            [line[1:] for line in lines if line[0] == "call"])

    @staticmethod
    def _places(calls):
        counts = {}
        places = []
        for process, name in calls:
            number = counts.get(process, 0)
            counts[process] = number + 1
            places.append(Place((int(process), number, name)))
        return places

    def check(self):
        """Nothing hung, nothing crashed."""
        assert not self.is_late, "it did not end"
        assert self.signals == [], f"died by signal {self.signals}"
        return self


class Traced(Report):
    """A finished program, for which sleeping took no time.  status: as of a
    shell; output: what it said; places: its system calls, if asked for with
    "-l"."""

    def __init__(self, command, *options, data=b"", owner=None, before=None,
                 environment=None):
        # From a pipe, the parts that are read differ from run to run.
        with tempfile.TemporaryFile() as report, \
                tempfile.TemporaryFile() as file:
            file.write(data)
            file.seek(0)
            identity = {} if owner is None else {
                "user": owner[0], "group": owner[1], "extra_groups": []}
            done = subprocess.run(
                tracing(report, ["-P", CLOCK, *options], command),
                stdin=file if len(data) > 4096 else None,
                input=None if len(data) > 4096 else data,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                pass_fds=[report.fileno()], timeout=120,
                env={**ENVIRONMENT, **(environment or {})}, preexec_fn=before,
                check=False, **identity)
            super().__init__(report)
        self.status = done.returncode
        self.output = done.stdout
        self.errors = done.stderr

    def check(self):
        assert self.status != 125, f"tracer: {self.errors}"
        return super().check()
