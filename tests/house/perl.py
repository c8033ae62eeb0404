"""Perl scripts of contrib: they compile, need nothing but Perl 5.30, are
what perlcritic calls stern, and their --help fits on a screen."""

import pathlib
import re
import shutil
import subprocess

import tap
from house import SOURCE
from tap import Skip, case, equal

CONTRIB = SOURCE / "contrib"
# Loaded only where it is needed, and said so in README.
OPTIONAL = {"IO::Socket::SSL"}
# Rules that ask for modules from elsewhere, or that contradict the way we
# write: "open ... or die", modes in octal, handles that are kept.
LEFT_OUT = ("ProhibitInteractiveTest", "ProhibitExplicitStdin",
            "ProhibitMixedBooleanOperators", "ProhibitLeadingZeros",
            "RequireBriefOpen", "RequireLocalizedPunctuationVars",
            "RequireFinalReturn")


def scripts():
    return [path for path in sorted(CONTRIB.iterdir()) if path.is_file() and
            path.read_bytes().startswith(b"#!/usr/bin/perl\n")]


def modules():
    return sorted((CONTRIB / "lib").glob("*.pm"))


def run(*command):
    program = shutil.which(command[0])
    if program is None:
        raise Skip(f"{command[0]} is not installed")
    return subprocess.run(
        [program, *map(str, command[1:])], stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=120, check=False)


@case("each script and module compiles without a warning")
def _():
    equal(len(scripts()) >= 4 and len(modules()) >= 6, True)
    for path in scripts() + modules():
        text = path.read_text()
        assert "\nuse strict;\nuse warnings;\n" in text, path
        done = run("perl", f"-I{CONTRIB}/lib", "-wc", path)
        equal(done.stdout, f"{path} syntax OK\n")


@case("the modules that are used are ours or Perl's own, of 5.30")
def _():
    ours = {path.stem for path in modules()}
    names = set()
    for path in scripts() + modules():
        names |= set(re.findall(r"\b(?:use|require) ([A-Z][\w:]*)",
                                path.read_text()))
    names -= ours | OPTIONAL
    assert "IO::Socket::IP" in names, names
    done = run("perl", "-MModule::CoreList", "-e",
               "print map { qq($_\n) } grep { !Module::CoreList::is_core("
               "$_, undef, 5.030000) } @ARGV", *sorted(names))
    equal(done.stdout, "")


@case("perlcritic finds nothing at the level stern")
def _():
    done = run("perlcritic", "--noprofile", "--stern", "--quiet",
               *(f"--exclude={rule}" for rule in LEFT_OUT),
               *scripts(), *modules())
    equal(done.stdout, "")


@case("--help has at most 40 lines of 80 characters; files have 400")
def _():
    for path in scripts():
        done = run("perl", path, "--help")
        lines = done.stdout.splitlines()
        assert done.returncode == 0 and 5 < len(lines) <= 40, (path, lines)
        equal([line for line in lines if len(line) > 80], [])
        assert lines[0].startswith(f"Usage: {path.name} "), lines[0]
    for path in scripts() + modules():
        lines = pathlib.Path(path).read_text().splitlines()
        assert len(lines) <= 400, path
        equal([line for line in lines if len(line) > 90], [], path)


tap.main()
