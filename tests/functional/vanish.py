"""Clients that vanish without a word: their network drops every packet, so
that no FIN and no RST comes.  The session ends all the same, and the mailbox is
free for the next one.

Two minutes are too long here, so that the times which the session has asked for
are looked at first, and then made shorter from outside.  With LONG=1, as in
"make torture", they stay as they are.
"""

import contextlib
import os
import socket
import time

import tap
from house import Client, House, children_of
from network import SERVER, Network, socket_of
from tap import case, equal

IS_LONG = "LONG" in os.environ
PORT = 110
SECRET = "secret"
BIG = b"Subject: big\n\n" + (b"x" * 99 + b"\n") * 400000
PROMISED = {
    "SO_KEEPALIVE": 1,
    "TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 15, "TCP_KEEPCNT": 4,
    "TCP_USER_TIMEOUT": 120000,  # ms
}
SHORT = {"TCP_KEEPIDLE": 1, "TCP_KEEPINTVL": 1, "TCP_KEEPCNT": 3,
         "TCP_USER_TIMEOUT": 4000}
# Seconds in which the end must come, and in which it does not come.
LATEST, EARLIEST = (135, 60) if IS_LONG else (30, 1)


def level(name):
    return socket.SOL_SOCKET if name == "SO_KEEPALIVE" else socket.IPPROTO_TCP


class Visit:
    """A session of a user of his own, and its process."""

    def __init__(self, house, network, user):
        house.add_user(user, "kvt.dk", SECRET)
        house.write_mailbox(user, "kvt.dk", [BIG])
        before = set(children_of(house.daemon.pid))
        self.user, self.network = user, network
        self.client = self.login("client")
        self.pid, = set(children_of(house.daemon.pid)) - before
        self.options = {}
        with socket_of(self.pid, 0) as theirs:
            for name in PROMISED:
                self.options[name] = theirs.getsockopt(
                    level(name), getattr(socket, name))
            for name, value in SHORT.items():
                if not IS_LONG:
                    theirs.setsockopt(
                        level(name), getattr(socket, name), value)

    def login(self, place):
        client = Client(self.network.connect(place, PORT))
        client.login(f"{self.user}@kvt.dk", SECRET)
        return client

    def is_over(self):
        return not os.path.exists(f"/proc/{self.pid}")

    def ends(self, house, started):
        """Waits for the end; another client then has the mailbox at once."""
        house.wait_for(self.is_over, f"the session of {self.user} to end",
                       LATEST)
        seconds = time.monotonic() - started
        assert seconds > EARLIEST, f"over after {seconds} s"
        with self.login("server") as other:
            equal(other.ok("STAT").split()[1], b"1")


@contextlib.contextmanager
def a_house():
    with Network() as network, House() as house:
        house.start_daemon("--timeout=0", listen=[f"--listen={SERVER}:{PORT}"],
                           before=network.command("server"))
        house.port = PORT
        house.wait_for(house.is_listening, "the daemon to listen")
        yield house, network


@case("a session asks for keepalive after 60 seconds and for an end after two "
      "minutes without any sign of life")
def _():
    with a_house() as (house, network):
        visit = Visit(house, network, "joe")
        equal(visit.options, PROMISED)
        visit.client.close()
    idle, interval, count = (PROMISED[name] for name in (
        "TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT"))
    equal(idle + interval * count, 120, "seconds")


@case("a client that vanishes in the middle of a message, one that vanishes "
      "before a reply, in the middle of a command or between two: each session "
      "ends, and its mailbox is free")
def _():
    with a_house() as (house, network):
        visits = [Visit(house, network, user) for user in (
            "message", "reply", "command", "idle")]
        message, reply, command, _ = [visit.client for visit in visits]
        message.ok("RETR 1")
        equal(len(message.socket.recv(1000, socket.MSG_WAITALL)), 1000)
        command.send(b"DELE ")
        network.lose_replies()
        reply.send(b"STAT\r\n")
        time.sleep(0.5)
        network.cut()
        started = time.monotonic()
        for visit in visits:
            visit.ends(house, started)
            house.logged(f'end="connection lost" .*user={visit.user}@kvt.dk')
        for visit in visits:
            visit.client.close()


@case("an idle client that is still there is not taken for dead")
def _():
    with a_house() as (house, network):
        visit = Visit(house, network, "joe")
        time.sleep(150 if IS_LONG else 8)
        equal(visit.client.ok("STAT").split()[1], b"1")
        visit.client.close()


tap.main()
