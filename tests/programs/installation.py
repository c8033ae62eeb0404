"""make install and uninstall of service files, below a directory."""

import pathlib
import re
import subprocess
import tempfile

import tap
from house import SOURCE
from machine import make
from tap import case, equal

KINDS = ("systemd systemd-socket systemd-inetd sysvinit upstart event.d inetd "
         "xinetd supervise users firewalld")
UNITS = ("gnu-pop3d-inetd.socket", "gnu-pop3d-inetd@.service",
         "gnu-pop3d-recover.service", "gnu-pop3d.service", "gnu-pop3d.socket")
EVERYWHERE = {"/etc/default/gnu-pop3d", "/etc/event.d/gnu-pop3d",
              "/etc/inetd.d/gnu-pop3d", "/etc/init.d/gnu-pop3d",
              "/etc/init/gnu-pop3d.conf", "/etc/sv/gnu-pop3d/run",
              "/etc/xinetd.d/gnu-pop3d"}


class Tree:
    """A directory into which we install."""

    def __enter__(self):
        self.holder = tempfile.TemporaryDirectory(prefix="gnu-pop3d-test.")
        self.root = pathlib.Path(self.holder.name)
        return self

    def __exit__(self, *_):
        self.holder.cleanup()

    def path(self, name):
        return self.root / name.lstrip("/")

    def write(self, name, text):
        self.path(name).parent.mkdir(parents=True, exist_ok=True)
        self.path(name).write_text(text)

    def files(self):
        return {f"/{path.relative_to(self.root)}": path.read_bytes()
                for path in self.root.rglob("*") if path.is_file()}

    def make(self, *words, prefix="/usr"):
        return make(*words, f"DESTDIR={self.root}", f"prefix={prefix}")

    def install_service(self, kinds, prefix="/usr"):
        return self.make("install-service", f"SERVICE={kinds}", prefix=prefix)


def below(directory, *names):
    return {f"{directory}/{name}" for name in names}


@case("below /usr each file has its place, and every path is filled in")
def _():
    with Tree() as tree:
        tree.install_service(KINDS)
        found = tree.files()
        equal(set(found), EVERYWHERE | below("/usr/lib/systemd/system", *UNITS)
              | {"/usr/lib/sysusers.d/gnu-pop3d.conf",
                 "/usr/lib/tmpfiles.d/gnu-pop3d.conf",
                 "/usr/lib/firewalld/services/gnu-pop3d.xml",
                 "/usr/libexec/gnu-pop3d-reload"})
        for name, text in found.items():
            equal(re.findall(rb"@[a-z]+@", text), [], name)
        modes = {name for name in found
                 if tree.path(name).stat().st_mode & 0o111}
        equal(modes, {"/etc/init.d/gnu-pop3d", "/etc/sv/gnu-pop3d/run",
                      "/usr/libexec/gnu-pop3d-reload"})


@case("below other prefixes units are where systemd looks for them")
def _():
    for prefix, place, firewall in (
            ("/usr/local", "/usr/local/lib", "/etc/firewalld"),
            ("/opt/pop", "/etc", "/etc/firewalld")):
        with Tree() as tree:
            tree.install_service(KINDS, prefix)
            found = tree.files()
            equal(set(found), EVERYWHERE
                  | below(f"{place}/systemd/system", *UNITS)
                  | {f"{place}/sysusers.d/gnu-pop3d.conf",
                     f"{place}/tmpfiles.d/gnu-pop3d.conf",
                     f"{firewall}/services/gnu-pop3d.xml",
                     f"{prefix}/libexec/gnu-pop3d-reload"})
            unit = found[f"{place}/systemd/system/gnu-pop3d.service"]
            assert f"ExecStart={prefix}/sbin/gnu-pop3d ".encode() in unit, unit


@case("options are in /etc/sysconfig, and scripts in /etc/rc.d, where these "
      "are and it is no Debian")
def _():
    with Tree() as tree:
        for directory in ("/etc/sysconfig", "/etc/default", "/etc/rc.d/init.d"):
            tree.path(directory).mkdir(parents=True)
        tree.install_service("sysvinit systemd")
        found = tree.files()
        assert "/etc/sysconfig/gnu-pop3d" in found, found.keys()
        for name in ("/etc/rc.d/init.d/gnu-pop3d",
                     "/usr/lib/systemd/system/gnu-pop3d.service"):
            assert b"/etc/sysconfig/gnu-pop3d" in found[name], name
            assert b"/etc/default" not in found[name], name
        tree.make("uninstall-service")
        equal(tree.files(), {})
    with Tree() as tree:
        tree.path("/etc/sysconfig").mkdir(parents=True)
        tree.write("/etc/debian_version", "12\n")
        tree.install_service("sysvinit")
        assert "/etc/default/gnu-pop3d" in tree.files()


@case("uninstall leaves what was there before, and nothing else")
def _():
    with Tree() as tree:
        for name in ("/etc/virtual/kvt.dk/passwd", "/var/mail/jane",
                     "/var/spool/virtual/kvt.dk/joe", "/etc/xinetd.d/pop3",
                     "/etc/inetd.conf", "/var/lib/gnu-pop3d/a.j0"):
            tree.write(name, "mine\n")
        before = tree.files()
        tree.make("install", f"SERVICES={KINDS}")
        for place, link, target in (
                ("/etc/systemd/system/multi-user.target.wants",
                 "gnu-pop3d.service",
                 "/usr/lib/systemd/system/gnu-pop3d.service"),
                ("/etc/rc2.d", "S01gnu-pop3d", "../init.d/gnu-pop3d")):
            tree.path(place).mkdir(parents=True, exist_ok=True)
            (tree.path(place) / link).symlink_to(target)
        tree.make("uninstall")
        equal(tree.files(), before)
        equal([path for path in tree.root.rglob("*") if path.is_symlink()], [])
        assert not tree.path("/etc/sv/gnu-pop3d").exists()


@case("a second install says nothing and changes nothing; configuration that "
      "was changed is kept, the new one lies beside it, and uninstall says so")
def _():
    with Tree() as tree:
        tree.install_service(KINDS)
        before = tree.files()
        assert "is kept" not in tree.install_service(KINDS)
        equal(tree.files(), before)
        for name in EVERYWHERE:
            tree.write(name, "mine\n")
        tree.write("/usr/lib/systemd/system/gnu-pop3d.service", "old\n")
        said = tree.install_service(KINDS)
        expected = dict(before)
        for name in EVERYWHERE:
            assert f"{name} is kept as it is; the new one is {name}.new." \
                in said, said
            expected[name] = b"mine\n"
            expected[f"{name}.new"] = before[name]
        equal(tree.files(), expected)
        said = tree.make("uninstall-service")
        equal(tree.files(), {name: b"mine\n" for name in EVERYWHERE})
        for name in EVERYWHERE:
            assert f"{name} was changed, and stays." in said, said


@case("a kind that is not known is an error that names all of them")
def _():
    done = subprocess.run(
        ["sh", SOURCE / "contrib/services/install.sh", "check", "systemd",
         "launchd"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, timeout=60, check=False)
    equal(done.returncode, 1)
    equal(" ".join(done.stdout.split()),
          f"launchd is no kind of service; there are: {KINDS}")
    with Tree() as tree:
        done = subprocess.run(
            [SOURCE / "configure", "--enable-service=inetd,launchd"],
            cwd=tree.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, timeout=120, check=False)
        equal(done.returncode, 1)
        assert f"there are: {KINDS.split()[0]} " in done.stdout, done.stdout


tap.main()
