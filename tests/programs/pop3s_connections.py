"""Connections behind the set-ups of contrib/stunnel: who is believed, whom the
daemon knows, and what comes before TLS."""

import contextlib
import pathlib
import re
import ssl

import tap
from fetchers import (PLAIN, SECRET, USER, by_number, curl, filled_house, run)
from house import FROM_LINE
from postfix import need_program
from superserver import make_certificate
from tap import case, equal
from tunnels import (WITH_DAEMON, connect, each_kind, openssl, plain, protect,
                     set_up)

CLIENT = "127.0.0.77"


# ---- who does not answer -----------------------------------------------------

def keepalive(server):
    """In how many seconds each connection of the server will be looked at."""
    found = run(need_program("ss"), "-Htno", "state", "established",
                f"sport = :{server.port}").decode()
    return [int(seconds) for seconds in
            re.findall(r"timer:\(keepalive,(\d+)sec", found)]


@each_kind("the kernel asks a silent client from time to time whether it is "
           "there")
def _(kind):
    with filled_house(PLAIN) as house, set_up(house, kind) as server:
        with connect(server) as client:
            house.wait_for(lambda: keepalive(server), "all to be taken")
            [seconds] = keepalive(server)
            assert 30 < seconds <= 60, seconds
            client.ok("QUIT")


@each_kind("a client that does not begin with TLS in time is dropped")
def _(kind):
    def hurry(text):
        assert "TIMEOUTbusy = 60\n" in text
        return text.replace("TIMEOUTbusy = 60\n", "TIMEOUTbusy = 1\n")
    with filled_house(PLAIN) as house:
        with set_up(house, kind, change=hurry) as server:
            with plain(server) as client:
                if server.starttls:
                    client.greet()
                assert client.is_ended()


# ---- who is believed ---------------------------------------------------------

@each_kind("a client that trusts others, but not the sample certificate, "
           "refuses it")
def _(kind):
    with filled_house(PLAIN) as house, set_up(house, kind) as server:
        server.certificate, _ = make_certificate(house, "other")
        status, text = openssl(server)
        equal(status, 1, text)
        assert "self-signed certificate" in text, text
        # 60: curl cannot verify the certificate of the peer.
        equal(curl(server, 1, expect=60), b"")
        assert "method=" not in house.log(), house.log()


@each_kind("a client that called another name refuses the certificate")
def _(kind):
    with filled_house(PLAIN) as house, set_up(house, kind) as server:
        status, text = openssl(server, name="other.test")
        equal(status, 1, text)
        assert "hostname mismatch" in text, text


# ---- what the daemon knows ---------------------------------------------------

@each_kind("the log has the address of the client")
def _(kind):
    with filled_house(PLAIN) as house, set_up(house, kind) as server:
        with connect(server, CLIENT) as client:
            client.ok(f"USER {USER}")
            client.err("PASS wrong")
            client.login(USER, SECRET)
            client.ok("QUIT")
        house.logged(rf"login failed .* user={USER} addr={CLIENT}\n")
        house.logged(rf"login method=\S+ user={USER} addr={CLIENT}\n")
        house.logged(rf'session end="quit" .*user={USER} addr={CLIENT}\n')
        assert "addr=127.0.0.1\n" not in house.log(), house.log()


@each_kind("with --require-secure passwords are taken")
def _(kind):
    with filled_house(PLAIN) as house:
        with set_up(house, kind, "--secure --require-secure") as server:
            with connect(server) as client:
                client.login(USER, SECRET)
                client.ok("QUIT")


@each_kind("without --secure, --require-secure would refuse them")
def _(kind):
    with filled_house(PLAIN) as house:
        with set_up(house, kind, "--require-secure") as server:
            with connect(server) as client:
                equal(client.err(f"USER {USER}"), b"-ERR passwords are taken "
                      b"over an encrypted connection only")


@each_kind("one client has as many sessions as --max-per-source says, others "
           "have theirs", WITH_DAEMON)
def _(kind):
    with filled_house(PLAIN) as house:
        with set_up(house, kind, "--secure --max-per-source=2") as server:
            open_ones = [connect(server, source) for source in
                         (CLIENT, CLIENT, "127.0.0.78")]
            with connect(server, CLIENT, greet=False) as client:
                equal(client.line(), b"-ERR [SYS/TEMP] too many connections, "
                      b"try again later")
            for client in open_ones:
                client.close()


@case("a webmail on this machine comes without a header where stunnel calls "
      "from another loopback address")
def _():
    def apart(text):
        assert "connect = " in text
        text = re.sub("(?m)^(connect = .*)$", r"\1\nlocal = 127.0.0.2", text)
        return text.replace("--proxy-from=127.0.0.1", "--proxy-from=127.0.0.2")
    with filled_house(PLAIN) as house:
        with set_up(house, "proxy", change=apart) as server:
            with house.connect() as webmail:
                webmail.login(USER, SECRET)
                webmail.ok("QUIT")
            house.logged(r'session end="quit" .*addr=127\.0\.0\.1\n')
            with connect(server, CLIENT) as client:
                client.login(USER, SECRET)
                client.ok("QUIT")
            house.logged(rf'session end="quit" .*addr={CLIENT}\n')


# ---- STLS --------------------------------------------------------------------

@contextlib.contextmanager
def stls_client():
    """A client that is greeted, in the clear."""
    with filled_house(PLAIN) as house, set_up(house, "stls") as server:
        with plain(server) as client:
            yield house, server, client.greet()


INJECTED = f"USER {USER}\r\nPASS {SECRET}\r\nDELE 1\r\nQUIT\r\n".encode()


@case("stls: commands that are injected behind STLS end the connection, and "
      "are never carried out")
def _():
    for begin in (b"STLS\r\n", b"CAPA\r\nSTLS\r\n"):
        with stls_client() as (house, server, client):
            client.send(begin + INJECTED)
            if begin.startswith(b"CAPA"):
                client.line()
                client.lines()
            equal(client.line(), b"+OK Stunnel starts TLS negotiation")
            try:
                with protect(server, client) as protected:
                    raise AssertionError(protected.ask("NOOP"))
            except (ssl.SSLError, OSError):
                pass
            # What gnu-pop3d has seen is an end without a login.
            house.wait_for(lambda: not sessions(house), "the end")
            assert "method=" not in house.log(), house.log()
            equal(by_number(house.path.read_bytes().split(FROM_LINE)[1:]),
                  [text + b"\n" for text in PLAIN])


def sessions(house):
    """Whether gnu-pop3d runs for this house."""
    mark = f"--state-dir={house.state}".encode()
    return [path for path in pathlib.Path("/proc").glob("[0-9]*/cmdline")
            if mark in read_or_nothing(path).split(b"\0")]


def read_or_nothing(path):
    try:
        return path.read_bytes()
    except OSError:  # it has ended
        return b""


@case("stls: in the clear there are CAPA, once, and STLS; everything else ends "
      "the connection")
def _():
    for commands in (["USER " + USER], ["AUTH PLAIN"], ["QUIT"], ["NOOP"],
                     ["CAPA", "CAPA"]):
        with stls_client() as (house, _, client):
            for command in commands[:-1]:
                equal(client.listing(command), [b"STLS"])
            equal(client.ask(commands[-1]), None, commands)
            assert "method=" not in house.log(), house.log()


@case("stls: in TLS the capabilities are those of gnu-pop3d, and STLS is not "
      "among them")
def _():
    with filled_house(PLAIN) as house, set_up(house, "stls") as server:
        with connect(server) as client:
            found = client.listing("CAPA")
            assert b"TOP" in found and b"UIDL" in found, found
            assert b"STLS" not in found, found


tap.main()
