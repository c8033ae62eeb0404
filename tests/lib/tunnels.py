"""The set-ups of contrib/stunnel in front of gnu-pop3d, with its files as they
are: only names, paths, ports, and where the log goes are changed.

    with filled_house(MESSAGES) as house:
        with set_up(house, "systemd") as server:
            ...              # POP3S on server.port, with server.certificate

A server is as those of superserver.py; server.starttls says that TLS begins
with STLS.  openssl() is a client that tells why it is not content.
"""

import pathlib
import re
import shlex
import shutil
import socket
import ssl
import subprocess

from house import IS_ROOT, SOURCE, Client, free_port
from postfix import need_program
from superserver import (CERTIFIED_NAME, Superserver, logging_server,
                         xinetd_service)
from tap import case, equal

CONTRIB = SOURCE / "contrib" / "stunnel"
KINDS = ("systemd", "proxy", "exec", "xinetd", "stls")
# Those that hand on to a daemon, which is told who the client is.
WITH_DAEMON = ("systemd", "proxy")


def stunnel_user():
    """As whom stunnel runs where it need not be root; None if that is us."""
    known = pathlib.Path("/etc/passwd").read_text()
    if IS_ROOT and re.search(r"(?m)^stunnel4:", known):
        return "stunnel4"
    return None


def contributed(house, name, port=0):
    """A file of contrib/stunnel for this house; clients come to port."""
    text = (CONTRIB / name).read_text()
    for word, replacement in (
            ("@sbindir@/gnu-pop3d", str(logging_server(house))),
            ("@sysconfdir@/gnu-pop3d/", f"{house.root}/"),
            ("@stunnel@", need_program("stunnel")),
            ("@stunnel_user@", stunnel_user() or "@stunnel_user@"),
            ("127.0.0.1:1110", f"127.0.0.1:{house.port}"),
            ("/run/", f"{house.root}/")):
        text = text.replace(word, replacement)
    return re.sub(r"(?m)^(accept = (?::::)?|\tport\t\t= )\d+$",
                  rf"\g<1>{port}", text)


def script(house, name):
    """A script of contrib/stunnel for this house."""
    path = house.root / name
    path.write_text(contributed(house, name))
    path.chmod(0o755)
    return path


def make_sample(house):
    """What make-sample-cert makes; returns the certificate without key."""
    sample = house.root / "sample.pem"
    for command in (
            [script(house, "make-sample-cert"), CERTIFIED_NAME, "127.0.0.1"],
            ["openssl", "x509", "-in", house.root / "pop3s.pem", "-out",
             sample]):
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=60, check=False)
        equal(done.returncode, 0, done.stdout)
    return sample


def told(text):
    """The options of the daemon that a comment tells, but for --listen."""
    return re.search(r"(?m)^;\tgnu-pop3d --daemon --listen=\S+ (.*)$",
                     text)[1].split()


def unit_line(house, name, key):
    return re.search(rf"(?m)^{key}=(.*)$", contributed(house, name))[1]


def systemd_command(house, port):
    """What the units start, as who, and by a socket."""
    name = "gnu-pop3d-pop3s.service"
    equal(unit_line(house, "gnu-pop3d-pop3s.socket", "ListenStream"), "995")
    user = unit_line(house, name, "User")
    before = [] if stunnel_user() is None else [
        need_program("setpriv"), f"--reuid={user}", f"--regid={user}",
        "--init-groups", "--inh-caps=-all", "--bounding-set=-all",
        "--no-new-privs"]
    return [*before, need_program("systemd-socket-activate"),
            f"--listen=[::]:{port}",
            *shlex.split(unit_line(house, name, "ExecStart"))]


def write_rules(house, kind, text):
    """The file for stunnel, and what it needs to write."""
    rules = house.root / f"pop3s-{kind}.conf"
    head = f"output = {house.root}/stunnel.log\n"
    if kind != "xinetd":
        head += "foreground = yes\nsyslog = no\n"
    rules.write_text(head + text)
    (house.root / "gnu-pop3d-pop3s").mkdir(exist_ok=True)
    (house.root / "stunnel.log").touch()
    if stunnel_user() is not None:
        for path in ("gnu-pop3d-pop3s", "stunnel.log"):
            shutil.chown(house.root / path, stunnel_user())
    return rules


def set_up(house, kind, options="--secure", change=lambda text: text):
    """One of KINDS, with these options of gnu-pop3d in place of --secure.
    change is called on the text of the file for stunnel, with its comments."""
    certificate = make_sample(house)
    port = free_port()
    name = f"pop3s-{kind}.conf"
    if kind in WITH_DAEMON:
        house.start_daemon(*told(change(
            contributed(house, name).replace("--secure", options))))
    text = change(contributed(house, name, port).replace("--secure", options))
    rules = write_rules(house, kind, text)
    if kind == "xinetd":
        server = xinetd_service(
            house, port, contributed(house, "gnu-pop3d-pop3s.xinetd", port))
        server.certificate = certificate
    else:
        command = ([need_program("stunnel"), str(rules)]
                   if kind != "systemd" else systemd_command(house, port))
        server = Superserver(house, command, port, certificate)
    server.starttls = kind == "stls"
    return server


# ---- cases -------------------------------------------------------------------

def each_kind(sentence, kinds=KINDS):
    """Like case, for each of these set-ups, which the function is given."""
    def register(function):
        for kind in kinds:
            case(f"{kind}: {sentence}")(
                lambda kind=kind: function(kind))
        return function
    return register


# ---- clients -----------------------------------------------------------------

def openssl(server, *options, name=CERTIFIED_NAME):
    """openssl s_client, which sends QUIT in TLS: its status and its output."""
    done = subprocess.run(
        [need_program("openssl"), "s_client", "-connect",
         f"127.0.0.1:{server.port}", "-CAfile", server.certificate,
         "-verify_return_error",
         "-verify_hostname", name, "-brief", "-ign_eof", "-crlf",
         *(["-starttls", "pop3"] if server.starttls else []), *options],
        input=b"QUIT\n", stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        timeout=60, check=False)
    return done.returncode, done.stdout.decode(errors="replace")


def plain(server, source="127.0.0.1"):
    """A client that has not begun TLS, from this address."""
    return Client(socket.create_connection(
        ("127.0.0.1", server.port), 30, (source, 0)))


def protect(server, client):
    """The same client in TLS."""
    context = ssl.create_default_context(cafile=server.certificate)
    protected = Client(context.wrap_socket(
        client.socket, server_hostname=CERTIFIED_NAME))
    protected.greeting = client.greeting
    return protected


def connect(server, source="127.0.0.1", greet=True):
    """A client in TLS; it has read the greeting unless greet is False."""
    client = plain(server, source)
    if server.starttls:
        client.greet().ok("STLS")
        return protect(server, client)
    client = protect(server, client)
    return client.greet() if greet else client
