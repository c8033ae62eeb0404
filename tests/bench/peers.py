"""The servers that are compared, each on a port of its own with the same users,
u0, u1 and so on, the same mailboxes and the same cheap hash of the password.
Those that know no daemon of their own are started for each connection by the
smallest inetd there can be (limit.c)."""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

from house import GROUP, OWNER, House, free_port, hash_of
from others import SECRET, Stranger, installed, unpacked
from tap import Skip

USERS = 2000
HASH = "$1$"

DOVECOT = """\
base_dir = {root}/run
state_dir = {root}/run
log_path = {root}/log
protocols = pop3
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_failure_delay = 0
mail_max_userip_connections = 0
first_valid_uid = 1
mail_location = mbox:{root}/folders/%u:INBOX={root}/mail/%u:INDEX={root}/index/%u
mail_privileged_group =
default_client_limit = 10000
default_process_limit = 3000
service pop3-login {{
  inet_listener pop3 {{
    port = {port}
  }}
  inet_listener pop3s {{
    port = 0
  }}
  {login}
}}
service pop3 {{
  process_limit = 3000
  {session}
}}
passdb {{
  driver = passwd-file
  args = scheme=CRYPT {root}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={root}/folders/%u
}}
"""


def descendants(parent):
    """The pids of a process and of all below it."""
    children = {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except (OSError, IndexError):
            continue
        children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found = [parent]
    for pid in found:
        found += children.get(pid, [])
    return found


class Peer:
    """A server that listens on self.port while it is started."""

    name = ""
    user = "u%u"

    def __init__(self, limit):
        self.limit = limit
        self.port = free_port()
        self.process = None

    def mailbox(self, number):
        raise NotImplementedError

    def put(self, number, source):
        """Gives a user a copy of the mailbox."""
        path = self.mailbox(number)
        shutil.copyfile(source, path)
        path.chmod(0o600)
        os.chown(path, OWNER, GROUP)
        return path

    def forget(self, number):
        """Removes what the server remembers of a mailbox."""

    def run(self, command, environment=None, out=subprocess.DEVNULL):
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            env={"PATH": os.environ["PATH"], **(environment or {})})

    def processes(self):
        return descendants(self.process.pid)

    def stop(self):
        if self.process is None:
            return
        all_of_it = self.processes()
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            pass
        for pid in all_of_it:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()
        self.process = None


class Ours(Peer):
    name = "gnu-pop3d"
    user = "u%u@kvt.dk"
    method = HASH
    options = ()

    def __init__(self, limit):
        super().__init__(limit)
        self.house = House(keeps_status=True)
        secret = hash_of(SECRET, self.method)
        self.house.add_domain("kvt.dk")
        with open(self.house.virtual / "kvt.dk" / "passwd", "a") as passwd:
            passwd.writelines(f"u{i}:{secret}:{OWNER}:{GROUP}::.:\n"
                              for i in range(USERS))

    def mailbox(self, number):
        return self.house.mailbox(f"u{number}", "kvt.dk")

    def forget(self, number):
        for path in self.house.state.glob("*"):
            if path.is_file() and not path.name.endswith((".j0", ".j1")):
                path.unlink()

    def start(self):
        self.port = self.house.start_daemon(f"-d{USERS + 100}", *self.options)
        self.process = self.house.daemon

    def stop(self):
        self.process = None
        self.house.__exit__()


class Dear(Ours):
    """With the hash that systems have by default."""

    name = "yescrypt"
    method = "$y$"


class Remembering(Dear):
    name = "yescrypt, --auth-cache"
    options = ("--auth-cache=3600",)


class Dovecot(Peer):
    name = "Dovecot"
    login = ""
    session = ""

    def __init__(self, limit):
        super().__init__(limit)
        self.program = installed("/usr/sbin/dovecot", "dovecot-core")
        installed("/usr/lib/dovecot/pop3", "dovecot-pop3d")
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="gnu-pop3d-bench."))
        self.root.chmod(0o755)
        for name in ("folders", "index", "mail", "run"):
            (self.root / name).mkdir()
            os.chown(self.root / name, OWNER, GROUP)
        secret = hash_of(SECRET, HASH)
        (self.root / "users").write_text("".join(
            f"u{i}:{secret}\n" for i in range(USERS)))

    def mailbox(self, number):
        return self.root / "mail" / f"u{number}"

    def forget(self, number):
        shutil.rmtree(self.root / "index" / f"u{number}", ignore_errors=True)

    def start(self):
        conf = self.root / "conf"
        conf.write_text(DOVECOT.format(
            root=self.root, port=self.port, uid=OWNER, gid=GROUP,
            login=self.login, session=self.session))
        self.run([self.program, "-F", "-c", conf])

    def stop(self):
        super().stop()
        shutil.rmtree(self.root, ignore_errors=True)


class DovecotTuned(Dovecot):
    """Processes are kept for the next login."""

    name = "Dovecot, tuned"
    login = "service_count = 0\n  process_min_avail = 2"
    session = "service_count = 1000000\n  process_min_avail = 16"


class Inetd(Peer, Stranger):
    """What wants users of the system: in a mount namespace that has them."""

    def __init__(self, limit, command, environment=None):
        Peer.__init__(self, limit)
        Stranger.__init__(self, command, environment)
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="gnu-pop3d-bench."))
        self.root.chmod(0o755)
        (self.root / "mail").mkdir()
        (self.root / "mail").chmod(0o1777)
        self.configure()

    def configure(self):
        super().configure()
        secret = hash_of(SECRET, HASH)
        with open(self.root / "etc" / "passwd", "a") as passwd:
            passwd.writelines(
                f"u{i}:x:{OWNER}:{GROUP}::/nonexistent:/bin/sh\n"
                for i in range(USERS))
        with open(self.root / "etc" / "shadow", "a") as shadow:
            shadow.writelines(
                f"u{i}:{secret}:19000:0:99999:7:::\n" for i in range(USERS))

    def mailbox(self, number):
        return self.root / "mail" / f"u{number}"

    def start(self):
        command, self.command = self.command, [
            self.limit, "inetd", str(self.port), *self.command]
        self.run(self.wrapped(), self.environment)
        self.command = command

    def stop(self):
        super().stop()
        shutil.rmtree(self.root, ignore_errors=True)


class Popa3d(Inetd):
    name = "popa3d"

    def __init__(self, limit):
        program, environment = unpacked("popa3d")
        super().__init__(limit, [program], environment)


class Solid(Inetd):
    name = "solid-pop3d"

    def __init__(self, limit):
        program, environment = unpacked("solid-pop3d")
        super().__init__(limit, [program], environment)


class Mailutils(Inetd):
    name = "GNU mailutils"

    def __init__(self, limit):
        program = installed("/usr/sbin/pop3d", "mailutils-pop3d")
        super().__init__(limit, [program, "--inetd"])


ALL = (Ours, DovecotTuned, Dovecot, Popa3d, Mailutils, Solid)


def is_listening(port):
    table = pathlib.Path("/proc/net/tcp").read_text()
    return f":{port:04X} 00000000:0000 0A" in table


def start(kind, limit):
    """A server of that kind, started; Skip says what is missing."""
    peer = kind(limit)
    peer.start()
    deadline = time.monotonic() + 20
    while not is_listening(peer.port):
        if time.monotonic() > deadline or peer.process.poll() is not None:
            peer.stop()
            raise Skip(f"{peer.name} does not start")
        time.sleep(0.05)
    return peer
