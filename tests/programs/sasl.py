"""Dovecot checks names and passwords for Postfix by our passwd files, with the
lines of contrib/dovecot."""

import base64
import concurrent.futures
import contextlib
import signal
import ssl
import subprocess
import sys

import tap
from house import SOURCE, House, hash_of
from postfix import Owner, Postfix, need_program
from superserver import make_certificate
from tap import case, equal

EXAMPLES = SOURCE / "contrib" / "dovecot"
SECRET = "open sesame"
# Nobody has to wait in this test.
HASTE = """
base_dir = {root}/dovecot
state_dir = {root}/dovecot
log_path = {root}/dovecot.log
auth_failure_delay = 0
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
"""
STRANGERS = """
mynetworks =
smtpd_error_sleep_time = 0
default_transport = smtp
"""


def example(name, *words):
    text = (EXAMPLES / name).read_text()
    for word, replacement in words:
        assert word in text, (name, word)
        text = text.replace(word, str(replacement))
    return text


@contextlib.contextmanager
def dovecot(house, postfix):
    """Its password checker, which has a socket for Postfix."""
    program = need_program("dovecot")
    rules = house.root / "dovecot.conf"
    listener = postfix.root / "queue/private/auth"
    rules.write_text(
        example("dovecot.conf.example", ("/etc/virtual", house.virtual),
                ("/var/spool/postfix/private/auth", listener)) +
        HASTE.format(root=house.root))
    with open(house.root / "dovecot.out", "wb") as output:
        process = subprocess.Popen([program, "-F", "-c", rules],
                                   stdout=output, stderr=output)
    try:
        house.wait_for(listener.exists, "the socket of Dovecot")
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


@contextlib.contextmanager
def site():
    with House() as house, Owner(house.root) as owner:
        certificate, key = make_certificate(house)
        more = example("main.cf.example",
                       ("/etc/postfix/cert.pem", certificate),
                       ("/etc/postfix/key.pem", key))
        with Postfix(house, owner, more + STRANGERS) as postfix, \
                dovecot(house, postfix):
            yield house, owner, postfix


def connect(postfix):
    connection = postfix.connect()
    connection.starttls(context=ssl._create_unverified_context())
    connection.ehlo()
    return connection


def attempt_mail(postfix, user, secret):
    """The code of the reply to AUTH PLAIN, and to a recipient elsewhere."""
    with connect(postfix) as connection:
        words = base64.b64encode(f"\0{user}\0{secret}".encode()).decode()
        code = connection.docmd("AUTH", f"PLAIN {words}")[0]
        connection.mail("a@client.test")
        return code, connection.rcpt("b@elsewhere.example")[0]


def add_lines(house, owner, lines):
    ids = f"{owner.uid}:{owner.gid}:::"
    for user, field in lines.items():
        house.add_line("kvt.dk", f"{user}:{field}:{ids}", owner.uid, owner.gid)


def logins():
    """Lines of a passwd file, and with which secrets to try them."""
    lines = {"plain": "{PLAIN}" + SECRET, "locked": f"!{SECRET}",
             "starred": f"*{SECRET}", "x": "x", "nothing": ""}
    tries = [(user, secret) for user in (*lines, "nobody")
             for secret in (SECRET, "wrong", lines.get(user, "x"), "")]
    for name, method in (("yescrypt", "$y$"), ("sha512", "$6$"),
                         ("blowfish", "$2b$"), ("md5", "$1$")):
        lines[name] = hash_of(SECRET, method)
        lines[f"{name}-named"] = "{CRYPT}" + lines[name]
        lines[f"{name}-locked"] = "!" + lines[name]
        tries += [(name, SECRET), (name, "wrong"), (name, lines[name]),
                  (f"{name}-named", SECRET), (f"{name}-named", lines[name]),
                  (f"{name}-locked", SECRET), (name.upper(), SECRET)]
    lines["des"] = "{CRYPT}" + hash_of(SECRET, "")
    tries += [("des", SECRET), ("des", lines["des"])]
    return lines, tries


@case("in Postfix the users of a passwd file get in, and nobody else, just as "
      "in gnu-pop3d")
def _():
    with site() as (house, owner, postfix):
        lines, tries = logins()
        add_lines(house, owner, lines)
        for name, method in (("two", "$6$"), ("two-des", "")):
            house.add_line("kvt.dk", f"{name}:{hash_of(SECRET, method)}",
                           owner.uid, owner.gid)
            tries += [(name, SECRET), (name, "wrong")]
        tries = [(f"{user}@kvt.dk", secret) for user, secret in tries]
        tries += [("plain@KVT.dk", SECRET), ("plain@other.dk", SECRET)]
        ours = [bool(attempt.reply.startswith(b"+OK"))
                for attempt in house.attempts(tries)]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            theirs = list(pool.map(
                lambda login: attempt_mail(postfix, *login), tries))
        equal(theirs,
              [(235, 250) if is_in else (535, 454) for is_in in ours])
        assert 10 < ours.count(True) < len(ours) - 20, ours


@case("a plain-text password without {PLAIN} lets nobody in, and {PLAIN} alone "
      "lets in without a password, as the example warns")
def _():
    with site() as (house, owner, postfix):
        add_lines(house, owner, {"bare": SECRET, "empty": "{PLAIN}"})
        equal([attempt_mail(postfix, "bare@kvt.dk", SECRET),
               attempt_mail(postfix, "empty@kvt.dk", "")],
              [(535, 454), (235, 250)])


@case("without TLS passwords are not asked for, and paths are no domains")
def _():
    with site() as (house, owner, postfix):
        add_lines(house, owner, {"joe": "{PLAIN}" + SECRET})
        with postfix.connect() as connection:
            connection.ehlo()
            equal("auth" in connection.esmtp_features, False)
        for user in ("joe@../etc/kvt.dk", "joe@./kvt.dk", "joe", "joe@"):
            equal(attempt_mail(postfix, user, SECRET), (535, 454), user)


def end(*_):
    sys.exit(1)  # through the contexts


signal.signal(signal.SIGTERM, end)
tap.main()
