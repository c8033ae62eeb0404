"""What the README and the files of contrib/stunnel tell about POP3S, as written
there, on a machine of its own.

    with a_machine("proxy", sysconfdir="/etc") as machine:
        make_certificate(machine)
        shell(machine, from_comment(machine, "proxy"))
        with login(connect(machine)) as client: ...     # joe of chapter 3
"""

import contextlib
import re
import ssl

from house import SOURCE, Client, status_of
from machine import Machine
from tap import equal


def blocks(text):
    """The commands that stand indented by two, with their continuations."""
    return [re.sub(r"(?m)^  ", "", block) for block in re.findall(
        r"(?m)(?:^  \S.*\n(?:(?:    |  ).*\n)*)", text)]


def chapter(number):
    return re.search(rf"(?ms)^{number}  .*?^---+\n(.*?)(?=^{number + 1}  )",
                     (SOURCE / "README").read_text())[1]


def from_comment(machine, kind):
    """What the comment of an installed file says behind "Begin with"."""
    text = machine.path(f"/etc/gnu-pop3d/pop3s-{kind}.conf").read_text()
    lines = re.search(r"(?m)^; Begin with\n((?:;\t.*\n)+)", text)[1]
    return re.sub(r"(?m)^;\t", "", lines)


def shell(machine, commands):
    return machine.run("sh", "-ec", commands).stdout


@contextlib.contextmanager
def a_machine(kinds, **places):
    """With the mail of chapter 3, and these set-ups installed."""
    def install(machine):
        machine.install("prefix=/usr/local", f"POP3S={kinds}",
                        *(f"{name}={place}" for name, place in places.items()))
    with Machine(install) as machine:
        owner, mail, domain = blocks(chapter(3))[:3]
        shell(machine, owner.splitlines()[0] + "\n" + domain +
              mail[:mail.index("curl")])
        yield machine


def make_certificate(machine):
    shell(machine, "/etc/gnu-pop3d/make-sample-cert pop.kvt.dk\n"
          "openssl x509 -in /etc/gnu-pop3d/pop3s.pem -out /sample.pem")


def is_up(machine, port):
    found = machine.run("ss", "-Hltn", f"sport = :{port}").stdout
    return found != ""


def connect(machine, port=995):
    """joe, in TLS, with his certificate."""
    context = ssl.create_default_context(
        cadata=machine.path("/sample.pem").read_text())
    plain = machine.connect(port)
    if port == 110:
        clear = Client(plain).greet()
        clear.ok("STLS")
    client = Client(context.wrap_socket(plain, server_hostname="pop.kvt.dk"))
    return client if port == 110 else client.greet()


def login(client):
    client.greeting = client.greeting or b"+OK"
    client.login("joe@kvt.dk", "secret")
    return client


def is_served(machine, port):
    """Whether a client gets the certificate that it knows: not the old one, nor
    is it turned away since the port is closed for a moment."""
    try:
        connect(machine, port).close()
    except (OSError, AssertionError):
        return False
    return True


def processes(machine, name):
    """The ids, in the machine, of its processes with this name."""
    found = machine.run("pidof", name, check=False).stdout.split()
    return [int(pid) for pid in found]


def has_no_rights(machine, capabilities):
    """stunnel is its user, and has at most these capabilities."""
    [pid] = processes(machine, "stunnel")
    status = status_of(pid, machine.path("/proc"))
    user = machine.run("id", "-u", "stunnel4").stdout.strip()
    equal(status["Uid"], [user] * 4)
    for kind in ("CapPrm", "CapEff", "CapBnd", "CapAmb"):
        equal(int(status[kind][0], 16) & ~capabilities, 0, kind)


NEW = """
cd /
openssl req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
    -subj /CN=new -addext subjectAltName=DNS:pop.kvt.dk -keyout new.key \
    -out sample.pem 2>/dev/null
"""


def renews(machine, hook, port=995):
    """The session goes on, the port stays open, the certificate is new."""
    with login(connect(machine, port)) as old:
        shell(machine, NEW)
        shell(machine, f"{hook} /new.key /sample.pem")
        machine.wait_for(lambda: is_served(machine, port),
                         "the new certificate")
        equal(old.ok("STAT").split()[1], b"1")
        old.ok("QUIT")
