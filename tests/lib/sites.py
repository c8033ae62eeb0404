"""A Postfix that knows nothing of virtual domains, and virtdomain for it.

    with site() as ours:
        said = ours.run("CREATE", "kvt.dk", ours.owner.name, "-", typed="x\\n")
        ours.obey(said)                     # what it tells of main.cf
        with ours.postfix as postfix: ...
"""

import contextlib
import re
import shutil
import subprocess

from house import VIRTDOMAIN, House
from postfix import Owner, Postfix, need_program
from tap import equal

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
        self.sendmail = None
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
        self.sendmail = self.house.root / "sendmail"
        self.sendmail.write_text(SENDMAIL.format(port=self.postfix.port))
        self.sendmail.chmod(0o755)
        return (f"{program} --virtual-dir={self.house.virtual} "
                f"--virtual-spool={self.house.spool} "
                f"--sendmail={self.sendmail} MAILBOUNCE")

    def run(self, *words, typed="", status=0):
        done = subprocess.run(
            [VIRTDOMAIN, f"--virtual-dir={self.house.virtual}",
             f"--virtual-spool={self.house.spool}",
             f"--postfix-dir={self.etc}",
             f"--state-dir={self.house.root}/pages",
             f"--delivery={self.delivery}", *words],
            input=typed, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, timeout=60, check=False)
        equal(done.returncode, status, done.stdout)
        return done.stdout

    def obey(self, said):
        """Does what virtdomain tells of main.cf and master.cf."""
        commands = re.findall(r"(?m)^  (postconf -.*)", said)
        for command in commands:
            subprocess.run(
                ["sh", "-ec", command], check=True, timeout=60,
                env={"PATH": "/usr/sbin:/usr/bin:/bin",
                     "MAIL_CONFIG": str(self.etc)})
        return len(commands)


@contextlib.contextmanager
def site():
    need_program("postconf")
    with House() as house, Owner(house.root) as owner:
        yield Site(house, owner)
