"""contrib/mkpwd.pl: its hashes are right for our daemon, and files stay what
they are but for the line that is meant."""

import os
import pty
import re
import select
import stat
import subprocess
import termios

import tap
from house import GROUP, IS_ROOT, OWNER, House, SOURCE, hash_of
from postfix import need_program
from tap import Skip, case, equal

SCRIPT = SOURCE / "contrib" / "mkpwd.pl"
METHODS = {"yescrypt": ("$y$j75$", 1), "gost-yescrypt": ("$gy$j75$", 1),
           "scrypt": ("$7$BU..../....", 6), "bcrypt": ("$2b$04$", 4),
           "sha512": ("$6$rounds=1000$", 1000),
           "sha256": ("$5$rounds=1000$", 1000),
           "sha1": ("$sha1$99$", 99), "sunmd5": ("$md5,rounds=4096$", 4096),
           "md5": ("$1$", 1000), "bsdi": ("{CRYPT}_/...", 1),
           "des": ("{CRYPT}", 25), "plain": ("secret", 1)}
FILE = (b"# users of the domain\n\nann:plain text:1001:1001:Ann::\r\n"
        b"broken line\nbob:abJnggxhB/yWI\n"
        b"Eve:$6$salt$x:1001:1001:::\nann:second:1001:1001:::\nlast:!x:1:1:::")


def mkpwd(*arguments, secret="secret", status=0):
    """Runs the script; its output and what it said."""
    done = subprocess.run(
        [need_program("perl"), str(SCRIPT), *arguments], input=secret + "\n",
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60,
        check=False)
    equal(done.returncode, status, done.stderr)
    return done.stdout, done.stderr


def hash_by(method, cost, secret="secret"):
    return mkpwd("--stdin", f"-m{method}", f"-c{cost}",
                 secret=secret)[0].rstrip("\n")


# ---- hashes -----------------------------------------------------------------

@case("crypt(3) has all methods here")
def _():
    names = [line.split()[0] for line in mkpwd("--methods")[0].splitlines()]
    equal(names, sorted(name for name in METHODS if name != "plain"))


@case("a hash of each method has its form and cost, and lets in at our daemon "
      "with this password only")
def _():
    with House() as house:
        for method, (start, cost) in METHODS.items():
            field = hash_by(method, cost)
            assert field.startswith(start), field
            house.add_user(method, "kvt.dk", field)
        logins = [(f"{method}@kvt.dk", secret) for method in METHODS
                  for secret in ("secret", "Secret")]
        for login, attempt in zip(logins, house.attempts(logins)):
            equal(attempt.reply.startswith(b"+OK"), login[1] == "secret",
                  (login, attempt.reply))


@case("the usual method is yescrypt; two hashes differ; costs out of bounds "
      "are refused")
def _():
    one, two = (mkpwd("--stdin")[0] for _ in range(2))
    assert one.startswith("$y$j9T$") and one != two, (one, two)
    for arguments in (("-mbcrypt", "-c3"), ("-msha512", "-c999"), ("-mnone",)):
        mkpwd("--stdin", *arguments, status=64)


@case("weak methods, and passwords on the command line, give a warning")
def _():
    for method in ("des", "bsdi", "md5", "sha1", "sunmd5"):
        assert f"warning: {method}: " in mkpwd("--stdin", f"-m{method}")[1]
    assert "only eight characters" in mkpwd("--stdin", "-mdes")[1]
    equal(mkpwd("--stdin", "-msha512", "-c1000")[1], "")
    assert "warning: others can see" in mkpwd("--password=x", "-mplain")[1]


@case("plain text is marked where the file would take it for something else")
def _():
    for secret, field in (("open sesame", "open sesame"),
                          ("$6$x", "{PLAIN}$6$x"), ("!x", "{PLAIN}!x"),
                          ("*", "{PLAIN}*"), ("x", "{PLAIN}x"),
                          ("{CRYPT}x", "{PLAIN}{CRYPT}x")):
        equal(mkpwd("--stdin", "-mplain", secret=secret)[0], field + "\n")
    mkpwd("--stdin", "-mplain", secret="a:b", status=64)
    mkpwd("--stdin", secret="", status=64)


@case("generated passwords are as strong as they say, clear to read, and "
      "right for their hash")
def _():
    for kind, form in (("random", r"[2-9a-hjkmnp-zA-HJ-NP-Z]{14}"),
                       ("pronounceable", r"([a-z]{6}-){4}[a-z]{2}")):
        field, told = mkpwd(f"--generate={kind}", "-msha512", "-c1000")
        found = re.fullmatch(r"password: (\S+) \((\d+) bits\)\n", told)
        assert found and re.fullmatch(form, found[1]), told
        assert 80 <= int(found[2]) < 90, told
        with House() as house:
            house.add_user("joe", "kvt.dk", field.rstrip("\n"))
            reply = house.attempts([("joe@kvt.dk", found[1])])[0].reply
            assert reply.startswith(b"+OK"), reply
    made = {mkpwd("-g", "-mplain", "--bits=40")[0] for _ in range(20)}
    equal(len(made), 20)
    equal({len(password) for password in made}, {8})


# ---- the terminal -----------------------------------------------------------

def at_terminal(answers):
    """What the terminal shows, and the status."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execlp("perl", "perl", str(SCRIPT), "-mplain")
    shown = b""
    try:
        for answer in (*answers, None):
            while not shown.endswith(b": ") or answer is None:
                if not select.select([terminal], [], [], 30)[0]:
                    raise AssertionError(shown)
                shown += os.read(terminal, 4096)
            equal(termios.tcgetattr(terminal)[3] & termios.ECHO, 0)
            os.write(terminal, answer + b"\n")
            shown += b"<>"
    except OSError:
        pass
    os.close(terminal)
    return shown, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@case("a terminal does not show the password, and asks twice")
def _():
    equal(at_terminal([b"top secret", b"top secret"]),
          (b"Password: <>\r\nAgain: <>\r\ntop secret\r\n", 0))
    shown, status = at_terminal([b"top secret", b"top"])
    equal(status, 64)
    assert b"two passwords" in shown and b"top" not in shown, shown


# ---- files ------------------------------------------------------------------

class File:
    """A passwd file in a domain of a house."""

    def __init__(self, house, mode=0o640):
        house.add_domain("kvt.dk")
        self.directory = house.virtual / "kvt.dk"
        self.path = self.directory / "passwd"
        self.path.write_bytes(FILE)
        self.path.chmod(mode)

    def run(self, user, *arguments, **more):
        return mkpwd("-f", str(self.path), "-u", user, *arguments, **more)

    def text(self):
        equal(os.listdir(self.directory), ["passwd"])
        return self.path.read_bytes()


@case("add puts a line at the end, of two or of seven fields")
def _():
    with House() as house:
        file = File(house)
        file.run("Joe", "--add", "--stdin", "-mplain", "--uid=1001",
                 "--gid=1002", "--gecos=Joe Doe")
        equal(file.text(), FILE + b"\njoe:secret:1001:1002:Joe Doe:.:\n")
        file.run("tom", "--add", "--stdin", "-mplain")
        equal(file.text(), FILE + b"\njoe:secret:1001:1002:Joe Doe:.:\n"
              b"tom:{PLAIN}secret\n")
        for user in ("joe", "eve", "../x", ".x", "a:b", "x.lock", "a" * 65):
            before = file.text()
            file.run(user, "--add", "--stdin", status=64)
            equal(file.text(), before)


@case("replace, lock, unlock and remove leave the octets of all other lines")
def _():
    with House() as house:
        file = File(house)
        file.run("bob", "--replace", "--stdin", "-mplain")
        equal(file.text(), FILE.replace(b"abJnggxhB/yWI", b"{PLAIN}secret"))
        told = file.run("ann", "--replace", "--stdin", "-mplain")[1]
        assert "is there 2 times" in told, told
        changed = FILE.replace(b"abJnggxhB/yWI", b"{PLAIN}secret").replace(
            b"plain text", b"secret")
        equal(file.text(), changed)
        file.run("ann", "--lock")
        equal(file.text(), changed.replace(b"ann:", b"ann:!"))
        file.run("ann", "--lock")
        file.run("ann", "--unlock")
        equal(file.text(), changed)
        file.run("eve", "--remove")
        equal(file.text(),
              changed.replace(b"Eve:$6$salt$x:1001:1001:::\n", b""))
        file.run("ann", "--remove")
        equal(file.text(), b"# users of the domain\n\nbroken line\n"
              b"bob:{PLAIN}secret\nlast:!x:1:1:::")
        file.run("nobody", "--remove", status=64)


@case("verify says by its status what our daemon would say")
def _():
    with House() as house:
        lines = {"plain": "secret", "marked": "{PLAIN}secret",
                 "hash": hash_by("sha512", 1000),
                 "des": "{CRYPT}abJnggxhB/yWI", "text": "abJnggxhB/yWI",
                 "locked": "!secret", "star": "*", "x": "x", "bad": "$9$x",
                 "empty": ""}
        for user, field in lines.items():
            house.add_user(user, "kvt.dk", field)
        for user, field in (("short", hash_of("secret", "")),
                            ("short-marked", "{PLAIN}secret"),
                            ("short-text", "secret")):
            house.add_line("kvt.dk", f"{user}:{field}")
            lines[user] = field
        path = house.virtual / "kvt.dk" / "passwd"
        secrets = ("secret", "abJnggxhB/yWI", "x", "!secret", "$9$x", "*0")
        logins = [(user, secret) for user in lines for secret in secrets]
        attempts = house.attempts(
            [(f"{user}@kvt.dk", secret) for user, secret in logins])
        for (user, secret), attempt in zip(logins, attempts):
            mkpwd("-f", str(path), "-u", user, "--verify", "--stdin",
                  secret=secret,
                  status=0 if attempt.reply.startswith(b"+OK") else 1)
        mkpwd("-f", str(path), "-u", "nobody", "--verify", "--stdin",
              status=64)


@case("mode, owner and a symbolic link stay; a lock of another is respected")
def _():
    with House() as house:
        file = File(house)
        real = house.root / "real"
        file.path.rename(real)
        file.path.symlink_to(real)
        if IS_ROOT:
            os.chown(real, OWNER, GROUP)
        file.run("ann", "--lock")
        status = real.stat()
        equal((stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid),
              (0o640, OWNER, GROUP))
        assert file.path.is_symlink()
        equal(real.read_bytes(), FILE.replace(b"ann:", b"ann:!"))
        lock = house.root / "real.new"
        lock.write_text("of another")
        told = file.run("ann", "--unlock", status=64)[1]
        assert "another program works on it" in told, told
        equal(lock.read_text(), "of another")
        equal(real.read_bytes(), FILE.replace(b"ann:", b"ann:!"))


@case("in a directory of another user, root works with his rights")
def _():
    if not IS_ROOT:
        raise Skip("only root can become another user")
    with House() as house:
        file = File(house)
        house.own(file.directory)
        house.own(file.path)
        file.run("ann", "--lock")
        equal(file.path.stat().st_uid, OWNER)
        os.chown(file.path, 0, 0)
        told = file.run("ann", "--unlock", status=64)[1]
        assert "Permission denied" in told or "cannot belong" in told, told
        equal(file.text(), FILE.replace(b"ann:", b"ann:!"))
        equal(file.path.stat().st_uid, 0)


@case("a full disk leaves the file as it was")
def _():
    with House() as house:
        file = File(house)
        done = subprocess.run(
            ["sh", "-c", 'ulimit -f 0; trap "" XFSZ; exec "$@"', "sh", "perl",
             str(SCRIPT), "-f", str(file.path), "-u", "ann", "--lock"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        equal(done.returncode, 64)
        assert b"File too large" in done.stderr, done.stderr
        equal(file.text(), FILE)


tap.main()
