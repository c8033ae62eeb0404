"""Mail clients fetch from the standalone daemon: what each of them stores is
what stands in the mailbox, octet by octet."""

import os
import poplib
import re
from contextlib import contextmanager

import tap
from fetchers import (
    HARD, PLAIN, SECRET, USER, by_number, crlf, curl, curl_knows, fetchmail,
    filled_house, head, mail_in, maildir, mpop, perl, poplib_session, private)
from house import hash_of
from postfix import need_program
from readers import retrieve
from tap import case, equal
from terminal import run_in_terminal


@contextmanager
def serving(messages, secret=SECRET, **options):
    """A house with mail for USER and the daemon on house.port."""
    with filled_house(messages, secret) as house:
        house.start_daemon(
            *(f"--{name}={value}" for name, value in options.items()))
        yield house


# ---- fetchmail ---------------------------------------------------------------

@case("fetchmail fetches and deletes all, octet by octet")
def _():
    with serving(PLAIN) as house:
        found = fetchmail(house, house.root / "got", "fetchall")
        equal(by_number(found), PLAIN)
        equal(house.path.read_bytes(), b"", "mailbox")
        house.logged(rf"deleted={len(PLAIN)} left=0 .* user={USER}")


@case("fetchmail with uidl and keep fetches nothing the second time, and only "
      "the new message the third time")
def _():
    with serving(PLAIN) as house:
        before = house.path.read_bytes()
        def fetch(**more):
            return fetchmail(house, house.root / "got", "keep",
                             protocol="protocol pop3 uidl", **more)
        equal(by_number(fetch()), PLAIN)
        equal(fetch(expect=1), [], "second time")
        equal(house.path.read_bytes(), before, "mailbox")
        equal(house.deliver(head(99) + b"\nnew\n", "-r", USER).returncode, 0)
        equal([text[-5:] for text in fetch()], [b"\nnew\n"], "third time")


@case("fetchmail logs in by CRAM-MD5, also where it may choose")
def _():
    for choice in ("protocol pop3 auth cram-md5", "protocol pop3 auth any"):
        with serving(PLAIN[:2]) as house:
            found = fetchmail(house, house.root / "got", protocol=choice)
            equal(by_number(found), PLAIN[:2])
            house.logged(f"login method=cram-md5 user={USER}")


@case("fetchmail logs in by APOP")
def _():
    with serving(PLAIN[:2]) as house:
        found = fetchmail(house, house.root / "got", protocol="protocol apop")
        equal(by_number(found), PLAIN[:2])
        house.logged(f"login method=apop user={USER}")


@case("fetchmail logs in to an account with a hash")
def _():
    with serving(PLAIN[:2], hash_of(SECRET, "$6$")) as house:
        found = fetchmail(house, house.root / "got", user="joe%kvt.dk")
        equal(by_number(found), PLAIN[:2])
        house.logged(f"login method=password user={USER}")


# ---- mpop --------------------------------------------------------------------

@case("mpop delivers to a maildir octet by octet and deletes, logging in with "
      "the plain password, and by APOP")
def _():
    for method, name in (("user", "password"), ("apop", "apop")):
        with serving(PLAIN) as house:
            directory = maildir(house)
            mpop(house, f"auth {method}", f"delivery maildir {directory}")
            equal(mail_in(directory), PLAIN)
            equal(house.path.read_bytes(), b"", "mailbox")
            house.logged(f"login method={name} user={USER}")


@case("mpop logs in by SCRAM-SHA-256, SCRAM-SHA-1, CRAM-MD5, PLAIN and LOGIN")
def _():
    for method in ("scram-sha-256", "scram-sha-1", "cram-md5", "plain",
                   "login"):
        with serving(PLAIN[:2]) as house:
            directory = maildir(house)
            mpop(house, f"auth {method}", f"delivery maildir {directory}")
            equal(mail_in(directory), PLAIN[:2])
            house.logged(f"login method={method} user={USER}")


@case("mpop chooses SCRAM-SHA-256 by itself where passwords are not taken")
def _():
    with filled_house(PLAIN[:2]) as house:
        house.start_daemon("--require-secure")
        directory = maildir(house)
        mpop(house, "auth on", f"delivery maildir {directory}")
        equal(mail_in(directory), PLAIN[:2])
        house.logged(f"login method=scram-sha-256 user={USER}")


@case("mpop with keep fetches nothing the second time, with and without "
      "pipelining")
def _():
    for pipelining in ("on", "off"):
        with serving(PLAIN) as house:
            directory = maildir(house)
            for _ in range(2):
                mpop(house, "auth user", "keep on",
                     f"pipelining {pipelining}",
                     f"delivery maildir {directory}")
                equal(mail_in(directory), PLAIN)


@case("mpop delivers to an mbox in which every message is as it was")
def _():
    with serving(PLAIN) as house:
        target = house.root / "mbox"
        mpop(house, "auth user", f"delivery mbox {target}")
        found = re.split(rb"(?m)^From .*\n", target.read_bytes())[1:]
        # mpop quotes once more what is quoted already.
        equal([text[:-1].replace(b"\n>>From ", b"\n>From ")
               for text in found], PLAIN)


# ---- curl --------------------------------------------------------------------

def curl_fetches_all(house):
    equal(curl(house, ""), b"".join(
        b"%d %d\r\n" % (i, len(crlf(message)))
        for i, message in enumerate(HARD, 1)), "LIST")
    for i, message in enumerate(HARD, 1):
        assert curl(house, str(i)) == crlf(message), f"message {i} differs"


@case("curl lists and retrieves by what it thinks best, CRAM-MD5 or SCRAM, from "
      "an account with a plain secret")
def _():
    with serving(HARD) as house:
        curl_fetches_all(house)
        house.logged(f"login method=(cram-md5|scram-sha-[0-9]+) user={USER}")
        assert "method=password" not in house.log(), house.log()


@case("curl logs in by every mechanism that it knows, with and without initial "
      "response, and by APOP")
def _():
    methods = ["CRAM-MD5", "PLAIN", "LOGIN"]
    if curl_knows("gsasl"):
        methods += ["SCRAM-SHA-1", "SCRAM-SHA-256"]
    with serving(PLAIN) as house:
        for method in methods:
            for more in ((), ("--sasl-ir",)):
                equal(curl(house, "1", "--login-options", f"AUTH={method}",
                           *more), crlf(PLAIN[0]), f"{method} {more}")
            house.logged(f"login method={method.lower()} user={USER}")
        curl(house, "1", "--login-options", "AUTH=+APOP")
        house.logged(f"login method=apop user={USER}")


@case("curl lists and retrieves by PLAIN from an account with a hash, since "
      "nothing else is offered where nobody could use it")
def _():
    with serving(HARD, hash_of(SECRET, "$6$")) as house:
        curl_fetches_all(house)
        house.logged(f"login method=plain user={USER}")
        assert "method=apop" not in house.log(), house.log()


@case("curl reaches an account with a hash beside plain ones by "
      "--challenges=no")
def _():
    with serving(PLAIN, hash_of(SECRET, "$6$"), challenges="no") as house:
        house.add_user("ann", "kvt.dk", "plain")
        equal(curl(house, "1"), crlf(PLAIN[0]))


@case("curl sends any command: TOP, UIDL, DELE")
def _():
    with serving(PLAIN) as house:
        equal(curl(house, "", "--request", "TOP 3 2"),
              crlf(head(3) + b"\n.\n..\n"))
        equal(len(curl(house, "", "--request", "UIDL").split(b"\r\n")),
              len(PLAIN) + 1)
        curl(house, "1", "--request", "DELE", "--list-only")
        assert PLAIN[0] not in house.path.read_bytes(), "not deleted"
        assert PLAIN[1] in house.path.read_bytes(), "too much deleted"


@case("curl is told when the password is wrong")
def _():
    with serving(PLAIN) as house:
        curl(house, "1", "--user", f"{USER}:wrong", expect=67)


# ---- Perl --------------------------------------------------------------------

def top_of(message, lines):
    header, body = message.split(b"\n\n", 1)
    return header + b"\n\n" + b"".join(body.splitlines(True)[:lines])


@case("Perl's Net::POP3 logs in by password and by APOP, lists, gets, tops and "
      "deletes")
def _():
    for method, name in (("login", "password"), ("apop", "apop")):
        with serving(PLAIN) as house:
            sizes = [len(crlf(message)) for message in PLAIN]
            totals, found = perl(house, method)
            equal(totals, b"%d %d %d" % (len(PLAIN), len(PLAIN), sum(sizes)))
            equal([size for size, _, _, _ in found], sizes)
            equal(len({uidl for _, uidl, _, _ in found}), len(PLAIN))
            equal([text for _, _, text, _ in found], PLAIN)
            equal([top for _, _, _, top in found],
                  [top_of(message, 1) for message in PLAIN])
            house.logged(f"login method={name} user={USER}")
            house.logged("deleted=1 ")
            assert PLAIN[0] not in house.path.read_bytes(), "not deleted"


@case("Perl's Net::POP3 logs in by SASL: by CRAM-MD5 to an account with a plain "
      "secret, by PLAIN to one with a hash")
def _():
    for secret, name in ((SECRET, "cram-md5"),
                         (hash_of(SECRET, "$6$"), "plain")):
        with serving(PLAIN, secret) as house:
            _, found = perl(house, "auth", deletes=0)
            equal([text for _, _, text, _ in found], PLAIN)
            house.logged(f"login method={name} user={USER}")


# ---- Python ------------------------------------------------------------------

@case("Python's poplib lists, retrieves, tops and deletes, and finds the same "
      "ids in the next session")
def _():
    with serving(HARD) as house:
        session = poplib_session(house)
        session.user(USER)
        session.pass_(SECRET)
        sizes = [len(crlf(message)) for message in HARD]
        equal(session.stat(), (len(HARD), sum(sizes)))
        equal(session.list()[1], [
            b"%d %d" % pair for pair in enumerate(sizes, 1)])
        for i, message in enumerate(HARD, 1):
            assert retrieve(session, i) == crlf(message), f"message {i}"
        equal(session.top(3, 2)[1], head(3).splitlines() + [b"", b".", b".."])
        ids = [line.split()[1] for line in session.uidl()[1]]
        session.dele(2)
        session.quit()
        session = poplib_session(house)
        session.user(USER)
        session.pass_(SECRET)
        equal([line.split()[1] for line in session.uidl()[1]],
              ids[:1] + ids[2:])
        session.quit()


@case("when one of two messages with the same header is deleted, Python's "
      "poplib does not find the other under the id of the first")
def _():
    with serving([head(1) + b"\none\n", head(1) + b"\ntwo\n"]) as house:
        session = poplib_session(house)
        session.apop(USER, SECRET)
        ids = [line.split()[1] for line in session.uidl()[1]]
        session.dele(1)
        session.quit()
        session = poplib_session(house)
        session.apop(USER, SECRET)
        equal([line.split()[1] for line in session.uidl()[1]], ids[1:])
        session.quit()


@case("Python's poplib logs in by APOP")
def _():
    with serving(PLAIN) as house:
        session = poplib_session(house)
        session.apop(USER, SECRET)
        equal(session.stat()[0], len(PLAIN))
        session.quit()
        house.logged(f"login method=apop user={USER}")


@case("Python's poplib logs in with a password in UTF-8, plain, by APOP and "
      "against a hash")
def _():
    secret = "pæne øl € 🐮"
    with serving(PLAIN, secret) as house:
        house.add_user("ann", "kvt.dk", hash_of(secret, "$6$"))
        for user, method in ((USER, "pass"), (USER, "apop"),
                             ("ann@kvt.dk", "pass")):
            session = poplib_session(house)
            if method == "apop":
                session.apop(user, secret)
            else:
                session.user(user)
                session.pass_(secret)
            session.quit()
        equal(len(re.findall("login method", house.log())), 3, "logins")


@case("Python's poplib sees CAPA and the refusal of a wrong password")
def _():
    with serving(PLAIN) as house:
        session = poplib_session(house)
        capabilities = session.capa()
        for name in ("TOP", "UIDL", "USER", "PIPELINING", "RESP-CODES"):
            assert name in capabilities, (name, capabilities)
        session.user(USER)
        try:
            session.pass_("wrong")
        except poplib.error_proto as refusal:
            assert refusal.args[0].startswith(b"-ERR [AUTH]"), refusal
        else:
            raise AssertionError("accepted")
        session.quit()


# ---- mutt --------------------------------------------------------------------

def mutt(house, *settings):
    """Runs mutt, which does nothing without a terminal, with settings."""
    rules = private(house.root / "muttrc", "\n".join([
        f"set pop_host = 'pop://127.0.0.1:{house.port}'",
        f"set pop_user = '{USER}'", f"set pop_pass = '{SECRET}'",
        "set pop_last = no", "set ssl_starttls = no", "set quit = yes",
        "set ssl_force_tls = no",
        "set mark_old = no", "set mbox_type = mbox", "set folder = ''",
        f"set tmpdir = '{house.root}'", "set confirmappend = no",
        "set confirmcreate = no", "set wait_key = no", "set move = no",
        "set header_cache = ''", "set message_cachedir = ''",
        "set copy = no", "set record = ''", *settings, ""]))
    return run_in_terminal(
        [need_program("mutt"), "-n", "-F", str(rules)],
        {**os.environ, "HOME": str(house.root), "TERM": "xterm",
         "LC_ALL": "C.UTF-8"})


def stored_by_mutt(path):
    """Messages of an mbox without what mutt has added to their headers."""
    found = []
    for text in re.split(rb"(?m)^From .*\n", path.read_bytes())[1:]:
        header, body = text.split(b"\n\n", 1)
        lines = [line for line in header.split(b"\n") if not line.startswith(
            (b"Status: ", b"Content-Length: ", b"Lines: "))]
        found.append(b"\n".join(lines) + b"\n\n" + body[:-1])
    return found


@case("mutt's fetch-mail takes all messages by APOP, by password and by what it "
      "knows of SASL, octet by octet, and deletes them")
def _():
    for method, name in (("apop", "apop"), ("user", "password"),
                         ("cram-md5", "cram-md5"), ("plain", "plain"),
                         ("scram-sha-1", "scram-sha-1"), ("login", "login"),
                         ("scram-sha-256", "scram-sha-256")):
        with serving(PLAIN) as house:
            target = house.root / "inbox"
            target.touch()
            mutt(house, f"set spoolfile = '{target}'",
                 f"set pop_authenticators = {method}", "set pop_delete = yes",
                 "push <fetch-mail><exit>")
            equal(stored_by_mutt(target), PLAIN)
            equal(house.path.read_bytes(), b"", "mailbox")
            house.logged(f"login method={name} user={USER}")


@case("mutt opens the mailbox as a folder, and copies and deletes a message "
      "in it")
def _():
    with serving(PLAIN) as house:
        target = house.root / "copy"
        mutt(house, f"set spoolfile = 'pop://127.0.0.1:{house.port}/'",
             "set pop_authenticators = user", "set delete = yes",
             f"push <first-entry><copy-message>{target}<enter>"
             "<delete-message><quit>")
        equal(stored_by_mutt(target), PLAIN[:1])
        assert PLAIN[0] not in house.path.read_bytes(), "not deleted"
        assert PLAIN[1] in house.path.read_bytes(), "too much deleted"


tap.main()
