"""A domain, kvt.dk, with its pages under a web server of webserver.py.

    with domain_pages("nginx") as ours:
        page = log_in(ours.server.client(), "joe", USERS["joe"])
        ours.deliver()                  # the changes that were mailed
    with made_domain() as ours:
        with ours.under("nginx"): ...   # one server after the other

Its users are in USERS.  Mail is not sent but kept, until deliver() hands it to
virtdomain as Postfix would.
"""

import contextlib
import subprocess

from house import become_owner
from sites import site
from tap import equal
from webserver import AS_OWNER, pages_of, webserver

DOMAIN = "kvt.dk"
# More than one row of each kind of thing that a list can show.
USERS = {"postmaster": "Postmaster's: 4711", "joe": "joe's old one",
         "ann": "ann's old one", "bo.with-a+long_name": "bo's old one"}
FORWARDS = {"ann": ("joe@kvt.dk", "mailbox"),
            "bo.with-a+long_name": ("somebody@a-rather-long-name.example.org",
                                    "somebody.else@example.net")}
MESSAGE = b"From: a@client.test\nSubject: hello\n\n" + 60 * b"Hello.\n"

# As www-data; a name that is not there yet is taken by link(2).
KEEP = """#!/bin/sh
umask 077
cat > "{outbox}/$$.new" && mv "{outbox}/$$.new" "{outbox}/$$.mail"
"""


class DomainPages:
    def __init__(self, ours, make_sendmail):
        self.site = ours
        self.house = ours.house
        self.owner = ours.owner
        self.server = None
        self.is_direct = None
        self.outbox = ours.house.root / "outbox"
        self.sendmail = make_sendmail(self)
        self.said = ""

    def make(self):
        """CREATE, and users with mail."""
        self.said = self.site.run("CREATE", DOMAIN, self.owner.name, "-",
                                  typed=USERS["postmaster"] + "\n")
        for user, password in USERS.items():
            if user != "postmaster":
                self.site.run("add", f"{user}@{DOMAIN}", "-",
                              typed=password + "\n")
        for user, addresses in FORWARDS.items():
            self.site.run("forward", f"{user}@{DOMAIN}", *addresses)
        self.house.write_mailbox("ann", DOMAIN, [MESSAGE] * 20,
                                 self.owner.uid, self.owner.gid)

    @contextlib.contextmanager
    def under(self, kind):
        """Lets the pages in and starts a web server, one of KINDS."""
        self.is_direct = kind in AS_OWNER
        self.site.run("web", DOMAIN,
                      self.owner.name if self.is_direct else "www-data")
        with webserver(kind, pages_of(
                self.house, self.owner, SERVER="pop.kvt.dk",
                SENDMAIL=self.sendmail)) as self.server:
            yield

    def kept(self):
        """A sendmail that keeps what it is given."""
        self.outbox.mkdir(mode=0o777)
        self.outbox.chmod(0o1777)
        path = self.house.root / "keep-mail"
        path.write_text(KEEP.format(outbox=self.outbox))
        path.chmod(0o755)
        return path

    def posted(self):
        """One that hands it to the Postfix of the site."""
        return self.site.sendmail

    def deliver(self):
        """Hands over what was mailed; returns how many messages."""
        mails = sorted(self.outbox.glob("*.mail"))
        for mail in mails:
            done = subprocess.run(
                [*self.site.delivery.split()[:-1],
                 "--sender=", f"--recipient=postmaster@{DOMAIN}"],
                input=mail.read_bytes(), stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, timeout=60, check=False,
                preexec_fn=become_owner(self.owner.uid, self.owner.gid),
                env={"PATH": "/usr/bin:/bin"})
            equal(done.returncode, 0, done.stdout)
            mail.unlink()
        return len(mails)

    def checks(self, user, password):
        """Whether the passwd file has this password for the user: asks the
        daemon, who is not there for the others."""
        with self.house.inetd() as client:
            client.greet()
            client.ok(f"USER {user}@{DOMAIN}")
            return client.ask(f"PASS {password}").startswith(b"+OK")


@contextlib.contextmanager
def made_domain(make_sendmail=DomainPages.kept):
    """make_sendmail gives the program by which the pages mail."""
    with site() as ours:
        domain = DomainPages(ours, make_sendmail)
        domain.make()
        yield domain


@contextlib.contextmanager
def domain_pages(kind, make_sendmail=DomainPages.kept):
    """The pages run by one of KINDS."""
    with made_domain(make_sendmail) as domain, domain.under(kind):
        yield domain


def log_in(client, user, password):
    """The page that follows on the log-in."""
    page = client.get("/virtdomain/")
    return client.submit(page, page.form("address"),
                         address=f"{user}@{DOMAIN}", password=password)


def change_password(client, old, new):
    """The page that follows on a change of the own password."""
    page = client.get("/virtdomain/account")
    return client.submit(page, page.form("old"), old=old, password=new,
                         again=new)


def log_out(client):
    page = client.get("/virtdomain/client")
    return client.submit(page, next(form for form in page.forms
                                    if form.action.endswith("/logout")))


# What there is to see: a name, the path, the status, and who sees it.
SEEN = (
    ("log-in", "", 200, None),
    ("not-found", "nothing/here", 404, None),
    ("pending", f"pending/{'ab' * 16}?domain={DOMAIN}&since=1", 200, None),
    ("users", "users", 200, "postmaster"),
    ("users-found", "users?q=joe", 200, "postmaster"),
    ("users-none", "users?q=%3Cb%3E", 200, "postmaster"),
    ("new", "new", 200, "postmaster"),
    ("user", "users/ann", 200, "postmaster"),
    ("user-long", "users/bo.with-a+long_name", 200, "postmaster"),
    ("user-self", "users/postmaster", 200, "postmaster"),
    ("user-none", "users/nobody", 404, "postmaster"),
    ("remove", "users/joe/remove", 200, "postmaster"),
    ("account", "account", 200, "joe"),
    ("client", "client", 200, "joe"),
    ("forbidden", "users", 403, "joe"),
)
