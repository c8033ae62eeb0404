"""A system that refuses what the daemon asks it for: identities, connections,
processes.  Injected by strace into a process that runs already."""

import contextlib
import os
import shutil
import subprocess

import tap
from house import House, IS_ROOT, children_of, status_of
from tap import Skip, case, equal

MESSAGES = [b"Subject: one\n\nfirst\n", b"Subject: two\n\nsecond\n"]


@contextlib.contextmanager
def a_house():
    with House() as house:
        house.add_user("joe", "kvt.dk", "secret")
        house.path = house.write_mailbox("joe", "kvt.dk", MESSAGES)
        yield house


@contextlib.contextmanager
def failing(house, pid, calls, fault, *seen):
    """Lets calls of the process fail; yields the path of a list of those in
    seen that it makes."""
    if shutil.which("strace") is None:
        raise Skip("strace is not installed")
    path = house.root / "calls"
    path.touch()
    tracer = subprocess.Popen(
        ["strace", "-q", "-o", path, "-e", f"trace={','.join((calls, *seen))}", "-e",
         f"inject={calls}:{fault}", "-p", str(pid)],
        stderr=subprocess.DEVNULL)
    try:
        house.wait_for(lambda: status_of(pid)["TracerPid"] ==
                       [str(tracer.pid)], "strace")
        yield path
    finally:
        tracer.terminate()
        tracer.wait(timeout=30)


def first_line(house):
    with house.connect() as client:
        return client.line()


def serves(house):
    with house.connect() as client:
        client.login("joe@kvt.dk", "secret")
        client.ok("QUIT")
    return True


# ---- who the session is ----------------------------------------------------

def is_opened(path, calls):
    return f'"{path.name}"' in calls.read_text() or \
        f'{path}"' in calls.read_text()


@case("row 27: where setgroups or set*id fail, no mailbox is opened")
def _():
    if not IS_ROOT:
        raise Skip("only root changes identities")
    # The last is what happens beyond RLIMIT_NPROC.
    for call, error in (("setgroups", "EPERM"), ("setresgid", "EPERM"),
                        ("setresuid", "EPERM"), ("setresuid", "EAGAIN")):
        with a_house() as house, house.inetd() as client:
            client.greet()
            client.ok("USER joe@kvt.dk")
            with failing(house, client.process.pid, call, f"error={error}",
                         "openat") as calls:
                reply = client.ask("PASS secret")
                equal((reply or b"")[:15], b"-ERR [SYS/TEMP]", call)
                assert client.is_ended()
                client.process.wait(timeout=30)
                assert error in calls.read_text(), f"{call} is not called"
                assert not is_opened(house.path, calls), call


@case("row 27: the session proves that there is no way back to root")
def _():
    if not IS_ROOT:
        raise Skip("only root changes identities")
    # It asks for uid 0 again, and must not live if it gets it.
    with a_house() as house, house.inetd() as client:
        client.greet()
        client.ok("USER joe@kvt.dk")
        with failing(house, client.process.pid, "setresuid", "retval=0",
                     "openat") as calls:
            reply = client.ask("PASS secret")
            assert reply is None or reply.startswith(b"-ERR"), reply
            assert client.is_ended()
            client.process.wait(timeout=30)
            assert not is_opened(house.path, calls)


# ---- the listener ----------------------------------------------------------

@case("row 50: whatever accept fails with, the daemon serves on and sleeps")
def _():
    with a_house() as house:
        house.start_daemon()
        for error in ("EINTR", "ECONNABORTED", "EPROTO", "ENETDOWN", "EPERM",
                      "EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"):
            with failing(house, house.daemon.pid, "accept4",
                         f"error={error}:when=1..3") as calls:
                # Where there is no descriptor the first ones may be refused.
                for _try in range(5):
                    if (first_line(house) or b"").startswith(b"+OK"):
                        break
                else:
                    raise AssertionError(f"{error}: nobody is served")
                text = calls.read_text()
                assert text.count("accept4") < 60, f"{error}: it spins"
                assert error in text, f"{error}: never met"
            assert serves(house), error
        equal(house.daemon.poll(), None)


@case("row 51: where no process can be made, the client is told to try later")
def _():
    with a_house() as house:
        house.start_daemon()
        for error in ("EAGAIN", "ENOMEM"):
            with failing(house, house.daemon.pid, "clone,clone3,fork,vfork",
                         f"error={error}:when=1..2") as calls:
                for _try in range(2):
                    reply = first_line(house) or b""
                    assert reply.startswith(b"-ERR [SYS/TEMP]"), reply
                assert first_line(house).startswith(b"+OK"), error
                equal(calls.read_text().count(error), 2)
            assert serves(house), error


@case("row 51: where no login child can be made, the client is told so")
def _():
    with a_house() as house:
        command = ["strace", "-q", "-o", os.devnull, "-e",
                   "inject=clone,clone3,fork,vfork:error=EAGAIN"]
        if shutil.which("strace") is None:
            raise Skip("strace is not installed")
        reply = house.converse(b"QUIT\r\n", before=command)
        assert reply.startswith(b"-ERR [SYS/TEMP]"), reply
        equal(reply.count(b"\n"), 1)


@case("row 51: a login child that is killed costs its own client only")
def _():
    with a_house() as house:
        house.start_daemon()
        with house.connect() as client:
            client.greet()
            connection, = children_of(house.daemon.pid)
            login, = children_of(connection)
            os.kill(login, 9)
            assert client.is_ended()
        assert serves(house)


tap.main()
