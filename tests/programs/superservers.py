"""xinetd starts the daemon for each connection; stunnel puts TLS in front of
the standalone daemon, or starts one itself."""

import poplib
import ssl

import tap
from fetchers import SECRET, USER, crlf, curl, filled_house, poplib_session
from house import DAEMON, House
from readers import Mailbox, retrieve
from superserver import logging_server, stunnel, xinetd
from tap import case, equal

MESSAGES = [
    b"Subject: one\n\nfirst\n.\n..\n",
    b"Subject: two\n\n\xff\0\r.\n" + b"long" * 250000 + b"\n",
    b"Subject: three\n\n" + b".line\n" * 100000,
]


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

@case("xinetd starts the daemon with no option that names a mode, and "
      "nothing but POP3 reaches the client")
def _():
    with filled_house(MESSAGES) as house:
        options = " ".join(house.options())
        with xinetd(house, DAEMON.resolve(), options) as server:
            fetches_and_deletes(house, poplib_session(server))
            equal(len(Mailbox(server.port, USER, SECRET).fetch()), 2)


@case("under xinetd the log names the address of the client")
def _():
    with filled_house(MESSAGES) as house:
        with xinetd(house, logging_server(house)) as server:
            session = poplib_session(server)
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

@case("through stunnel the standalone daemon serves POP3S to a client that "
      "checks the certificate")
def _():
    with filled_house(MESSAGES) as house:
        connect = f"connect = 127.0.0.1:{house.start_daemon('--secure')}"
        with stunnel(house, connect) as server:
            fetches_and_deletes(house, poplib_session(server))
            session = poplib_session(server)
            session.apop(USER, SECRET)
            equal(session.stat()[0], 2, "messages after APOP")
            session.quit()


@case("a client that does not know the certificate gets no session")
def _():
    with filled_house(MESSAGES) as house:
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
    with filled_house(MESSAGES) as house:
        script = logging_server(house)
        with stunnel(house, f"exec = {script}\n"
                     f"execArgs = {script.name} --secure") as server:
            fetches_and_deletes(house, poplib_session(server))
            house.logged(rf"login method=password user={USER} addr=")


@case("stunnel starts the daemon itself, and nothing but POP3 reaches the "
      "client")
def _():
    with filled_house(MESSAGES) as house:
        options = " ".join([*house.options(), "--secure"])
        with stunnel(house, f"exec = {DAEMON.resolve()}\n"
                     f"execArgs = gnu-pop3d {options}") as server:
            fetches_and_deletes(house, poplib_session(server))


@case("stunnel offers STLS in front of the daemon (protocol = pop3)")
def _():
    with filled_house(MESSAGES) as house:
        connect = f"connect = 127.0.0.1:{house.start_daemon('--secure')}"
        with stunnel(house, f"protocol = pop3\n{connect}") as server:
            session = poplib.POP3("127.0.0.1", server.port, 30)
            context = ssl.create_default_context(cafile=server.certificate)
            session.stls(context)
            fetches_and_deletes(house, session)


@case("curl fetches through stunnel by pop3s and knows the certificate")
def _():
    with filled_house(MESSAGES) as house:
        connect = f"connect = 127.0.0.1:{house.start_daemon('--secure')}"
        with stunnel(house, connect) as server:
            assert curl(server, "2") == crlf(MESSAGES[1]), "message differs"
            house.logged(f"login method=.* user={USER} addr=127")


@case("where passwords must be protected, they are taken behind stunnel and "
      "nowhere else")
def _():
    with filled_house(MESSAGES) as house:
        execute = (f"exec = {DAEMON.resolve()}\nexecArgs = gnu-pop3d " +
                   " ".join([*house.options(), "--require-secure"]))
        with stunnel(house, execute) as server:
            try:
                poplib_session(server).user(USER)
            except poplib.error_proto as refusal:
                assert b"encrypted" in refusal.args[0], refusal
            else:
                raise AssertionError("a password is taken")
        with stunnel(house, execute + " --secure") as server:
            fetches_and_deletes(house, poplib_session(server))


tap.main()
