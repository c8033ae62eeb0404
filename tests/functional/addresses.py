"""--ip-based-virtual with several addresses: each stands for the domain that it
has as a name.

The names come from an /etc/hosts of our own, in a mount namespace."""

import concurrent.futures
import contextlib
import shutil
import socket
import subprocess

import tap
from house import DAEMON, Client, House, IS_ROOT, free_port
from tap import Skip, case, equal

REFUSED = b"-ERR [AUTH] wrong user name or password"
HOSTS = """\
127.0.0.2 kvt.dk
127.0.0.3 Example.ORG www.example.org
127.0.0.4 no.such.domain
127.0.0.5 www.kvt.dk
127.0.0.6 ..
192.0.2.1 kvt.dk
2001:db8::1 example.org
"""
FROM_HERE = "--proxy-from=127.0.0.1"


def in_namespace(house):
    """The command that runs another one with our hosts."""
    if not IS_ROOT or shutil.which("unshare") is None:
        raise Skip("a mount namespace needs root and unshare(1)")
    (house.root / "hosts").write_text(HOSTS)
    (house.root / "nsswitch").write_text(
        "passwd: files\nshadow: files\ngroup: files\nhosts: files\n")
    script = (f"mount --bind {house.root}/hosts /etc/hosts && mount --bind "
              f'{house.root}/nsswitch /etc/nsswitch.conf && exec "$@"')
    command = ["unshare", "--mount", "sh", "-c", script, "sh"]
    if subprocess.run([*command, "true"], stderr=subprocess.DEVNULL,
                      check=False).returncode != 0:
        raise Skip("a mount namespace is not allowed")
    return command


@contextlib.contextmanager
def a_house():
    """The same user in two domains; the number of messages tells which."""
    with House() as house:
        for count, domain in enumerate(("kvt.dk", "example.org"), 1):
            house.add_user("joe", domain, domain)
            house.write_mailbox("joe", domain,
                                [b"Subject: mine\n\nmine\n"] * count)
        house.add_user("ann", "kvt.dk", "secret")
        yield house


def outcome(client, user, secret):
    """How many messages, or None for who is refused."""
    with client:
        client.greet()
        client.ok(f"USER {user}")
        reply = client.ask(f"PASS {secret}")
        if reply == REFUSED:
            return None
        equal(reply, b"+OK logged in")
        return int(client.ok("STAT").split()[1])


EXPECTED = [("127.0.0.2", "joe", "kvt.dk", 1),
            ("127.0.0.2", "joe", "example.org", None),
            ("127.0.0.3", "joe", "example.org", 2),
            ("127.0.0.3", "joe", "kvt.dk", None),
            ("127.0.0.2", "joe@example.org", "example.org", 2),
            ("127.0.0.3", "ann", "secret", None),
            ("127.0.0.3", "ann@kvt.dk", "secret", 0),
            ("127.0.0.2", "s-joe", "kvt.dk", 1)]
# Another domain, a name below one, no name, and nothing in the hosts.
UNKNOWN = ("127.0.0.4", "127.0.0.5", "127.0.0.6", "127.0.0.7", "127.0.0.1")


@contextlib.contextmanager
def a_daemon(*options):
    with a_house() as house:
        port = free_port()
        house.start_daemon(
            "--ip-based-virtual", *options, before=in_namespace(house),
            listen=[f"--listen=127.0.0.{i}:{port}" for i in range(1, 8)])
        house.port = port
        house.wait_for(house.is_listening, "the daemon to listen")
        yield house


@case("each address of the daemon is the domain that it has as a name")
def _():
    with a_daemon() as house:
        for address, user, secret, expected in EXPECTED:
            equal(outcome(house.connect(address), user, secret), expected,
                  f"{user} at {address}")
        house.logged("login method=password user=joe@example.org")


def all_unknown(house, connect):
    """joe is a user of the system then, of whom there is none."""
    def attempt(address):
        return outcome(connect(address), "joe", "kvt.dk")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        equal(list(pool.map(attempt, UNKNOWN)), [None] * len(UNKNOWN))
    equal(house.log().count('reason="unknown user" method=password user=joe '),
          len(UNKNOWN))


@case("an address without a name, or with that of no domain, is no domain")
def _():
    with a_daemon() as house:
        all_unknown(house, house.connect)
        equal(outcome(house.connect("127.0.0.4"), "joe@kvt.dk", "kvt.dk"), 1)


def by_inetd(house, address, *options):
    """As a super-server does it: the connection is descriptor 0."""
    with socket.create_server((address, 0)) as server:
        ours = socket.create_connection(server.getsockname(), 30)
        theirs, _ = server.accept()
    with theirs, open(house.log_path, "ab") as log:
        process = subprocess.Popen(
            [*in_namespace(house), DAEMON, "-i", "--debug=100",
             "--ip-based-virtual", *house.options(), *options],
            stdin=theirs, stdout=theirs, stderr=log)
    return Client(ours, process)


@case("in inetd mode it is the address of descriptor 0")
def _():
    with a_house() as house:
        for address, user, secret, expected in EXPECTED:
            equal(outcome(by_inetd(house, address), user, secret), expected,
                  f"{user} at {address}")
        for address in UNKNOWN[:2]:
            equal(outcome(by_inetd(house, address), "joe", "kvt.dk"), None)


@case("over a pipe there is no address and no domain")
def _():
    with a_house() as house:
        said = house.converse(b"USER joe\r\nPASS kvt.dk\r\nQUIT\r\n",
                              "--ip-based-virtual",
                              before=in_namespace(house))
        assert REFUSED in said, said
        said = house.converse(
            b"USER joe@kvt.dk\r\nPASS kvt.dk\r\nQUIT\r\n",
            "--ip-based-virtual", before=in_namespace(house))
        assert b"+OK logged in" in said, said


HEADERS = [(b"TCP4 198.51.100.9 192.0.2.1", "kvt.dk", 1),
           (b"TCP4 198.51.100.9 192.0.2.1", "example.org", None),
           (b"TCP6 2001:db8::9 2001:db8::1", "example.org", 2),
           (b"TCP4 198.51.100.9 127.0.0.3", "example.org", 2),
           # Known to nobody, whatever the connection has called.
           (b"TCP4 198.51.100.9 192.0.2.77", "kvt.dk", None),
           # Says nothing: the address of the connection counts.
           (b"UNKNOWN", "kvt.dk", 1)]


@case("behind a PROXY header it is the address that the client has called")
def _():
    with a_daemon(FROM_HERE) as house:
        for words, domain, expected in HEADERS:
            client = Client(socket.create_connection(
                ("127.0.0.2", house.port), 30, ("127.0.0.1", 0)))
            ports = b" 1 110" if b" " in words else b""
            client.send(b"PROXY " + words + ports + b"\r\n")
            equal(outcome(client, "joe", domain), expected, f"{words}")


@case("in inetd mode a PROXY header counts the same")
def _():
    with a_house() as house:
        for words, domain, expected in (HEADERS[0], HEADERS[2], HEADERS[4]):
            client = by_inetd(house, "127.0.0.2", "--proxy-from=127.0.0.0/8")
            client.send(b"PROXY " + words + b" 1 110\r\n")
            equal(outcome(client, "joe", domain), expected, f"{words}")


@case("without the option no address stands for a domain")
def _():
    with a_house() as house:
        port = free_port()
        house.start_daemon(before=in_namespace(house),
                           listen=[f"--listen=127.0.0.2:{port}"])
        house.port = port
        house.wait_for(house.is_listening, "the daemon to listen")
        equal(outcome(house.connect("127.0.0.2"), "joe", "kvt.dk"), None)


tap.main()
