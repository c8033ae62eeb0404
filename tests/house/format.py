"""How source files look: length, columns, blanks; and clang-format's word."""

import shutil
import subprocess

import tap
from house import SOURCE
from tap import Skip, case, equal

SRC = SOURCE / "src"
TESTS = SOURCE / "tests/unit", SOURCE / "tests/fuzz"
MOST_LINES = 400
MOST_COLUMNS = 80


def sources(*tops):
    found = []
    for top in tops:
        files = sorted(top.rglob("*.[ch]"))
        assert len(files) > 15, f"only {len(files)} files below {top}"
        found += files
    return found


def faults(text):
    """Of one file: (line, what)."""
    result = []
    lines = text.split("\n")
    if len(lines) - 1 > MOST_LINES:
        result.append((len(lines) - 1, "too many lines"))
    if not text.endswith("\n") or text.endswith("\n\n"):
        result.append((len(lines), "does not end in one line end"))
    for number, line in enumerate(lines, 1):
        if len(line.expandtabs(8)) > MOST_COLUMNS:
            result.append((number, "too long"))
        if line != line.rstrip():
            result.append((number, "blanks at the end"))
        for word in ("TODO", "FIXME", "XXX"):
            # mkstemp(3) wants its six.
            if word in line.replace("XXXXXX", ""):
                result.append((number, word))
    return result


def all_faults(paths):
    return [f"{path.relative_to(SOURCE)}:{number}: {what}"
            for path in paths
            for number, what in faults(path.read_text())]


@case("source files: 400 lines, 80 columns, no blanks at line ends, no TODO")
def _():
    equal(all_faults(sources(SRC)), [])


@case("unit tests and fuzz targets keep the same rules")
def _():
    equal(all_faults(sources(*TESTS)), [])


@case("breaches of these rules are caught")
def _():
    equal(faults("a\n" * 400), [])
    equal(faults("a\n" * 401), [(401, "too many lines")])
    equal(faults("\t" + "x" * 72 + "\n"), [])
    equal(faults("\t" + "x" * 73 + "\n"), [(1, "too long")])
    equal(faults("a\nb \n"), [(2, "blanks at the end")])
    equal(faults("/* FIXME */\n"), [(1, "FIXME")])
    equal(faults('"spool.XXXXXX"\n'), [])
    equal(faults("a"), [(1, "does not end in one line end")])


def clang_format(paths):
    program = shutil.which("clang-format") or shutil.which("clang-format-14")
    if program is None:
        raise Skip("clang-format is not installed")
    result = subprocess.run(
        [program, "--dry-run", "-Werror", "--style=file", *paths],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        cwd=SOURCE, timeout=300, check=False)
    equal((result.returncode, result.stdout), (0, ""))


@case("clang-format would leave src as it is")
def _():
    clang_format(sources(SRC))


@case("clang-format would leave unit tests and fuzz targets as they are")
def _():
    clang_format(sources(*TESTS))


tap.main()
