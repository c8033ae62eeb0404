"""contrib/debian: the package, on a machine of its own."""

import tap
from house import FROM_LINE
from machine import Machine
from packaging import Room
from postfix import need_program
from served import (OPTIONS, add_domain, fetch, is_open, log_in,
                    mailbox)
from tap import case, equal

STATE = "/var/lib/gnu-pop3d"
room = Room()


def build():
    """As contrib/README says; its tests run anyway, beside this one."""
    need_program("dh")
    room.unpack()
    room.run("cp", "-r", "contrib/debian", "debian")
    room.run("dpkg-buildpackage", "-us", "-uc", "-b",
             DEB_BUILD_OPTIONS="nocheck noddebs parallel=2")
    return room.built("*.deb")


def need_package():
    need_program("dh")
    return room.built("*.deb")


def others(machine):
    """The packages with which ours cannot be installed."""
    listed = machine.run("dpkg-query", "-W", "-f",
                         "${Package} ${Provides}\n").stdout
    return [line.split()[0] for line in listed.splitlines()
            if "pop3-server" in line.split(" ", 1)[1].split(", ")]


def dpkg(machine, *words, check=True):
    return machine.run("dpkg", *words, check=check).stdout


def copy_in(machine, package):
    """Here no service may start; there it may."""
    machine.path("/usr/sbin/policy-rc.d").unlink(missing_ok=True)
    machine.path(f"/{package.name}").write_bytes(package.read_bytes())
    for other in others(machine):
        dpkg(machine, "--remove", "--force-depends", other)


def show(machine, prop, unit="gnu-pop3d"):
    return machine.run("systemctl", "show", "--value", f"--property={prop}",
                       unit).stdout.strip()


def exists(machine, path):
    return machine.run("test", "-e", path, check=False).returncode == 0


@case("dpkg-buildpackage makes a package of the tarball, and lintian has "
      "nothing to say")
def _():
    need_program("lintian")
    package = build()
    equal(room.run("lintian", "--allow-root", "--tag-display-limit=0",
                   "--fail-on=error,warning", package), "")
    fields = room.run("dpkg-deb", "--field", package, "Provides", "Conflicts")
    equal(fields.split("\n")[:2], ["Provides: pop3-server",
                                   "Conflicts: pop3-server"])


@case("installed, it serves users of the system and of a virtual domain, is "
      "replaced with its changed options kept, and is gone when it is removed; "
      "purged too, all mail is there, and nothing else but its user")
def _():
    package = need_package()
    with Machine() as machine:
        copy_in(machine, package)
        dpkg(machine, "--install", f"/{package.name}")
        is_installed(machine)
        is_replaced(machine, package)
        is_removed(machine)
        is_purged(machine)
        is_purged_wholly(machine, package)


def is_installed(machine):
    equal([show(machine, prop) for prop in ("ActiveState", "UnitFileState")],
          ["active", "enabled"])
    equal(show(machine, "ActiveState", "gnu-pop3d-recover"), "active")
    equal(show(machine, "ActiveState", "gnu-pop3d.socket"), "inactive")
    machine.run("getent", "passwd", "pop3d")
    equal(machine.run("stat", "-c", "%a %U", "/etc/virtual",
                      "/var/spool/virtual", STATE).stdout,
          "755 root\n755 root\n700 root\n")
    add_domain(machine)
    fetch(machine)
    fetch(machine, "jane")
    delivers(machine)
    equal(machine.run("perl", "-c", "/usr/share/gnu-pop3d/mkpwd.pl").stderr,
          "/usr/share/gnu-pop3d/mkpwd.pl syntax OK\n")
    equal(machine.run("sh", "/usr/share/gnu-pop3d/list-users", "kvt.dk").stdout,
          "joe@kvt.dk\towner\n")


def delivers(machine):
    machine.run("su", "owner", "-c",
                "/usr/bin/virtual -f me@example.org -r joe@kvt.dk",
                data="Subject: two\n\nTwo.\n")
    with log_in(machine) as client:
        equal(client.ok("STAT").split()[1], b"2")
        client.ok("DELE 2")
        client.ok("QUIT")


def is_replaced(machine, package):
    machine.path(OPTIONS).write_text('OPTIONS="-d7"\n')
    before = show(machine, "MainPID")
    dpkg(machine, "--install", f"/{package.name}")
    equal(machine.path(OPTIONS).read_text(), 'OPTIONS="-d7"\n')
    pid = show(machine, "MainPID")
    assert pid not in ("0", before), pid
    words = machine.path(f"/proc/{pid}/cmdline").read_text().split("\0")
    equal(words, ["/usr/sbin/gnu-pop3d", "--daemon", "-d7", "--foreground", ""])
    fetch(machine)


def is_removed(machine):
    machine.run("systemctl", "stop", "gnu-pop3d")
    machine.run("systemctl", "start", "gnu-pop3d.socket")
    fetch(machine)
    dpkg(machine, "--remove", "gnu-pop3d")
    for unit in ("gnu-pop3d", "gnu-pop3d.socket"):
        equal(show(machine, "ActiveState", unit), "inactive")
    equal(machine.run("ss", "-Hltn", "sport = :110").stdout, "")
    assert exists(machine, OPTIONS) and exists(machine, STATE)
    assert not exists(machine, "/usr/sbin/gnu-pop3d")


def is_purged(machine):
    journal = machine.path(f"{STATE}/x.j0")
    journal.write_bytes(b"something")
    text = dpkg(machine, "--purge", "gnu-pop3d")
    assert "has journals of interrupted updates, and stays" in text, text
    equal(journal.read_bytes(), b"something")
    assert not exists(machine, OPTIONS)
    for user in ("joe@kvt.dk", "jane"):
        assert machine.path(mailbox(user)).read_bytes().startswith(FROM_LINE)
    assert exists(machine, "/etc/virtual/kvt.dk/passwd")
    journal.unlink()


def is_purged_wholly(machine, package):
    """And can be installed while another server has the port."""
    machine.start("python3", "-c", "import socket, time\n"
                  "s = socket.create_server(('', 110)); time.sleep(60)")
    machine.wait_for(lambda: is_open(machine), "another server")
    dpkg(machine, "--install", f"/{package.name}")
    journal = machine.journal("-t", "gnu-pop3d")
    assert "all IPv4 addresses: Address already in use" in journal, journal
    dpkg(machine, "--purge", "gnu-pop3d")
    left = machine.run("sh", "-c", "find /etc /usr /lib /var -xdev "
                       "-name '*gnu-pop3d*' ! -path '/usr/src/*'").stdout
    equal(left, "")
    machine.run("getent", "passwd", "pop3d")


with room:
    tap.main()
