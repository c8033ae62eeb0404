"""xinetd starts the daemon for each connection; stunnel puts TLS in front of
the standalone daemon, or starts one itself."""

import os
import poplib
import pwd
import re
import ssl
import subprocess

import tap
from house import DAEMON, House, free_port
from postfix import need_program
from readers import Mailbox, retrieve
from superserver import Superserver, logging_server
from tap import case, equal

USER = "joe@kvt.dk"
SECRET = "secret"
MESSAGES = [
    b"Subject: one\n\nfirst\n.\n..\n",
    b"Subject: two\n\n\xff\0\r.\n" + b"long" * 250000 + b"\n",
    b"Subject: three\n\n" + b".line\n" * 100000,
]


def crlf(message):
    return message.replace(b"\n", b"\r\n")


def filled_house():
    house = House()
    house.add_user("joe", "kvt.dk", SECRET)
    house.path = house.write_mailbox("joe", "kvt.dk", MESSAGES)
    return house


def fetches_and_deletes(house, session):
    """A whole session on a fresh mailbox, octet by octet."""
    session.user(USER)
    session.pass_(SECRET)
    sizes = [len(crlf(message)) for message in MESSAGES]
    equal(session.stat(), (len(MESSAGES), sum(sizes)), "STAT")
    for i, message in enumerate(MESSAGES, 1):
        assert retrieve(session, i) == crlf(message), f"message {i} differs"
    session.dele(2)
    session.quit()
    assert MESSAGES[1] not in house.path.read_bytes(), "not deleted"
    for i in (0, 2):
        assert MESSAGES[i] in house.path.read_bytes(), "too much deleted"


# ---- xinetd ------------------------------------------------------------------

def xinetd(house, server, arguments=""):
    program = need_program("xinetd")
    port = free_port()
    rules = house.root / "xinetd.conf"
    rules.write_text(f"""\
defaults
{{
	log_type	= FILE {house.root}/xinetd.log
}}
service pop3-test
{{
	type		= UNLISTED
	socket_type	= stream
	protocol	= tcp
	bind		= 127.0.0.1
	port		= {port}
	wait		= no
	user		= {pwd.getpwuid(os.geteuid()).pw_name}
	server		= {server}
	server_args	= {arguments}
	instances	= 100
	cps		= 0 0
	disable		= no
}}
""")
    return Superserver(house, [
        program, "-f", str(rules), "-dontfork",
        "-pidfile", str(house.root / "xinetd.pid")], port)


@case("xinetd starts the daemon with no option that names a mode, and "
      "nothing but POP3 reaches the client")
def _():
    with filled_house() as house:
        options = " ".join(house.options())
        with xinetd(house, DAEMON.resolve(), options) as server:
            fetches_and_deletes(
                house, poplib.POP3("127.0.0.1", server.port, 30))
            equal(len(Mailbox(server.port, USER, SECRET).fetch()), 2)


@case("under xinetd the log names the address of the client")
def _():
    with filled_house() as house:
        with xinetd(house, logging_server(house)) as server:
            session = poplib.POP3("127.0.0.1", server.port, 30)
            session.user(USER)
            try:
                session.pass_("wrong")
            except poplib.error_proto:
                pass
            fetches_and_deletes(house, session)
            house.logged(rf"login failed .* user={USER} addr=127\.0\.0\.1\n")
            house.logged(rf"login method=.* user={USER} addr=127\.0\.0\.1\n")
            house.logged(r'session end="quit" .*addr=127\.0\.0\.1\n')


@case("twelve sessions at once under xinetd each see their own mailbox")
def _():
    with House() as house:
        users = [f"user{i}" for i in range(12)]
        for user in users:
            house.add_user(user, "kvt.dk", SECRET)
            house.write_mailbox(
                user, "kvt.dk", [b"Subject: x\n\n" + user.encode() + b"\n"])
        with xinetd(house, logging_server(house)) as server:
            sessions = [Mailbox(server.port, f"{user}@kvt.dk", SECRET).login()
                        for user in users]
            equal([retrieve(session, 1).split()[-1] for session in sessions],
                  [user.encode() for user in users])
            for session in sessions:
                session.quit()


# ---- stunnel -----------------------------------------------------------------

def make_certificate(house):
    """A certificate for 127.0.0.1 that vouches for itself."""
    key, certificate = house.root / "key.pem", house.root / "cert.pem"
    done = subprocess.run(
        [need_program("openssl"), "req", "-x509", "-nodes", "-days", "2",
         "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-subj", "/CN=pop3s.test", "-addext",
         "subjectAltName=IP:127.0.0.1", "-keyout", str(key),
         "-out", str(certificate)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    equal(done.returncode, 0, done.stdout)
    key.chmod(0o600)
    return key, certificate


def stunnel(house, service):
    """stunnel with one service; the house learns the certificate."""
    program = need_program("stunnel")
    key, house.certificate = make_certificate(house)
    port = free_port()
    rules = house.root / "stunnel.conf"
    rules.write_text(f"""\
foreground = yes
pid =
syslog = no
output = {house.root}/stunnel.log
[pop3s]
accept = 127.0.0.1:{port}
cert = {house.certificate}
key = {key}
sslVersionMin = TLSv1.2
{service}
""")
    return Superserver(house, [program, str(rules)], port)


def tls_session(house, port):
    context = ssl.create_default_context(cafile=house.certificate)
    assert context.check_hostname and context.verify_mode == ssl.CERT_REQUIRED
    return poplib.POP3_SSL("127.0.0.1", port, timeout=30, context=context)


@case("through stunnel the standalone daemon serves POP3S to a client that "
      "checks the certificate")
def _():
    with filled_house() as house:
        connect = f"connect = 127.0.0.1:{house.start_daemon('--secure')}"
        with stunnel(house, connect) as server:
            fetches_and_deletes(house, tls_session(house, server.port))
            session = tls_session(house, server.port)
            session.apop(USER, SECRET)
            equal(session.stat()[0], 2, "messages after APOP")
            session.quit()


@case("a client that does not know the certificate gets no session")
def _():
    with filled_house() as house:
        connect = f"connect = 127.0.0.1:{house.start_daemon('--secure')}"
        with stunnel(house, connect) as server:
            try:
                poplib.POP3_SSL("127.0.0.1", server.port, timeout=30,
                                context=ssl.create_default_context())
            except ssl.SSLCertVerificationError:
                pass
            else:
                raise AssertionError("the certificate was accepted")


@case("stunnel starts the daemon in inetd mode by exec")
def _():
    with filled_house() as house:
        script = logging_server(house)
        with stunnel(house, f"exec = {script}\n"
                     f"execArgs = {script.name} --secure") as server:
            fetches_and_deletes(house, tls_session(house, server.port))
            house.logged(rf"login method=password user={USER} addr=")


@case("stunnel starts the daemon itself, and nothing but POP3 reaches the "
      "client")
def _():
    with filled_house() as house:
        options = " ".join([*house.options(), "--secure"])
        with stunnel(house, f"exec = {DAEMON.resolve()}\n"
                     f"execArgs = gnu-pop3d {options}") as server:
            fetches_and_deletes(house, tls_session(house, server.port))


@case("stunnel offers STLS in front of the daemon (protocol = pop3)")
def _():
    with filled_house() as house:
        connect = f"connect = 127.0.0.1:{house.start_daemon('--secure')}"
        with stunnel(house, f"protocol = pop3\n{connect}") as server:
            session = poplib.POP3("127.0.0.1", server.port, 30)
            context = ssl.create_default_context(cafile=house.certificate)
            session.stls(context)
            fetches_and_deletes(house, session)


@case("curl fetches through stunnel by pop3s and knows the certificate")
def _():
    with filled_house() as house:
        program = need_program("curl")
        connect = f"connect = 127.0.0.1:{house.start_daemon('--secure')}"
        with stunnel(house, connect) as server:
            done = subprocess.run(
                [program, "--silent", "--show-error", "--max-time", "30",
                 "--cacert", str(house.certificate), "--user",
                 f"{USER}:{SECRET}", f"pop3s://127.0.0.1:{server.port}/2"],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
            equal(done.returncode, 0, done.stderr)
            assert done.stdout == crlf(MESSAGES[1]), "message differs"
            equal(len(re.findall("login method=apop", house.log())), 1)


tap.main()
