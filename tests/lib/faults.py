"""Faults for a test to try at every system call and every allocation."""

import itertools
import resource
import struct

from disturb import CLOCK, MEMORY, error, need_registers
from house import DAEMON
from tap import Skip

ERRORS = ["ENOSPC", "EDQUOT", "EIO", "EINTR", "EFBIG", "EAGAIN", "ENOMEM"]

# Calls that the kernel never lets fail so, and whose result nobody looks at.
NEVER = {"exit_group", "exit", "getpid", "getppid", "gettid", "geteuid",
         "getuid", "getegid", "getgid", "umask", "brk", "munmap", "futex",
         "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "set_robust_list",
         "set_tid_address", "rseq", "restart_syscall"}

# A sanitizer calls these for itself, and gives up if they fail.
IS_SANITIZED = b"__asan_init" in DAEMON.read_bytes()
if IS_SANITIZED:
    NEVER |= {"mmap", "mremap", "mprotect", "madvise", "prlimit64", "open",
              "read", "sigaltstack"}

# What goes on failing once it has begun: (calls, how).  A signal or a moment
# without memory does not come again and again, but may 50 times.
DISK = "write,pwrite64,fallocate"
FOR_EVER = {
    "ENOSPC": (DISK, ["-d", "-t", "0"]),
    "EDQUOT": (DISK, ["-d", "-t", "0"]),
    "EFBIG": (DISK, ["-d", "-t", "0"]),
    "EIO": ("read,write,pread64,pwrite64,ftruncate,fsync,fallocate,openat,"
            "newfstatat,fstat,getdents64,linkat,unlinkat,renameat,mkdir",
            ["-d", "-t", "0"]),
    "ENOMEM": ("mmap,mprotect,openat,clone,clone3,socketpair,socket,fcntl,"
               "newfstatat,fstat,linkat,mkdir,fallocate", ["-t", "0"]),
    "EAGAIN": ("fcntl,flock,clone,clone3,setresuid,setuid,mmap", ["-t", "0"]),
    "EINTR": ("read,write,pread64,pwrite64,sendto,recvfrom,openat,fsync,fcntl,"
              "flock,ppoll,wait4,connect,ftruncate,fallocate", ["-t", "50"]),
}

TRANSFERS = "read,write,pread64,pwrite64,sendto,recvfrom"
PARTS = [("-s", size, "-t", times, "-c", TRANSFERS)
         for size in ("0", "1") for times in ("1", "0")]
ONE_BY_ONE = PARTS[-1]


def faults(places):
    """(place, how) for every call and every errno, once and for ever.  Two runs
    may differ by a call: it is the next one of this name that fails."""
    need_registers()
    for place, name in itertools.product(places, ERRORS):
        names, how = FOR_EVER[name]
        calls = [call for call in names.split(",") if call not in NEVER]
        if place[2] not in NEVER:
            yield place, error(name, "-c", place[2])
        if place[2] in calls:
            yield place, error(name, "-c", ",".join(calls), *how)


def fails_sync(place, how):
    """What was to be on disk need not be there.  After EINTR it is tried again,
    and where it was too much, with less."""
    return place[2] == "fsync" and how[:2] in (
        error("EIO"), error("EAGAIN"), error("ENOMEM"))


def parts(places):
    """(place, how): one octet, and the half, once and for ever."""
    need_registers()
    for place in places:
        if place[2] in TRANSFERS.split(","):
            yield from ((place, how) for how in PARTS)


def within(limit):
    """For before=: a file size limit of so many octets."""
    def set_limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    return set_limit


# ---- memory -----------------------------------------------------------------

class Starving:
    """A program whose allocations from first to before end fail.  options and
    more are for its run; count: how many it made."""

    def __init__(self, world, first, end):
        self.path = world.root / "allocations"
        self.path.write_bytes(struct.pack("QQQ", 0, first, end))
        self.path.chmod(0o666)
        self.options = ["-P", f"{CLOCK} {MEMORY}"]
        self.more = {"environment": {"ALLOCATIONS": str(self.path)}}

    @property
    def count(self):
        return struct.unpack("Q", self.path.read_bytes()[:8])[0]


def starve(workers, function, *job):
    """Every allocation fails once, and all from it on: function(world, *job,
    first, end).  It returns the number of allocations where end is 0."""
    if IS_SANITIZED:
        raise Skip("the sanitizer has the memory")
    count = workers.ask(function, *job, 0, 0)
    assert count > 0, "nothing was allocated"
    jobs = [(*job, first, end) for first in range(count)
            for end in (first + 1, 2 ** 63)]
    return workers.sweep(function, jobs, 40)
