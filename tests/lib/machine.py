"""A machine of our own: a real systemd as process 1 over the files of this
one, with name spaces of its own for everything.

    with Machine() as machine:                  # booted
        machine.install()                       # make install, into it
        machine.run("systemctl", "start", "gnu-pop3d")
        machine.path("/etc/default/gnu-pop3d").read_text()
        with machine.client(110) as client: ...

It begins as a copy of / as it is now, in which nothing is enabled and /run is
empty; what is written there vanishes with it.  File systems mounted below / are
not there.  Machine(prepare) calls prepare(machine) before it boots: then there
are files, machine.path() and machine.install(), but no processes.
"""

import os
import pathlib
import select
import shutil
import subprocess
import tempfile
import time

from house import BUILD, IS_ROOT, Client, children_of
from network import connect_within
from postfix import need_program
from tap import Skip

SYSTEMD = pathlib.Path("/lib/systemd/systemd")
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:"
                       "/sbin:/bin", "HOME": "/root", "LC_ALL": "C",
               # As in machine.sh, for units.
               "ASAN_OPTIONS": "detect_leaks=0"}


def find_cgroup():
    """Where version 2 of control groups is mounted here."""
    for line in pathlib.Path("/proc/self/mounts").read_text().splitlines():
        _, where, kind, options, *_ = line.split()
        if kind == "cgroup2" and "rw" in options.split(","):
            return pathlib.Path(where)
    raise Skip("no control groups (version 2) that can be written")


def make(*words):
    """make in the build directory; its output."""
    environment = {name: value for name, value in os.environ.items()
                   if name not in ("MAKEFLAGS", "MAKELEVEL", "DESTDIR")}
    done = subprocess.run(
        ["make", "--no-print-directory", "-C", BUILD, *words],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env=environment, timeout=120, check=False)
    if done.returncode != 0:
        raise AssertionError(done.stdout)
    return done.stdout


class Machine:
    def __init__(self, prepare=None):
        if not IS_ROOT:
            raise Skip("a machine of our own needs root")
        if not SYSTEMD.exists():
            raise Skip("systemd is not installed")
        need_program("nsenter")
        need_program("ip")
        self.prepare = prepare
        self.pid = None  # of process 1, as seen from here
        self.holder = None

    # ---- beginning and end -------------------------------------------------

    def __enter__(self):
        top = find_cgroup()
        self.base = pathlib.Path(tempfile.mkdtemp(prefix="gnu-pop3d-machine."))
        self.group = top / self.base.name
        try:
            self._boot()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _boot(self):
        try:
            self.group.mkdir()
        except OSError as trouble:
            raise Skip(f"no control group of our own: {trouble}") from trouble
        with open(self.base / "trouble", "wb") as trouble:
            self.holder = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount",
                 "--propagation", "private", "sh",
                 pathlib.Path(__file__).with_name("machine.sh"), self.base,
                 self.group], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=trouble)
        self._root = f"/proc/{self.holder.pid}/root{self.base}/root"
        ready = select.select([self.holder.stdout], [], [], 60)[0]
        if not ready or self.holder.stdout.readline() != b"ready\n":
            raise Skip("no machine of our own can be made: " + self._trouble())
        if self.prepare is not None:
            self.prepare(self)
        self.holder.stdin.write(b"boot\n")
        self.holder.stdin.close()
        self.wait_for(self._is_up, "the machine to boot", 120)

    def _trouble(self):
        return (self.base / "trouble").read_text().strip() or "no reason given"

    def _is_up(self):
        if self.holder.poll() is not None:
            if self.pid is None:
                raise Skip("a machine of our own cannot boot: "
                           + self._trouble())
            raise AssertionError("systemd ended")
        found = children_of(self.holder.pid)
        if not found or pathlib.Path(f"/proc/{found[0]}/comm").read_text() != \
                "systemd\n":
            return False
        self.pid = found[0]
        self._root = f"/proc/{self.pid}/root"
        state = self.run("systemctl", "is-system-running", check=False).stdout
        return state.strip() in ("running", "degraded")

    def __exit__(self, *_):
        if self.holder is not None:
            self.holder.kill()  # and process 1 with it, and with that the rest
            self.holder.wait()
            self.holder.stdout.close()
        if self.group.exists():
            self._empty_group()
        shutil.rmtree(self.base)

    def _empty_group(self):
        """Its processes are killed, but may not be gone yet."""
        deadline = time.monotonic() + 30
        while True:
            try:
                for path, *_ in os.walk(self.group, topdown=False):
                    os.rmdir(path)
                return
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    # ---- what one does with it ---------------------------------------------

    def path(self, name):
        """A file of the machine, as seen from here.  Do not follow absolute
        symbolic links."""
        return pathlib.Path(self._root + name)

    def command(self):
        """What runs the words behind it in the machine."""
        return ["nsenter", "--target", str(self.pid), "--mount", "--uts",
                "--ipc", "--net", "--pid", "--cgroup", "--"]

    def run(self, *words, check=True, data=None, seconds=60):
        """The finished process, with its output as text."""
        done = subprocess.run(
            [*self.command(), *words], input=data or "", env=ENVIRONMENT,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            timeout=seconds, check=False)
        if check and done.returncode != 0:
            raise AssertionError(f"{words}: status {done.returncode}\n"
                                 f"{done.stdout}{done.stderr}{self.journal()}")
        return done

    def start(self, *words):
        """A process in the machine that is left alone; the end of the machine
        is its end."""
        return subprocess.Popen(
            [*self.command(), *words], env=ENVIRONMENT,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)

    def install(self, *words):
        """make install with these words, into the machine."""
        return make("install", f"DESTDIR={self._root}", *words)

    def connect(self, port, address="127.0.0.1"):
        """A TCP connection from within."""
        return connect_within(f"/proc/{self.pid}/ns/net", address, port)

    def client(self, port=110, address="127.0.0.1"):
        return Client(self.connect(port, address))

    def journal(self, *words):
        """What the journal of the machine says."""
        return self.run("journalctl", "--no-pager", "-o", "short-precise",
                        *words, check=False).stdout

    def wait_for(self, condition, what, seconds=30):
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(
                    f"waited in vain for {what}\n"
                    f"{self.journal() if self.pid is not None else ''}")
            time.sleep(0.05)
