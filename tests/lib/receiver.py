"""What all mail servers of our tests share: a way to submit mail, and virtual
where they can run it."""

import os
import re
import shutil
import smtplib
import subprocess

from house import SOURCE, VIRTUAL
from tap import equal


def install_virtual(house):
    """Makes a copy that an owner can reach wherever the tree is built; returns
    the command to run it."""
    path = house.root / "virtual"
    shutil.copy(VIRTUAL, path)
    path.chmod(0o755)
    return (f"{path} --virtual-dir={house.virtual} "
            f"--virtual-spool={house.spool}")


def list_users(house, *arguments):
    """What contrib/list-users prints."""
    return subprocess.run(
        ["sh", SOURCE / "contrib" / "list-users", *arguments],
        stdout=subprocess.PIPE, check=True, timeout=60,
        env={**os.environ, "VIRTUAL_DIR": str(house.virtual),
             "VIRTUAL_SPOOL": str(house.spool)}).stdout.decode()


class Receiver:
    """A mail server on self.port."""
    port = None

    def connect(self, source="127.0.0.1"):
        return smtplib.SMTP("127.0.0.1", self.port, "client.test", 60,
                            source_address=(source, 0))

    def send(self, sender, recipients, message, connection=None):
        """Submits one message, its octets as they are: dots are stuffed, and
        only the last line end is made CRLF, or added."""
        text = re.sub(rb"(?m)^\.", b"..", message)
        text = re.sub(rb"\r?\n\Z", b"", text) + b"\r\n.\r\n"
        ours = connection or self.connect()
        ours.ehlo_or_helo_if_needed()
        equal(ours.mail(sender, ["BODY=8BITMIME"])[0], 250, "MAIL")
        for recipient in recipients:
            equal(ours.rcpt(recipient)[0], 250, recipient)
        equal(ours.docmd("DATA")[0], 354, "DATA")
        ours.send(text)
        equal(ours.getreply()[0], 250, "end of the message")
        if connection is None:
            ours.quit()

    def refusal(self, recipient):
        """The reply to a recipient, and what the connection is for ends."""
        with self.connect() as connection:
            connection.ehlo()
            connection.mail("a@client.test")
            code, text = connection.rcpt(recipient)
        return code, text.decode()
