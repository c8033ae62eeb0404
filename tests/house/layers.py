"""Includes point down only: daemon -> pop3 -> mbox, account -> support."""

import re

import tap
from house import SOURCE
from tap import case, equal

SRC = SOURCE / "src"

# Whose doors a room may open besides its own.
ROOMS = {
    "web": {"admin", "delivery", "account", "mbox", "support"},
    "admin": {"delivery", "account", "mbox", "support"},
    "check": {"daemon", "mbox", "account", "support"},
    "daemon": {"pop3", "mbox", "account", "support"},
    "delivery": {"mbox", "account", "support"},
    "pop3": {"mbox", "support"},
    "mbox": {"support"},
    "account": {"support"},
    "support": set(),
}
# Single headers of rooms that are closed otherwise.
DOORS = {("pop3", "account/credentials.h")}
# What the build makes.
BUILT = {"pop3/languages.inc", "web/languages.inc", "web/style.inc"}
# What main() may open; it is alone in its file.
MAIN = {"admin", "check", "daemon", "delivery", "support", "web"}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def fault(path, header):
    """Why the file (path relative to src) must not include header, or None."""
    parts, target = path.split("/"), header.split("/")
    if header == "config.h":
        return None if path.endswith(".c") else "config.h in a header"
    if len(target) != 2 or target[0] not in ROOMS:
        return "not the header of a room"
    if len(parts) == 1:
        allowed = target[0] in MAIN
    else:
        allowed = (target[0] == parts[0] or target[0] in ROOMS[parts[0]]
                   or (parts[0], header) in DOORS)
    if not allowed:
        return "points up or sideways"
    if target[1] == "private.h" and parts[0] != target[0]:
        return "private.h of another room"
    return None


def faults(path, text):
    return [f"{path}: {header}: {why}"
            for kind, header in INCLUDE.findall(text) if kind == '"'
            if (why := fault(path, header)) is not None]


def files():
    found = {str(path.relative_to(SRC)): path.read_text()
             for path in sorted(SRC.rglob("*.[ch]"))}
    assert len(found) > 60, f"only {len(found)} files below {SRC}"
    return found


@case("no include points up or sideways")
def _():
    equal([line for path, text in files().items()
           for line in faults(path, text)], [])


@case("every room is known, and every file lies in a room or is a main file")
def _():
    rooms = {path.split("/")[0] for path in files() if "/" in path}
    equal(rooms, set(ROOMS))
    equal({path for path in files() if path.count("/") > 1}, set())


@case("a main file holds main() and nothing else")
def _():
    for path, text in files().items():
        functions = re.findall(r"^(\w+)\(", text, re.MULTILINE)
        if "/" not in path:
            equal(functions, ["main"], path)
        else:
            assert "main" not in functions, path


@case("project headers are included with quotes, those of the system without")
def _():
    for path, text in files().items():
        for kind, header in INCLUDE.findall(text):
            if kind == "<":
                assert not (SRC / header).exists(), f"{path}: <{header}>"
            elif header != "config.h" and header not in BUILT:
                assert (SRC / header).exists(), f"{path}: {header}"


@case("every source file begins with config.h")
def _():
    for path, text in files().items():
        if path.endswith(".c"):
            equal(INCLUDE.findall(text)[0], ('"', "config.h"), path)


@case("every header has a guard named after its path")
def _():
    for path, text in files().items():
        if path.endswith(".h"):
            name = re.sub(r"\W", "_", path).upper()
            assert f"#ifndef {name}\n#define {name}\n" in text, path
            assert text.endswith("\n#endif\n"), path


@case("a forged include is caught, and an allowed one is not")
def _():
    for path, header in (
            ("mbox/scan.c", "pop3/wire.h"),
            ("mbox/scan.c", "account/account.h"),
            ("account/verify.c", "mbox/mbox.h"),
            ("pop3/wire.c", "account/account.h"),
            ("pop3/wire.c", "daemon/options.h"),
            ("delivery/deliver.c", "pop3/pop3.h"),
            ("delivery/deliver.c", "mbox/private.h"),
            ("daemon/login.c", "delivery/delivery.h"),
            ("daemon/login.c", "pop3/private.h"),
            ("support/log.c", "mbox/mbox.h"),
            ("support/log.h", "config.h"),
            ("gnu-pop3d.c", "mbox/mbox.h"),
            ("daemon/login.c", "check/check.h"),
            ("check/login.c", "mbox/private.h"),
            ("gnu-pop3d.c", "daemon/private.h"),
            ("mbox/scan.c", "scan.h"),
            ("mbox/scan.c", "../pop3/wire.h")):
        text = f'#include "config.h"\n  #  include "{header}"\n'
        assert len(faults(path, text)) >= 1, (path, header)
    for path, header in (
            ("mbox/scan.c", "mbox/private.h"),
            ("pop3/pop3.h", "account/credentials.h"),
            ("daemon/login.c", "account/account.h"),
            ("daemon/login.c", "mbox/mbox.h"),
            ("gnu-pop3d.c", "daemon/options.h")):
        equal(faults(path, f'#include "{header}"\n'), [], path)


tap.main()
