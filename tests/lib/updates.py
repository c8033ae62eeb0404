"""Update mail, as the pages of a domain send it: written after virtdomain(8)
alone.

    site = Updates(image)               # a domain with the user joe
    change = site.change("set", "joe", name="Joe")
    status, said = site.receive(site.message(change))
    equal(site.outcome(change), "done")
"""

import base64
import hashlib
import hmac
import os
import time

from tap import equal

SUBJECT = "*** Virtual domain update ***"


def lines_of(change):
    """The lines that are signed."""
    lines = ["trans=UPDATE 1"]
    for name in ("serial", "time", "domain", "kind", "user"):
        lines.append(f"{name}={change[name]}")
    for name in ("password", "name", "forward"):
        if name in change:
            text = base64.b64encode(change[name].encode()).decode()
            lines += [f"{name}={text[start:start + 60]}"
                      for start in range(0, max(len(text), 1), 60)]
    if "seen" in change:
        lines.append(f"seen={change['seen']}")
    return "".join(f"{line}\n" for line in lines)


def signed(text, secret):
    made = hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()
    return f"{text}signature={made}\n"


class Updates:
    def __init__(self, image, domain="kvt.dk"):
        self.image = image
        self.domain = domain
        self.directory = image.virtual / domain

    @property
    def secret(self):
        return bytes.fromhex((self.directory / "secret").read_text())

    # ---- making ------------------------------------------------------------

    def line(self, user):
        for line in (self.directory / "passwd").read_text().splitlines():
            if line.startswith(f"{user}:"):
                return line
        return None

    def seen(self, user):
        return hmac.new(self.secret, b"line " + self.line(user).encode(),
                        hashlib.sha256).hexdigest()

    def change(self, kind, user, **more):
        """A change of now; seen is what stands in the file, unless there is
        nothing to see."""
        change = {"serial": os.urandom(16).hex(), "time": int(time.time()),
                  "domain": self.domain, "kind": kind, "user": user, **more}
        if kind != "add" and "seen" not in more:
            change["seen"] = self.seen(user)
        return change

    def body(self, change, secret=None):
        return signed(lines_of(change), secret or self.secret)

    def message(self, change, secret=None):
        return self.wrap(self.body(change, secret))

    def wrap(self, body, subject=SUBJECT):
        address = f"postmaster@{self.domain}"
        return (f"From: {address}\nTo: {address}\nSubject: {subject}\n"
                f"\n{body}").encode()

    # ---- what comes of it --------------------------------------------------

    def receive(self, message, *words, user="postmaster", status=0):
        """Hands it over as the mail system does; what was said."""
        found, said = self.image.mail(
            message, "-r", f"{user}@{self.domain}", *words)
        equal(found, status, said)
        return said

    def outcomes(self):
        """By serial."""
        lines = (self.directory / "updates").read_text().splitlines()
        return {serial: outcome
                for _, serial, outcome in map(str.split, lines)}

    def outcome(self, change):
        return self.outcomes().get(change["serial"])

    def delivered(self, user="postmaster"):
        """Ordinary mail, since the last time; b"" for none."""
        path = self.image.spool / self.domain / user
        try:
            text = path.read_bytes()
        except FileNotFoundError:
            return b""
        path.unlink()
        return text
