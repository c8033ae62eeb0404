"""File systems in files and in memory, mounted where only this process and its
children see them.

    volumes.enter()                          # skips where it cannot be done
    volumes.mount_memory(directory)          # a tmpfs, for the images
    volume = Volume("ext4", directory / "disk.img", mountpoint)
    volume.copy(file)                        # what is on the disk just now
    volume.mount(file)                       # as after a power cut
    volume.unmount()

However the process ends, nothing stays mounted: its mounts go with its mount
namespace, and a loop device with its mount.
"""

import ctypes
import os
import pathlib
import subprocess
import typing

from postfix import need_program
from tap import Skip

_LIBC = ctypes.CDLL(None, use_errno=True)
_LIBC.sync_file_range.argtypes = (
    ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint)
_CLONE_NEWNS = 0x20000
_WRITE_AND_WAIT = 7

MEBIBYTE = 1 << 20


class Kind(typing.NamedTuple):
    """A file system, about as small as its mkfs makes it.  lacking: what the
    kernel has not got if it cannot be mounted."""
    type: str
    size: int
    making: tuple
    options: str = "loop"
    lacking: str = ""


# No blocks are kept for root.
_EXT4 = ("-q", "-F", "-m", "0")

KINDS = {
    "ext4": Kind("ext4", 16 * MEBIBYTE, _EXT4),
    "ext4 data=writeback": Kind(
        "ext4", 32 * MEBIBYTE, (*_EXT4, "-b", "4096"), "loop,data=writeback"),
    "ext4 data=journal": Kind(
        "ext4", 16 * MEBIBYTE, _EXT4, "loop,data=journal"),
    "ext4 with quotas": Kind(
        "ext4", 16 * MEBIBYTE, (*_EXT4, "-O", "quota"), "loop,usrquota",
        "this kernel has no quotas of ext4"),
    "ext4 without journal": Kind(
        "ext4", MEBIBYTE, (*_EXT4, "-O", "^has_journal")),
    "xfs": Kind("xfs", 300 * MEBIBYTE, ("-q", "-f")),
    "btrfs": Kind("btrfs", 112 * MEBIBYTE, ("-q", "-f")),
}


def attempt(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, timeout=60,
                          stderr=subprocess.STDOUT, check=False)


def run(*command):
    """Runs a program that must succeed."""
    result = attempt(*command)
    if result.returncode != 0:
        raise AssertionError(f"{command}: {result.stdout!r}")


_is_inside = False


def enter():
    """Gives this process a mount namespace of its own, if it has none yet."""
    global _is_inside
    if _is_inside:
        return
    if os.geteuid() != 0:
        raise Skip("only root can mount")
    if _LIBC.unshare(_CLONE_NEWNS) == -1:
        raise Skip("no mount namespace can be made here")
    run("mount", "--make-rprivate", "/")
    _is_inside = True


def mount_memory(directory, options="mode=755"):
    run("mount", "-t", "tmpfs", "-o", options, "gnu-pop3d-test", directory)


def unmount(directory):
    run("umount", directory)


def write_back(path, pages=slice(None)):
    """Has the pages of a file written to the disk, as the kernel may do at any
    time, but commits nothing; pages is which of its pages of 4096 octets."""
    try:
        fd = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return
    try:
        for page in range(-(-os.fstat(fd).st_size // 4096))[pages]:
            _LIBC.sync_file_range(fd, page * 4096, 4096, _WRITE_AND_WAIT)
    finally:
        os.close(fd)


def copy_sparse(source, target):
    """Copies the parts of a file that are no holes."""
    with open(source, "rb") as old, open(target, "wb") as new:
        size = os.fstat(old.fileno()).st_size
        new.truncate(size)
        end = 0
        while end < size:
            try:
                start = os.lseek(old.fileno(), end, os.SEEK_DATA)
            except OSError:  # only a hole is left
                return
            end = os.lseek(old.fileno(), start, os.SEEK_HOLE)
            os.lseek(new.fileno(), start, os.SEEK_SET)
            while start < end:
                start += os.sendfile(
                    new.fileno(), old.fileno(), start, end - start)


class Volume:
    """A new file system of a kind in a file, mounted on a directory."""

    def __init__(self, name, image, directory):
        self.kind = KINDS[name]
        self.image = pathlib.Path(image)
        self.directory = pathlib.Path(directory)
        self.device = None
        self._make()
        self.mount(self.image)

    def _make(self):
        program = need_program("mkfs." + self.kind.type)
        with open(self.image, "wb") as image:
            image.truncate(self.kind.size)
        run(program, *self.kind.making, self.image)
        run("fallocate", "--dig-holes", self.image)

    def mount(self, image):
        result = attempt("mount", "-t", self.kind.type, "-o",
                         self.kind.options, image, self.directory)
        for cannot in (b"unknown filesystem", b"set up loop device",
                       b"setup loop device"):
            if cannot in result.stdout:
                raise Skip(f"{self.kind.type} cannot be mounted by loop here")
        if result.returncode != 0 and self.kind.lacking:
            raise Skip(self.kind.lacking)
        assert result.returncode == 0, result.stdout
        self.image = pathlib.Path(image)
        self.device = self._find_device()

    def _find_device(self):
        """The name of the loop device, like "loop0"."""
        for line in pathlib.Path("/proc/self/mountinfo").read_text() \
                .splitlines():
            fields, source = line.split(" - ")
            if fields.split()[4] == str(self.directory):
                device = source.split()[1]
        return pathlib.Path(device).name

    def unmount(self):
        unmount(self.directory)

    def writes(self):
        """How many writes there have been to the device."""
        numbers = pathlib.Path(f"/sys/block/{self.device}/stat").read_text()
        return int(numbers.split()[4])

    def sync(self):
        run("sync", "--file-system", self.directory)

    def copy(self, target):
        copy_sparse(self.image, target)
