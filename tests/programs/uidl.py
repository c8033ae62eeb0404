"""--uidl: the same mailbox gets the same unique ids from us as from the server
that was there before, line by line.

Debian 12 has popa3d, solid-pop3d, GNU mailutils and Dovecot; they are run here.
It has neither UW ipop3d nor vm-pop3d: Dovecot's format that its documentation
gives for the first stands in for it, and tests/unit/uidl_test.c has what the
source of vm-pop3d 1.1.6 says.
"""

import re

import tap
from house import FROM_LINE, House
from others import Dovecot, Mailutils, Popa3d, Solid
from tap import case, equal

USER = "joe@kvt.dk"

PLAIN = [
    b"Received: from a (b [192.0.2.1])\n\tby c with SMTP id 1\n"
    b"\tfor <joe>; Sun, 22 Nov 2026 07:00:00 +0000\n"
    b"Received: from second\nDate: Sun, 22 Nov 2026 06:59:00 +0000\n"
    b"Message-Id: <one@example.com>\nSubject: one\n two\nTo: joe\n\nbody\n",
    b"Message-Id: <same@example.com>\nDate:Sun\nSubject: same\n\nbody\n",
    b"Message-Id: <same@example.com>\nDate:Sun\nSubject: same\n\nbody\n",
    b"Date: now\nReferences: <x@example.com>\nX-Delivery-ID: 1\nx-delivery-id:"
    b" 2\nSubject: none\n\nDate: body\nSubject: body\n",
    b"Delivered-To:   joe@example.com\nMessage-ID:\n <folded@example.com>\n"
    b"\t(twice)\nSubject:\n folded\n\nbody\n",
    b"Message-id: <" + b"m" * 100 + b"@example.com>\nDate:  \t x \t\nSubject: " +
    b"s" * 3000 + b"\nTo: " + b"t" * 9000 + b"\n\nbody\n",
    b"MESSAGE-ID: <loud@example.com>\nsubject: quiet\nSubject: loud\n"
    b"DATE: \xe6\xf8\xe5\n\n\n\nbody\n\n",
    b"Message-Id: <last@example.com>\nSubject: only a header\nDate: x\n",
]
# Of these mailutils makes other messages than everybody else.
HARD = [
    b"Subject: only a header too\nMessage-ID: <header@example.com>\n",
    b"Subject: crlf\r\nMessage-Id: <crlf@example.com>\r\nDate: x\r\n y\r\n"
    b"Delivered-To: z\r\n\r\nDate: body\r\nSubject: body\r\nbody\r\n",
]


def mbox_of(messages):
    return b"".join(FROM_LINE + message + b"\n" for message in messages)


def ours(house, uidl_format, deletes=()):
    """All ids; then the messages with these numbers are deleted."""
    with house.inetd(f"--uidl={uidl_format}") as client:
        client.login(USER, "secret")
        listing = client.listing("UIDL")
        for number in deletes:
            client.ok(f"DELE {number}")
        client.ok("QUIT")
    numbers = [line.split(b" ")[0] for line in listing]
    equal(numbers, [b"%d" % (i + 1) for i in range(len(listing))])
    return [line.split(b" ", 1)[1] for line in listing]


def has_own_form(one):
    return re.fullmatch(b"[0-9a-f]{32}\\.[0-9]+", one) is not None


def compare(found, expected):
    """Equal, but where the other server has an id twice: there the first is
    equal, and the second is numbered by us."""
    equal(len(found), len(expected), "number of messages")
    equal(len(set(found)), len(found), "distinct ids")
    for i, one in enumerate(expected):
        if one in expected[:i]:
            assert has_own_form(found[i]), f"message {i + 1}: {found[i]}"
        else:
            equal(found[i], one, f"message {i + 1}")


class Home(House):
    """A house whose joe has this mailbox."""

    def __init__(self, mbox):
        super().__init__()
        self.add_user("joe", "kvt.dk", "secret")
        self.path = self.write_mailbox("joe", "kvt.dk", [])
        self.path.write_bytes(mbox)


def check(uidl_format, server, messages):
    """Their ids and ours, from the mailbox as they leave it, also when the
    first and another message were deleted."""
    theirs, left = server.session(mbox_of(messages))
    equal(len(theirs), len(messages), "messages of the other server")
    with Home(left) as house:
        found = ours(house, uidl_format)
        compare(found, theirs)
        equal(ours(house, uidl_format, [1, 5]), found, "second session")
        del found[4], found[0]
        equal(ours(house, uidl_format), found, "after a deletion")
        return theirs, house.path.read_bytes()


@case("the ids are those of popa3d, also after a deletion")
def _():
    server = Popa3d()
    _, left = check("popa3d", server, PLAIN + HARD)
    with Home(left) as house:
        compare(ours(house, "popa3d"), server.session(left)[0])


@case("the ids are those of solid-pop3d, also after a deletion")
def _():
    server = Solid()
    _, left = check("solid-pop3d", server, PLAIN + HARD)
    with Home(left) as house:
        compare(ours(house, "solid-pop3d"), server.session(left)[0])


@case("the ids are those of GNU mailutils, as it wrote them into the mailbox")
def _():
    theirs, left = check("mailutils", Mailutils(), PLAIN)
    equal(len(set(theirs)), len(theirs), "its ids are distinct")
    equal(Mailutils().session(left)[0], theirs[1:4] + theirs[5:],
          "its own ids after our deletion")


@case("the ids are those of Dovecot with %m or %g, also after a deletion")
def _():
    for theirs in ("%m", "%g"):
        check("dovecot-md5", Dovecot(theirs), HARD + PLAIN)


@case("the ids are those of Dovecot that takes X-UIDL")
def _():
    server = Dovecot("%m", "pop3_reuse_xuidl=yes")
    theirs, _ = check("mailutils", server, [
        b"X-UIDL: id-%d\nSubject: x\n\nbody\n" % i for i in range(6)])
    equal(theirs, [b"id-%d" % i for i in range(6)])


FORMATS = {"dovecot": "%08Xu%08Xv", "dovecot-0.99": "%v.%u",
           "ipop3d": "%08Xv%08Xu"}


@case("the ids are those of Dovecot with UIDVALIDITY and UID, as it wrote them "
      "into the mailbox, also when the first message is deleted")
def _():
    for uidl_format, theirs in FORMATS.items():
        ids, _ = check(uidl_format, Dovecot(theirs), PLAIN + HARD)
        equal(len(set(ids)), len(ids), "its ids are distinct")


INTERNAL = (
    b"From MAILER-DAEMON Sun Nov 22 07:00:00 2026\n"
    b"Date: 22 Nov 2026 07:00:00 +0000\n"
    b"From: Mail System Internal Data <MAILER-DAEMON@example.com>\n"
    b"Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\n"
    b"Message-ID: <1795330800@example.com>\nX-IMAP: 1795330800 0000000012\n"
    b"Status: RO\n\nThis text is part of the internal format.\n\n")


@case("a mailbox of UW ipop3d, with its hidden message, has its ids: those that "
      "Dovecot makes in its format")
def _():
    mbox = INTERNAL + mbox_of(
        b"X-UID: %d\nStatus: O\nSubject: x\n\nbody\n" % uid
        for uid in (3, 4, 9, 12))
    theirs, _ = Dovecot("%08Xv%08Xu").session(mbox)
    equal(theirs, [b"6b0292f0000000" + uid
                   for uid in (b"03", b"04", b"09", b"0c")])
    with Home(mbox) as house:
        equal(ours(house, "ipop3d", [1, 4]), theirs)
        equal(ours(house, "ipop3d"), theirs[1:3])


@case("messages with none of the fields have ids of our own: theirs would be "
      "those of all such messages to come")
def _():
    mbox = mbox_of([b"To: joe\n\none\n", b"To: joe\n\ntwo\n"])
    for uidl_format, server in (("popa3d", Popa3d), ("solid-pop3d", Solid),
                                ("dovecot-md5", lambda: Dovecot("%m"))):
        theirs, _ = server().session(mbox)
        equal(theirs[0], theirs[1], "ids of the other server")
        with Home(mbox) as house:
            found = ours(house, uidl_format)
        equal([has_own_form(one) for one in found], [True, True])
        assert found[0] != found[1]


tap.main()
