"""contrib/pop3client.pl with our daemon, with daemons of others, and with one
that makes mistakes."""

import concurrent.futures
import contextlib
import json
import os
import re
import socket
import ssl
import subprocess
import threading
import time

import others
import tap
from house import House, SOURCE
from postfix import need_program
from tap import case, equal
from terminal import run_in_terminal

CLIENT = SOURCE / "contrib" / "pop3client.pl"
BODIES = [b"hello\n.dot\n..two\n.\nend\n", b"line\n" * 50, b"",
          b"the last message\n"]
MESSAGES = [
    b"Received: by example.org; Sun, 22 Nov 2026 07:00:%02d +0000\n"
    b"Date: Sun, 22 Nov 2026 07:00:%02d +0000\nFrom: a@example.org\n"
    b"Message-Id: <%d@example.org>\n\n" % (number, number, number) + body
    for number, body in enumerate(BODIES)]
MBOX = b"".join(b"From sender@example.org Sun Nov 22 07:00:00 2026\n" + text +
                b"\n" for text in MESSAGES)
ALL_POINTS = 33


def client(port, *arguments, secret="secret", host="127.0.0.1"):
    """Runs the script; its status and its output."""
    done = subprocess.run(
        [need_program("perl"), str(CLIENT), host, str(port), *arguments],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=120, check=False,
        env={"PATH": os.environ["PATH"], "POP3_PASSWORD": secret})
    return done.returncode, done.stdout


def points(port, *arguments, user="joe@kvt.dk", secret="secret"):
    """The status, and { what: (result, why) } of a test of each command."""
    status, output = client(
        port, f"--user={user}", "--json", *arguments, secret=secret)
    try:
        found = json.loads(output)["points"]
    except ValueError as error:
        raise AssertionError(output) from error
    return status, {point["what"]: (point["result"], point.get("why"))
                    for point in found}


def other_than(found, *results):
    return {what: why for what, why in found.items() if why[0] not in results}


@contextlib.contextmanager
def ours(count=0):
    with House() as house:
        house.add_user("joe", "kvt.dk", "secret")
        house.write_mailbox("joe", "kvt.dk", MESSAGES)
        for number in range(1, count + 1):
            house.add_user(f"user{number:03}", "kvt.dk", f"secret{number:03}")
            house.write_mailbox(f"user{number:03}", "kvt.dk", MESSAGES)
        house.start_daemon("--max-per-source=400", "-d400")
        yield house


# ---- each command -----------------------------------------------------------

@case("our daemon does each point right, and no mail is touched")
def _():
    with ours() as house:
        before = house.mailbox("joe", "kvt.dk").read_bytes()
        status, found = points(house.port)
        equal(other_than(found, "ok"), {
            what: ("skipped", "--delete is not given") for what in (
                "DELE hides a message, RSET shows it again",
                "without QUIT nothing is deleted",
                "DELE and QUIT delete one message, and only that")})
        equal(status, 0)
        equal(len(found), ALL_POINTS)
        equal(house.mailbox("joe", "kvt.dk").read_bytes(), before)


@case("with --delete, the last message goes, and no other")
def _():
    with ours() as house:
        before = house.mailbox("joe", "kvt.dk").read_bytes()
        status, found = points(house.port, "--delete", "--no-second")
        equal(other_than(found, "ok"), {
            "the mailbox is for one session at a time":
                ("skipped", "--no-second")})
        equal(status, 0)
        left = house.mailbox("joe", "kvt.dk").read_bytes()
        equal(left, before[:before.rindex(b"From sender@")])


@case("an empty mailbox, and an account with a hash, are no mistakes")
def _():
    with House() as house:
        house.add_user("joe", "kvt.dk", "{CRYPT}abJnggxhB/yWI")
        house.add_user("ann", "kvt.dk", "secret")
        house.start_daemon()
        status, found = points(house.port, "--no-wrong", "--no-second",
                               user="ann@kvt.dk")
        equal(status, 0, found)
        equal(found["STAT says number and octets"], ("ok", None))
        equal(found["RETR has as many octets as LIST says"],
              ("skipped", "no mail"))
        equal(found["a wrong password is refused"], ("skipped", "--no-wrong"))


@case("a wrong password, no server, and wrong usage have status 1, 1 and 64")
def _():
    with ours() as house:
        status, output = client(house.port, "--user=joe@kvt.dk",
                                "--login=user", secret="wrong")
        equal(status, 1)
        assert re.search(r"^not ok +login by user \(PASS refused \[AUTH\]\)$",
                         output, re.M), output
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            status, output = client(bound.getsockname()[1], "--user=joe")
        equal(status, 1)
        assert "cannot connect" in output, output
        equal(client(house.port)[0], 64)
        equal(client(house.port, "--users=%s%s", "-c1")[0], 64)
        equal(client(house.port, "--user=joe", "-c1", "--pattern=delete")[0],
              64)


def relay(source, sink, change):
    buffer = b""
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            buffer += data
            *lines, buffer = buffer.split(b"\n")
            for line in lines:
                sink.sendall(change(line + b"\n"))
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def mistaken(house, change):
    """A server that is ours but for what change makes of each line."""
    def serve(listener):
        while True:
            try:
                near = listener.accept()[0]
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", house.port))
            for arguments in ((near, far, bytes), (far, near, change)):
                threading.Thread(target=relay, args=arguments,
                                 daemon=True).start()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=[listener])
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(30)


MISTAKES = {
    "the greeting is +OK": (rb"^\+OK .*<.*>", b"HELLO"),
    "STAT says number and octets": (rb"^\+OK 4 (\d+)\r", rb"+OK 4\r"),
    "LIST agrees with STAT": (rb"^2 \d+\r", b"2 17\r"),
    "UIDL has distinct ids of 1 to 70 characters":
        (rb"^3 ([!-~]{20,})\r", rb"3 \1 \r"),
    "RETR has as many octets as LIST says": (rb"^line\r", b"lin\r"),
    "lines that begin with a dot are stuffed": (rb"^\.\.dot", b".dot"),
    "replies end with CR LF and have at most 512 octets":
        (rb"^hello\r", b"hello"),
    "numbers of no message are refused": (rb"^-ERR.*message.*", b"+OK\r"),
}


@case("mistakes of a server are found, each at its point")
def _():
    def check(number, what, wrong, instead):
        with mistaken(house, lambda line: re.sub(wrong, instead, line)) as port:
            status, found = points(
                port, "--login=user", "--no-wrong", "--no-second",
                user=f"user{number:03}@kvt.dk", secret=f"secret{number:03}")
            equal(status, 1, what)
            equal(found[what][0], "not ok", (what, found))

    with ours(len(MISTAKES)) as house, \
            concurrent.futures.ThreadPoolExecutor(len(MISTAKES)) as pool:
        for done in [pool.submit(check, number, what, *change)
                     for number, (what, change)
                     in enumerate(MISTAKES.items(), 1)]:
            done.result()


# ---- the servers of others --------------------------------------------------

def check_other(server, *arguments, wrong=()):
    """All points are right that the server offers, but for those."""
    with server.listening(MBOX) as (port, path):
        status, found = points(port, *arguments, user=others.USER)
        equal(sorted(other_than(found, "ok", "not offered", "skipped")),
              sorted(wrong), found)
        equal(status, 1 if wrong else 0)
        equal(found["numbers of no message are refused"][0], "ok")
        assert path.read_bytes().count(b"\nMessage-Id:") == len(MESSAGES)
        return found


@case("Dovecot does each point right that it offers")
def _():
    found = check_other(others.DovecotDaemon(), "--no-wrong")
    equal([found[f"login by {method}"][0] for method in (
        "user", "apop", "plain", "plain-later", "login", "cram-md5")],
          ["ok"] * 6)


@case("popa3d does each point right that it offers, which is little")
def _():
    found = check_other(others.Popa3d())
    equal(found["login by apop"], ("not offered", None))
    equal(found["CAPA lists what there is"], ("not offered", None))


# It writes X-UIDL headers into the messages after it has told their sizes.
@case("GNU mailutils changes its sizes within a session, and that is found")
def _():
    check_other(others.Mailutils(), "--login=user", wrong=(
        "LIST and UIDL of one message",
        "RETR has as many octets as LIST says",
        "TOP has the header and as many lines as asked for",
        "a line that is too long is one error",
        "the next session sees the same",
        "replies end with CR LF and have at most 512 octets"))


# ---- TLS --------------------------------------------------------------------

@contextlib.contextmanager
def tls_server(root, says_first):
    """TLS with a certificate for localhost in front of a POP3 greeting."""
    key, certificate = root / "key", root / "certificate"
    subprocess.run(
        [need_program("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out",
         certificate, "-subj", "/CN=localhost", "-addext",
         "subjectAltName=DNS:localhost"], check=True, stderr=subprocess.PIPE)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def talk(connection):
        if says_first:
            connection.sendall(b"+OK clear\r\n")
            assert connection.recv(100) == b"STLS\r\n"
            connection.sendall(b"+OK go\r\n")
        with context.wrap_socket(connection, server_side=True) as secure:
            if not says_first:
                secure.sendall(b"+OK secret\r\n")
            for line in secure.makefile("rb"):
                secure.sendall(b"+OK 0 0\r\n")
                if line == b"QUIT\r\n":
                    return

    def serve(listener):
        while True:
            try:
                connection = listener.accept()[0]
            except OSError:
                return
            with contextlib.suppress(OSError, AssertionError), connection:
                talk(connection)
    with socket.create_server(("localhost", 0)) as listener:
        thread = threading.Thread(target=serve, args=[listener])
        thread.start()
        try:
            yield listener.getsockname()[1], certificate
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(30)


@case("TLS at once and after STLS; a certificate that nobody knows is refused")
def _():
    with House() as house:
        for option in ("--tls", "--stls"):
            with tls_server(house.root, option == "--stls") as (port, known):
                short = ("--user=joe", option, "-c1", "-n3")
                equal(client(port, *short, f"--ca={known}",
                             host="localhost")[0], 0)
                equal(client(port, *short, "--insecure",
                             host="localhost")[0], 0)
                status, output = client(port, *short, host="localhost")
                equal(status, 1)
                assert "certificate verify failed" in output, output


# ---- stress -----------------------------------------------------------------

def stress(house, *arguments, status=0):
    done, output = client(
        house.port, "--users=user%03d@kvt.dk", "--passwords=secret%03d",
        "--json", *arguments)
    equal(done, status, output)
    return json.loads(output)


@case("many sessions at once: all succeed, and the log has as many")
def _():
    with ours(60) as house:
        result = stress(house, "--count=60", "-c60", "-n300",
                        "--pattern=mixed")
        equal((result["sessions"], result["failed"], result["errors"]),
              (300, 0, {}))
        for kind in ("connect", "login", "session"):
            times = result["times"][kind]
            equal(times["count"], 300)
            order = [times[name] for name in ("p50", "p90", "p99", "max")]
            assert 0 < order[0] and order == sorted(order), order
        house.wait_for(lambda: house.log().count('session end="quit"') == 300,
                       "all sessions to end")


@case("fetch counts octets, delete empties the mailboxes, mixed does not")
def _():
    with ours(3) as house:
        octets = sum(len(text.replace(b"\n", b"\r\n")) for text in MESSAGES)
        result = stress(house, "--count=3", "-c3", "-n3", "--pattern=fetch")
        equal((result["messages"], result["octets"]), (12, 3 * octets))
        stress(house, "--count=3", "-c3", "-n20", "--pattern=mixed")
        for number in range(1, 4):
            assert house.mailbox(f"user{number:03}", "kvt.dk").stat().st_size
        stress(house, "--count=3", "-c3", "-n3", "--pattern=delete",
               "--delete")
        for number in range(1, 4):
            equal(house.mailbox(f"user{number:03}", "kvt.dk").read_bytes(), b"")


@case("errors are counted by kind, and the status is 1")
def _():
    with ours(2) as house:
        result = stress(house, "--count=4", "-c4", "-n4", "--login=apop",
                        status=1)
        equal((result["sessions"], result["failed"], result["errors"]),
              (4, 2, {"APOP refused [AUTH]": 2}))


@case("--seconds and --limit end it, also when sessions are idle")
def _():
    with ours(2) as house:
        began = time.monotonic()
        result = stress(house, "--count=2", "-c2", "--seconds=1")
        assert result["sessions"] > 2 and result["failed"] == 0, result
        result = stress(house, "--count=2", "-c2", "-n2", "--limit=1",
                        "--pattern=idle", "--think=600", status=1)
        equal(result["errors"], {"not begun within the limit": 2,
                                 "stopped, or over the limit": 1})
        assert time.monotonic() - began < 60


@case("a progress line is there on a terminal only, a table always")
def _():
    with ours(1) as house:
        arguments = ["127.0.0.1", str(house.port), "--user=user001@kvt.dk",
                     "-c1", "-n5"]
        shown = run_in_terminal(
            ["perl", str(CLIENT), *arguments],
            {"PATH": os.environ["PATH"], "POP3_PASSWORD": "secret001"})
        assert re.search(rb"\r +\d+ s  \d+ sessions, 0 failed", shown), shown
        status, piped = client(house.port, *arguments[2:], secret="secret001")
        equal(status, 0)
        assert "\r" not in piped, piped
        for text in (shown.decode(), piped):
            assert re.search(r"(?:^|\r\x1b\[K)ms +count +p50 +p90 +p99 +max\r?$",
                             text, re.M), text
            assert re.search(r"^login +5 ", text, re.M), text
            assert re.search(r"^5 sessions in .* 0 failed, 0 messages",
                             text, re.M), text


tap.main()
