"""The tarball of "make dist" builds on a machine without autotools."""

import os
import pathlib

import tap
from machine import make
from packaging import Room
from tap import case, equal

AUTOTOOLS = ("aclocal", "autoconf", "autoheader", "autom4te", "automake",
             "autoreconf", "libtoolize", "m4")
# Whose times make asks for, to see whether files made of them are old.
SOURCES = ("configure.ac", "Makefile.am", "contrib/Makefile.inc",
           "tests/Makefile.inc")


class Bare(Room):
    """Where each of the autotools fails, and leaves its name."""

    def __enter__(self):
        super().__enter__()
        self.calls = self.path / "calls"
        tools = self.path / "tools"
        tools.mkdir()
        for name in AUTOTOOLS:
            for version in ("", "-1.16", "-1.17", "-1.18"):
                tool = tools / (name + version)
                tool.write_text(f'#!/bin/sh\necho "$0" >> {self.calls}\n'
                                "exit 127\n")
                tool.chmod(0o755)
        self.search = f"{tools}:{os.environ['PATH']}"
        return self

    def run(self, *words, **more):
        return super().run(*words, **{"PATH": self.search, **more})


def files_below(root):
    return sorted(str(path.relative_to(root)) for path in root.rglob("*")
                  if not path.is_dir())


@case("configure, make, make check and make install work, and install what a "
      "tree from git installs")
def _():
    with Bare() as room:
        room.unpack()
        room.run("./configure", "--prefix=/usr", "--disable-silent-rules")
        room.run("make", "-j2")
        text = room.run("make", "check", "check_PROGRAMS=",
                        "TESTS=tests/functional/basic.py")
        assert "# FAIL:  0" in text and "# ERROR: 0" in text, text
        room.run("make", "install", f"DESTDIR={room.path}/ours")
        assert not room.calls.exists(), room.calls.read_text()
        make("install", f"DESTDIR={room.path}/git", "prefix=/usr",
             "SERVICES=", "POP3S=")
        equal(files_below(room.path / "ours"), files_below(room.path / "git"))


@case("so it is with dates of files that make sources look newer than what was "
      "made of them")
def _():
    with Bare() as room:
        room.unpack("--touch")
        for name in SOURCES:
            os.utime(room.tree / name, (2 ** 31, 2 ** 31))
        room.run("./configure")
        room.run("make", "-n")
        room.run("make", "config.status", "Makefile", "config.h")
        assert not room.calls.exists(), room.calls.read_text()


@case("it has no file of this machine, and all that it has can be read by all")
def _():
    with Room() as room:
        room.unpack()
        names = {path.name for path in room.tree.rglob("*")}
        equal(names & {".git", "config.status", "config.log", "Makefile"},
              set())
        equal([path for path in room.tree.rglob("*")
               if not pathlib.Path(path).is_symlink()
               and path.stat().st_mode & 0o444 != 0o444], [])


tap.main()
