"""The PROXY protocol and REMOTE_HOST: whom the log and the limits take for the
client, and who is not believed."""

import concurrent.futures
import contextlib
import os
import re
import signal
import socket
import struct
import subprocess
import time

import tap
from house import DAEMON, Client, House, children_of
from tap import case, equal

BUSY = b"-ERR [SYS/TEMP] too many connections, try again later"
FROM_HERE = "--proxy-from=127.0.0.0/30"
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
LINE = b"PROXY TCP4 192.0.2.7 192.0.2.1 4711 110\r\n"
LOCAL = SIGNATURE + b"\x20\0\0\0"
TLS = b"\x20\0\5\1\0\0\0\0"


def line_for(address):
    return f"PROXY TCP4 {address} 192.0.2.1 4711 110\r\n".encode()


def header(peer="192.0.2.7", fields=b""):
    body = socket.inet_aton(peer) + socket.inet_aton("192.0.2.1") + \
        struct.pack(">HH", 4711, 110) + fields
    return SIGNATURE + b"\x21\x11" + struct.pack(">H", len(body)) + body


@contextlib.contextmanager
def a_house(*options):
    with House() as house:
        for user in ("joe", "ann", "bob"):
            house.add_user(user, "kvt.dk", "secret")
        if options:
            house.start_daemon(*options)
        yield house


def connect(house, data=b"", source="127.0.0.1"):
    client = Client(socket.create_connection(
        ("127.0.0.1", house.port), 30, (source, 0)))
    client.send(data)
    return client


def logs_in(client, user="joe"):
    with client:
        client.login(f"{user}@kvt.dk", "secret")
        client.ok("QUIT")


def session_of(house, address):
    return house.logged(
        rf'session end="quit" .*user=joe@kvt\.dk addr={re.escape(address)}\n')


# ---- whose address it is -----------------------------------------------------

@case("row 54: a header of version 1 or 2 names the client of the log")
def _():
    ipv6 = SIGNATURE + b"\x21\x21\0\x24" + \
        socket.inet_pton(socket.AF_INET6, "2001:db8::7") + bytes(16) + \
        bytes(4)
    for data, address in (
            (LINE, "192.0.2.7"), (header(), "192.0.2.7"),
            (b"PROXY TCP6 2001:db8::7 2001:db8::1 1 2\r\n", "2001:db8::7"),
            (ipv6, "2001:db8::7"), (header(fields=TLS), "192.0.2.7")):
        with a_house(FROM_HERE) as house:
            with connect(house, data) as client:
                client.greet()
                client.ok("USER joe@kvt.dk")
                client.err("PASS wrong")
                logs_in(client)
            session_of(house, address)
            house.logged(rf"login failed .* addr={address}\n")
            house.logged(rf"login method=.* addr={address}\n")
            assert "addr=127" not in house.log(), house.log()


@case("row 54: UNKNOWN and LOCAL leave the address of the connection")
def _():
    for data in (b"PROXY UNKNOWN\r\n", b"PROXY UNKNOWN a b c d\r\n", LOCAL,
                 SIGNATURE + b"\x21\0\0\0"):
        with a_house(FROM_HERE) as house:
            logs_in(connect(house, data))
            session_of(house, "127.0.0.1")


@case("row 54: a header in single octets, and one with commands behind it")
def _():
    for data in (LINE, header()):
        with a_house(FROM_HERE) as house:
            with connect(house) as client:
                client.socket.setsockopt(
                    socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for octet in data:
                    client.send(bytes([octet]))
                    time.sleep(0.002)
                logs_in(client)
            session_of(house, "192.0.2.7")
            with connect(house, data + b"USER joe@kvt.dk\r\nPASS secret\r\n"
                         b"QUIT\r\n") as client:
                client.greet()
                for _reply in range(3):
                    assert client.line().startswith(b"+OK")
                assert client.is_ended()


@case("row 54: without a header the connection is closed without a word")
def _():
    bad = [b"CAPA\r\n", b"USER joe@kvt.dk\r\nPASS secret\r\n",
           b"PROXY TCP4 192.0.2.7 192.0.2.1 4711\r\n",
           b"PROXY UNKNOWN " + b"x" * 107 + b"\r\n",
           header()[:12] + b"\x31" + header()[13:],
           SIGNATURE + b"\x21\x11\xff\xff"]
    with a_house(FROM_HERE) as house:
        for data in bad:
            with connect(house, data) as client:
                assert client.is_ended(), data
        house.logged('connection refused reason="no PROXY header" '
                     r"addr=127\.0\.0\.1\n")
        equal(house.log().count("no PROXY header"), 1)
        logs_in(connect(house, LINE))


@case("row 54: a second header is a command like another, and changes nothing")
def _():
    with a_house(FROM_HERE) as house:
        with connect(house, LINE + line_for("192.0.2.99")) as client:
            client.greet()
            assert client.line().startswith(b"-ERR")
            logs_in(client)
        session_of(house, "192.0.2.7")
        assert "192.0.2.99" not in house.log()


@case("row 54: from other addresses, and without the option, a header is no "
      "more than a senseless command")
def _():
    for options, source in ((("--proxy-from=127.0.0.0/30",), "127.0.0.9"),
                            (("--debug=100",), "127.0.0.1")):
        with a_house(*options) as house:
            with connect(house, LINE, source) as client:
                client.greet()
                assert client.line().startswith(b"-ERR")
                logs_in(client)
            session_of(house, source)


@case("row 54: who sends no header, or half of one, ends with the time for the "
      "login; who hangs up is no trouble")
def _():
    with a_house(FROM_HERE, "--login-timeout=2") as house:
        for data in (b"", LINE[:20], header()[:14]):
            with connect(house, data) as client:
                started = time.monotonic()
                assert client.is_ended()
                assert 1.5 < time.monotonic() - started < 10
        connect(house).close()
        connect(house, LINE[:30]).close()
        house.wait_for(lambda: not children_of(house.daemon.pid), "the end")
        assert "ERR" not in house.log() and "refused" not in house.log()


@case("the daemon can be stopped while it waits for a header")
def _():
    with a_house(FROM_HERE) as house:
        with connect(house) as client:
            house.wait_for(lambda: children_of(house.daemon.pid), "the child")
            house.daemon.send_signal(signal.SIGTERM)
            house.logged("stopping, 1 sessions are still open")
            house.daemon.send_signal(signal.SIGTERM)
            assert client.is_ended()
            equal(house.daemon.wait(timeout=20), 0)


@case("in inetd mode a header is taken from the addresses named, and no other")
def _():
    for source, expected in (("127.0.0.1", "192.0.2.7"),
                             ("127.0.0.9", "127.0.0.9")):
        with a_house() as house, socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            listening.listen()
            house.port = listening.getsockname()[1]
            with connect(house, LINE, source) as client:
                theirs, _peer = listening.accept()
                with theirs, open(house.log_path, "ab") as log:
                    client.process = subprocess.Popen(
                        [DAEMON, "-i", "--debug=100", FROM_HERE,
                         *house.options()],
                        stdin=theirs, stdout=theirs, stderr=log)
                client.greet()
                if source != "127.0.0.1":
                    assert client.line().startswith(b"-ERR")
                client.login("joe@kvt.dk", "secret")
                client.ok("QUIT")
            session_of(house, expected)


# ---- limits --------------------------------------------------------------------

@case("a proxied connection counts for the client that its header names")
def _():
    with a_house(FROM_HERE, "--max-per-source=2") as house, \
            contextlib.ExitStack() as stack:
        for address in ["192.0.2.7"] * 2 + ["192.0.2.8"] * 2 + \
                ["127.0.0.1"] * 4:
            client = stack.enter_context(connect(house, line_for(address)))
            client.greet()
        with connect(house, line_for("192.0.2.7")) as client:
            equal(client.line(), BUSY)
            assert client.is_ended()
        house.logged('connection refused reason="too many sessions from this '
                     r'source" addr=192\.0\.2\.7\n')
        with connect(house, line_for("192.0.2.9")) as client:
            client.greet()


@case("failures count for the client that the header names")
def _():
    with a_house(FROM_HERE, "--max-per-source=20",
                 "--max-login-failures=1") as house:
        def fail(_):
            with connect(house, LINE) as client:
                client.greet()
                client.ok("USER joe@kvt.dk")
                client.err("PASS wrong")

        def seconds_to_greet(data):
            started = time.monotonic()
            with connect(house, data) as client:
                client.greet()
            return time.monotonic() - started
        with concurrent.futures.ThreadPoolExecutor(11) as pool:
            list(pool.map(fail, range(11)))
        assert seconds_to_greet(LINE) >= 4.9
        assert seconds_to_greet(line_for("192.0.2.8")) < 4


# ---- passwords -----------------------------------------------------------------

@case("a trusted header that tells of TLS protects the connection, and no other "
      "one does")
def _():
    with a_house(FROM_HERE, "--require-secure") as house:
        logs_in(connect(house, header(fields=TLS)))
        for data, source in ((header(), "127.0.0.1"), (LINE, "127.0.0.1"),
                             (LOCAL, "127.0.0.1"), (b"", "127.0.0.9")):
            with connect(house, data, source) as client:
                client.greet()
                assert b"encrypted" in client.err("USER joe@kvt.dk")


@case("from other addresses a header of version 2 is a QUIT with senseless "
      "commands before it")
def _():
    with a_house(FROM_HERE, "--require-secure") as house:
        with connect(house, header(fields=TLS), "127.0.0.9") as client:
            client.greet()
            replies = []
            while (line := client.line()) is not None:
                replies.append(line)
            assert replies[:-1] and replies[-1] == b"+OK goodbye", replies
            assert all(reply.startswith(b"-ERR") for reply in replies[:-1])


# ---- REMOTE_HOST ---------------------------------------------------------------

def inetd_session(house, remote_host, *options):
    ours, theirs = socket.socketpair()
    with open(house.log_path, "ab") as log:
        process = subprocess.Popen(
            [DAEMON, "-i", "--debug=100", *house.options(), *options],
            stdin=theirs, stdout=theirs, stderr=log,
            env={**os.environ, "REMOTE_HOST": remote_host})
    theirs.close()
    logs_in(Client(ours, process))


@case("row 55: REMOTE_HOST is the client with --believe-remote-host only")
def _():
    for options, address in (((), "-"),
                             (("--believe-remote-host",), "192.0.2.7")):
        with a_house() as house:
            inetd_session(house, "192.0.2.7", *options)
            session_of(house, address)


@case("row 55: REMOTE_HOST must be a numeric address; what is not is escaped in "
      "the log, and not believed")
def _():
    for text in ("localhost", "192.0.2", "192.0.2.7/8", "192.0.2.7:110", "",
                 "192.0.2.7 user=root", "192.0.2.7\naddr=192.0.2.8", "x" * 999,
                 "[2001:db8::1]"):
        with a_house() as house:
            inetd_session(house, text, "--believe-remote-host")
            session_of(house, "-")
            logged = house.logged(r"REMOTE_HOST=(\S*) is no address\n")
            assert "addr=" not in logged.replace(r"\x0aaddr=", ""), logged
            equal(house.log().count("\n"), 3)


@case("row 55: a daemon does not look at REMOTE_HOST")
def _():
    os.environ["REMOTE_HOST"] = "192.0.2.7"
    try:
        with a_house("--believe-remote-host") as house:
            logs_in(connect(house))
            session_of(house, "127.0.0.1")
    finally:
        del os.environ["REMOTE_HOST"]


@case("--proxy-from takes a list with commas, and again; what is no network "
      "ends with 64")
def _():
    with a_house("--proxy-from=192.0.2.0/24,127.0.0.1",
                 "--proxy-from=127.0.0.3") as house:
        for source in ("127.0.0.1", "127.0.0.3"):
            logs_in(connect(house, LINE, source))
        logs_in(connect(house, b"", "127.0.0.2"))
        for text in ("", "127.0.0.1,", "127.0.0", "127.0.0.1/33", "localhost",
                     "127.0.0.1:110"):
            done = subprocess.run(
                [DAEMON, f"--proxy-from={text}"], stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=20,
                check=False)
            equal(done.returncode, 64, f"{text} {done.stdout}")
            assert b"--proxy-from" in done.stdout, done.stdout


tap.main()
