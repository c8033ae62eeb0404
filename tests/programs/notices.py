"""A real MTA sends the notices: Postfix takes a message that asks for one,
virtual delivers it, and the notice comes back to the sender's mailbox."""

import email
import email.policy

import tap
from house import House
from postfix import FIRST, Owner, Postfix, need_program, need_root
from tap import case, equal

REQUEST = b"""\
From: Ann <ann@kvt.dk>
To: sales@kvt.dk
Date: Sun, 22 Nov 2026 07:00:00 +0000
Message-ID: <1@client.test>
Subject: please confirm
Disposition-Notification-To: Ann <ann@kvt.dk>

body
"""

# Programs with more rights believe the system's own configuration only: the
# daemon sees that of the test there.
IN_PLACE = ("unshare", "--mount", "sh", "-ec",
            'mount --bind "$0" /etc/postfix; exec "$@"')


def fetch(house, user):
    """Retrieves and deletes all mail of user: its texts."""
    with house.connect() as client:
        client.login(f"{user}@{FIRST}", "secret")
        count = int(client.ok("STAT").split()[1])
        texts = [client.retr(i + 1)[1] for i in range(count)]
        for i in range(count):
            client.ok(f"DELE {i + 1}")
        client.ok("QUIT")
    return texts


def is_delivered(house, user):
    mailbox = house.mailbox(user, FIRST)
    return mailbox.exists() and mailbox.stat().st_size > 0


@case("a notice comes back through Postfix, from an empty sender, once")
def _():
    need_root("Postfix")
    need_program("sendmail")
    need_program("unshare")
    with House() as house, Owner(house.root) as owner:
        with Postfix(house, owner) as postfix:
            for user in ("ann", "sales"):
                postfix.add_user(user, FIRST)
            house.start_daemon(
                "--mdn", before=(*IN_PLACE, postfix.root / "etc"))
            postfix.send(f"ann@{FIRST}", [f"sales@{FIRST}"], REQUEST)
            house.wait_for(lambda: is_delivered(house, "sales"), "the mail")
            request, = fetch(house, "sales")
            assert b"Disposition-Notification-To" in request
            equal(house.logged("notice (?:not )?sent .*"),
                  "notice sent to=ann@kvt.dk user=sales@kvt.dk "
                  "addr=127.0.0.1")
            house.wait_for(lambda: is_delivered(house, "ann"), "the notice")
            notice, = fetch(house, "ann")
            check_notice(notice)
            postfix.drain()
            # Nobody answers a notice.
            equal(house.log().count("notice "), 1)
            equal(is_delivered(house, "sales"), False)


def check_notice(text):
    message = email.message_from_bytes(text, policy=email.policy.default)
    equal(message["Return-Path"], "<>")
    equal(message["From"], "sales@kvt.dk")
    equal(message["To"], "ann@kvt.dk")
    equal(message["In-Reply-To"], "<1@client.test>")
    equal(message.get_content_type(), "multipart/report")
    equal(message.get_param("report-type"), "disposition-notification")
    equal(message.defects, [])
    explanation, report, original = message.iter_parts()
    assert "please confirm" in explanation.get_content()
    fields = report.get_payload()[0]
    equal(fields["Final-Recipient"], "rfc822;sales@kvt.dk")
    equal(fields["Original-Message-ID"], "<1@client.test>")
    equal(fields["Disposition"],
          "automatic-action/MDN-sent-automatically; dispatched")
    equal(original.get_content_type(), "text/rfc822-headers")


tap.main()
