"""Postfix delivers into virtual mailboxes, gnu-pop3d serves them.

One instance of Postfix serves all cases; each case has users of its own.
"""

import atexit
import random
import re
import signal
import sys

import tap
from house import House
from postfix import FIRST, LIMIT, LIMITED, SECOND, Owner, Postfix
from readers import Mailbox, body_of, in_parts, number_of, read_while
from tap import Skip, case, equal

DELIVERED = re.compile(rb"(?m)^Delivered-To: (.*)\r$")


# ---- the one house -----------------------------------------------------------

class Site:
    """House, owner, Postfix and daemon; made by the first case."""
    made = None
    trouble = None

    def __init__(self):
        self.house = House()
        atexit.register(self.house.__exit__)
        self.owner = Owner(self.house.root)
        atexit.register(self.owner.__exit__)
        self.postfix = Postfix(self.house, self.owner)
        atexit.register(self.postfix.__exit__)
        self.postfix.__enter__()
        self.house.start_daemon("--max-per-source=50")


def site():
    """The site; after a failure to make it, the same failure again."""
    if Site.trouble is not None:
        raise Site.trouble
    if Site.made is None:
        try:
            Site.made = Site()
        except (Skip, Exception) as trouble:
            Site.trouble = trouble
            raise
    return Site.made


def message(number, body):
    """A message that Postfix has nothing to add to but trace lines."""
    return (b"From: a@client.test\nTo: b@client.test\n"
            b"Date: Sun, 22 Nov 2026 07:00:00 +0000\n"
            b"Message-ID: <%d@client.test>\n"
            b"X-Number: %d\n\n" % (number, number) + body)


def mailbox(user, domain):
    return Mailbox(site().house.port, f"{user}@{domain}", "secret")


def fetch(user, domain):
    return mailbox(user, domain).fetch()


# ---- messages of all shapes --------------------------------------------------

WORDS = [
    b"", b"plain text", b".", b"..", b".hidden", b"...more",
    b"From ", b"From here on", b"From a@b Sun Nov 22 07:00:00 2026",
    b">From quoted", b">>From twice", b"from small", b"From: colon",
    b"\tFrom indented", b" trailing blanks  ", b"\xe6\xf8\xe5 \xff\x80",
    "smørrebrød €".encode(), b"nul \0 inside", b"\0", b"bare\rcr",
    b"\r.dot behind cr", b"\rFrom behind cr", b"crs\r\r\rinside",
    b"cr at the end\r", b"two at the end\r\r", b"x" * 998, b"y" * 2049,
    b"z" * 70001, b"--boundary", b"Content-Length: 3", b"Status: RO",
    b"\x01\x01\x01\x01", b"\x1b[2J", b"\x7f\x0c\x0b", b"line\x85separators",
]


def make_body(rng, number):
    """Lines in random order with LF or CRLF, sometimes no last line end."""
    if number % 100 == 7:
        return bytes([97 + number % 26]) * (1000000 + number) + b"\n"
    lines = rng.choices(WORDS, k=rng.randrange(0, 12))
    body = b"".join(
        line + rng.choice([b"\n", b"\r\n", b"\r\n"]) for line in lines)
    if rng.random() < 0.2:
        body += rng.choice([b"no end", b".", b"From the end", b"end\r"])
    return body


def expected_body(body):
    """What smtpd makes of line ends, and virtual of "From "."""
    lines = body.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    lines = [line.rstrip(b"\r") for line in lines]
    return b"".join(
        (b">" if line.startswith(b"From ") else b"") + line + b"\r\n"
        for line in lines)


@case("1,000 messages of all shapes go in by SMTP and come out by POP3, each "
      "with the size that LIST says and the body that was sent")
def _():
    postfix = site().postfix
    users = [(f"user{i}", domain) for i in range(4)
             for domain in (FIRST, SECOND)]
    for user, domain in users:
        postfix.add_user(user, domain)
    rng = random.Random(2)
    bodies = [make_body(rng, i) for i in range(1000)]

    def submit(numbers):
        connection = postfix.connect()
        for i in numbers:
            user, domain = users[i % len(users)]
            postfix.send(f"sender{i}@client.test", [f"{user}@{domain}"],
                         message(i, bodies[i]).replace(b"\n", b"\r\n", 6),
                         connection)
        connection.quit()
    in_parts(len(bodies), 4, submit)
    postfix.drain()
    found = {}
    for user, domain in users:
        for text in fetch(user, domain):
            number = number_of(text)
            assert number not in found, f"message {number} came twice"
            found[number] = text
            equal(users[number % len(users)], (user, domain), "recipient")
            equal(DELIVERED.findall(text), [f"{user}@{domain}".encode()])
            equal(text.split(b"\r\n")[0],
                  b"Return-Path: <sender%d@client.test>" % number)
            equal(body_of(text), expected_body(bodies[number]),
                  f"body of message {number}, sent {bodies[number]!r:.400}")
    equal(sorted(found), list(range(1000)), "numbers of the messages")


@case("one message to several users of both domains reaches each of them once")
def _():
    postfix = site().postfix
    addresses = [f"many{i}@{domain}" for i in range(3)
                 for domain in (FIRST, SECOND)]
    for address in addresses:
        postfix.add_user(*address.split("@"))
    postfix.send("a@client.test", addresses, message(1, b"for all\n"))
    postfix.drain()
    for address in addresses:
        texts = fetch(*address.split("@"))
        equal([body_of(text) for text in texts], [b"for all\r\n"], address)
        equal(DELIVERED.findall(texts[0]), [address.encode()])


@case("an address in capital letters finds the same mailbox, by both ways")
def _():
    postfix = site().postfix
    postfix.add_user("capital", FIRST)
    postfix.add_user("capital", SECOND)
    for domain in ("KVT.dk", "Example.ORG"):
        postfix.send("a@client.test", [f"CaPital@{domain}"],
                     message(1, b"one\n"))
    postfix.drain()
    equal(len(fetch("capital", FIRST)), 1, "messages, first way")
    equal(len(fetch("capital", SECOND)), 1, "messages, second way")


def bounce_for(address, reporter):
    """The report that comes back to a new user who has sent to address."""
    site().postfix.add_user(reporter, FIRST)
    return report_on(address, reporter)


def report_on(address, reporter):
    postfix = site().postfix
    postfix.send(f"{reporter}@{FIRST}", [address], message(1, b"lost?\n"))
    postfix.drain(20)
    reports = fetch(reporter, FIRST)
    equal(len(reports), 1, "reports")
    return reports[0]


@case("mail for a user without a .forward file bounces with 5.1.1 to its "
      "sender, by the catch-all file")
def _():
    report = bounce_for(f"stranger@{FIRST}", "reporter1")
    assert b"\r\nStatus: 5.1.1\r\n" in report, report
    assert b"\r\nReturn-Path: <>\r\n" in b"\r\n" + report, report
    assert f"<stranger@{FIRST}>".encode() in report, report


@case("mail for a user of a .forward file who is not in passwd bounces with "
      "5.1.1")
def _():
    site().owner.write(
        f".forward+ghost--{FIRST}",
        site().postfix.example("forward+user--domain.example"))
    report = bounce_for(f"ghost@{FIRST}", "reporter2")
    assert b"\r\nStatus: 5.1.1\r\n" in report, report
    assert f"no such virtual user: ghost@{FIRST}".encode() in report, report


@case("an unknown user of the transport is refused with 5.1.1 while the client "
      "is there; mail for one who is gone bounces with it")
def _():
    postfix = site().postfix
    code, text = postfix.refusal(f"gone@{SECOND}")
    equal((code, text.split()[0]), (550, "5.1.1"))
    postfix.add_user("gone", SECOND)
    postfix.add_user("reporter3", FIRST)
    passwd = site().house.virtual / SECOND / "passwd"
    passwd.write_text(re.sub(r"(?m)^gone:.*\n", "", passwd.read_text()))
    report = report_on(f"gone@{SECOND}", "reporter3")
    assert b"\r\nStatus: 5.1.1\r\n" in report, report
    assert f"no such virtual user: gone@{SECOND}".encode() in report


@case("a bounce arrives by the transport with an empty sender")
def _():
    postfix = site().postfix
    postfix.add_user("bounced", SECOND)
    postfix.send("", [f"bounced@{SECOND}"], message(1, b"report\n"))
    postfix.drain()
    text = fetch("bounced", SECOND)[0]
    equal(text.split(b"\r\n")[0], b"Return-Path: <>")


@case("mail for a full mailbox waits in the queue, leaves the mailbox as it "
      "was, and arrives when the user has deleted something over POP3")
def _():
    postfix, house = site().postfix, site().house
    postfix.add_user(LIMITED, FIRST)
    path = house.write_mailbox(
        LIMITED, FIRST, [b"Subject: big\n\n" + b"x" * 76 + b"\n",
                         b"Subject: two\n\n" + (b"y" * 76 + b"\n") * 51938],
        site().owner.uid, site().owner.gid)
    before = path.read_bytes()
    assert LIMIT - 900 < len(before) < LIMIT - 100, len(before)
    postfix.send("a@client.test", [f"{LIMITED}@{FIRST}"],
                 message(1, b"more\n" * 200))
    house.wait_for(lambda: postfix.queued("deferred") == 1, "a deferral")
    to = re.escape(f"orig_to=<{LIMITED}@{FIRST}>")
    house.wait_for(lambda: re.search(to, postfix.log()), "its log line")
    equal(re.findall(rf"{to}.* dsn=([0-9.]+), status=(\w+)", postfix.log()),
          [("4.2.2", "deferred")])
    after = path.read_bytes()
    session = mailbox(LIMITED, FIRST).login()
    session.dele(2)
    session.quit()
    postfix.flush()
    postfix.drain()
    equal([body_of(text)[:6] for text in fetch(LIMITED, FIRST)],
          [b"xxxxxx", b"more\r\n"])
    assert after == before, "the delivery that failed has left its traces"


@case("a message delivered while a session is open is there after QUIT with "
      "deletions, in the same file")
def _():
    postfix, house = site().postfix, site().house
    for domain in (FIRST, SECOND):
        postfix.add_user("open", domain)
        for i in range(3):
            postfix.send("a@client.test", [f"open@{domain}"],
                         message(i, b"number %d\n" % i))
            postfix.drain()
        path = house.mailbox("open", domain)
        inode = path.stat().st_ino
        session = mailbox("open", domain).login()
        equal(session.stat()[0], 3, "messages at login")
        postfix.send("a@client.test", [f"open@{domain}"],
                     message(3, b"number 3\n"))
        postfix.drain()
        equal(session.stat()[0], 3, "messages in the open session")
        session.dele(1)
        session.dele(3)
        session.quit()
        equal([number_of(text) for text in fetch("open", domain)], [1, 3])
        equal(path.stat().st_ino, inode, "inode")


@case("200 messages come while three clients fetch and delete in turn: none "
      "is lost, torn or there twice, and the inode stays")
def _():
    postfix, house = site().postfix, site().house
    postfix.add_user("busy", FIRST)
    path = house.write_mailbox(
        "busy", FIRST, [], site().owner.uid, site().owner.gid)
    inode = path.stat().st_ino
    rng = random.Random(3)
    bodies = [make_body(rng, i) for i in range(200)]
    def submit(numbers):
        connection = postfix.connect()
        for i in numbers:
            postfix.send("a@client.test", [f"busy@{FIRST}"],
                         message(i, bodies[i]), connection)
        connection.quit()

    def deliver():
        in_parts(len(bodies), 2, submit)
        postfix.drain()
    texts = read_while(mailbox("busy", FIRST), deliver)
    equal(sorted(number_of(text) for text in texts), list(range(200)))
    for text in texts:
        equal(body_of(text), expected_body(bodies[number_of(text)]))
    equal(path.stat().st_ino, inode, "inode")


@case("no lock is left in the spools, and nothing was logged as an error")
def _():
    house = site().house
    equal(list(house.spool.glob("*/*.lock")), [], "dotlocks")
    equal(re.findall(r"(?:fatal|panic|error): .*", site().postfix.log()), [])


def end(*_):
    sys.exit(1)  # through atexit


signal.signal(signal.SIGTERM, end)
tap.main()
