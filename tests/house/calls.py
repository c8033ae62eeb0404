"""What no source file may call, and what only one may."""

import re

import tap
from house import SOURCE
from tap import case, equal

SRC = SOURCE / "src"

FORBIDDEN = ("strcpy", "strcat", "stpcpy", "strncat", "sprintf", "vsprintf",
             "strtok", "strtok_r", "atoi", "atol", "atoll", "atof", "gets",
             "system", "popen", "mktemp", "tmpnam", "tempnam", "scanf", "sscanf", "fscanf",
             "select", "alloca", "rand", "srand")
IDENTITY = ("setuid", "setgid", "seteuid", "setegid", "setreuid", "setregid",
            "setresuid", "setresgid", "setfsuid", "setfsgid", "setgroups",
            "initgroups", "unshare", "setns", "capset")
ENCLOSE = ("chroot", "pivot_root")
EXECUTE = ("execl", "execle", "execlp", "execv", "execve", "execvp",
           "execvpe", "fexecve", "execveat", "posix_spawn", "posix_spawnp")
MEMORY = ("mmap", "mremap", "shmat", "memfd_create", "shm_open")
LOG = ("syslog", "vsyslog", "openlog", "closelog", "setlogmask")

NOT_CODE = re.compile(
    r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'',
    re.DOTALL)


def code(text):
    """Without comments, texts and the lines of #include; lines stay."""
    text = NOT_CODE.sub(lambda match: "\n" * match[0].count("\n"), text)
    return re.sub(r"^\s*#\s*include[^\n]*", "", text, flags=re.MULTILINE)


def calls(text, names):
    """(line, name) of each use of a name, called or not."""
    pattern = re.compile(r"(?<![\w.>])(%s)\s*(?=\()" % "|".join(names))
    return [(number, name)
            for number, line in enumerate(code(text).split("\n"), 1)
            for name in pattern.findall(line)]


def found(names, allowed=()):
    result, count = [], 0
    for path in sorted(SRC.rglob("*.[ch]")):
        count += 1
        name = str(path.relative_to(SRC))
        if name not in allowed:
            result += [f"{name}:{number}: {call}" for number, call
                       in calls(path.read_text(), names)]
    assert count > 60, f"only {count} files below {SRC}"
    return result


@case("row 57: no call that overflows, guesses or starts a shell")
def _():
    equal(found(FORBIDDEN), [])


@case("row 57: programs are executed at two places: support/program.c, for who "
      "serves nobody, and daemon/receipt.c")
def _():
    places = ("support/program.c", "daemon/receipt.c")
    equal(found(EXECUTE, places), [])
    equal([name for place in places for _, name in calls(
        (SRC / place).read_text(), EXECUTE)], ["execve", "execve"])
    users = {str(path.relative_to(SRC)).split("/")[0]
             for path in SRC.rglob("*.c")
             if '"support/program.h"' in path.read_text()}
    equal(users, {"support", "check", "admin"})


@case("identity changes only in support/identity.c")
def _():
    equal(found(IDENTITY, ("support/identity.c",)), [])
    assert calls((SRC / "support/identity.c").read_text(), IDENTITY)


@case("processes are shut into a directory only by daemon/privilege.c")
def _():
    equal(found(ENCLOSE, ("daemon/privilege.c",)), [])
    assert calls((SRC / "daemon/privilege.c").read_text(), ENCLOSE)


@case("memory is mapped only for the login cache, and never a file, which "
      "somebody could make shorter")
def _():
    equal(found(MEMORY, ("account/cache.c",)), [])
    text = code((SRC / "account/cache.c").read_text())
    equal([name for _, name in calls(text, MEMORY)], ["mmap"])
    assert re.search(r"mmap\([^;]*MAP_SHARED \| MAP_ANONYMOUS, -1, 0\);", text)


@case("log lines leave only through support/log.c")
def _():
    equal(found(LOG, ("support/log.c",)), [])
    assert calls((SRC / "support/log.c").read_text(), LOG)


@case("forged calls are caught, comments and texts are not")
def _():
    text = '/* strcpy(a, b) */ "system(x)"; // gets(x)\nx = strcpy (a, b);\n'
    equal(calls(text, FORBIDDEN), [(2, "strcpy")])
    equal(calls("\n\tif (system(x))\n", FORBIDDEN), [(2, "system")])
    equal(calls("my_system(x); a.system(x); text_strcpy(x)", FORBIDDEN), [])
    equal(calls("'\"' + setuid(0) + '\"'", IDENTITY), [(1, "setuid")])


tap.main()
