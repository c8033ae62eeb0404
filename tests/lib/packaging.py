"""The tarball of "make dist", and packages that are built of it.

    with Room() as room:            # a directory of its own
        room.unpack()
        room.run("./configure")     # in the unpacked tarball
"""

import fcntl
import os
import pathlib
import shutil
import subprocess
import tempfile

from house import BUILD
from machine import make

NAME = "gnu-pop3d-1.0.0"
SETTINGS = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "DESTDIR", "CC", "CFLAGS")


class Room:
    def __enter__(self):
        self.holder = tempfile.TemporaryDirectory(prefix="gnu-pop3d-test.")
        self.path = pathlib.Path(self.holder.name)
        self.tarball = self.path / f"{NAME}.tar.xz"
        self.tree = self.path / NAME
        self._make_tarball()
        return self

    def __exit__(self, *_):
        self.holder.cleanup()

    def _make_tarball(self):
        """One at a time, as all are made in the build directory."""
        with open(BUILD / "config.status", "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            make("dist")
            shutil.copy(BUILD / self.tarball.name, self.tarball)

    def unpack(self, *options):
        self.run("tar", "-x", *options, "-f", self.tarball, place=self.path)

    def run(self, *words, place=None, seconds=240, **settings):
        """The output of a command that succeeds."""
        environment = {name: value for name, value in os.environ.items()
                       if name not in SETTINGS and "SAN_" not in name}
        done = subprocess.run(
            words, cwd=place or self.tree, env=environment | settings,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=seconds, check=False)
        if done.returncode != 0:
            raise AssertionError(f"{words}: {done.stdout[-3000:]}")
        return done.stdout

    def built(self, pattern):
        """The one file that was made and is called so."""
        [found] = self.path.glob(pattern)
        return found
