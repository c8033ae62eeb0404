"""Who is let in, who has to wait, and what errors of the system do to the
listener."""

import concurrent.futures
import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import time

import tap
from house import (DAEMON, IS_ROOT, Client, House, children_of,
                   free_port)
from strace import ENVIRONMENT, injecting
from tap import case, equal

BUSY = b"-ERR [SYS/TEMP] too many connections, try again later"
TROUBLE = b"-ERR [SYS/TEMP]"


@contextlib.contextmanager
def a_house(users=("joe",)):
    with House() as house:
        for user in users:
            house.add_user(user, "kvt.dk", "secret")
        yield house


def connect(house, source="127.0.0.1"):
    return Client(socket.create_connection(
        ("127.0.0.1", house.port), 30, (source, 0)))


def answers(house):
    with connect(house) as client:
        client.login("joe@kvt.dk", "secret")
        client.ok("QUIT")


# ---- connections before their login -----------------------------------------

@case("row 53: connections before their login have half of the slots; one more "
      "takes the place of the oldest, and who is logged in is left alone")
def _():
    users = [f"user{number}" for number in range(3)]
    with a_house([*users, "joe"]) as house, contextlib.ExitStack() as stack:
        house.start_daemon("-d8")
        logged_in = [stack.enter_context(connect(house)) for _user in users]
        for client, user in zip(logged_in, users):
            client.login(f"{user}@kvt.dk", "secret")
        waiting = []
        for _turn in range(8):
            house.wait_for(lambda: len(children_of(house.daemon.pid)) <= 7,
                           "half of the slots")
            waiting.append(stack.enter_context(connect(house)).greet())
        assert waiting[0].is_ended()
        house.logged("too many connections before their login, the oldest are "
                     "dropped\n")
        house.wait_for(lambda: len(children_of(house.daemon.pid)) <= 7,
                       "half of the slots")
        answers(house)
        waiting[-1].ok("QUIT")
        for client in logged_in:
            client.ok("NOOP")


@case("a client that opens a connection for each action, as mutt does, is never "
      "in the way of the limits")
def _():
    with a_house() as house:
        house.start_daemon()
        for _action in range(40):
            with connect(house, "127.0.0.9") as client:
                client.login("joe@kvt.dk", "secret")
                client.ok("STAT")
                client.ok("QUIT")
        assert "refused" not in house.log(), house.log()


# ---- failed logins ----------------------------------------------------------

def seconds_to_refuse(client):
    client.ok("USER joe@kvt.dk")
    started = time.monotonic()
    client.err("PASS wrong")
    return time.monotonic() - started


@case("failures of one connection are answered after 1, 2, 4 and 4 seconds")
def _():
    with a_house() as house:
        with house.inetd("--max-login-failures=5") as client:
            client.greet()
            for least in (1, 2, 4, 4):
                seconds = seconds_to_refuse(client)
                assert least - 0.1 <= seconds < least + 5, (least, seconds)


def seconds_to_greet(house, source):
    started = time.monotonic()
    with connect(house, source) as client:
        client.greet()
    return time.monotonic() - started


def fail_once(house, source):
    with connect(house, source) as client:
        client.greet()
        seconds_to_refuse(client)


@case("a source with more than ten failures in a minute is greeted after five "
      "seconds, and no other one is")
def _():
    with a_house() as house:
        house.start_daemon("--max-per-source=20", "--max-login-failures=1")
        with concurrent.futures.ThreadPoolExecutor(10) as pool:
            list(pool.map(lambda _: fail_once(house, "127.0.0.9"), range(10)))
        assert seconds_to_greet(house, "127.0.0.9") < 4
        fail_once(house, "127.0.0.9")
        assert seconds_to_greet(house, "127.0.0.9") >= 4.9
        assert seconds_to_greet(house, "127.0.0.10") < 4


@case("the daemon can be stopped while a client waits for its greeting")
def _():
    with a_house() as house:
        house.start_daemon("--max-per-source=20", "--max-login-failures=1")
        with concurrent.futures.ThreadPoolExecutor(11) as pool:
            list(pool.map(lambda _: fail_once(house, "127.0.0.9"), range(11)))
        house.wait_for(lambda: not children_of(house.daemon.pid), "their end")
        with connect(house, "127.0.0.9") as client:
            house.wait_for(lambda: children_of(house.daemon.pid), "the child")
            house.daemon.send_signal(signal.SIGTERM)
            house.logged("stopping, 1 sessions are still open")
            house.daemon.send_signal(signal.SIGTERM)
            assert client.is_ended()  # without a greeting
            equal(house.daemon.wait(timeout=20), 0)


@case("the daemon can be stopped while a failure waits for its answer")
def _():
    with a_house() as house:
        house.start_daemon("--max-login-failures=5")
        with connect(house) as client:
            client.greet()
            for _turn in range(2):
                seconds_to_refuse(client)
            client.ok("USER joe@kvt.dk")
            client.send(b"PASS wrong\r\n")
            house.wait_for(lambda: house.log().count("login failed") == 3,
                           "the third failure")
            for text in ("stopping", "stopped after"):
                house.daemon.send_signal(signal.SIGTERM)
                house.logged(text)
            assert client.is_ended()  # without a reply


# ---- errors of the system ---------------------------------------------------

def start_with(house, fault, call):
    """The listener, and no child of it, meets the fault."""
    house.port = free_port()
    command = injecting(
        fault, call, DAEMON, "-d", "--foreground", "--debug=100",
        f"--listen=127.0.0.1:{house.port}", *house.options())
    command.remove("-f")
    command.insert(1, "-D")  # the daemon is our child, not strace
    with open(house.log_path, "ab") as log:
        house.daemon = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            env=ENVIRONMENT)
    house.wait_for(house.is_listening, "the daemon to listen")


def processor_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1]
    return sum(map(int, fields.split()[11:13])) / os.sysconf("SC_CLK_TCK")


@case("row 50: whatever accept() fails with, the connection is served after it")
def _():
    for error in ("ECONNABORTED", "EPROTO", "EPERM", "ENETDOWN", "EINTR",
                  "EAGAIN", "EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "EDOM"):
        with a_house() as house:
            start_with(house, f"error={error}:when=1..3", "accept4")
            answers(house)
            logged = house.log().count("accept: ")
            equal(logged, int(error in ("EMFILE", "ENFILE", "ENOBUFS",
                                        "ENOMEM", "EDOM")), error)


@case("row 50: as long as there is no descriptor left the listener neither stops "
      "nor spins")
def _():
    with a_house() as house:
        start_with(house, "error=EMFILE:when=1..15", "accept4")
        with connect(house) as client:
            before = processor_seconds(house.daemon.pid)
            started = time.monotonic()
            client.greet()
            assert time.monotonic() - started >= 1.4
            used = processor_seconds(house.daemon.pid) - before
            assert used < 0.5, used
        equal(house.log().count("accept: Too many open files"), 1)


@case("a listening socket that is no good any more ends the daemon with 71")
def _():
    with a_house() as house:
        start_with(house, "error=EINVAL", "accept4")
        with contextlib.suppress(OSError):
            connect(house).close()
        equal(house.daemon.wait(timeout=20), 71)
        house.daemon = None
        house.logged("accept: Invalid argument")


@case("row 51: without a process for it a client is told, and the next one is "
      "served")
def _():
    first = 2 if IS_ROOT else 1  # root's first child finds the login user
    for error in ("EAGAIN", "ENOMEM"):
        with a_house() as house:
            start_with(house, f"error={error}:when={first}..{first + 1}",
                       "clone,fork,vfork")
            for _turn in range(2):
                with connect(house) as client:
                    equal(client.line(), BUSY)
                    assert client.is_ended()
            answers(house)
            equal(house.log().count("connection refused"), 1)
            house.logged('connection refused reason=".*" addr=127.0.0.1\n')


@case("row 51: without a process for its login a client is told as well")
def _():
    with a_house() as house:
        ours, theirs = socket.socketpair()
        with open(house.log_path, "ab") as log:
            process = subprocess.Popen(
                injecting("error=EAGAIN", "clone,fork,vfork", DAEMON, "-i",
                          "--debug=100", *house.options()),
                stdin=theirs, stdout=theirs, stderr=log, env=ENVIRONMENT)
        theirs.close()
        with Client(ours, process) as client:
            assert client.line().startswith(TROUBLE)
            assert client.is_ended()
        house.logged("cannot start the login child")


# ---- log lines that come often ----------------------------------------------

@case("the same refusal is logged once in ten seconds for a source, then with "
      "the number of those that were left out")
def _():
    with a_house() as house:
        house.start_daemon("--max-per-source=1")
        refused = ('connection refused reason="too many sessions from this '
                   'source"')
        with connect(house, "127.0.0.9") as one, \
                connect(house, "127.0.0.10") as two:
            one.greet()
            two.greet()
            for source in ["127.0.0.9"] * 18 + ["127.0.0.10"] * 2:
                with connect(house, source) as client:
                    equal(client.line(), BUSY)
            equal(house.log().count(refused), 2)
            house.logged(f"{refused} repeated=17 addr=127.0.0.9\n")
            house.logged(f"{refused} repeated=1 addr=127.0.0.10\n")
        equal(house.log().count(refused), 4)


@case("a bad line of a passwd file is logged once in ten seconds for all "
      "sessions together, and the daemon tells the rest as it stops")
def _():
    with a_house() as house:
        house.add_line("kvt.dk", "nonsense")
        house.start_daemon("--challenges=no")
        for _turn in range(5):
            answers(house)
        house.stop_daemon()
        lines = [line.split("passwd: ", 1)[1]
                 for line in house.log().splitlines() if "skipped" in line]
        equal(len(lines), 2, house.log())
        assert lines[0].startswith("line 2 skipped: "), lines
        equal(lines[1], lines[0] + " repeated=4")


tap.main()
