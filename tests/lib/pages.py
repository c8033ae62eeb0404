"""The pages of virtdomain, called as a web server does.

    with House() as house:
        site = Site(house, "kvt.dk")
        site.add_user("joe", "secret")
        answer = site.call("GET", "/")
        browser = Browser(site)
        browser.log_in("joe@kvt.dk", "secret")
        answer = browser.submit("/account", "/account", old="secret", ...)

Runs the program as the owner of the domain, or as uid; without root, as who
runs the test.
"""

import hmac
import html
import re
import subprocess
import time
import urllib.parse

from domains import Image
from house import GROUP, OWNER, VIRTDOMAIN, become_owner
from tap import equal

SCRIPT = "/cgi-bin/virtdomain"
SECRET = "5e" * 32
FORM = re.compile(r'<form method="post" action="([^"]*)".*?</form>', re.DOTALL)
INPUT = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')


class Answer:
    """What the program wrote, taken apart."""

    def __init__(self, output):
        head, self.body = output.split(b"\r\n\r\n", 1)
        self.text = self.body.decode()
        self.headers = [tuple(line.split(": ", 1))
                        for line in head.decode().split("\r\n")]
        equal(self.headers[0][0], "Status")
        self.status = int(self.headers[0][1].split()[0])
        self.cookies = dict(
            value.split(";")[0].split("=", 1)
            for name, value in self.headers if name == "Set-Cookie")

    def header(self, name):
        """The value of a header, None where it is not there."""
        found = [value for key, value in self.headers if key == name]
        assert len(found) <= 1, (name, found)
        return found[0] if found else None

    def hidden(self, action):
        """The hidden fields of the form that goes to this path."""
        for form in FORM.finditer(self.text):
            if form[1] == SCRIPT + action:
                return {name: html.unescape(value)
                        for name, value in INPUT.findall(form[0])}
        raise AssertionError(f"no form for {action}: {self.text}")


class Site:
    """A domain with its secret and the directory in which pages remember."""

    def __init__(self, house, *domains, uid=OWNER, gid=GROUP, groups=()):
        self.house, self.uid, self.gid = house, uid, gid
        self.groups = groups
        self.virtual, self.spool = house.virtual, house.spool
        self.state = house.root / "web"
        self.state.mkdir(exist_ok=True)
        self.sendmail = house.root / "sendmail"
        for domain in domains:
            self.add_domain(domain)

    def add_domain(self, domain):
        self.house.add_domain(domain)
        directory = self.virtual / domain
        self.house.own(directory)
        secret = directory / "secret"
        secret.write_text(SECRET + "\n")
        secret.chmod(0o600)
        self.house.own(secret)
        (self.state / domain).mkdir(mode=0o700)
        self.house.own(self.state / domain, self.uid, self.gid)
        self.house.add_user("postmaster", domain, "master's")

    def add_user(self, user, secret, domain="kvt.dk"):
        self.house.add_user(user, domain, secret)

    def passwd(self, domain="kvt.dk"):
        return (self.virtual / domain / "passwd").read_text()

    def environment(self, method, path, query, body, cookies, more):
        found = {
            "GATEWAY_INTERFACE": "CGI/1.1", "PATH": "/usr/bin:/bin",
            "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "192.0.2.7",
            "HTTPS": "on", "HTTP_HOST": "mail.example.org",
            "SCRIPT_NAME": SCRIPT, "REQUEST_METHOD": method,
            "PATH_INFO": path, "QUERY_STRING": query,
            "HTTP_COOKIE": "; ".join(
                f"{name}={value}" for name, value in (cookies or {}).items()),
            "VIRTDOMAIN_VIRTUAL": str(self.virtual),
            "VIRTDOMAIN_SPOOL": str(self.spool),
            "VIRTDOMAIN_STATE": str(self.state),
            "VIRTDOMAIN_SENDMAIL": str(self.sendmail),
            "VIRTDOMAIN_SERVER": "mail.example.org",
        }
        if body is not None:
            found["CONTENT_LENGTH"] = str(len(body))
            found["CONTENT_TYPE"] = "application/x-www-form-urlencoded"
        found.update(more)
        return {name: value for name, value in found.items()
                if value is not None}

    def call(self, method, path, query="", body=None, cookies=None, **more):
        """One request; more are variables of the environment, None for one
        that is not there."""
        done = subprocess.run(
            [VIRTDOMAIN], input=body or b"", stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, timeout=60, check=False,
            preexec_fn=become_owner(self.uid, self.gid, self.groups),
            env=self.environment(method, path, query, body, cookies, more))
        equal(done.returncode, 0, done.stderr.decode())
        return Answer(done.stdout)

    # ---- cookies of our own making -----------------------------------------

    def cookie(self, name, stored, ident="ab" * 16, began=0, used=0,
               secret=SECRET):
        """A session cookie, begun and used so many seconds ago."""
        now = int(time.time())
        key = hmac.digest(bytes.fromhex(secret),
                          f"session {name} {stored}".encode(), "sha256")
        text = f"cookie {ident} {now - began} {now - used} {name}"
        mac = hmac.digest(key, text.encode(), "sha256").hex()
        return f"{ident}={now - began}={now - used}={mac}={name}"


SENDMAIL = """#!/bin/sh
cat > {box}/$$.new && mv {box}/$$.new {box}/$$
"""


class ImageSite(Site):
    """A domain with joe in an image, whose pages are let in by "virtdomain
    web": they run as its owner, or as another user, www."""

    def __init__(self, house, user="owner"):
        other = 1 if user == "www" else 0
        super().__init__(house, uid=OWNER + other, gid=GROUP + other)
        self.image = Image(house)
        if other:
            self.image.add_owner("www", self.uid, self.gid)
        self.image.create()
        self.image.run("add", "joe@kvt.dk", "-", typed="secret\n")
        self.image.run("web", "kvt.dk", user)
        self.virtual, self.spool = self.image.virtual, self.image.spool
        self.state = self.image.root / "var/lib/virtdomain"


class MailedSite(ImageSite):
    """One that runs as www: changes are mailed, and made when arrive() is
    called.  It needs root."""

    def __init__(self, house):
        super().__init__(house, "www")
        self.box = house.root / "box"
        self.box.mkdir()
        house.own(self.box, self.uid, self.gid)
        self.sendmail.write_text(SENDMAIL.format(box=self.box))

    def arrive(self):
        """Delivers what was mailed; how much it was."""
        mail = list(self.box.iterdir())
        for path in mail:
            status, said = self.image.mail(
                path.read_bytes(), "-r", "postmaster@kvt.dk")
            equal(status, 0, said)
            path.unlink()
        return len(mail)


class Browser:
    """Keeps cookies, and knows the tokens of the forms that it is shown."""

    def __init__(self, site, **more):
        self.site, self.cookies, self.more = site, {}, more

    def keep(self, answer):
        for name, value in answer.cookies.items():
            if value == "":
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return answer

    def get(self, path, query=""):
        return self.keep(self.site.call(
            "GET", path, query, cookies=self.cookies, **self.more))

    def post(self, path, fields):
        """Fields are a dictionary, pairs, or octets as they are sent."""
        if not isinstance(fields, bytes):
            fields = urllib.parse.urlencode(fields).encode()
        return self.keep(self.site.call(
            "POST", path, body=fields, cookies=self.cookies, **self.more))

    def submit(self, page, action, **fields):
        """Gets a page and sends the form in it that goes to action."""
        hidden = self.get(page).hidden(action)
        return self.post(action, {**hidden, **fields})

    def log_in(self, address, password):
        answer = self.submit("/", "/login", address=address,
                             password=password)
        equal(answer.status, 303, answer.text)
        equal(answer.header("Location"), SCRIPT + "/")
        return answer

    def is_logged_in(self):
        return self.get("/").status == 303
