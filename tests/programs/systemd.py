"""gnu-pop3d under a real systemd: its units, started, used, reloaded, stopped.
"""

import re

import tap
from house import FROM_LINE
from machine import Machine
from served import (MESSAGE, UNITS, add_domain, fetch, is_open, log_in,
                    mail_for, prepare_for, served, set_options)
from strace import injecting
from tap import case, equal

ALL = "systemd systemd-socket systemd-inetd"
SERVICES = ("gnu-pop3d.service", "gnu-pop3d-inetd@.service",
            "gnu-pop3d-recover.service")
SOCKETS = ("gnu-pop3d.socket", "gnu-pop3d-inetd.socket")


def main_pid(machine):
    return machine.run("systemctl", "show", "-P", "MainPID",
                       "gnu-pop3d").stdout.strip()


def state(machine, unit="gnu-pop3d"):
    return machine.run("systemctl", "is-active", unit,
                       check=False).stdout.strip()


def write_unit(machine, name, text):
    path = machine.path(f"/etc/systemd/system/{name}")
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


# ---- units ------------------------------------------------------------------

@case("systemd-analyze verify finds nothing to say about any unit")
def _():
    with Machine(prepare_for(ALL)) as machine:
        for unit in (*SERVICES, *SOCKETS):
            done = machine.run("systemd-analyze", "verify",
                               f"{UNITS}/{unit}", check=False)
            equal((done.returncode, done.stdout, done.stderr), (0, "", ""),
                  unit)


@case("systemd-analyze security rates every service 3.0 or better, as a file "
      "and when it is loaded")
def _():
    with Machine(prepare_for(ALL)) as machine:
        for unit in SERVICES:
            name = unit.replace("@.", "@1.")
            for words in (["--offline=yes", f"{UNITS}/{unit}"], [name]):
                text = machine.run("systemd-analyze", "security",
                                   "--no-pager", *words).stdout
                found = re.search(r"exposure level for \S+: ([0-9.]+) ", text)
                assert found is not None, text
                assert 0 < float(found[1]) <= 3.0, (words, found[0])


# ---- gnu-pop3d.service ------------------------------------------------------

@case("what make install tells to do makes the login user, the directories "
      "and a daemon that serves virtual users and users of the system")
def _():
    with Machine() as machine:
        machine.run("sh", "-c", "userdel pop3d; rm -rf /etc/virtual "
                    "/var/spool/virtual /var/lib/gnu-pop3d")
        text = machine.install("prefix=/usr", "SERVICES=systemd")
        told = re.search(r"(?ms)as a service, .*?\n\n(.*?)\n\n", text)[1]
        machine.run("sh", "-exc", told)
        equal(machine.run("getent", "passwd", "pop3d").stdout.split(":")[4:],
              ["POP3 login process", "/nonexistent", "/usr/sbin/nologin\n"])
        for directory, mode in (("/etc/virtual", 0o755),
                                ("/var/spool/virtual", 0o755),
                                ("/var/lib/gnu-pop3d", 0o700)):
            equal(machine.path(directory).stat().st_mode & 0o7777, mode)
        add_domain(machine)
        fetch(machine)
        fetch(machine, "jane")
        with machine.client() as client:
            client.greet()
            users = machine.run("ps", "-o", "user=", "-C", "gnu-pop3d").stdout
            equal(set(users.split()), {"root", "pop3d"})
        equal(state(machine, "gnu-pop3d-recover"), "active")


@case("the options file is obeyed, and reload takes it up: a new daemon "
      "serves, and a session of the old one goes on and can delete")
def _():
    with served("systemd") as machine:
        machine.run("systemctl", "start", "gnu-pop3d")
        first = main_pid(machine)
        with log_in(machine) as client:
            set_options(machine, "-p1110 --language=de")
            machine.run("systemctl", "reload", "gnu-pop3d")
            second = main_pid(machine)
            assert first != second
            assert not is_open(machine)
            with machine.client(1110) as other:
                assert other.line().startswith(b"+OK POP3-Server bereit")
            equal(client.ok("STAT"), b"+OK 1 26")
            client.ok("DELE 1")
            client.ok("QUIT")
        equal(machine.path("/var/spool/virtual/kvt.dk/joe").read_bytes(), b"")
        machine.wait_for(lambda: not machine.path(f"/proc/{first}").exists(),
                         "the old daemon to end")
        equal((state(machine), main_pid(machine)), ("active", second))
        machine.run("systemctl", "reload", "gnu-pop3d")
        assert main_pid(machine) not in (first, second)
        assert is_open(machine, 1110)


@case("mail in homes is served as well")
def _():
    with served("systemd") as machine:
        machine.run("install", "-d", "-o", "jane", "-g", "jane", "-m", "700",
                    "/home/jane/Mail")
        mail_for(machine, "/home/jane/Mail/mailbox", "jane")
        set_options(machine, "--home-mailbox=/Mail/mailbox")
        machine.run("systemctl", "start", "gnu-pop3d")
        fetch(machine, "jane", path="/home/jane/Mail/mailbox")


@case("programs cannot get rights by a setgid bit, unless NoNewPrivileges=no "
      "is put into the service")
def _():
    with served("systemd") as machine:
        machine.run("sh", "-ec", """
            cp /usr/bin/id /usr/bin/id-of-mail
            chgrp mail /usr/bin/id-of-mail
            chmod 2755 /usr/bin/id-of-mail""")
        look = "ExecStartPre=/bin/sh -c 'id-of-mail -gn > " \
            "/run/gnu-pop3d/group'\n"
        for more, group in (("", "root\n"), ("NoNewPrivileges=no\n", "mail\n")):
            write_unit(machine, "gnu-pop3d.service.d/test.conf",
                       f"[Service]\n{more}{look}")
            machine.run("systemctl", "daemon-reload")
            machine.run("systemctl", "restart", "gnu-pop3d")
            equal(machine.path("/run/gnu-pop3d/group").read_text(), group)
            fetch(machine)


@case("reload with options that are wrong fails, and the daemon goes on")
def _():
    with served("systemd") as machine:
        machine.run("systemctl", "start", "gnu-pop3d")
        pid = main_pid(machine)
        set_options(machine, "--nonsense")
        done = machine.run("systemctl", "reload", "gnu-pop3d", check=False)
        equal(done.returncode, 1)
        equal((state(machine), main_pid(machine)), ("active", pid))
        fetch(machine)


@case("stop ends sessions at once and in order, and their mail stays")
def _():
    with served("systemd") as machine:
        machine.run("systemctl", "start", "gnu-pop3d")
        with log_in(machine) as client:
            client.ok("DELE 1")
            machine.run("systemctl", "stop", "gnu-pop3d", seconds=30)
            assert client.is_ended()
        equal(machine.path("/var/spool/virtual/kvt.dk/joe").read_bytes(),
              FROM_LINE + MESSAGE + b"\n")
        assert not is_open(machine)
        equal(machine.run("systemctl", "show", "-P", "Result",
                          "gnu-pop3d").stdout, "success\n")
        assert 'session end="stopped"' in machine.journal()


@case("a daemon that is killed is started again")
def _():
    with served("systemd") as machine:
        machine.run("systemctl", "start", "gnu-pop3d")
        pid = main_pid(machine)
        machine.run("kill", "-KILL", pid)
        machine.wait_for(lambda: main_pid(machine) not in (pid, "0") and
                         is_open(machine), "another daemon")
        fetch(machine)


# ---- sockets ----------------------------------------------------------------

@case("gnu-pop3d.socket starts one daemon for all; restart refuses nobody, "
      "and reload is refused with a reason")
def _():
    with served("systemd-socket") as machine:
        machine.run("systemctl", "enable", "--now", "gnu-pop3d.socket")
        equal(state(machine), "inactive")
        fetch(machine)
        fetch(machine, "jane")
        pid = main_pid(machine)
        done = machine.run("systemctl", "reload", "gnu-pop3d", check=False)
        equal(done.returncode, 1)
        assert "cannot change hands" in machine.journal()
        equal((state(machine), main_pid(machine)), ("active", pid))
        machine.run("systemctl", "stop", "gnu-pop3d")
        equal(state(machine), "inactive")
        fetch(machine)
        assert main_pid(machine) not in ("0", pid)


@case("gnu-pop3d-inetd.socket starts a process for each connection, with the "
      "options of the file, as many as it may")
def _():
    with served("systemd-inetd") as machine:
        set_options(machine, "-d5 -p1110 --language=de")
        machine.run("systemctl", "enable", "--now", "gnu-pop3d-inetd.socket")
        equal(state(machine, "gnu-pop3d-recover"), "active")
        fetch(machine)
        fetch(machine, "jane")
        with machine.client() as client:
            assert b"POP3-Server bereit" in client.greet().greeting
            units = machine.run("systemctl", "list-units", "--plain",
                                "--no-legend", "gnu-pop3d-inetd@*").stdout
            equal(len(units.splitlines()), 1, units)
            assert " loaded active running " in units, units
        clients = [machine.client().greet() for _ in range(10)]
        equal(machine.client().line(), None)
        for client in clients:
            client.close()
        text = machine.journal("-t", "gnu-pop3d")
        assert 'addr=127.0.0.1' in text, text


# ---- the order of boot ------------------------------------------------------

MESSAGES = [b"Subject: %d\n\n" % i + b"%d\n" % i * (2000 * i + 10)
            for i in range(4)]
OLD = b"".join(FROM_LINE + message + b"\n" for message in MESSAGES)
NEW = b"".join(FROM_LINE + message + b"\n" for message in MESSAGES[1:])
CALLS = "pwrite64,ftruncate,fsync,fallocate"
MAILBOX = "/var/spool/virtual/kvt.dk/joe"


def interrupt_update(machine):
    """Leaves the mailbox in the middle of an update, as a crash does."""
    for number in range(1, 60):
        machine.path(MAILBOX).write_bytes(OLD)
        machine.run(*injecting(f"signal=KILL:when={number}", CALLS,
                               "/usr/sbin/gnu-pop3d", "--inetd", "--no-status"),
                    data="USER joe@kvt.dk\r\nPASS secret\r\nDELE 1\r\n"
                         "QUIT\r\n", check=False)
        # Else all would wait until it is old enough.
        machine.path(MAILBOX + ".lock").unlink(missing_ok=True)
        if machine.path(MAILBOX).read_bytes() not in (OLD, NEW):
            return
        machine.run("/usr/sbin/gnu-pop3d", "--recover")
    raise AssertionError("no call leaves the mailbox half done")


# In place of what they start: they take a copy of the mailbox.
STAND_IN = """\
[Unit]
Description=stand-in
[Service]
Type=oneshot
ExecStart=/bin/cp {mailbox} /run/seen-by-{name}
"""


@case("interrupted updates are finished before any mail server starts, and "
      "before a client can connect")
def _():
    servers = ("postfix", "postfix@-", "exim4", "opensmtpd", "sendmail")
    with served("systemd systemd-inetd") as machine:
        for name in servers:
            write_unit(machine, f"{name}.service",
                       STAND_IN.format(mailbox=MAILBOX, name=name))
        write_unit(machine, "gnu-pop3d-recover.service.d/late.conf",
                   "[Service]\nExecStartPre=/bin/sleep 1\n")
        machine.run("systemctl", "daemon-reload")
        interrupt_update(machine)
        machine.run("systemctl", "start", "gnu-pop3d-recover", *servers,
                    "gnu-pop3d-inetd.socket")
        for name in servers:
            equal(machine.path(f"/run/seen-by-{name}").read_bytes(), NEW,
                  name)
        assert "an interrupted update was completed" in machine.journal()
        for unit in ("gnu-pop3d.service", "gnu-pop3d-inetd.socket"):
            after = machine.run("systemctl", "show", "-P", "After", unit)
            assert "gnu-pop3d-recover.service" in after.stdout.split(), unit


@case("an enabled service finishes them at boot")
def _():
    with served("systemd") as machine:
        machine.run("systemctl", "enable", "gnu-pop3d.service")
        interrupt_update(machine)
        machine.run("systemctl", "start", "multi-user.target")
        machine.wait_for(lambda: is_open(machine), "the daemon")
        equal(machine.path(MAILBOX).read_bytes(), NEW)
        equal(state(machine, "gnu-pop3d-recover"), "active")


tap.main()
