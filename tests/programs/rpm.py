"""contrib/rpm: the package, on a machine of its own.  That is a Debian: its
packages are not rpm's, so what ours needs is not asked for, and the macros of
Fedora are not there."""

import tap
from machine import Machine
from packaging import Room
from postfix import need_program
from served import add_domain, fetch, mailbox
from tap import case, equal

OPTIONS = "/etc/sysconfig/gnu-pop3d"
room = Room()


def build():
    """As contrib/README says; its tests run anyway, beside this one."""
    need_program("rpmbuild")
    room.run("rpmbuild", "--define", f"_topdir {room.path}", "--nodeps",
             "--nocheck", "-tb", room.tarball, place=room.path)
    return room.built("RPMS/*/*.rpm")


def ask(package, *words):
    return room.run("rpm", "--query", "--package", *words, package,
                    place=room.path).split("\n")


def rpm(machine, *words):
    machine.run("rpm", "--force-debian", "--nodeps", *words)


@case("rpmbuild makes a package of the tarball, with the files of the service, "
      "and no page that Postfix has too")
def _():
    package = build()
    files = ask(package, "--list")
    for name in ("/usr/sbin/gnu-pop3d", "/usr/bin/virtual", OPTIONS,
                 "/usr/lib/systemd/system/gnu-pop3d.service",
                 "/usr/lib/sysusers.d/gnu-pop3d.conf",
                 "/usr/lib/firewalld/services/gnu-pop3d.xml",
                 "/usr/share/man/man8/gnu-pop3d-virtual.8"):
        assert name in files, (name, files)
    equal([name for name in files if "man8/virtual" in name], [])
    equal([name for name in ask(package, "--configfiles") if name],
          [*(f"/etc/gnu-pop3d/pop3s-{kind}.conf"
             for kind in ("exec", "proxy", "stls", "systemd")), OPTIONS])
    equal([line for line in ask(package, "--requires", "--provides")
           if "perl" in line], [])


@case("installed, it has made its user and serves mail when it is started, "
      "keeps changed options when it is replaced, and leaves all mail when it "
      "is removed")
def _():
    need_program("rpmbuild")
    package = room.built("RPMS/*/*.rpm")
    with Machine() as machine:
        machine.run("userdel", "pop3d", check=False)
        machine.path(f"/{package.name}").write_bytes(package.read_bytes())
        rpm(machine, "--install", f"/{package.name}")
        equal(machine.run("sh", "-c", "getent passwd pop3d | cut -d: -f6-")
              .stdout, "/nonexistent:/usr/sbin/nologin\n")
        done = machine.run("systemd-analyze", "verify", "--man=no",
                           "gnu-pop3d.service", "gnu-pop3d.socket",
                           "gnu-pop3d-inetd.socket")
        equal(done.stderr, "")
        machine.run("systemctl", "enable", "--now", "gnu-pop3d")
        add_domain(machine)
        fetch(machine)
        fetch(machine, "jane")
        is_replaced(machine, package)
        is_removed(machine)


def is_replaced(machine, package):
    machine.path(OPTIONS).write_text('OPTIONS="-d7"\n')
    rpm(machine, "--upgrade", "--replacepkgs", f"/{package.name}")
    equal(machine.path(OPTIONS).read_text(), 'OPTIONS="-d7"\n')
    equal(machine.run("systemctl", "is-active", "gnu-pop3d").stdout, "active\n")
    fetch(machine)


def is_removed(machine):
    rpm(machine, "--erase", "gnu-pop3d")
    equal(machine.run("ss", "-Hltn", "sport = :110").stdout, "")
    equal(machine.path(OPTIONS + ".rpmsave").read_text(), 'OPTIONS="-d7"\n')
    for path in (mailbox("joe@kvt.dk"), mailbox("jane"),
                 "/etc/virtual/kvt.dk/passwd"):
        assert machine.path(path).read_bytes(), path


with room:
    tap.main()
