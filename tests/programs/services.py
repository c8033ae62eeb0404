"""gnu-pop3d as a service without systemd: sysvinit, xinetd, inetd, daemontools,
runit; and what can be seen of upstart, of which Debian has no package.  Each in
a machine of its own, as make install puts it there."""

import re
import shutil

import tap
from machine import Machine
from postfix import need_program
from served import (FROM_LINE, MESSAGE, fetch, is_open, log_in, served,
                    set_options)
from tap import case, equal

MAILBOX = "/var/spool/virtual/kvt.dk/joe"
SCRIPT = "/etc/init.d/gnu-pop3d"
PID_FILE = "/run/gnu-pop3d.pid"


def status_of(machine, *words):
    return machine.run(*words, check=False).returncode


def script(machine, action):
    return status_of(machine, SCRIPT, action)


def daemon_pid(machine):
    return machine.path(PID_FILE).read_text().strip()


def daemons(machine):
    """How many listeners there are."""
    text = machine.run("ps", "-o", "ppid=", "-C", "gnu-pop3d",
                       check=False).stdout
    return len([word for word in text.split() if word == "1"])


def speaks_german(machine):
    with machine.client() as client:
        return b"POP3-Server bereit" in client.greet().greeting


def old_mail(machine):
    return machine.path(MAILBOX).read_bytes() == FROM_LINE + MESSAGE + b"\n"


# ---- sysvinit ---------------------------------------------------------------

@case("the init script starts one daemon, which serves; status, start and "
      "stop say so by their exit status")
def _():
    with served("sysvinit") as machine:
        equal(script(machine, "status"), 3)
        equal(script(machine, "start"), 0)
        equal(script(machine, "status"), 0)
        fetch(machine)
        fetch(machine, "jane")
        pid = daemon_pid(machine)
        equal(script(machine, "start"), 0)
        equal((daemons(machine), daemon_pid(machine)), (1, pid))
        equal(script(machine, "stop"), 0)
        assert not is_open(machine)
        assert not machine.path(PID_FILE).exists()
        equal(script(machine, "status"), 3)
        equal(script(machine, "stop"), 0)


@case("its exit status is 1 for a daemon that died, 2 for unknown actions, 4 "
      "for users, 5 without the daemon, 7 if there is nothing to reload")
def _():
    with served("sysvinit") as machine:
        equal(script(machine, "start"), 0)
        machine.run("kill", "-KILL", daemon_pid(machine))
        machine.wait_for(lambda: daemons(machine) == 0, "it to die")
        equal(script(machine, "status"), 1)
        equal(script(machine, "dance"), 2)
        equal(script(machine, "reload"), 7)
        equal(status_of(machine, "setpriv", "--reuid=65534", "--clear-groups",
                        SCRIPT, "start"), 4)
        machine.run("mv", "/usr/sbin/gnu-pop3d", "/usr/sbin/away")
        equal(script(machine, "start"), 5)
        machine.run("mv", "/usr/sbin/away", "/usr/sbin/gnu-pop3d")
        equal(script(machine, "force-reload"), 0)
        fetch(machine)


@case("restart ends sessions in order; reload lets them go on and serves new "
      "clients with new options; nonsense stops nothing")
def _():
    with served("sysvinit") as machine:
        equal(script(machine, "start"), 0)
        with log_in(machine) as client:
            client.ok("DELE 1")
            equal(script(machine, "restart"), 0)
            assert client.is_ended()
        assert old_mail(machine)
        with log_in(machine) as client:
            first = daemon_pid(machine)
            set_options(machine, "-p1110 --nonsense")
            equal(script(machine, "reload"), 1)
            assert is_open(machine)
            set_options(machine, "-p1110")
            equal(script(machine, "reload"), 0)
            assert not is_open(machine)
            assert is_open(machine, 1110)
            second = daemon_pid(machine)
            assert first != second
            client.ok("DELE 1")
            client.ok("QUIT")
        equal(machine.path(MAILBOX).read_bytes(), b"")
        machine.wait_for(lambda: daemons(machine) == 1, "the old one to end")
        equal(daemon_pid(machine), second)
        equal(script(machine, "status"), 0)


@case("its header orders it before the mail servers")
def _():
    need_program("insserv")
    with served("sysvinit") as machine:
        for name in ("postfix", "gnu-pop3d"):
            machine.run("update-rc.d", name, "defaults")
        links = machine.run("sh", "-c", "ls /etc/rc2.d").stdout.split()
        place = {link[3:]: int(link[1:3]) for link in links if link[0] == "S"}
        assert place["gnu-pop3d"] < place["postfix"], place


# ---- superservers -----------------------------------------------------------

@case("xinetd serves with our file; HUP takes up a change of it; sessions go "
      "on then, and when xinetd ends")
def _():
    need_program("xinetd")
    with served("xinetd") as machine:
        rules = machine.path("/etc/xinetd.conf")
        rules.write_text("includedir /etc/xinetd.d\n")
        machine.start("xinetd", "-dontfork")
        machine.wait_for(lambda: is_open(machine), "xinetd")
        fetch(machine)
        fetch(machine, "jane")
        with log_in(machine) as client:
            rules = machine.path("/etc/xinetd.d/gnu-pop3d")
            rules.write_text(rules.read_text().replace(
                "--inetd", "--inetd --language=de"))
            machine.run("pkill", "-HUP", "-x", "xinetd")
            machine.wait_for(lambda: speaks_german(machine), "the new options")
            equal(client.ok("STAT"), b"+OK 1 26")
            machine.run("pkill", "-x", "xinetd")
            machine.wait_for(lambda: not is_open(machine), "its end")
            equal(client.ok("STAT"), b"+OK 1 26")


@case("inetd serves with our line, in inetd.conf and in inetd.d")
def _():
    program = need_program("inetutils-inetd")
    with served("inetd") as machine:
        shutil.copy(program, machine.path("/usr/sbin/inetd-of-test"))
        for place in ("/etc/inetd.d", "/etc/inetd.conf"):
            if place == "/etc/inetd.conf":
                machine.run("sh", "-c", "cat /etc/inetd.d/gnu-pop3d >> "
                            "/etc/inetd.conf")
            process = machine.start("inetd-of-test", "-d", place)
            machine.wait_for(lambda: is_open(machine), "inetd")
            fetch(machine)
            with log_in(machine) as client:
                machine.run("pkill", "-f", "^inetd-of-test")
                process.wait(timeout=30)
                machine.wait_for(lambda: not is_open(machine), "its end")
                equal(client.ok("STAT"), b"+OK 1 26")


# ---- supervisors ------------------------------------------------------------

def lone_daemon(machine):
    """Its process id, when there is no session."""
    found = machine.run("ps", "-o", "pid=", "-C", "gnu-pop3d",
                        check=False).stdout.split()
    return found[0] if len(found) == 1 and is_open(machine) else None


def supervised(machine, program, signal, stop):
    """The run script under a supervisor, and what it does when told: by the
    command signal, TERM, and by stop."""
    set_options(machine, "--language=de")
    machine.start(program, "/etc/sv/gnu-pop3d")
    machine.wait_for(lambda: is_open(machine), program)
    assert speaks_german(machine)
    fetch(machine)
    machine.wait_for(lambda: lone_daemon(machine), "the session to end")
    first = lone_daemon(machine)
    machine.run(*signal)
    machine.wait_for(lambda: lone_daemon(machine) not in (None, first),
                     "another daemon")
    fetch(machine)
    with log_in(machine) as client:
        machine.run(*stop, check=False)  # sv waits for the session
        machine.wait_for(lambda: not is_open(machine), "it to be down")
        equal(client.ok("STAT"), b"+OK 1 26")
        machine.run(*signal)
        assert client.is_ended()
    assert old_mail(machine)


@case("runsv of runit runs it, sv starts it anew and stops it")
def _():
    need_program("runsv")
    with served("supervise") as machine:
        supervised(machine, "runsv", ("sv", "term", "/etc/sv/gnu-pop3d"),
                   ("sv", "-w1", "down", "/etc/sv/gnu-pop3d"))


@case("supervise of daemontools runs it, svc starts it anew and stops it")
def _():
    need_program("supervise")
    with served("supervise") as machine:
        supervised(machine, "supervise", ("svc", "-t", "/etc/sv/gnu-pop3d"),
                   ("svc", "-d", "/etc/sv/gnu-pop3d"))


# ---- upstart ----------------------------------------------------------------

def stanza(text, name):
    """The shell script between NAME and "end script", as upstart runs it."""
    return re.search(rf"(?ms)^{name}\n(.*?)^end script$", text)[1]


@case("the scripts in upstart's jobs are good shell, and start the daemon")
def _():
    for kind, path, names in (
            ("upstart", "/etc/init/gnu-pop3d.conf",
             ("pre-start script", "script")),
            ("event.d", "/etc/event.d/gnu-pop3d", ("script",))):
        with served(kind) as machine:
            text = machine.path(path).read_text()
            for name in names:
                machine.run("sh", "-n", "-c", stanza(text, name))
            for name in names[:-1]:
                machine.run("sh", "-e", "-c", stanza(text, name))
            set_options(machine, "--language=de")
            machine.start("sh", "-e", "-c", stanza(text, names[-1]))
            machine.wait_for(lambda: is_open(machine), "the daemon")
            assert speaks_german(machine)
            fetch(machine)


tap.main()
