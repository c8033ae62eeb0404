"""contrib/bash-completion with a real bash: all options of --help, and the
values that the sources know."""

import os
import pathlib
import re
import shutil
import subprocess

import tap
from house import DAEMON, House, SOURCE, VIRTDOMAIN, VIRTUAL
from postfix import need_program
from tap import Skip, case, equal
from terminal import run_in_terminal

COMPLETION = SOURCE / "contrib" / "bash-completion"
LOADER = "/usr/share/bash-completion/bash_completion"
ASK = """
. "$FILE" || exit
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_gnu_pop3d "$1" "${!#}" "${@:$#-1:1}" || exit
printf '%s\\n' "${COMPREPLY[@]}"
"""


def bash(script, *words, **environment):
    done = subprocess.run(
        [need_program("bash"), "--norc", "-c", script, "bash", *map(str, words)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60,
        check=False, env={"PATH": os.environ["PATH"], **environment})
    equal((done.returncode, done.stderr), (0, ""))
    return done.stdout.split()


def complete(*words, file="gnu-pop3d"):
    """What bash offers for the last word."""
    return bash(ASK, *words, FILE=str(COMPLETION / file))


def long_options(program):
    """Those of the table in the source, which getopt_long(3) takes."""
    source = {DAEMON: "daemon/options.c", VIRTUAL: "delivery/arguments.c",
              VIRTDOMAIN: "admin/arguments.c"}
    text = (SOURCE / "src" / source[program]).read_text()
    table = text[text.index("struct option long_options[]"):]
    return dict(re.findall(
        r'\{ "([a-z0-9-]+)",\s*(no|required|optional)_argument',
        table[:table.index("};")]))


@case("each option in --help completes, with = if it needs a value")
def _():
    for program, file in ((DAEMON, "gnu-pop3d"), (VIRTUAL, "virtual"),
                          (VIRTDOMAIN, "virtdomain")):
        text = subprocess.run([program, "--help"], stdout=subprocess.PIPE,
                              text=True, check=True).stdout
        named = re.findall(r"^ +(?:-., )?--([a-z0-9-]+)", text, re.M)
        assert len(named) >= 7, named
        kinds = long_options(program)
        wanted = sorted(
            f"--{name}" + ("=" if kinds[name] == "required" else "")
            for name in named)
        equal(sorted(complete(program, "--", file=file)), wanted)
        equal(sorted(complete(program, "-", file=file)), wanted)
    equal(complete(DAEMON, "--uid"), ["--uidl="])
    equal(complete(DAEMON, "nothing"), [])


@case("values complete behind = and behind a blank")
def _():
    yes_no = ["yes", "no"]
    for option, values in (("--fsync", yes_no), ("--sandbox", yes_no),
                           ("--challenges", ["auto", *yes_no]),
                           ("--lock", ["dotlock", "fcntl", "flock"])):
        equal(complete(DAEMON, option, "="), values)
        equal(complete(DAEMON, option, "=", ""), values)
        equal(complete(DAEMON, option, ""), values)
        equal(complete(DAEMON, option, "=", values[0][:2]), [values[0]])
    equal(complete(VIRTUAL, "--lock", "=", "dotlock,f", file="virtual"),
          ["dotlock,fcntl", "dotlock,flock"])
    equal(complete(DAEMON, "--login-user", "=", "nobod"), ["nobody"])
    equal(complete(DAEMON, "--port", "="), [])


@case("languages and formats of ids are those of the sources")
def _():
    languages = sorted(path.stem for path in
                       (SOURCE / "src/pop3/languages").glob("*.def"))
    equal(sorted(complete(DAEMON, "--language", "=")), languages)
    text = (SOURCE / "src/mbox/uidl.c").read_text()
    table = text[text.index("formats[] = {"):]
    formats = re.findall(r'^\t\{ "([a-z0-9.-]+)"', table[:table.index("};")],
                         re.M)
    assert "own" in formats, formats
    equal(complete(DAEMON, "--uidl", "="), formats)


@case("the commands of virtdomain complete, as its --help has them")
def _():
    text = subprocess.run([VIRTDOMAIN, "--help"], stdout=subprocess.PIPE,
                          text=True, check=True).stdout
    commands = re.findall(r"(?m)^(CREATE|DELETE|[a-z]+) .*[A-Z]{4}", text)
    script = ASK.replace("_gnu_pop3d", "_virtdomain")
    offered = bash(script, "virtdomain", "", FILE=str(COMPLETION / "virtdomain"))
    equal(sorted(offered), sorted({*commands} - {"is"}))
    equal(bash(script, "virtdomain", "-n", "pa",
               FILE=str(COMPLETION / "virtdomain")), ["passwd"])


@case("directories and files complete, also with blanks in their names")
def _():
    with House() as house:
        top = house.root / "top"
        (top / "a directory").mkdir(parents=True)
        (top / "file").touch()
        for option in ("--mail-spool", "--virtual-dir", "--virtual-spool",
                       "--state-dir"):
            equal(complete(DAEMON, option, "=", f"{top}/"),
                  f"{top}/a directory".split())
        equal(sorted(complete(DAEMON, "--pid-file", f"{top}/")),
              sorted(f"{top}/a directory {top}/file".split()))


TYPED = """\
PS1= PS2=; bind 'set bell-style none'
. '{file}'
x() {{ [[ $1 != --help ]] || exec '{daemon}' --help; printf '<%s>' "$@"; }}
complete -F _gnu_pop3d x
x --uidl=sol\t
x --loc\tdot\t --sandbox n\t
exit
"""


@case("TAB does so in a real bash")
def _():
    need_program("bash")
    typed = TYPED.format(file=COMPLETION / "gnu-pop3d", daemon=DAEMON)
    shown = run_in_terminal(
        ["bash", "--norc", "--noprofile", "-i"],
        {"PATH": os.environ["PATH"], "TERM": "dumb"}, urge=typed.encode())
    for words in (b"<--uidl=solid-pop3d>", b"<--lock=dotlock><--sandbox><no>"):
        assert words in shown, shown


@case("bash-completion finds and loads it by the name of each program")
def _():
    if not pathlib.Path(LOADER).exists():
        raise Skip("bash-completion is not installed")
    with House() as house:
        place = house.root / "share" / "bash-completion" / "completions"
        place.mkdir(parents=True)
        for name in ("gnu-pop3d", "virtual", "virtdomain"):
            shutil.copy(COMPLETION / name, place)
            loaded = bash(
                '. "$LOADER"; _completion_loader "$1"; complete -p "$1"',
                name, LOADER=LOADER, XDG_DATA_DIRS=str(house.root / "share"))
            function = "_virtdomain" if name == "virtdomain" else "_gnu_pop3d"
            equal(loaded, ["complete", "-F", function, name])


tap.main()
