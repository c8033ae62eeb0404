"""virtdomain with a real Postfix: from nothing to a domain with a user, by what
the program says, and back."""

import contextlib
import re
import shutil
import subprocess

import tap
from house import VIRTDOMAIN, House
from postfix import Owner, Postfix, need_program
from readers import Mailbox
from tap import case, equal

MESSAGE = b"From: a@client.test\nSubject: hello\n\nhello\n"
# What the Postfix of other tests has, and an administrator has not yet.
OURS = r"recipient_delimiter|virtual_\w+|transport_maps|mailbox_size_limit|" \
       r"gnu-pop3d_destination_recipient_limit"

SENDMAIL = """#!/usr/bin/python3
import smtplib, sys
assert sys.argv[1:3] == ["-i", "-f"] and sys.argv[4] == "--", sys.argv
with smtplib.SMTP("127.0.0.1", {port}) as server:
    server.sendmail(sys.argv[3], sys.argv[5:], sys.stdin.buffer.read())
"""


class Site:
    """A Postfix that knows nothing of virtual domains."""

    def __init__(self, house, owner):
        self.house = house
        self.owner = owner
        self.postfix = Postfix(house, owner)
        self.etc = self.postfix.root / "etc"
        self.delivery = self.install()
        main = self.etc / "main.cf"
        main.write_text(re.sub(
            rf"(?m)^(?:{OURS}) *=.*\n(?:[ \t].*\n)*", "", main.read_text()))
        (self.etc / "virtual_regexp").unlink()
        (owner.home / ".forward").unlink()

    def install(self):
        """virtdomain, and a sendmail for this Postfix: its own takes mail of
        users only for the Postfix of the system."""
        program = self.house.root / "virtdomain"
        shutil.copy(VIRTDOMAIN, program)
        program.chmod(0o755)
        sendmail = self.house.root / "sendmail"
        sendmail.write_text(SENDMAIL.format(port=self.postfix.port))
        sendmail.chmod(0o755)
        return (f"{program} --virtual-dir={self.house.virtual} "
                f"--virtual-spool={self.house.spool} "
                f"--sendmail={sendmail} MAILBOUNCE")

    def run(self, *words, typed="", status=0):
        done = subprocess.run(
            [VIRTDOMAIN, f"--virtual-dir={self.house.virtual}",
             f"--virtual-spool={self.house.spool}",
             f"--postfix-dir={self.etc}",
             f"--delivery={self.delivery}", *words],
            input=typed, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, timeout=60, check=False)
        equal(done.returncode, status, done.stdout)
        return done.stdout

    def obey(self, said):
        """Does what virtdomain tells of main.cf and master.cf."""
        commands = re.findall(r"(?m)^  (postconf -e .*)", said)
        for command in commands:
            subprocess.run(
                ["sh", "-ec", command], check=True, timeout=60,
                env={"PATH": "/usr/sbin:/usr/bin:/bin",
                     "MAIL_CONFIG": str(self.etc)})
        service = re.search(r"(?m)/master.cf lacks\n((?:  .*\n)+)", said)
        if service:
            with open(self.etc / "master.cf", "a") as master:
                master.write(re.sub(r"(?m)^  ", "", service[1]))
        return len(commands) + (service is not None)


@contextlib.contextmanager
def site():
    need_program("postconf")
    with House() as house, Owner(house.root) as owner:
        yield Site(house, owner)


def check(site, way):
    create = ("CREATE", "kvt.dk", site.owner.name, "-", *way)
    said = site.run(*create, typed="secret\n")
    assert site.obey(said) >= 3, said
    # All is there now, so nothing is left to say.
    again = site.run(*create, typed="secret\n")
    equal(site.obey(again), 0, again)
    site.run("add", "joe@kvt.dk", "-", typed="joe's\n")
    with site.postfix as postfix:
        site.house.start_daemon()
        postfix.send("a@client.test",
                     ["joe@kvt.dk", "Postmaster@kvt.dk", "joe+x@KVT.dk"],
                     MESSAGE)
        postfix.drain()
        for user, password, count in (("joe", "joe's", 2),
                                      ("postmaster", "secret", 1)):
            texts = Mailbox(site.house.port, f"{user}@kvt.dk", password).fetch()
            equal(len(texts), count, user)
            assert texts[0].endswith(b"hello\r\n"), texts
        site.run("passwd", "joe@kvt.dk", "-", typed="new\n")
        Mailbox(site.house.port, "joe@kvt.dk", "new").fetch()
        site.run("add", "ann@kvt.dk", "-", typed="x\n")
        site.run("forward", "ann@kvt.dk", "joe@kvt.dk", "mailbox")
        postfix.send("a@client.test", ["ann@kvt.dk"], MESSAGE)
        postfix.drain()
        for user, password, count in (("ann", "x", 1), ("joe", "new", 3)):
            equal(len(Mailbox(site.house.port, f"{user}@kvt.dk",
                              password).fetch()), count, user)
        site.run("forward", "joe@kvt.dk", "ann@kvt.dk")
        site.run("forward", "ann@kvt.dk", "joe@kvt.dk")
        postfix.send("a@client.test", ["ann@kvt.dk"], MESSAGE)
        site.house.wait_for(lambda: "dsn=5.4.6" in postfix.log(), "the loop")
        postfix.drain()
        postfix.send("a@client.test", ["nobody@kvt.dk"], MESSAGE)
        site.house.wait_for(lambda: "dsn=5.1.1" in postfix.log(), "a bounce")
        postfix.drain()
        said = site.run("DELETE", "kvt.dk", site.owner.name, "secret")
        assert "kept mail in" in said, said
        # Postfix looks every now and then whether a table is new.
        postfix.reload()
        site.house.wait_for(
            lambda: postfix.refusal("joe@kvt.dk")[0] == 550,
            "mail for the domain to be refused")
    equal(list(site.owner.home.iterdir()), [])
    assert not (site.house.virtual / "kvt.dk").exists()


@case("by the owner's .forward files: made, added, delivered, read, deleted")
def _():
    with site() as ours:
        check(ours, ())


@case("by a transport of Postfix: made, added, delivered, read, deleted")
def _():
    with site() as ours:
        check(ours, ("postfix",))


tap.main()
