"""A machine with gnu-pop3d installed as a service of some kind, a domain and
its mail.

    with served("systemd") as machine:
        machine.run("systemctl", "start", "gnu-pop3d")
        fetch(machine)

The programs are in /usr; no service is running yet.
"""

import contextlib

from house import FROM_LINE
from machine import Machine
from tap import equal

OWNER = "owner"
MESSAGE = b"Subject: hello\n\nHello.\n"
AS_SENT = MESSAGE.replace(b"\n", b"\r\n")
UNITS = "/usr/lib/systemd/system"
OPTIONS = "/etc/default/gnu-pop3d"


def prepare_for(kinds):
    def prepare(machine):
        machine.install("prefix=/usr", f"SERVICES={kinds}")
    return prepare


def mail_for(machine, path, owner):
    machine.path(path).write_bytes(FROM_LINE + MESSAGE + b"\n")
    machine.run("chown", owner, path)
    machine.run("chmod", "600", path)


def add_domain(machine):
    """joe of kvt.dk and his mail, as README says; and a user of the system."""
    machine.run("sh", "-ec", f"""
        useradd --create-home {OWNER}
        useradd --create-home --password "$(openssl passwd -6 secret)" jane
        install -d -m 755 /etc/virtual /etc/virtual/kvt.dk /var/spool/virtual
        install -d -m 700 -o {OWNER} -g {OWNER} /var/spool/virtual/kvt.dk
        cd /etc/virtual/kvt.dk
        install -m 640 -o root -g {OWNER} /dev/null passwd
        echo "joe:secret:$(id -u {OWNER}):$(id -g {OWNER}):Joe::" >> passwd""")
    mail_for(machine, "/var/spool/virtual/kvt.dk/joe", OWNER)
    mail_for(machine, "/var/mail/jane", "jane:mail")


@contextlib.contextmanager
def served(kinds):
    with Machine(prepare_for(kinds)) as machine:
        add_domain(machine)
        yield machine


def log_in(machine, user="joe@kvt.dk"):
    client = machine.client()
    client.login(user, "secret")
    return client


def mailbox(user):
    if "@" in user:
        return f"/var/spool/virtual/kvt.dk/{user.split('@')[0]}"
    return f"/var/mail/{user}"


def fetch(machine, user="joe@kvt.dk", path=None):
    """The user logs in, fetches his message and has it no more; then it is
    there again."""
    path = path or mailbox(user)
    with log_in(machine, user) as client:
        equal(client.retr(1), (len(AS_SENT), AS_SENT))
        client.ok("DELE 1")
        client.ok("QUIT")
    equal(machine.path(path).read_bytes(), b"")
    machine.path(path).write_bytes(FROM_LINE + MESSAGE + b"\n")


def set_options(machine, options):
    machine.path(OPTIONS).write_text(f'OPTIONS="{options}"\n')


def is_open(machine, port=110):
    try:
        machine.connect(port).close()
    except ConnectionRefusedError:
        return False
    return True
