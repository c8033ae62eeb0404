"""make install-pop3s and configure --enable-pop3s, below a directory."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import tap
from house import BUILD, SOURCE
from postfix import need_program
from tap import case, equal
from tunnels import KINDS

ETC = "etc/gnu-pop3d/"
UNITS = "usr/lib/systemd/system/gnu-pop3d-pop3s."
SCRIPTS = {ETC + "make-sample-cert", ETC + "renew-hook"}
FILES = {
    "systemd": {UNITS + "socket", UNITS + "service"},
    "xinetd": {"etc/xinetd.d/gnu-pop3d-pop3s"},
}


def files_of(kind):
    return {f"{ETC}pop3s-{kind}.conf"} | FILES.get(kind, set()) | SCRIPTS


# ---- make install-pop3s ------------------------------------------------------

class Place:
    """A directory below which make installs."""

    def __init__(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="gnu-pop3d-test."))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.root)

    def make(self, *words, expect=0):
        done = subprocess.run(
            [need_program("make"), "-C", BUILD, f"DESTDIR={self.root}",
             "prefix=/usr", "sysconfdir=/etc", *words],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=120, check=False, env={"PATH": os.environ["PATH"]})
        equal(done.returncode, expect, done.stdout)
        return done.stdout

    def files(self):
        return {str(path.relative_to(self.root))
                for path in self.root.rglob("*") if not path.is_dir()}


@case("each set-up is installed with its files and the scripts")
def _():
    for kind in KINDS:
        with Place() as place:
            place.make("install-pop3s", f"POP3S={kind}")
            equal(place.files(), files_of(kind), kind)
            for name in place.files():
                path = place.root / name
                equal(oct(path.stat().st_mode & 0o777),
                      "0o755" if name in SCRIPTS else "0o644", name)


@case("all paths are those of the installation")
def _():
    with Place() as place:
        place.make("install-pop3s", "POP3S=" + " ".join(KINDS),
                   "STUNNEL=/opt/stunnel", "STUNNEL_USER=tls")
        text = "".join((place.root / name).read_text()
                       for name in sorted(place.files()))
        equal(re.findall(r"@\w+@", text), [])
        assert str(place.root) not in text
        for line in ("exec = /usr/sbin/gnu-pop3d\n",
                     "cert = /etc/gnu-pop3d/pop3s.pem\n",
                     "file=/etc/gnu-pop3d/pop3s.pem\n", "user=tls\n",
                     "ExecStart=/opt/stunnel /etc/gnu-pop3d/pop3s-systemd",
                     "server\t\t= /opt/stunnel\n", "User=tls\n"):
            assert line in text, line


@case("what was changed stays, and the new version is put beside it; what was "
      "not is installed again")
def _():
    with Place() as place:
        place.make("install-pop3s", "POP3S=exec")
        path = place.root / ETC / "pop3s-exec.conf"
        ours = path.read_text()
        path.write_text("mine")
        text = place.make("install-pop3s", "POP3S=exec")
        assert f"{path}: was changed, stays" in text, text
        equal(path.read_text(), "mine")
        equal(path.with_name("pop3s-exec.conf.new").read_text(), ours)
        equal(place.files(),
              files_of("exec") | {ETC + "pop3s-exec.conf.new"})


@case("uninstall leaves what was changed, and the key; else nothing")
def _():
    with Place() as place:
        place.make("install-pop3s", "POP3S=" + " ".join(KINDS))
        place.make("uninstall-pop3s")
        equal(place.files(), set())
        place.make("install-pop3s", "POP3S=proxy stls")
        (place.root / ETC / "pop3s-stls.conf").write_text("mine")
        (place.root / ETC / "pop3s.pem").write_text("key")
        place.make("install-pop3s", "POP3S=proxy stls")
        place.make("uninstall-pop3s")
        equal(place.files(), {ETC + "pop3s-stls.conf", ETC + "pop3s.pem"})


@case("units lie where systemd looks, whatever the prefix, and the link by "
      "which the socket was enabled goes with them")
def _():
    for prefix, directory in (("/usr/local", "usr/local/lib/systemd/system"),
                              ("/opt/pop3", "etc/systemd/system")):
        with Place() as place:
            words = (f"prefix={prefix}", "POP3S=systemd")
            place.make("install-pop3s", *words)
            socket = place.root / directory / "gnu-pop3d-pop3s.socket"
            assert socket.is_file(), place.files()
            link = (place.root / "etc/systemd/system/sockets.target.wants" /
                    socket.name)
            link.parent.mkdir(parents=True)
            link.symlink_to(f"/{directory}/{socket.name}")
            place.make("uninstall-pop3s", *words)
            equal(place.files(), set(), prefix)


@case("without a kind nothing is installed, and an unknown one is refused")
def _():
    with Place() as place:
        place.make("install-pop3s", "POP3S=")
        text = place.make("install-pop3s", "POP3S=proxy tls", expect=2)
        assert "tls: not one of: systemd proxy exec xinetd stls" in text
        equal(place.files(), set())


def configure(*words):
    """Its status, and the kinds that the Makefile has then."""
    with tempfile.TemporaryDirectory(prefix="gnu-pop3d-test.") as build:
        done = subprocess.run(
            [(SOURCE / "configure").resolve(), *words], cwd=build,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=300, check=False)
        makefile = pathlib.Path(build) / "Makefile"
        if done.returncode != 0:
            return done.returncode, done.stdout
        return 0, re.search(r"(?m)^pop3s_kinds = ?(.*)$",
                            makefile.read_text())[1]


@case("configure knows the kinds; systemd is the one without a name")
def _():
    equal(configure("--enable-pop3s"), (0, "systemd"))
    status, text = configure("--enable-pop3s=exec,tls")
    equal(status, 1)
    assert "--enable-pop3s=tls: there are systemd" in text, text


@case("systemd-analyze finds no fault in the units, and little exposure")
def _():
    program = need_program("systemd-analyze")
    with Place() as place:
        place.make("install-pop3s", "POP3S=systemd")
        unit = str(place.root / UNITS) + "service"
        done = subprocess.run(
            [program, "verify", "--man=no", unit,
             str(place.root / UNITS) + "socket"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=60, check=False)
        equal((done.returncode, done.stdout), (0, ""))
        done = subprocess.run(
            [program, "security", "--offline=true", "--threshold=20", unit],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=60, check=False)
        equal(done.returncode, 0, done.stdout[-300:])


tap.main()
