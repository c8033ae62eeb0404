"""Two machines that share a file system by NFSv4, in a Linux within Linux.

The kernel under a test need not know NFS.  Outside,

    nfshosts.boot(__file__)

starts Debian's user-mode-linux over the files of this machine, which it cannot
write, and runs the test file again as its process 1, where

    nfshosts.live(test)

makes a machine of it, with two hosts, calls test(a, b), and turns it off.  The
server there is Linux's nfsd, which exports SHARED.  The hosts are network, host
name and mount namespaces, and so two clients that know nothing of each other.
What the server sees below SHARED is what they see.
"""

import ctypes
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import traceback

import house as houses
from postfix import need_program
from tap import Skip, equal

IS_INSIDE = os.getpid() == 1
SHARED = pathlib.Path("/run/shared")
MODULES = pathlib.Path("/usr/lib/uml/modules")
NFSD = pathlib.Path("/proc/fs/nfsd")
CACHES = pathlib.Path("/proc/net/rpc")
HALT = houses.BUILD / "tests/crash/halt.so"
MEGABYTES = 384
SECONDS = 300
# What the manual asks for, or others.
OPTIONS = os.environ.get("NFS_OPTIONS", "vers=4.2,hard,actimeo=0")
LEASE = 10  # s, the least that nfsd knows

LIBC = ctypes.CDLL(None, use_errno=True)
SYS_FINIT_MODULE = 313  # of x86-64
POWER_OFF = 0x4321fedc

# of <linux/nfsd/export.h>: any port; no wait for more writes; no look at the
# directories above; a number instead of a device
EXPORT = 0x2 | 0x400 | 0x2000
FOR_EVER = 2 ** 31 - 1


# ---- outside -----------------------------------------------------------------

PASSED = ("ASAN_OPTIONS", "CRASH_ROUNDS", "NFS_OPTIONS")
INIT = """\
#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin POP3D_SOURCE='{source}' \\
    POP3D_BUILD='{build}' PYTHONPATH='{source}/tests/lib' \\
    PYTHONDONTWRITEBYTECODE=1 {passed}
exec '{python}' '{test}' '{out}'
"""


def boot(test):
    """Runs the test file inside, and says here what it said."""
    try:
        linux = need_program("linux.uml")
        if b"__asan_init" in houses.DAEMON.read_bytes():
            raise Skip("the address sanitizer finds no room in there")
    except Skip as reason:
        print(f"1..0 # SKIP {reason}")
        return
    with tempfile.TemporaryDirectory() as directory:
        out = pathlib.Path(directory)
        said = out / "said"
        said.touch()
        init = out / "init"
        init.write_text(INIT.format(
            source=houses.SOURCE.resolve(), build=houses.BUILD.resolve(),
            python=sys.executable, test=os.path.realpath(test), out=out,
            passed=" ".join(
                f"{name}='{os.environ[name]}'" for name in PASSED
                if name in os.environ)))
        init.chmod(0o755)
        with open(out / "console", "wb") as console:
            subprocess.run(
                [linux, f"mem={MEGABYTES}M", "root=/dev/root", "ro", "quiet",
                 "rootfstype=hostfs", "rootflags=/", f"uml_dir={out}/",
                 f"init={init}", "con=null", "con0=null,fd:1"],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console,
                timeout=SECONDS, check=False)
        text = said.read_text()
        print(text, end="")
        if not text.startswith("1.."):
            print("Bail out! it did not start")
            print((out / "console").read_text(errors="replace"),
                  file=sys.stderr)


# ---- inside ------------------------------------------------------------------

def check(result, what):
    if result == -1:
        raise OSError(ctypes.get_errno(), what)


def mount(source, target, kind, options=""):
    check(LIBC.mount(str(source).encode(), str(target).encode(), kind.encode(),
                     0, options.encode()), f"mount {target}")


def run(*command):
    done = subprocess.run([str(word) for word in command],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    equal(done.returncode, 0, f"{command}: {done.stdout}")
    return done.stdout


def load_modules(*names):
    """With all that they need: there need be no modprobe(8)."""
    top = next(MODULES.iterdir())
    needs = {}
    for line in (top / "modules.dep").read_text().splitlines():
        path, others = line.split(":")
        needs[pathlib.Path(path).stem] = (path, others.split())
    loaded = set()

    def load(path):
        if path not in loaded:
            loaded.add(path)
            with open(top / path, "rb") as module:
                check(LIBC.syscall(SYS_FINIT_MODULE, module.fileno(), b"", 0),
                      f"module {path}")
    for name in names:
        path, others = needs[name]
        for other in reversed(others):
            load(other)
        load(path)


def become_machine(out):
    """Process 1 of a machine that has nothing yet but files to read."""
    for source, target, kind in (("proc", "/proc", "proc"),
                                 ("sysfs", "/sys", "sysfs"),
                                 ("tmpfs", "/run", "tmpfs")):
        mount(source, target, kind)
    (pathlib.Path("/run") / "out").mkdir()
    mount("none", "/run/out", "hostfs", out)
    with open("/run/out/said", "ab") as said:
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
    load_modules("veth", "nfsd", "nfsv4")
    run("ip", "link", "set", "lo", "up")
    SHARED.mkdir()
    mount("tmpfs", SHARED, "tmpfs", "mode=755")
    tempfile.tempdir = str(SHARED)


def tell_cache(name, line):
    """What rpc.mountd(8) would answer the kernel."""
    with open(CACHES / name / "channel", "w") as channel:
        channel.write(line + "\n")


def serve():
    """Linux's NFS server, without any other process: what it wants to know is
    told in advance."""
    mount("nfsd", NFSD, "nfsd")
    recovery = pathlib.Path("/run/recovery")
    recovery.mkdir()
    for name, text in (("nfsv4recoverydir", str(recovery)),
                       ("nfsv4leasetime", str(LEASE)),
                       ("nfsv4gracetime", str(LEASE)),
                       ("versions", "-3"), ("threads", "4"),
                       ("v4_end_grace", "Y")):
        (NFSD / name).write_text(text + "\n")
    for host in HOSTS:
        tell_cache("auth.unix.ip", f"nfsd {HOSTS[host][1]} {FOR_EVER} all")
    tell_cache("nfsd.export",
               f"all {SHARED} {FOR_EVER} {EXPORT} 65534 65534 0")
    tell_cache("nfsd.fh", f"all 1 \\x00000000 {FOR_EVER} {SHARED}")


# Where the server is, and where the host is.
HOSTS = {"a": ("10.0.1.1", "10.0.1.2"), "b": ("10.0.2.1", "10.0.2.2")}


class Halt:
    """Lets a program stop in the COUNT-th call that changes a file."""

    def __init__(self, count):
        self.count = count
        self.ours, self.theirs = socket.socketpair()
        self.ours.settimeout(60)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ours.close()
        self.theirs.close()

    def descriptors(self):
        return [self.theirs.fileno()]

    def command(self):
        return ["env", f"LD_PRELOAD={HALT.resolve()}", f"HALT_AT={self.count}",
                f"HALT_FD={self.theirs.fileno()}"]

    def wait(self):
        """True when the program has stopped there; False if it has ended."""
        self.theirs.close()
        return self.ours.recv(1) == b"."

    def go_on(self):
        self.ours.sendall(b".")

    def die(self):
        self.ours.close()


class Host:
    """A machine that has the shared file system by NFS."""

    def __init__(self, name):
        self.device = f"to-{name}"
        server, address = HOSTS[name]
        self.process = subprocess.Popen(
            ["unshare", "--net", "--uts", "--mount", "sleep", "infinity"])
        self.wait_for_namespaces()
        pid = self.process.pid
        run("ip", "link", "add", self.device, "type", "veth", "peer", "name", "eth0",
            "netns", pid)
        run("ip", "addr", "add", f"{server}/24", "dev", self.device)
        self.cable("up")
        self.run("hostname", f"host-{name}")
        self.run("ip", "addr", "add", f"{address}/24", "dev", "eth0")
        for device in ("lo", "eth0"):
            self.run("ip", "link", "set", device, "up")
        self.run("mount", "-i", "-t", "nfs4", "-o",
                 f"{OPTIONS},addr={server},clientaddr={address}",
                 f"{server}:/", SHARED)

    def wait_for_namespaces(self):
        ours = os.readlink("/proc/self/ns/mnt")
        for _ in range(500):
            if os.readlink(f"/proc/{self.process.pid}/ns/mnt") != ours and \
                    pathlib.Path(f"/proc/{self.process.pid}/comm"
                                 ).read_text() == "sleep\n":
                return
            time.sleep(0.02)
        raise AssertionError("no namespaces")

    def command(self, *words):
        """The command line that does it there, in the same process."""
        return ["nsenter", f"--target={self.process.pid}", "--net", "--uts",
                "--mount", *[str(word) for word in words]]

    def run(self, *words):
        return run(*self.command(*words))

    def cable(self, state):
        run("ip", "link", "set", self.device, state)

    def session(self, house, halt=None):
        """The daemon in inetd mode there."""
        ours, theirs = socket.socketpair()
        with open(house.log_path, "ab") as log:
            process = subprocess.Popen(
                self.command(*(halt.command() if halt else []),
                             houses.DAEMON.resolve(), "-i", *house.logging,
                             *house.options()),
                pass_fds=halt.descriptors() if halt else [],
                stdin=theirs, stdout=theirs, stderr=log)
        theirs.close()
        return houses.Client(ours, process)

    def delivery(self, house, message, *arguments):
        """virtual there, started."""
        process = subprocess.Popen(
            self.command("setpriv", f"--reuid={houses.OWNER}",
                         f"--regid={houses.GROUP}", "--clear-groups",
                         houses.VIRTUAL.resolve(),
                         f"--virtual-dir={house.virtual}",
                         f"--virtual-spool={house.spool}", *arguments),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        process.stdin.write(message)
        process.stdin.close()
        return process


def live(test):
    """Process 1: ends with the machine."""
    try:
        become_machine(sys.argv[1])
        serve()
        test(Host("a"), Host("b"))
    except BaseException:  # nobody else would tell
        traceback.print_exc()
    sys.stdout.flush()
    LIBC.reboot(POWER_OFF)
