"""Headers compile alone; the programs link nothing but the C library."""

import os
import re
import shlex
import shutil
import subprocess

import tap
from house import BUILD, DAEMON, SOURCE, VIRTUAL
from tap import Skip, case, equal

CC = shlex.split(os.environ.get("CC") or "cc")


def compiler():
    if shutil.which(CC[0]) is None:
        raise Skip(f"no compiler {CC[0]}")
    return CC


def compile_alone(text, *options):
    return subprocess.run(
        [*compiler(), "-std=gnu11", "-fsyntax-only", "-Wall", "-Wextra",
         "-Werror", f"-I{SOURCE}/src", f"-I{BUILD}", *options,
         "-x", "c", "-"],
        input=text, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, timeout=60, check=False)


@case("every header compiles alone, and twice")
def _():
    headers = sorted((SOURCE / "src").rglob("*.h"))
    assert len(headers) > 20, headers
    for path in headers:
        name = path.relative_to(SOURCE / "src")
        result = compile_alone(
            f'#include "config.h"\n#include "{name}"\n#include "{name}"\n')
        equal((result.returncode, result.stdout), (0, ""), str(name))


@case("a header that leans on another is caught")
def _():
    result = compile_alone('#include "config.h"\nvoid f(const struct stat *);\n'
                           "size_t g(void);\n")
    assert result.returncode != 0


def needed(program):
    if shutil.which("readelf") is None:
        raise Skip("readelf is not installed (package binutils)")
    result = subprocess.run(["readelf", "-d", program], text=True,
                            stdout=subprocess.PIPE, timeout=60, check=True)
    return set(re.findall(r"\(NEEDED\).*\[(.*?)\]", result.stdout))


@case("the programs need no library but libc and libcrypt")
def _():
    for program in (DAEMON, VIRTUAL):
        libraries = {re.sub(r"\.so.*", "", name) for name in needed(program)}
        assert "libc" in libraries, f"{program}: {libraries}"
        # What the sanitizers bring along is not ours.
        extra = libraries - {"libc", "libcrypt", "ld-linux-x86-64",
                             "ld-linux-aarch64"}
        if "libasan" in extra:
            extra -= {"libasan", "libubsan", "libm", "libgcc_s", "libdl",
                      "librt", "libpthread", "libresolv"}
        equal(extra, set(), str(program))


tap.main()
