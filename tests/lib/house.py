"""A complete installation of gnu-pop3d below a temporary directory.

    with House() as house:
        house.add_user("joe", "kvt.dk", "secret")
        house.write_mailbox("joe", "kvt.dk", [message, ...])
        with house.inetd() as client:          # over a socket pair
            client.login("joe@kvt.dk", "secret")
        port = house.start_daemon()             # over TCP
        with house.connect() as client: ...

Runs as root, with mail that belongs to a user of its own, or as anybody, with
mail of his own.
"""

import concurrent.futures
import contextlib
import ctypes
import os
import pathlib
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time

BUILD = pathlib.Path(os.environ.get("POP3D_BUILD", "."))
SOURCE = pathlib.Path(os.environ.get("POP3D_SOURCE", "."))
DAEMON = BUILD / "gnu-pop3d"
VIRTUAL = BUILD / "virtual"
VIRTDOMAIN = BUILD / "virtdomain"

IS_ROOT = os.geteuid() == 0
# A user who needs no entry in /etc/passwd.
OWNER = 47110 if IS_ROOT else os.getuid()
GROUP = 47110 if IS_ROOT else os.getgid()

FROM_LINE = b"From sender@example.com Sun Nov 22 07:00:00 2026\n"


def free_port():
    """Free for all addresses, and none that the system gives to clients: another
    test that connects must not get it before it is used."""
    family = (socket.AF_INET6 if socket.has_dualstack_ipv6()
              else socket.AF_INET)
    for _ in range(1000):
        port = 10000 + secrets.randbelow(20000)
        with contextlib.suppress(OSError), socket.socket(family) as probe:
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            probe.bind(("", port))
            return port
    raise AssertionError("no port is free")


def hash_of(secret, method):
    """The crypt(3) hash of secret; method is "$6$", "$y$", ... or "" for DES.
    None where libcrypt does not know the method."""
    library = ctypes.PyDLL("libcrypt.so.1")  # one thread at a time
    library.crypt.restype = ctypes.c_char_p
    library.crypt_gensalt.restype = ctypes.c_char_p
    setting = library.crypt_gensalt(method.encode(), 0, None, 0)
    if setting is None:
        return None
    return library.crypt(secret.encode(), setting).decode()


def children_of(parent):
    """The process ids of the living children of a process."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            stat = pathlib.Path(f"/proc/{name}/stat").read_text()
            fields = stat.rsplit(")", 1)[1].split()
        except (OSError, IndexError):
            continue
        if int(fields[1]) == parent and fields[0] != "Z":
            found.append(int(name))
    return sorted(found)


def send_to_daemon(process, number):
    """... and not to strace, if that has started it: it would go on alone."""
    with contextlib.suppress(OSError):
        found = [process.pid]
        if not pathlib.Path(f"/proc/{process.pid}/exe").samefile(DAEMON):
            found = children_of(process.pid) or found
        for pid in found:
            os.kill(pid, number)


def status_of(pid, proc=pathlib.Path("/proc")):
    """/proc/PID/status as a dictionary of lists of words."""
    text = (proc / str(pid) / "status").read_text()
    return {line.split(":")[0]: line.split(":", 1)[1].split()
            for line in text.splitlines() if ":" in line}


def become_owner(uid=OWNER, gid=GROUP, groups=()):
    """For preexec_fn: what an MTA does before it runs a helper."""
    def become():
        if IS_ROOT:
            os.setgroups(groups)
            os.setgid(gid)
            os.setuid(uid)
    return become


class Client:
    """A raw POP3 client: bytes in, bytes out, no cleverness."""

    def __init__(self, connection, process=None):
        self.socket = connection
        self.socket.settimeout(30)
        self.process = process
        self.buffer = b""
        self.greeting = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()
        if self.process is not None:
            self.process.wait(timeout=30)

    def send(self, data):
        self.socket.sendall(data)

    def line(self):
        """The next line without CR LF; None at the end of the connection."""
        while b"\n" not in self.buffer:
            try:
                data = self.socket.recv(65536)
            except ConnectionResetError:
                data = b""
            if not data:
                assert self.buffer == b"", f"cut line {self.buffer!r}"
                return None
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        assert line.endswith(b"\r"), f"line without CR: {line!r}"
        return line[:-1]

    def lines(self):
        """A multi-line reply behind its first line, dots unstuffed."""
        result = []
        while (line := self.line()) != b".":
            assert line is not None, "connection ended inside a reply"
            result.append(line[1:] if line.startswith(b".") else line)
        return result

    def ask(self, command):
        """Sends a command (str or bytes, without CR LF); its first line."""
        if isinstance(command, str):
            command = command.encode()
        self.send(command + b"\r\n")
        return self.line()

    def ok(self, command):
        """Waits for the end of the session behind QUIT, which is when all of
        its work is done."""
        reply = self.ask(command)
        assert reply is not None and reply.startswith(b"+OK"), \
            f"{command!r} -> {reply!r}"
        if command == "QUIT":
            assert self.line() is None, "more than a reply to QUIT"
        return reply

    def err(self, command):
        reply = self.ask(command)
        assert reply is not None and reply.startswith(b"-ERR"), \
            f"{command!r} -> {reply!r}"
        return reply

    def listing(self, command):
        self.ok(command)
        return self.lines()

    def retr(self, number):
        """The announced size, and the text as sent without dot stuffing."""
        reply = self.ok(f"RETR {number}")
        text = b"".join(line + b"\r\n" for line in self.lines())
        return int(reply.split()[1]), text

    def greet(self):
        self.greeting = self.line()
        assert (self.greeting or b"").startswith(b"+OK"), self.greeting
        return self

    def login(self, user, password):
        if self.greeting is None:
            self.greet()
        self.ok(f"USER {user}")
        return self.ok(f"PASS {password}")

    def is_ended(self):
        return self.line() is None


def as_octets(text):
    return text if isinstance(text, bytes) else text.encode()


class Attempt:
    """One try to log in, in a connection of its own: the reply to PASS, after
    how many seconds, and whether the connection went on."""

    def __init__(self, client, user, password):
        with client:
            client.greet()
            client.ok(b"USER " + as_octets(user))
            started = time.monotonic()
            self.reply = client.ask(b"PASS " + as_octets(password))
            self.seconds = time.monotonic() - started
            try:
                self.is_open = client.ask("CAPA") is not None
            except BrokenPipeError:
                self.is_open = False


class House:
    def __init__(self, keeps_status=False):
        self.keeps_status = keeps_status
        self.logging = ["--debug=100"]  # to a file; none: to syslog
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="gnu-pop3d-test."))
        self.root.chmod(0o755)
        self.virtual = self.root / "etc"
        self.spool = self.root / "spool"
        self.mail = self.root / "mail"
        self.state = self.root / "state"
        self.log_path = self.root / "log"
        for directory in (self.virtual, self.spool, self.mail):
            directory.mkdir()
        self.state.mkdir(mode=0o700)
        self.log_path.touch()
        self.daemon = None
        self.port = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop_daemon()
        shutil.rmtree(self.root, ignore_errors=True)

    # ---- accounts and mail -------------------------------------------------

    def own(self, path, uid=OWNER, gid=GROUP):
        if IS_ROOT:
            os.chown(path, uid, gid)

    def add_domain(self, domain, uid=OWNER, gid=GROUP):
        for top in (self.virtual, self.spool):
            (top / domain).mkdir(exist_ok=True)
        self.own(self.spool / domain, uid, gid)
        passwd = self.virtual / domain / "passwd"
        if not passwd.exists():
            passwd.touch(mode=0o600)
            self.own(passwd, uid, gid)

    def add_line(self, domain, line, uid=OWNER, gid=GROUP):
        """Adds a raw line to the domain's passwd file."""
        self.add_domain(domain, uid, gid)
        with open(self.virtual / domain / "passwd", "a") as passwd:
            passwd.write(line + "\n")

    def add_user(self, user, domain, secret, uid=OWNER, gid=GROUP, home="."):
        self.add_line(
            domain, f"{user}:{secret}:{uid}:{gid}::{home}:", uid, gid)

    def mailbox(self, user, domain):
        return self.spool / domain / user

    def write_mailbox(self, user, domain, messages, uid=OWNER, gid=GROUP):
        """Writes messages (bytes, LF ends) as an mbox; returns its path."""
        path = self.mailbox(user, domain)
        path.write_bytes(b"".join(
            FROM_LINE + message + b"\n" for message in messages))
        path.chmod(0o600)
        self.own(path, uid, gid)
        return path

    # ---- programs ----------------------------------------------------------

    def options(self):
        """What every daemon here is started with."""
        return [f"--virtual-dir={self.virtual}",
                f"--virtual-spool={self.spool}",
                f"--mail-spool={self.mail}",
                f"--state-dir={self.state}",
                f"--apop-file={self.root}/apop",
                *([] if self.keeps_status else ["--no-status"])]

    def deliver(self, message, *arguments, environment=None, uid=OWNER,
                gid=GROUP, groups=()):
        """Runs virtual as an MTA would; returns the finished process."""
        return subprocess.run(
            [VIRTUAL, f"--virtual-dir={self.virtual}",
             f"--virtual-spool={self.spool}", *arguments],
            input=message, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            preexec_fn=become_owner(uid, gid, groups), timeout=120,
            env={"PATH": "/usr/bin:/bin", **(environment or {})},
            check=False)

    def inetd(self, *options):
        """The daemon in inetd mode on one end of a socket pair."""
        ours, theirs = socket.socketpair()
        with open(self.log_path, "ab") as log:
            process = subprocess.Popen(
                [DAEMON, "-i", *self.logging, *self.options(), *options],
                stdin=theirs, stdout=theirs, stderr=log)
        theirs.close()
        return Client(ours, process)

    def attempts(self, logins, *options):
        """Tries all (user, password) in inetd mode, many at the same time:
        every refusal takes a second."""
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            return list(pool.map(
                lambda login: Attempt(self.inetd(*options), *login), logins))

    def converse(self, data, *options, before=()):
        """Feeds data to inetd mode through pipes; returns all output.  before
        is a command that runs the daemon."""
        with open(self.log_path, "ab") as log:
            return subprocess.run(
                [*before, DAEMON, "-i", "--debug=100", *self.options(),
                 *options], input=data, stdout=subprocess.PIPE, stderr=log, timeout=120,
                check=False).stdout

    def start_daemon(self, *options, listen=None, before=()):
        """Starts the standalone daemon in the foreground, by the command
        before if there is one."""
        self.port = free_port()
        where = listen or [f"--listen=127.0.0.1:{self.port}"]
        with open(self.log_path, "ab") as log:
            self.daemon = subprocess.Popen(
                [*before, DAEMON, "-d", "--foreground", *self.logging, *where,
                 *self.options(), *options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if listen is None:
            self.wait_for(self.is_listening, "the daemon to listen")
        return self.port

    def is_listening(self):
        if self.daemon.poll() is not None:
            raise AssertionError(f"daemon ended: {self.log()}")
        table = pathlib.Path(f"/proc/{self.daemon.pid}/net/tcp").read_text()
        return f":{self.port:04X} 00000000:0000 0A" in table

    def stop_daemon(self):
        """Ends the daemon and its sessions; returns its exit status."""
        if self.daemon is None:
            return None
        daemon, self.daemon = self.daemon, None
        for _ in range(20):
            if daemon.poll() is not None:
                break
            send_to_daemon(daemon, signal.SIGTERM)
            try:
                daemon.wait(timeout=0.5)
            except subprocess.TimeoutExpired:
                continue
        else:
            send_to_daemon(daemon, signal.SIGKILL)
            daemon.kill()
        return daemon.wait()

    def connect(self, address="127.0.0.1"):
        return Client(socket.create_connection((address, self.port), 30))

    # ---- looking -----------------------------------------------------------

    def log(self):
        return self.log_path.read_text(errors="backslashreplace")

    def logged(self, pattern):
        """Waits for a log line that matches; returns the match."""
        found = []

        def look():
            found[:] = re.findall(pattern, self.log())
            return bool(found)
        self.wait_for(look, f"log line {pattern!r}")
        return found[0]

    def wait_for(self, condition, what, seconds=20):
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"waited in vain for {what}\n"
                                     f"log:\n{self.log()}")
            time.sleep(0.02)
