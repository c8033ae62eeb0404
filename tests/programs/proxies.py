"""HAProxy and stunnel in front of the daemon, with headers of the PROXY
protocol: the log has the address of the client, and TLS is known."""

import contextlib
import socket
import ssl
import time

import tap
from fetchers import SECRET, USER, crlf, filled_house, poplib_session
from house import Client, children_of
from readers import retrieve
from superserver import haproxy, haproxy_in_tls, logging_server, stunnel
from tap import case, equal

MESSAGES = [b"Subject: one\n\nfirst\n.\n..\n",
            b"Subject: two\n\n" + b"long" * 250000 + b"\n"]
CLIENT = "127.0.0.77"
FROM_HERE = "--proxy-from=127.0.0.1"


@contextlib.contextmanager
def a_house(*options):
    with filled_house(MESSAGES) as house:
        house.start_daemon(FROM_HERE, *options)
        yield house


def connect(server, source=CLIENT):
    """A client of the proxy, from an address that is not the proxy's."""
    raw = socket.create_connection(("127.0.0.1", server.port), 30, (source, 0))
    if server.certificate is not None:
        context = ssl.create_default_context(cafile=server.certificate)
        raw = context.wrap_socket(raw, server_hostname="127.0.0.1")
    return Client(raw)


def fetch(house, server):
    with connect(server) as client:
        client.login(USER, SECRET)
        for number, message in enumerate(MESSAGES, 1):
            equal(client.retr(number)[1], crlf(message), f"message {number}")
        client.ok("QUIT")
    house.logged(rf'session end="quit" retrieved=2 .*user={USER} '
                 rf"addr={CLIENT}\n")
    assert "addr=127.0.0.1\n" not in house.log(), house.log()


@case("HAProxy with send-proxy (version 1) tells who the client is")
def _():
    with a_house() as house, haproxy(house, "send-proxy") as server:
        fetch(house, server)


@case("HAProxy with send-proxy-v2 does so as well")
def _():
    with a_house() as house, haproxy(house, "send-proxy-v2") as server:
        fetch(house, server)


@case("behind HAProxy with TLS and send-proxy-v2-ssl passwords are taken where "
      "they must be protected")
def _():
    with a_house("--require-secure") as house:
        with haproxy_in_tls(house, "send-proxy-v2-ssl-cn") as server:
            fetch(house, server)


@case("behind HAProxy without TLS, or if it does not tell of TLS, they are not")
def _():
    with a_house("--require-secure") as house:
        for start, options in ((haproxy, "send-proxy-v2-ssl"),
                               (haproxy_in_tls, "send-proxy-v2"),
                               (haproxy_in_tls, "send-proxy")):
            with start(house, options) as server, connect(server) as client:
                client.greet()
                assert b"encrypted" in client.err(f"USER {USER}")


@case("HAProxy without the header gets no session")
def _():
    with a_house("--login-timeout=5") as house, \
            haproxy(house, "") as server:
        with connect(server) as client:
            client.send(b"USER " + USER.encode() + b"\r\n")
            assert client.is_ended()
        house.logged('connection refused reason="no PROXY header" '
                     r"addr=127\.0\.0\.1\n")


@case("clients behind HAProxy are limited one by one")
def _():
    with a_house("--max-per-source=2") as house, \
            haproxy(house, "send-proxy-v2") as server, \
            contextlib.ExitStack() as stack:
        for source in (CLIENT, CLIENT, "127.0.0.78", "127.0.0.78"):
            stack.enter_context(connect(server, source)).greet()
        with connect(server) as client:
            equal(client.line(), b"-ERR [SYS/TEMP] too many connections, try "
                  b"again later")
            assert client.is_ended()
        house.logged(f'too many sessions from this source" addr={CLIENT}\n')


@case("HAProxy's checks of the server, which say LOCAL, leave no process behind")
def _():
    with a_house() as house, haproxy(
            house, "send-proxy-v2 check inter 200ms check-send-proxy") as server:
        time.sleep(1)
        with connect(server) as client:
            client.login(USER, SECRET)
            client.ok("QUIT")
        house.logged(rf"user={USER} addr={CLIENT}\n")
        server.stop()
        house.wait_for(lambda: not children_of(house.daemon.pid), "the end")
        assert "refused" not in house.log(), house.log()


@case("stunnel with protocol = proxy tells who the client is")
def _():
    with a_house() as house:
        with stunnel(house, "protocol = proxy\n"
                     f"connect = 127.0.0.1:{house.port}") as server:
            fetch(house, server)


@case("row 55: where stunnel starts the daemon, REMOTE_HOST names the client if it "
      "is believed")
def _():
    for options, address in (("", "127.0.0.1"),
                             (" --believe-remote-host", CLIENT)):
        with filled_house(MESSAGES) as house:
            script = logging_server(house)
            with stunnel(house, f"exec = {script}\nexecArgs = {script.name} "
                         f"--secure{options}") as server:
                with connect(server) as client:
                    client.login(USER, SECRET)
                    client.ok("QUIT")
                house.logged(rf'session end="quit" .*user={USER} '
                             rf"addr={address}\n")


@case("poplib reads through both, stunnel and the header")
def _():
    with a_house() as house:
        with stunnel(house, "protocol = proxy\n"
                     f"connect = 127.0.0.1:{house.port}") as server:
            session = poplib_session(server)
            session.user(USER)
            session.pass_(SECRET)
            equal(retrieve(session, 2), crlf(MESSAGES[1]))
            session.quit()


tap.main()
