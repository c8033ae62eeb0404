"""Exim and OpenSMTPD hand mail to virtual by the lines of contrib."""

import atexit
import contextlib
import re
import signal
import sys

import tap
from house import House
from mtas import Exim, OpenSmtpd
from postfix import Owner
from readers import Mailbox, body_of
from tap import Skip, case, equal

# Owners are of one domain each.
DOMAINS = ("kvt.dk", "example.org")
LISTED = "listed"       # is on the list of users, not in a passwd file


class Site:
    """A server with a user for each case, in both domains."""

    def __init__(self, kind, stack):
        self.house = stack.enter_context(House())
        self.owners = {}
        for domain in DOMAINS:
            place = self.house.root / domain
            place.mkdir()
            self.owners[domain] = stack.enter_context(Owner(place))
            for user in (LISTED, "joe", "ann", "reporter", "waits"):
                self.add_user(user, domain)
        self.server = kind(self.house)
        self.server.update()
        self.server = stack.enter_context(self.server)
        self.remove_user(LISTED)
        self.house.start_daemon("--max-per-source=50")

    def add_user(self, user, domain):
        owner = self.owners[domain]
        self.house.add_user(user, domain, "secret", owner.uid, owner.gid)
        (self.house.spool / domain).chmod(0o700)

    def remove_user(self, user):
        for domain in DOMAINS:
            passwd = self.house.virtual / domain / "passwd"
            passwd.write_text(re.sub(
                rf"(?m)^{user}:.*\n", "", passwd.read_text()))

    def take(self, address, count=1):
        """Waits for so many messages, takes them and leaves none."""
        path = self.house.mailbox(*address.split("@"))
        mailbox = Mailbox(self.house.port, address, "secret")
        self.house.wait_for(
            lambda: path.exists() and path.stat().st_size,
            f"mail for {address}\n{self.server.log()[-3000:]}", 40)
        texts = []

        def is_there():
            texts[:] = mailbox.fetch()
            return len(texts) >= count
        self.house.wait_for(is_there, f"{count} messages for {address}")
        equal(len(texts), count, f"messages for {address}")
        session = mailbox.login()
        for i in range(count):
            session.dele(i + 1)
        session.quit()
        return texts


def message(body):
    return (b"From: a@client.test\nTo: b@client.test\n"
            b"Date: Sun, 22 Nov 2026 07:00:00 +0000\n"
            b"Message-ID: <1@client.test>\n\n" + body).replace(b"\n", b"\r\n")


def fields(text, name):
    head = text.split(b"\r\n\r\n")[0]
    return re.findall(rb"(?mi)^" + name + rb": *(.*?)\r?$", head)


BODY = b"From here\n.\n..two\n\xe6\xf8\xe5 \x01\x7f\n" + b"x" * 900 + b"\n\nend\n"
RECEIVED = BODY.replace(b"From", b">From").replace(b"\n", b"\r\n")


def delivers(site):
    addresses = [f"{user}@{domain}" for user in ("joe", "ann")
                 for domain in DOMAINS]
    site.server.send("a@client.test", addresses, message(BODY))
    for address in addresses:
        text, = site.take(address)
        equal(body_of(text), RECEIVED, "body")
        equal(fields(text, b"Return-Path"), [b"<a@client.test>"])
        equal(fields(text, b"Delivered-To"), [address.encode()])
        path = site.house.mailbox(*address.split("@"))
        equal(path.stat().st_uid, site.owners[address.split("@")[1]].uid)


def delivers_bounces(site):
    site.server.send("", ["joe@kvt.dk"], message(b"report\n"))
    text, = site.take("joe@kvt.dk")
    equal(fields(text, b"Return-Path"), [b"<>"])


def refuses(site):
    for address in ("nobody@kvt.dk", "ann@other.example", "joex@kvt.dk"):
        code, text = site.server.refusal(address)
        assert code in (524, 550), (address, code, text)


def knows_variants(site):
    for address in ("JOE@Kvt.DK", "joe+list@kvt.dk", "Joe+a+b@kvt.dk"):
        site.server.send("a@client.test", [address], message(b"one\n"))
        text, = site.take("joe@kvt.dk")
        equal(fields(text, b"Delivered-To"), [b"joe@kvt.dk"], address)


def survives_senders(site):
    trap = site.house.root / "trap"
    taken = []
    for sender in (f"`touch${{IFS}}{trap}`", f"x|touch${{IFS}}{trap}", "-r",
                   "x'y", f'"$(touch {trap})"', f'"a;touch {trap}"'):
        with site.server.connect() as connection:
            connection.ehlo()
            if connection.mail(f"{sender}@client.test")[0] == 250:
                taken.append(sender)
                equal(connection.rcpt("joe@kvt.dk")[0], 250)
                equal(connection.data(message(b"one\n"))[0], 250)
    texts = site.take("joe@kvt.dk", len(taken))
    equal(sorted(fields(text, b"Return-Path")[0].decode() for text in texts),
          sorted(f"<{sender}@client.test>" for sender in taken))
    assert len(taken) >= 4, taken
    assert not trap.exists(), "a sender has run a command"


def returns(site):
    site.server.send("reporter@kvt.dk", [f"{LISTED}@kvt.dk"],
                     message(b"lost?\n"))
    text, = site.take("reporter@kvt.dk")
    assert b"5.1.1 no such virtual user: listed@kvt.dk" in text, text
    equal(fields(text, b"Return-Path"), [b"<>"])


def keeps(site):
    spool = site.house.spool / "kvt.dk"
    spool.chmod(0o500)
    site.server.send("reporter@kvt.dk", ["waits@kvt.dk"], message(b"late\n"))
    site.house.wait_for(
        lambda: "4.2.0" in site.server.log(), "a deferral", 20)
    spool.chmod(0o700)
    equal(site.house.mailbox("waits", "kvt.dk").exists(), False, "a mailbox")
    site.server.retry()
    text, = site.take("waits@kvt.dk")
    equal(body_of(text), b"late\r\n")
    equal(site.house.mailbox("reporter", "kvt.dk").stat().st_size, 0)


def learns(site):
    equal(site.server.refusal("new@kvt.dk")[0] // 100, 5)
    site.add_user("new", "kvt.dk")
    site.server.update()
    site.server.send("a@client.test", ["new@kvt.dk"], message(b"hi\n"))
    site.take("new@kvt.dk")


CASES = {
    "delivers one message to users of two owners, whole and once each":
        delivers,
    "hands on the empty sender of a bounce": delivers_bounces,
    "refuses unknown users, and domains that are not ours, at RCPT": refuses,
    "takes capital letters, and what follows a +, as the same user":
        knows_variants,
    "runs no command that a sender's address contains": survives_senders,
    "returns mail for a user whom virtual does not know, with its words":
        returns,
    "keeps mail that virtual cannot store, and delivers it later": keeps,
    "serves a new user after list-users has run again": learns,
}


def all_cases(kind):
    made = []

    def on_site(test):
        if not made:
            stack = contextlib.ExitStack()
            atexit.register(stack.close)
            try:
                made.append(Site(kind, stack))
            except (Skip, Exception) as trouble:
                made.append(trouble)
        if isinstance(made[0], BaseException):
            raise made[0]
        test(made[0])
    for name, test in CASES.items():
        case(f"{kind.__name__}: {name}")(lambda test=test: on_site(test))


def end(*_):
    sys.exit(1)  # through atexit


signal.signal(signal.SIGTERM, end)
all_cases(Exim)
all_cases(OpenSmtpd)
tap.main()
