"""Floods of connections that do not log in, from thousands of addresses: who has
a password comes in all the same, and nothing grows.

Short in make check; the long form is make torture:  LOAD_SLOW connections for
LOAD_SECONDS, LOAD_CYCLES connections that are torn down at once.
"""

import os
import pathlib
import re
import signal
import socket
import subprocess
import time

import tap
from house import BUILD, Client, House, children_of, status_of
from tap import case, equal

LOAD = BUILD / "tests/load/load"
SLOW = int(os.environ.get("LOAD_SLOW", "900"))
SECONDS = int(os.environ.get("LOAD_SECONDS", "12"))
CYCLES = int(os.environ.get("LOAD_CYCLES", "600"))
IS_LONG = "LOAD_SLOW" in os.environ
SOURCES = 4000
LOGIN_LIMIT = 10


def load(house, *arguments):
    return subprocess.Popen(
        [LOAD, arguments[0], str(house.port), *map(str, arguments[1:])],
        stdout=subprocess.PIPE, text=True)


def counts(process):
    """What the load has printed: NAME=NUMBER."""
    output, _nothing = process.communicate(timeout=3600)
    equal(process.returncode, 0, output)
    tap_note(output.strip())
    return {name: int(number)
            for name, number in re.findall(r"(\w+)=(\d+)", output)}


def tap_note(text):
    print(f"# {text}", flush=True)


def processor_seconds(pid):
    """Of the process itself, without its children."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1]
    return sum(map(int, fields.split()[11:13])) / os.sysconf("SC_CLK_TCK")


def holdings(pid):
    """Resident octets and descriptors."""
    return (int(status_of(pid)["VmRSS"][0]) * 1024,
            len(list(pathlib.Path(f"/proc/{pid}/fd").iterdir())))


def log_in(house):
    """Seconds until STAT is answered; tries again when it is turned away."""
    started = time.monotonic()
    while time.monotonic() - started < 30:
        try:
            with Client(socket.create_connection(
                    ("127.0.0.1", house.port), 30)) as client:
                client.login("joe@kvt.dk", "secret")
                client.ok("STAT")
                client.ok("QUIT")
                return time.monotonic() - started
        except (AssertionError, OSError):
            time.sleep(0.02)
    raise AssertionError("no login in 30 s")


def is_idle(house):
    """The listener itself says that it has no child."""
    before = len(house.log())
    house.daemon.send_signal(signal.SIGUSR2)
    time.sleep(0.1)
    return "status children=0 " in house.log()[before:] and \
        not children_of(house.daemon.pid)


@case("rows 52 and 53: with slow connections from thousands of addresses a user "
      "still logs in, and all of them are gone after the time for the login")
def _():
    with House() as house:
        house.add_user("joe", "kvt.dk", "secret")
        house.start_daemon(f"--login-timeout={LOGIN_LIMIT}")
        log_in(house)
        pid = house.daemon.pid
        memory, descriptors = holdings(pid)
        slow = load(house, "slow", SLOW, SOURCES, SECONDS)
        time.sleep(1)
        started, used = time.monotonic(), processor_seconds(pid)
        times = []
        while slow.poll() is None:
            times.append(log_in(house))
            time.sleep(0.05)
        share = (processor_seconds(pid) - used) / (time.monotonic() - started)
        times.sort()
        result = counts(slow)
        tap_note(f"logins={len(times)} "
                 f"median={times[len(times) // 2]:.3f} s "
                 f"p99={times[int(len(times) * 0.99)]:.3f} s "
                 f"worst={times[-1]:.3f} s listener={100 * share:.1f} % "
                 f"grown={holdings(pid)[0] - memory} octets")
        assert result["greeted"] > 100, result
        assert result["opened"] >= SLOW or not IS_LONG, result
        equal(result["failed"], 0)
        assert not IS_LONG or times[int(len(times) * 0.99)] < 1, times[-20:]
        assert not IS_LONG or share < 0.05, share
        house.wait_for(lambda: is_idle(house), "the end of all",
                       LOGIN_LIMIT + 20)
        equal(holdings(pid)[1], descriptors)
        assert holdings(pid)[0] - memory < 1 << 20, holdings(pid)
        log_in(house)


@case("row 47: connections that are reset, closed, or closed after half a line "
      "leave no child, descriptor or memory behind")
def _():
    with House() as house:
        house.add_user("joe", "kvt.dk", "secret")
        house.start_daemon()
        log_in(house)
        pid = house.daemon.pid
        memory, descriptors = holdings(pid)
        result = counts(load(house, "cycle", CYCLES, SOURCES))
        equal((result["opened"], result["failed"]), (CYCLES, 0))
        house.wait_for(lambda: is_idle(house), "the end of all", 60)
        equal(holdings(pid)[1], descriptors)
        tap_note(f"grown={holdings(pid)[0] - memory} octets")
        assert holdings(pid)[0] - memory < 1 << 20, holdings(pid)
        log_in(house)


tap.main()
