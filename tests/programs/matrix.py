"""Every client fetches its mail, octet by octet, through everything that can
stand in front of the daemon: xinetd, stunnel with the standalone daemon behind
it, and stunnel that starts the daemon.  tests/programs/clients.py has what the
clients can do, superservers.py what the fronts are asked for."""

import re
import ssl
from functools import partial

import tap
from fetchers import (
    HARD, PLAIN, SECRET, USER, by_number, crlf, curl, fetchmail, filled_house,
    mail_in, maildir, mpop, perl, poplib_session)
from readers import retrieve
from superserver import logging_server, make_certificate, stunnel, xinetd
from tap import case, equal

# ---- fronts ------------------------------------------------------------------

def behind_xinetd(house):
    return xinetd(house, logging_server(house))


def behind_stunnel(house):
    return stunnel(
        house, f"connect = 127.0.0.1:{house.start_daemon('--secure')}")


def started_by_stunnel(house):
    script = logging_server(house)
    return stunnel(
        house, f"exec = {script}\nexecArgs = {script.name} --secure")


# ---- clients -----------------------------------------------------------------
# Each fetches and deletes all in one session; what it has got, with LF ends.

def by_fetchmail(server):
    return by_number(fetchmail(server, server.root / "got", "fetchall"))


def by_mpop(server):
    directory = maildir(server)
    mpop(server, "auth user", f"delivery maildir {directory}")
    return mail_in(directory)


def by_curl(server):
    """A session in which it fetches, and one in which it deletes."""
    directory = server.root / "curl"
    curl(server, f"[1-{len(HARD)}]", "--create-dirs", "--output",
         str(directory / "#1"))
    curl(server, f"[1-{len(HARD)}]", "--request", "DELE", "--list-only")
    return as_stored([path.read_bytes() for path in directory.iterdir()])


def by_perl(server):
    """Over TLS IO::Socket::SSL reads the lines, and leaves the CR that
    Net::Cmd takes off."""
    _, found = perl(server, "login", len(HARD))
    texts = [text for _, _, text, _ in found]
    if texts[0].endswith(b"\r\n"):
        return as_stored(texts)
    return texts


def by_poplib(server):
    session = poplib_session(server)
    session.user(USER)
    session.pass_(SECRET)
    numbers = range(1, session.stat()[0] + 1)
    texts = [retrieve(session, number) for number in numbers]
    for number in numbers:
        session.dele(number)
    session.quit()
    return as_stored(texts)


def as_stored(texts):
    """Messages in the order of their numbers, without the CR that must stand
    before each LF."""
    found = [text.replace(b"\r\n", b"\n") for text in texts]
    equal([crlf(text) for text in found], texts, "line ends")
    return by_number(found)


# ---- both --------------------------------------------------------------------

def fetches(client, mail, front):
    with filled_house(mail) as house, front(house) as server:
        equal(client(server), mail)
        house.logged(rf"deleted={len(mail)} left=0 .*user={USER}")
        equal(house.path.read_bytes(), b"", "mailbox")


def refuses(client, complaint):
    """The daemon shows a certificate with the same names, but not the one that
    the client believes in."""
    with filled_house(HARD) as house, behind_stunnel(house) as server:
        before = house.path.read_bytes()
        server.certificate, _ = make_certificate(house, "other")
        try:
            client(server)
        except (AssertionError, ssl.SSLCertVerificationError) as failure:
            assert re.search(complaint, str(failure)), failure
        else:
            raise AssertionError("the certificate was accepted")
        assert " login " not in house.log(), house.log()
        equal(house.path.read_bytes(), before, "mailbox")


FRONTS = [
    ("from the daemon under xinetd", behind_xinetd),
    ("through stunnel from the standalone daemon", behind_stunnel),
    ("through stunnel from the daemon that it starts", started_by_stunnel),
]
# What it keeps as it is, and what it says about a certificate.
CLIENTS = [
    ("fetchmail", by_fetchmail, PLAIN, "certificate verify failed"),
    ("mpop", by_mpop, HARD, "certificate is NOT trusted"),
    ("curl", by_curl, HARD, r"found: +60\n"),
    ("Perl's Net::POP3", by_perl, HARD, "certificate verify failed"),
    ("Python's poplib", by_poplib, HARD, "certificate verify failed"),
]

for place, front in FRONTS:
    for name, client, mail, _ in CLIENTS:
        case(f"{name} fetches all {place}, octet by octet, and deletes it")(
            partial(fetches, client, mail, front))
for name, client, _, complaint in CLIENTS:
    case(f"{name} does not log in through stunnel when it does not know the "
         "certificate")(partial(refuses, client, complaint))

tap.main()
