"""What the processes may still do is what the lists say, and it is enough."""

import os
import pathlib
import re
import signal
import subprocess
import time

import tap
from house import (BUILD, DAEMON, SOURCE, House, IS_ROOT, OWNER, GROUP,
                   children_of, status_of)
from strace import ENVIRONMENT, injecting
from tap import Skip, case, equal

SANDBOX = "#define WITH_SANDBOX 1" in (BUILD / "config.h").read_text()
TABLES = SOURCE / "src" / "daemon" / "sandbox.c"
FORBIDDEN = ("the login child was killed by signal 31, for a system call that "
             "it must not make")


def house_with(count=1):
    house = House()
    house.add_user("joe", "kvt.dk", "secret")
    house.write_mailbox("joe", "kvt.dk", [
        b"Subject: %d\n\nx\n" % (i % 100) for i in range(count)])
    return house


def login_child(client):
    """The process that talks to a client who has been greeted."""
    child, = children_of(client.process.pid)
    return child


def is_shut_in(pid):
    status = status_of(pid)
    equal(status["NoNewPrivs"], ["1" if SANDBOX else "0"])
    equal(status["Seccomp"], ["2" if SANDBOX else "0"])
    for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        equal(int(status[name][0], 16), 0, name)
    return status


def limits_of(pid):
    """Soft and hard limits, by name."""
    text = pathlib.Path(f"/proc/{pid}/limits").read_text()
    return {name: values.split()[:2] for name, values in re.findall(
        r"^(Max [a-z]+(?: [a-z]+)*) {2,}(.*)$", text, re.MULTILINE)}


# ---- the processes ---------------------------------------------------------

@case("the login child has no right, no new privileges, and a filter")
def _():
    with house_with() as house, house.inetd() as client:
        client.greet()
        client.listing("CAPA")
        child = login_child(client)
        status = is_shut_in(child)
        if IS_ROOT:
            assert OWNER not in map(int, status["Uid"])
            assert "0" not in status["Uid"] + status["Gid"] + status["Groups"]
            equal(os.listdir(f"/proc/{child}/root"), [])


@case("the login child can neither grow, nor fork, nor open many files")
def _():
    with house_with() as house, house.inetd() as client:
        client.greet()
        client.listing("CAPA")
        limits = limits_of(login_child(client))
        equal(limits["Max core file size"], ["0", "0"])
        equal(limits["Max processes"], ["0", "0"])
        if SANDBOX:
            equal(limits["Max open files"], ["8", "8"])
            equal(limits["Max cpu time"], ["300", "300"])
            equal(limits["Max address space"], ["268435456"] * 2)


@case("the session is its owner, without new privileges, and has a filter")
def _():
    with house_with() as house, house.inetd() as client:
        client.login("joe@kvt.dk", "secret")
        status = is_shut_in(client.process.pid)
        equal(status["Uid"], [str(OWNER)] * 4)
        equal(status["Gid"], [str(GROUP)] * 4)
        if IS_ROOT:
            equal(status["Groups"], [str(GROUP)])
        limits = limits_of(client.process.pid)
        equal(limits["Max core file size"], ["0", "0"])
        if SANDBOX:
            equal(limits["Max processes"], ["0", "0"])
            equal(limits["Max open files"], ["32", "32"])


@case("the lock keeper is neither root nor owner, and has a filter")
def _():
    if not IS_ROOT:
        raise tap.Skip("needs root for a spool of another user")
    with house_with() as house:
        directory = house.spool / "kvt.dk"
        os.chown(directory, 0, GROUP + 1)
        directory.chmod(0o775)
        with house.inetd() as client:
            client.login("joe@kvt.dk", "secret")
            keeper, = children_of(client.process.pid)
            status = is_shut_in(keeper)
            assert str(OWNER) not in status["Uid"] and \
                "0" not in status["Uid"], status["Uid"]
            equal(status["Gid"], [str(GROUP + 1)] * 4)
            client.ok("DELE 1")
            client.ok("QUIT")
        equal(os.listdir(directory), ["joe"])


@case("the listener can start no program with more rights")
def _():
    with house_with() as house:
        house.start_daemon()
        equal(status_of(house.daemon.pid)["NoNewPrivs"],
              ["1" if SANDBOX else "0"])


@case("root is left with the capabilities that it needs, in listener and "
      "connection, and others with none")
def _():
    if not IS_ROOT:
        raise Skip("only root has capabilities")
    needed = sum(1 << bit for bit in (0, 1, 5, 6, 7, 10, 18, 24))
    ours = int(status_of(os.getpid())["CapEff"][0], 16)
    bound = int(status_of(os.getpid())["CapBnd"][0], 16)
    expected = [ours, ours, bound] if not SANDBOX else \
        [ours & needed, ours & needed, bound & needed]
    with house_with() as house:
        house.start_daemon()
        with house.connect() as client:
            client.greet()
            connection, = children_of(house.daemon.pid)
            for pid in (house.daemon.pid, connection):
                status = status_of(pid)
                equal([int(status[name][0], 16) for name in (
                    "CapPrm", "CapEff", "CapBnd")], expected)
            child, = children_of(connection)
            equal(int(status_of(child)["CapEff"][0], 16), 0)


@case("--sandbox=no goes without, and the daemon says so")
def _():
    with house_with() as house:
        house.start_daemon("--sandbox=no")
        house.logged("sandbox: none, by --sandbox=no")
        with house.connect() as client:
            client.greet()
            session, = children_of(house.daemon.pid)
            child, = children_of(session)
            client.listing("CAPA")
            equal(status_of(child)["Seccomp"], ["0"])
            client.login("joe@kvt.dk", "secret")
            equal(status_of(session)["Seccomp"], ["0"])
            equal(status_of(session)["NoNewPrivs"], ["0"])
            client.ok("QUIT")


@case("a part that is missing is logged once, when the daemon starts")
def _():
    def told():
        return [line for line in house.log().splitlines() if "sandbox:" in line]

    with house_with() as house:
        house.start_daemon()
        before = told()
        equal(len(before), len(set(before)))
        assert SANDBOX or before
        for _ in range(2):
            with house.connect() as client:
                client.login("joe@kvt.dk", "secret")
                client.ok("QUIT")
        equal(told(), before)


@case("a kernel without landlock serves all the same")
def _():
    for error in "ENOSYS", "EOPNOTSUPP":
        with house_with() as house:
            done = subprocess.run(
                injecting(f"error={error}", "landlock_create_ruleset", DAEMON,
                          "-i", "--debug=100", *house.options()),
                input=b"USER joe@kvt.dk\r\nPASS secret\r\nDELE 1\r\nQUIT\r\n",
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
                env=ENVIRONMENT, check=False)
            equal(done.returncode, 0)
            assert done.stdout.splitlines()[-1].startswith(b"+OK"), done.stdout
            equal(house.mailbox("joe", "kvt.dk").read_bytes(), b"")


@case("a login child that is killed for a system call is logged")
def _():
    with house_with() as house, house.inetd() as client:
        client.greet()
        client.listing("CAPA")
        os.kill(login_child(client), signal.SIGSYS)
        assert client.is_ended()
        house.logged(FORBIDDEN)


# ---- what must go on as before ---------------------------------------------

@case("whoever is stopped and continued goes on, before and after the login")
def _():
    def pause(pid):
        os.kill(pid, signal.SIGSTOP)
        house.wait_for(lambda: status_of(pid)["State"][0] == "T", "the stop")
        os.kill(pid, signal.SIGCONT)
        house.wait_for(lambda: status_of(pid)["State"][0] != "T", "the go")

    with house_with() as house, house.inetd() as client:
        client.greet()
        client.listing("CAPA")
        pause(login_child(client))
        client.login("joe@kvt.dk", "secret")
        pause(client.process.pid)
        equal(client.ok("STAT")[:5], b"+OK 1")
        client.ok("QUIT")


@case("SIGUSR2 and SIGTERM do their work in a session")
def _():
    with house_with() as house, house.inetd() as client:
        client.login("joe@kvt.dk", "secret")
        client.ok("DELE 1")
        client.process.send_signal(signal.SIGUSR2)
        house.logged("user=joe@kvt.dk")
        equal(client.ok("STAT"), b"+OK 0 0")
        client.process.send_signal(signal.SIGTERM)
        equal(client.process.wait(30), 0)
        assert house.mailbox("joe", "kvt.dk").stat().st_size > 0


def survives(house, client):
    """Both processes of a client who has not logged in."""
    connection, = children_of(house.daemon.pid)
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGUSR1,
                   signal.SIGALRM, signal.SIGUSR2):
        for process in (connection, *children_of(connection)):
            os.kill(process, number)
            client.listing("CAPA")
    client.login("joe@kvt.dk", "secret")
    client.ok("QUIT")


@case("a signal that is not for it does not end a login child that waits")
def _():
    with house_with() as house:
        house.start_daemon("--proxy-from=127.0.0.0/8")
        with house.connect() as client:
            client.send(b"PROXY TCP4 127.0.0.9 127.0.0.1 4000 110\r\n")
            client.greet()
            client.listing("CAPA")
            survives(house, client)
        house.stop_daemon()
        house.start_daemon()
        with house.connect() as client:
            client.greet()
            client.listing("CAPA")
            survives(house, client)


@case("thousands of messages are indexed, named and deleted")
def _():
    with house_with(5000) as house, house.inetd() as client:
        client.login("joe@kvt.dk", "secret")
        equal(len(set(client.listing("UIDL"))), 5000)
        for number in range(1, 5000, 2):
            client.ok(f"DELE {number}")
        client.ok("QUIT")
        equal(house.mailbox("joe", "kvt.dk").read_bytes().count(b"Subject"),
              2500)


@case("a stale lock file is broken, and one that lives is waited for")
def _():
    with house_with() as house:
        lock = house.mailbox("joe", "kvt.dk").with_name("joe.lock")
        lock.write_text("999999999\n")
        house.own(lock)
        os.utime(lock, (time.time() - 60,) * 2)
        with house.inetd() as client:
            client.login("joe@kvt.dk", "secret")
            client.ok("QUIT")
        assert not lock.exists()
        lock.write_text(f"{os.getpid()}\n")
        house.own(lock)
        with house.inetd() as client:
            client.greet()
            client.ok("USER joe@kvt.dk")
            client.send(b"PASS secret\r\n")
            house.wait_for(lambda: status_of(client.process.pid)["Uid"][0] ==
                           str(OWNER), "the change of user")
            time.sleep(0.5)
            lock.unlink()
            assert client.line().startswith(b"+OK")
            client.ok("QUIT")


@case("every way to lock works")
def _():
    for methods in ("dotlock", "fcntl", "dotlock,fcntl,flock", "fcntl,flock"):
        with house_with(2) as house, \
                house.inetd(f"--lock={methods}") as client:
            client.login("joe@kvt.dk", "secret")
            client.ok("DELE 1")
            client.ok("QUIT")
            equal(house.mailbox("joe", "kvt.dk").read_bytes()
                  .count(b"Subject"), 1)


@case("a session does its work where there is no system logger")
def _():
    with house_with(2) as house, house.inetd("--debug=00") as client:
        client.login("joe@kvt.dk", "secret")
        client.ok("DELE 1")
        client.ok("QUIT")
        equal(client.process.wait(30), 0)
        equal(house.log(), "")


# ---- what the documents say ------------------------------------------------

def calls_in(table):
    """The names in a table, each once; what only fails does not count."""
    text = TABLES.read_text()
    body = re.search(rf"{table}\[\] = {{(.*?)^}};", text,
                     re.DOTALL | re.MULTILINE)[1]
    return set(re.findall(r"\bMAY(?:_IF)?\(\s*(\w+),", body))


@case("src/README tells the true number of calls in each list")
def _():
    text = " ".join((SOURCE / "src" / "README").read_text().split())
    for who, table, most in (("login child", "login_calls", 15),
                             ("session", "session_calls", 30),
                             ("lock keeper", "keeper_calls", 30)):
        number = len(calls_in(table))
        assert 0 < number <= most, (table, number)
        assert f"{who} {number} calls" in text, f"{who} {number} calls"


tap.main()
