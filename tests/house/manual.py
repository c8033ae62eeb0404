"""What --help says and what the manual pages say is the same."""

import re
import subprocess

import tap
from house import DAEMON, SOURCE, VIRTDOMAIN, VIRTUAL
from tap import case, equal

PROGRAMS = {"gnu-pop3d": DAEMON, "virtual": VIRTUAL,
            "virtdomain": VIRTDOMAIN}
LONG = re.compile(r"--[a-z0-9][a-z0-9-]*")
SHORT = re.compile(r"(?<![\w-])-([A-Za-z])(?![\w-])")


def help_text(program):
    result = subprocess.run([PROGRAMS[program], "--help"], timeout=30,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, check=False)
    equal(result.returncode, 0, f"{program} --help")
    equal(result.stderr, "", f"{program} --help on standard error")
    return result.stdout


def options_of_help(text):
    """The long and short names at the start of each line of an option."""
    lines = [line for line in text.splitlines()
             if re.match(r"\s+-", line)]
    # Two blanks part the names from what they mean.
    names = " ".join(re.split(r" {2,}", line.strip())[0]
                     if line.strip().count("  ") else line for line in lines)
    return set(LONG.findall(names)), set(SHORT.findall(names))


def page(program):
    """The page without comments and the marks of roff."""
    text = (SOURCE / "man" / f"{program}.8").read_text()
    text = re.sub(r'^[.\']\s*\\".*$', "", text, flags=re.MULTILINE)
    # mdoc writes "Fl -long" or "Fl \-long"; man writes "\-\-long".
    text = text.replace("\\-", "-").replace("\\&", "")
    return re.sub(r"\bFl\s+(?=\S)", "-", text)


def options_of_page(text):
    """The names that the page explains: in the tag of a list item."""
    tags = []
    lines = text.splitlines()
    for i, line in enumerate(lines):
        if re.match(r"\.It\b", line):
            tags.append(line)
        elif re.match(r"\.(TP|TQ)\b", line) and i + 1 < len(lines):
            tags.append(lines[i + 1])
        elif re.match(r"\.IP\b", line):
            tags.append(line)
    tag = re.sub(r"\\f[BIRP]", "", "\n".join(tags))
    return set(LONG.findall(tag))


def compare(program):
    shown, _ = options_of_help(help_text(program))
    assert len(shown) >= 5, shown
    explained = options_of_page(page(program))
    equal(sorted(shown - explained), [], "in --help but not in the page")
    equal(sorted(explained - shown), [], "in the page but not in --help")


@case("every option in gnu-pop3d --help is in gnu-pop3d(8), and the reverse")
def _():
    compare("gnu-pop3d")


@case("every option in virtual --help is in virtual(8), and the reverse")
def _():
    compare("virtual")


@case("every option in virtdomain --help is in virtdomain(8), and the reverse")
def _():
    compare("virtdomain")


@case("every command in virtdomain --help is in virtdomain(8), and the reverse")
def _():
    shown = set(re.findall(r"(?m)^(\w+) .*[A-Z]", help_text("virtdomain")))
    shown &= {*re.findall(r"[A-Z]{6}|[a-z]{3,}", " ".join(shown))}
    assert len(shown) >= 7, shown
    equal(set(re.findall(r"(?m)^\.It Cm (\w+)", page("virtdomain"))), shown)


@case("every short option in --help is in its page")
def _():
    for program in PROGRAMS:
        _, short = options_of_help(help_text(program))
        assert "h" in short and "v" in short, short
        text = re.sub(r"\\f[BIRP]", "", page(program))
        for letter in short:
            assert re.search(rf"(?<![\w-])-{letter}(?![\w-]|\w)", text) or \
                re.search(rf"(?<![\w-])-{letter}\b", text), \
                f"{program}: -{letter}"


@case("--help fits 80 columns and 48 lines")
def _():
    for program in PROGRAMS:
        lines = help_text(program).splitlines()
        assert 5 < len(lines) <= 48, f"{program}: {len(lines)} lines"
        equal([line for line in lines if len(line) > 80], [], program)


@case("every option in --help is known to the program")
def _():
    for program, path in PROGRAMS.items():
        shown, _ = options_of_help(help_text(program))
        for option in sorted(shown):
            result = subprocess.run(
                [path, option, "--help"], timeout=30, check=False,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, text=True)
            for word in ("unrecogni", "unknown option", "ambiguous"):
                assert word not in result.stdout.lower(), \
                    f"{program} {option}: {result.stdout:.200}"


@case("--version names the program and its version")
def _():
    for program, path in PROGRAMS.items():
        result = subprocess.run([path, "--version"], timeout=30, check=False,
                                stdout=subprocess.PIPE, text=True)
        equal(result.returncode, 0, program)
        assert re.match(r"[\w-]+ .*\d+\.\d+\.\d+\n", result.stdout), \
            result.stdout


tap.main()
