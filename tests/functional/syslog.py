"""The log where it usually goes: to a /dev/log, ours, in a mount namespace."""

import contextlib
import os
import re
import socket
import stat
import subprocess

import tap
from house import IS_ROOT, House
from tap import Skip, case

WITH_DEV = 'mount --bind "$0" /dev && exec "$@"'


class Log:
    """What a syslogd would get."""

    def __init__(self, house):
        if not IS_ROOT or subprocess.run(
                ["unshare", "-m", "true"], check=False,
                stderr=subprocess.DEVNULL).returncode != 0:
            raise Skip("only root can have a /dev of its own")
        self.dev = house.root / "dev"
        self.dev.mkdir()
        os.mknod(self.dev / "null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        (self.dev / "null").chmod(0o666)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.dev / "log"))
        (self.dev / "log").chmod(0o666)
        self.socket.settimeout(20)
        house.logging = []

    def before(self):
        return ["unshare", "-m", "sh", "-c", WITH_DEV, self.dev]

    def line(self, wanted):
        """The next line with these words, without what syslog(3) puts before
        the program."""
        while True:
            line = self.socket.recv(2048).decode().rstrip("\0\n")
            if wanted in line:
                return line.split(" ", 3 + line[:9].count("  "))[-1]


def match(line, pattern):
    assert re.fullmatch(pattern, line), line


@contextlib.contextmanager
def logging_house(*options):
    with House() as house:
        log = Log(house)
        house.add_user("joe", "kvt.dk", "secret")
        house.start_daemon(*options, before=log.before())
        with log.socket:
            yield house, log


@case("lines of the listener and of its children come to syslog")
def _():
    with logging_house() as (house, log):
        with house.connect() as client:
            client.login("joe@kvt.dk", "secret")
            match(log.line("login method"),
                  r"gnu-pop3d\[\d+\]: login method=password user=joe@kvt\.dk "
                  r"addr=127\.0\.0\.1")
            client.ok("QUIT")
        match(log.line("session end"),
              r'gnu-pop3d\[\d+\]: session end="quit" .* user=joe@kvt\.dk '
              r"addr=127\.0\.0\.1")


@case("what a connection reports gets to the listener, not into the log: a "
      "client that came through a proxy is greeted")
def _():
    with logging_house("--proxy-from=127.0.0.1") as (house, _):
        with house.connect() as client:
            client.send(b"PROXY TCP4 192.0.2.1 127.0.0.1 1 2\r\n")
            client.greet()


@case("who has logged in takes no slot before login any more, and does not "
      "have to make room for the next one")
def _():
    with logging_house("-d2") as (house, _):
        with house.connect() as first:
            first.login("joe@kvt.dk", "secret")
            with house.connect() as second:
                second.greet()
                first.ok("NOOP")


tap.main()
