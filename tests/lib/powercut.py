"""An installation whose disks are copied while it works, as a power cut would
leave them."""

import fcntl
import os
import subprocess
import typing

import tracer
import volumes
from house import House
from strace import ENVIRONMENT

USER, DOMAIN = "joe", "kvt.dk"


def _write_back_mailbox(house, pages=slice(None)):
    volumes.write_back(house.mailbox(USER, DOMAIN), pages)


def _write_back_journal(house, pages=slice(None)):
    for path in house.state.glob("*.j[01]"):
        volumes.write_back(path, pages)


def _write_back_every_other_page(house):
    _write_back_mailbox(house, slice(1, None, 2))
    _write_back_journal(house, slice(1, None, 2))


def _write_back_all(house):
    _write_back_mailbox(house)
    _write_back_journal(house)


# What the kernel writes between the system calls without being asked.
HABITS = {
    "nothing": lambda house: None,
    "the mailbox": _write_back_mailbox,
    "the journal": _write_back_journal,
    "every other page": _write_back_every_other_page,
    "the second half": lambda house: _write_back_mailbox(
        house, slice(15, None)),
    "all": _write_back_all,
}


class Copy(typing.NamedTuple):
    """Images as they were at one moment, and what had been said by then."""
    images: list
    said: bytes

    def remove(self):
        for image in self.images:
            image.unlink()


class Site(House):
    """Spool and state directory in one file system, or each in its own, with
    the mailbox of one user."""

    def __init__(self, kinds, messages):
        volumes.enter()
        super().__init__()
        self.images = self.root / "images"
        self.images.mkdir()
        volumes.mount_memory(self.images)
        self.mounted = [self.images]
        self.volumes = []
        self.names = 0
        self.has_moved = False
        try:
            self._make_volumes(kinds)
            self.add_user(USER, DOMAIN, "secret")
            if messages is not None:
                self.write_mailbox(USER, DOMAIN, messages)
            self.sync()
        except BaseException:
            self.__exit__()
            raise

    def _make_volume(self, kind, directory):
        directory.mkdir(exist_ok=True)
        return volumes.Volume(kind, self._new_image(), directory)

    def _new_image(self):
        self.names += 1
        return self.images / f"image{self.names}"

    def _make_volumes(self, kinds):
        disk = self.root / "disk"
        places = [disk] if len(kinds) == 1 else [self.spool, self.state]
        for kind, place in zip(kinds, places):
            self.volumes.append(self._make_volume(kind, place))
        if len(kinds) == 1:
            self.spool, self.state = disk / "spool", disk / "state"
            self.spool.mkdir()
            self.state.mkdir()
        self.state.chmod(0o700)

    def __exit__(self, *_):
        for directory in (*(volume.directory for volume in self.volumes),
                          *reversed(self.mounted)):
            volumes.attempt("umount", directory)
        super().__exit__()

    def path(self):
        return self.mailbox(USER, DOMAIN)

    def sync(self):
        for volume in self.volumes:
            volume.sync()

    def session(self, *commands):
        """What a session says at its end."""
        return self.converse("".join(
            command + "\r\n" for command in (
                f"USER {USER}@{DOMAIN}", "PASS secret", *commands,
                "QUIT")).encode()).splitlines()[-1]

    # ---- copies ------------------------------------------------------------

    def copy(self, said=b""):
        images = [self._new_image() for _ in self.volumes]
        for volume, image in zip(self.volumes, images):
            volume.copy(image)
        return Copy(images, said)

    def twin(self, copy):
        images = [self._new_image() for _ in copy.images]
        for old, new in zip(copy.images, images):
            volumes.copy_sparse(old, new)
        return Copy(images, copy.said)

    def power_off(self):
        """The images on the disks are of no use any more."""
        for volume in self.volumes:
            volume.unmount()
            volume.image.unlink()

    def power_on(self, copy):
        """Goes on with the copy, which is used up.  Whoever held a lock has
        been gone for long."""
        if not self.has_moved:
            self._take_device_numbers()
        for volume, image in zip(self.volumes, copy.images):
            volume.mount(image)
        for lock in self.path().parent.glob("*.lock"):
            lock.unlink()

    def _take_device_numbers(self):
        """So that what is mounted again gets others."""
        self.has_moved = True
        for number in range(len(self.volumes)):
            directory = self.root / f"stranger{number}"
            stranger = self._make_volume("ext4 without journal", directory)
            self.mounted.append(stranger.directory)
        for number in range(4):
            directory = self.root / f"memory{number}"
            directory.mkdir()
            volumes.mount_memory(directory)
            self.mounted.append(directory)

    # ---- programs ----------------------------------------------------------

    def watch(self, command, habit, data=b"", **options):
        """Runs command.  Its exit status, and copies of the beginning, of the
        end, and of whenever something has got to the disk."""
        watcher = _Watcher(self, HABITS[habit])
        ask, answer = os.pipe()
        os.write(answer, data)
        os.close(answer)
        try:
            status = tracer.run(
                command, watcher.look, stdin=ask, stdout=watcher.mouth,
                stderr=subprocess.DEVNULL, env=ENVIRONMENT, **options)
            watcher.take()
        finally:
            os.close(ask)
            watcher.close()
        self.power_off()
        return status, watcher.copies


class _Watcher:
    def __init__(self, site, habit):
        self.site = site
        self.habit = habit
        self.copies = []
        self.said = b""
        self.ear, self.mouth = os.pipe()
        os.set_blocking(self.ear, False)
        fcntl.fcntl(self.mouth, fcntl.F_SETPIPE_SZ, 1 << 20)
        self.writes = None
        self.look()

    def look(self):
        self.habit(self.site)
        writes = [volume.writes() for volume in self.site.volumes]
        if writes != self.writes:
            self.writes = writes
            self.take()

    def take(self):
        try:
            self.said += os.read(self.ear, 65536)
        except BlockingIOError:
            pass
        self.copies.append(self.site.copy(self.said))

    def close(self):
        os.close(self.ear)
        os.close(self.mouth)
