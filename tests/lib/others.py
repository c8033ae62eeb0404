"""Other POP3 servers, as Debian has them, each for one session on a copy of a
mailbox.

    server = Popa3d()                  # Skip says what is missing
    ids, left = server.session(mbox)   # UIDL, and the mailbox behind QUIT

Debian installs only one of popa3d, solid-pop3d and the others; tests/run unpacks
these two into the directory POP3D_OTHERS.  Servers that want a password see a
directory /etc of our own, with one user, in a mount namespace; so only root can
run them.  Nothing of the system's configuration or mail is touched.
"""

import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading
import time

from house import GROUP, IS_ROOT, OWNER, Client, free_port, hash_of
from tap import Skip, equal

USER = "joe"
SECRET = "secret"
USERS = {"root": 0, "nobody": 65534, "popa3d": 47111, "spop3d": 47112,
         USER: OWNER}
PAM = """\
auth required pam_unix.so
account required pam_unix.so
session required pam_permit.so
"""
SOLID = """\
<Global>
MailDropName "/var/mail/%s"
MailDropType mailbox
LogStatistics no
</Global>
"""
DOVECOT = """\
mail_location = mbox:{root}/folders:INBOX={root}/mail/joe:INDEX=MEMORY
log_path = /dev/stderr
base_dir = {root}/run
state_dir = {root}/run
ssl = no
mail_uid = {uid}
mail_gid = {gid}
first_valid_uid = 0
mail_privileged_group =
mbox_write_locks = fcntl
"""
# What is mounted where, before the program is run.
MOUNTS = """\
mount --bind "$0/etc" /etc && mount --bind "$0/mail" /var/mail &&
mount --bind "$0/lib" /var/lib && exec "$@"
"""


class Server:
    """One session of command on a mailbox."""

    def __init__(self, command, environment=None):
        self.command = command
        self.environment = environment or {}
        self.root = None

    def configure(self):
        """Writes what the server needs below self.root."""

    def connection(self):
        """Our end, and the one that becomes stdin and stdout of command."""
        return socket.socketpair()

    def log_in(self, client):
        """What comes before UIDL."""

    def wrapped(self):
        return self.command

    @contextlib.contextmanager
    def prepared(self, mbox):
        """What the server needs, with a mailbox; gives the path of that."""
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="gnu-pop3d-other."))
        try:
            self.root.chmod(0o755)
            path = self.root / "mail" / USER
            path.parent.mkdir()
            path.parent.chmod(0o1777)
            path.write_bytes(mbox)
            path.chmod(0o600)
            if IS_ROOT:
                os.chown(path, OWNER, GROUP)
            self.configure()
            yield path
        finally:
            shutil.rmtree(self.root, ignore_errors=True)

    def session(self, mbox):
        with self.prepared(mbox) as path:
            return self.talk(), path.read_bytes()

    @contextlib.contextmanager
    def listening(self, mbox):
        """Serves a mailbox on a port, which it gives, as inetd would."""
        with self.prepared(mbox) as path, \
                socket.create_server(("127.0.0.1", 0)) as listener:
            thread = threading.Thread(target=self.accept, args=[listener])
            thread.start()
            try:
                yield listener.getsockname()[1], path
            finally:
                listener.shutdown(socket.SHUT_RDWR)
                thread.join(30)

    def accept(self, listener):
        processes = []
        while True:
            try:
                connection = listener.accept()[0]
            except OSError:
                break
            with connection:
                processes.append(self.start(connection))
        for process in processes:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def start(self, connection):
        return subprocess.Popen(
            self.wrapped(), stdin=connection, stdout=connection,
            stderr=subprocess.DEVNULL,
            env={"PATH": os.environ["PATH"], **self.environment})

    def talk(self):
        ours, theirs = self.connection()
        with theirs:
            process = self.start(theirs)
        try:
            with Client(ours, process) as client:
                self.log_in(client)
                listing = client.listing("UIDL")
                client.ok("QUIT")
        except BaseException:
            process.kill()
            process.wait()
            raise
        numbers = [line.split(b" ")[0] for line in listing]
        equal(numbers, [b"%d" % (i + 1) for i in range(len(listing))])
        return [line.split(b" ", 1)[1] for line in listing]


class Stranger(Server):
    """A server that looks up a user and a password."""

    def __init__(self, command, environment=None):
        if not IS_ROOT:
            raise Skip("only root can give a server other users")
        if subprocess.run(["unshare", "-m", "true"], check=False,
                          stderr=subprocess.DEVNULL).returncode != 0:
            raise Skip("no mount namespaces here")
        super().__init__(command, environment)

    def connection(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            ours = socket.create_connection(listener.getsockname(), 30)
            return ours, listener.accept()[0]

    def wrapped(self):
        return ["unshare", "-m", "sh", "-c", MOUNTS, str(self.root),
                *self.command]

    def configure(self):
        etc = self.root / "etc"
        (etc / "pam.d").mkdir(parents=True)
        for name in ("popa3d", "solid-pop3d"):
            (self.root / "lib" / name).mkdir(parents=True)
        secret = hash_of(SECRET, "$6$")
        (etc / "passwd").write_text("".join(
            f"{name}:x:{uid}:{uid and GROUP}::/nonexistent:/bin/sh\n"
            for name, uid in USERS.items()))
        (etc / "shadow").write_text("".join(
            f"{name}:{secret}:19000:0:99999:7:::\n" for name in USERS))
        (etc / "group").write_text(f"root:x:0:\nmail:x:8:\njoe:x:{GROUP}:\n")
        (etc / "nsswitch.conf").write_text(
            "passwd: files\ngroup: files\nshadow: files\nhosts: files\n")
        (etc / "hosts").write_text("127.0.0.1 localhost\n")
        (etc / "pam.d" / "other").write_text(PAM)
        (etc / "spop3d.conf").write_text(SOLID)

    def log_in(self, client):
        client.login(USER, SECRET)


def unpacked(name):
    """The path of a program that was not installed, and its environment."""
    top = os.environ.get("POP3D_OTHERS")
    if top is None:
        raise Skip(f"{name} cannot be installed beside other servers; "
                   "tests/run unpacks it")
    program = pathlib.Path(top) / "usr" / "sbin" / name
    if not program.exists():
        raise Skip(f"no {name} in {top}")
    libraries = [str(path) for path in pathlib.Path(top).glob("usr/lib/*/")]
    return str(program), {"LD_LIBRARY_PATH": ":".join(libraries)}


def installed(path, package):
    if not os.path.exists(path):
        raise Skip(f"{package} is not installed")
    return path


class Popa3d(Stranger):
    def __init__(self):
        program, environment = unpacked("popa3d")
        super().__init__([program], environment)


class Solid(Stranger):
    def __init__(self):
        program, environment = unpacked("solid-pop3d")
        super().__init__([program], environment)


class Mailutils(Stranger):
    def __init__(self):
        super().__init__(
            [installed("/usr/sbin/pop3d", "mailutils-pop3d"), "--inetd"])


class Dovecot(Server):
    """Its session program alone, which then believes who the user is."""

    def __init__(self, uidl_format, *settings):
        super().__init__(
            [installed("/usr/lib/dovecot/pop3", "dovecot-pop3d"),
             "-o", f"pop3_uidl_format={uidl_format}",
             *(f"-o{setting}" for setting in settings)], {"USER": USER})

    def configure(self):
        for name in ("folders", "run"):
            (self.root / name).mkdir()
            if IS_ROOT:
                os.chown(self.root / name, OWNER, GROUP)
        (self.root / "conf").write_text(DOVECOT.format(
            root=self.root, uid=OWNER, gid=GROUP))
        self.environment["HOME"] = str(self.root / "folders")

    def wrapped(self):
        # To write into a socket it takes for a mistake with inetd.
        return ["sh", "-c", '"$0" "$@" | cat',
                *self.command, "-c", str(self.root / "conf")]


DOVECOT_DAEMON = """\
base_dir = {root}/run
state_dir = {root}/run
log_path = {root}/log
protocols = pop3
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login cram-md5 apop
mail_location = mbox:{root}/folders/%n:INBOX={root}/mail/%n:INDEX=MEMORY
mbox_write_locks = fcntl
first_valid_uid = 1
pop3_lock_session = yes
auth_failure_delay = 0
passdb {{
  driver = passwd-file
  args = {root}/users
}}
userdb {{
  driver = passwd-file
  args = {root}/users
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {port}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
"""


class DovecotDaemon(Server):
    """All of Dovecot, with a passwd-file; each line of users gets a mailbox."""

    def __init__(self, users=f"{USER}:{{PLAIN}}{SECRET}:{OWNER}:{GROUP}::::"):
        if not IS_ROOT:
            raise Skip("only root can start Dovecot")
        self.users = users
        self.port = free_port()
        super().__init__([installed("/usr/sbin/dovecot", "dovecot-core"), "-F"])

    def configure(self):
        (self.root / "users").write_text(self.users + "\n")
        (self.root / "folders").mkdir()
        os.chown(self.root / "folders", OWNER, GROUP)
        (self.root / "run").mkdir()
        (self.root / "conf").write_text(DOVECOT_DAEMON.format(
            root=self.root, port=self.port))

    @contextlib.contextmanager
    def listening(self, mbox):
        with self.prepared(mbox) as path:
            process = subprocess.Popen(
                [*self.command, "-c", str(self.root / "conf")],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                self.wait(process)
                yield self.port, path
            finally:
                process.terminate()
                process.wait(30)

    def wait(self, process):
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and process.poll() is None:
            with contextlib.suppress(OSError):
                with socket.create_connection(("127.0.0.1", self.port), 5) as s:
                    if s.recv(3) == b"+OK":
                        return
            time.sleep(0.05)
        process.kill()
        process.wait()
        log = self.root / "log"
        raise AssertionError(log.read_text() if log.exists() else "no Dovecot")
