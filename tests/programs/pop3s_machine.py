"""On a machine of its own: what the README and the files of contrib/stunnel tell
about POP3S, as written there."""

import contextlib
import re
import ssl

import tap
from house import SOURCE, Client
from machine import Machine
from tap import case, equal


# ---- what is written ---------------------------------------------------------

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
        commands = blocks(chapter(3))[0]
        shell(machine, commands[:commands.index("gnu-pop3d --daemon")])
        yield machine


def make_certificate(machine, directory="/etc"):
    shell(machine, f"{directory}/gnu-pop3d/make-sample-cert pop.kvt.dk\n"
          f"openssl x509 -in {directory}/gnu-pop3d/pop3s.pem -out /sample.pem")


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


def processes(machine, name):
    """The ids, in the machine, of its processes with this name."""
    found = machine.run("pidof", name, check=False).stdout.split()
    return [int(pid) for pid in found]


def status_within(machine, pid):
    text = machine.path(f"/proc/{pid}/status").read_text()
    return {line.split(":")[0]: line.split(":", 1)[1].split()
            for line in text.splitlines() if ":" in line}


def has_no_rights(machine, capabilities):
    [pid] = processes(machine, "stunnel")
    status = status_within(machine, pid)
    user = machine.run("id", "-u", "stunnel4").stdout.strip()
    equal(status["Uid"], [user] * 4)
    for kind in ("CapPrm", "CapEff", "CapBnd", "CapAmb"):
        equal(int(status[kind][0], 16) & ~capabilities, 0, kind)


# CAP_NET_BIND_SERVICE.
MAY_BIND = 1 << 10
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

        def is_new():
            try:
                connect(machine, port).close()
            except (OSError, AssertionError):  # the old one, or the gap
                return False
            return True
        machine.wait_for(is_new, "the new certificate")
        equal(old.ok("STAT").split()[1], b"1")
        old.ok("QUIT")


@case("the README's way from nothing to POP3S works as written, with systemd")
def _():
    with a_machine("systemd") as machine:
        setting_up, reading = blocks(chapter(6))[:2]
        head, tail = setting_up.split("make install\n")
        equal(head, "apt-get install stunnel4\n./configure --enable-pop3s\n"
              "make\n")
        shell(machine, tail)
        text = shell(machine, reading)
        assert "Hello, joe." in text, text
        journal = machine.journal("-t", "gnu-pop3d")
        assert re.search(r"login method=\S+ user=joe@kvt\.dk addr=127\.0\.0\.1",
                         journal), journal
        has_no_rights(machine, 0)
        machine.path("/sample.pem").write_text(
            machine.run("openssl", "x509", "-in",
                        "/usr/local/etc/gnu-pop3d/pop3s.pem").stdout)
        renews(machine, "/usr/local/etc/gnu-pop3d/renew-hook")
        [pid] = processes(machine, "stunnel")
        machine.run("kill", "-KILL", str(pid))
        machine.wait_for(lambda: processes(machine, "stunnel") not in
                         ([], [pid]), "another stunnel")
        login(connect(machine)).close()


@case("without a certificate the socket is not opened, and systemctl says so")
def _():
    with a_machine("systemd", sysconfdir="/etc") as machine:
        done = machine.run("systemctl", "start", "gnu-pop3d-pop3s.socket",
                           check=False)
        assert done.returncode != 0 and "Assertion failed" in done.stderr, done
        make_certificate(machine)
        machine.run("systemctl", "start", "gnu-pop3d-pop3s.socket")
        assert is_up(machine, 995)


@case("proxy: what its file tells works as written; stunnel may open the port "
      "and nothing else, and keeps it when the certificate is renewed")
def _():
    with a_machine("proxy", sysconfdir="/etc") as machine:
        make_certificate(machine)
        shell(machine, from_comment(machine, "proxy"))
        machine.wait_for(lambda: is_up(machine, 995), "stunnel")
        login(connect(machine)).close()
        has_no_rights(machine, MAY_BIND)
        renews(machine, "/etc/gnu-pop3d/renew-hook")


@case("with setuid of stunnel in place of that, the port would be lost then")
def _():
    with a_machine("proxy", sysconfdir="/etc") as machine:
        make_certificate(machine)
        rules = machine.path("/etc/gnu-pop3d/pop3s-proxy.conf")
        rules.write_text("setuid = stunnel4\nsetgid = stunnel4\n"
                         + rules.read_text())
        machine.run("install", "-d", "-o", "stunnel4",
                    "/run/gnu-pop3d-pop3s")
        machine.run("stunnel", "/etc/gnu-pop3d/pop3s-proxy.conf")
        machine.wait_for(lambda: is_up(machine, 995), "stunnel")
        [pid] = processes(machine, "stunnel")
        machine.run("kill", "-HUP", str(pid))
        machine.wait_for(lambda: not is_up(machine, 995), "the loss")


@case("exec and stls: what their files tell works as written, side by side, and "
      "with both the certificate is renewed")
def _():
    with a_machine("exec stls", sysconfdir="/etc") as machine:
        make_certificate(machine)
        for kind, port in (("exec", 995), ("stls", 110)):
            shell(machine, from_comment(machine, kind))
            machine.wait_for(lambda port=port: is_up(machine, port), kind)
            login(connect(machine, port)).close()
        for port in (995, 110):
            renews(machine, "/etc/gnu-pop3d/renew-hook", port)


@case("xinetd: it serves what is installed, and each client sees the present "
      "certificate")
def _():
    with a_machine("xinetd", sysconfdir="/etc") as machine:
        make_certificate(machine)
        machine.run("systemctl", "start", "xinetd")
        machine.wait_for(lambda: is_up(machine, 995), "xinetd")
        login(connect(machine)).close()
        renews(machine, "/etc/gnu-pop3d/renew-hook")
        journal = machine.journal("-t", "gnu-pop3d")
        assert "addr=127.0.0.1" in journal, journal


tap.main()
