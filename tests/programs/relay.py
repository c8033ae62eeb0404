"""POP before SMTP: contrib/relay-map by both protocols, and a Postfix that relays
for who has logged in."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import time

import tap
from house import Client, House, SOURCE, free_port
from postfix import EXAMPLES, Owner, Postfix, need_program
from tap import case, equal

MAP = SOURCE / "contrib" / "relay-map"
YES, NO = "200 OK", "500 not%20found"


def need_perl():
    need_program("perl")


def write(path, rows, mode=0o640):
    """rows: (address, age in seconds)."""
    path.write_text("".join(f"{address} {int(time.time()) - age} joe@kvt.dk\n"
                            for address, age in rows))
    path.chmod(mode)


@contextlib.contextmanager
def a_file(rows=()):
    need_perl()
    with House() as house:
        house.relay = house.root / "addresses"
        write(house.relay, rows)
        yield house


def netstring(text):
    data = text.encode("latin-1")
    return b"%d:%s," % (len(data), data)


def ask(house, data):
    """Both directions through pipes, as spawn(8) has it."""
    done = subprocess.run(["perl", MAP, house.relay], input=data,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=30, check=False)
    equal(done.stderr, b"")
    return done.stdout.decode("latin-1")


def by_line(house, *keys):
    return ask(house, "".join(f"get {key}\n" for key in keys).encode()
               ).splitlines()


def by_netstring(house, *keys):
    found = ask(house, b"".join(netstring(f"relay {key}") for key in keys))
    result = []
    while found:
        length, found = found.split(":", 1)
        result.append(found[:int(length)])
        equal(found[int(length)], ",")
        found = found[int(length) + 1:]
    return result


ROWS = [("192.0.2.1", 5), ("192.0.2.2", 1700), ("192.0.2.3", 1900),
        ("192.0.2.4", -300), ("2001:db8::7", 5), ("192.0.2.9", 1900),
        ("192.0.2.9", 10), ("192.0.2.10", 10), ("192.0.2.10", 1900)]
EXPECTED = {"192.0.2.1": True, "192.0.2.2": True, "192.0.2.3": False,
            "192.0.2.4": False, "2001:db8::7": True,
            "2001:DB8:0:0::7": True, "2001:db8::8": False,
            "192.0.2.9": True, "192.0.2.10": False,
            "::ffff:192.0.2.1": True, "192.0.2": False, "192": False,
            "unknown": False, "mx.kvt.dk": False, "192.0.2.1x": False,
            "joe@kvt.dk": False}


@case("both protocols say who has logged in within half an hour, by the last "
      "line of an address")
def _():
    with a_file(ROWS) as house:
        equal(by_line(house, *EXPECTED),
              [YES if may else NO for may in EXPECTED.values()])
        equal(by_netstring(house, *EXPECTED),
              ["OK OK" if may else "NOTFOUND " for may in EXPECTED.values()])


@case("keys are quoted with percent signs in tcp_table, and only get is known")
def _():
    with a_file(ROWS) as house:
        equal(by_line(house, "192%2E0.2.1", "2001%3adb8%3A%3A7",
                      "192.0.2.1%00x", "192.0.2.1%0A", "%"),
              [YES, YES, NO, NO, NO])
        equal(ask(house, b"put 192.0.2.1 OK\nget\n\nget a b\nGET x\n"),
              "500 only%20get\n" * 5)


@case("a torn last line and nonsense count for nothing")
def _():
    with a_file() as house:
        now = int(time.time())
        house.relay.write_bytes(b"nonsense\n\n192.0.2.1 x joe\n192.0.2.2 %d\n"
                                b"192.0.2.3 %d joe\n192.0.2.4 %d joe"
                                % (now, now, now))
        equal(by_line(house, *(f"192.0.2.{i}" for i in range(1, 5))),
              [NO, NO, YES, NO])


@case("a missing file has nobody; one that is not safe is trouble, not no")
def _():
    with a_file(ROWS) as house:
        house.relay.chmod(0o660)
        equal(by_line(house, "192.0.2.1"), ["400 is%20writable%20for%20others"])
        equal(by_netstring(house, "192.0.2.1"), ["TEMP is writable for others"])
        house.relay.unlink()
        equal(by_line(house, "192.0.2.1"), [NO])
        house.relay.symlink_to("/dev/null")
        equal(by_line(house, "192.0.2.1")[0][:4], "400 ")
        house.relay.unlink()
        os.mkfifo(house.relay)
        equal(by_line(house, "192.0.2.1"), ["400 is%20not%20a%20regular%20file"])
        house.relay.unlink()
        with open(house.relay, "wb") as file:
            file.truncate(3 << 20)
        house.relay.chmod(0o640)
        equal(by_line(house, "192.0.2.1"), ["400 is%20too%20large"])


@case("requests have bounds: what is too long or no netstring ends it")
def _():
    with a_file(ROWS) as house:
        equal(ask(house, b"g" * 100000), "400 too%20long\n")
        for data in (b"4097:", b"999999:x", b"5x", b"3:abcd"):
            equal(ask(house, data + b"3:a b,"), "18:PERM bad netstring,")
        equal(ask(house, b"3:abc,"), "11:PERM no key,")
        equal(ask(house, b"get 192.0.2.1"), "")
        equal(ask(house, b"20:relay"), "")


# ---- as a server ------------------------------------------------------------

@contextlib.contextmanager
def serving(house, where, connect):
    server = subprocess.Popen(["perl", MAP, f"--listen={where}", house.relay])

    def is_up():
        assert server.poll() is None, "it has ended"
        try:
            connect().close()
        except OSError:
            return False
        return True
    try:
        house.wait_for(is_up, "relay-map to listen")
        yield server
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=30)


def converse(connection, key):
    connection.sendall(f"get {key}\n".encode())
    return connection.recv(1000).decode().strip()


@case("a server on a loopback port sees each change of the file at once")
def _():
    with a_file() as house:
        port = free_port()

        def connect():
            return socket.create_connection(("127.0.0.1", port), 10)
        with serving(house, f"127.0.0.1:{port}", connect):
            with connect() as silent, connect() as first, connect() as second:
                silent.sendall(b"get 192.0")
                for round_number in range(20):
                    write(house.relay, [(f"192.0.2.{round_number}", 0)])
                    equal(converse(first, f"192.0.2.{round_number}"), YES)
                    equal(converse(second, f"192.0.2.{round_number - 1}"), NO)
                silent.sendall(b".2.19\n")
                equal(silent.recv(100), YES.encode() + b"\n")


@case("a server on a socket takes the place of one that has died")
def _():
    with a_file(ROWS) as house:
        path = str(house.root / "socket")

        def connect():
            client = socket.socket(socket.AF_UNIX)
            client.settimeout(10)
            client.connect(path)
            return client
        for _ in range(2):
            with serving(house, path, connect), connect() as client:
                equal(converse(client, "192.0.2.1"), YES)
            assert os.path.exists(path)


@case("it listens on nothing but the loopback")
def _():
    with a_file() as house:
        for where in ("0.0.0.0:4711", "192.0.2.1:4711", "[::]:4711", "4711",
                      "127.0.0.1", "localhost:4711"):
            done = subprocess.run(
                ["perl", MAP, f"--listen={where}", house.relay],
                stderr=subprocess.PIPE, timeout=10, check=False)
            assert done.returncode != 0
            assert b"not ADDRESS:PORT of the loopback" in done.stderr


# ---- Postfix ------------------------------------------------------------------

class Recipe:
    """contrib/postfix/relay.example with the names of a test."""

    def __init__(self, house, owner, is_tcp):
        directory = house.root / "pop-relay"
        directory.mkdir(mode=0o750)
        os.chown(directory, 0, owner.gid)
        self.file = directory / "addresses"
        program = house.root / "relay-map"
        shutil.copy(MAP, program)
        program.chmod(0o755)
        text = (EXAMPLES / "relay.example").read_text()
        for word, replacement in (
                ("user=poprelay", f"user={owner.name}"),
                ("/usr/local/sbin/relay-map", str(program)),
                ("/var/lib/pop-relay/addresses", str(self.file)),
                ("127.0.0.1:10110", f"127.0.0.1:{free_port()}")):
            assert word in text, word
            text = text.replace(word, replacement)
        socketmap, tcp = re.findall(r"check_client_access .*, reject", text)
        self.main = re.search(r"^smtpd_relay.*\n\t.*\n", text, re.M)[0]
        # An "error" transport would refuse recipients for itself.
        self.main = ("mynetworks = 127.0.0.1\n"
                     "default_transport = gnu-pop3d\n") + (
            self.main.replace(socketmap, tcp) if is_tcp else self.main)
        self.services = "".join(
            line + "\n" for line in re.findall(r"^#(.* spawn .*)", text, re.M))
        equal(self.services.count("\n"), 2)


def rcpt(postfix, source, recipient="who@elsewhere.example"):
    """The status by which this client's recipient is taken or not."""
    with postfix.connect(source) as client:
        client.ehlo()
        equal(client.mail("joe@kvt.dk")[0], 250)
        return client.rcpt(recipient)[0]


def log_in(house, source):
    with Client(socket.create_connection(
            ("127.0.0.1", house.port), 30, (source, 0))) as client:
        client.login("joe@kvt.dk", "secret")
        client.ok("QUIT")


def relays(is_tcp):
    need_perl()
    with House() as house, Owner(house.root) as owner:
        recipe = Recipe(house, owner, is_tcp)
        with Postfix(house, owner, recipe.main, recipe.services) as postfix:
            postfix.add_user("joe", "kvt.dk")
            house.start_daemon(f"--relay-file={recipe.file}")
            equal(rcpt(postfix, "127.0.0.1"), 250, "mynetworks")
            equal(rcpt(postfix, "127.0.0.5"), 554, "nobody has logged in")
            log_in(house, "127.0.0.5")
            equal(rcpt(postfix, "127.0.0.5"), 250, "after a login")
            equal(rcpt(postfix, "127.0.0.6"), 554, "another address")
            text = recipe.file.read_text()
            line = re.fullmatch(r"127\.0\.0\.5 (\d+) joe@kvt\.dk\n", text)
            recipe.file.write_text(
                text.replace(line[1], str(int(line[1]) - 1900)))
            equal(rcpt(postfix, "127.0.0.5"), 554, "half an hour later")
            log_in(house, "127.0.0.6")
            assert "127.0.0.5" not in recipe.file.read_text(), "pruned"
            equal(rcpt(postfix, "127.0.0.6"), 250, "the other address")
            recipe.file.chmod(0o660)
            equal(rcpt(postfix, "127.0.0.6"), 451, "trouble")
            equal(rcpt(postfix, "127.0.0.6", "joe@kvt.dk"), 250,
                  "mail for us goes on")


@case("Postfix relays after a POP login and not later, by socketmap")
def _():
    relays(False)


@case("Postfix relays after a POP login and not later, by tcp")
def _():
    relays(True)


tap.main()
