"""A Postfix of our own below a temporary directory, and its temporary owner.

    with House() as house, Owner(house.root) as owner:
        with Postfix(house, owner) as postfix:
            postfix.send("a@kvt.dk", ["joe@kvt.dk"], message)
            postfix.drain()

The lines for virtual domains are read from contrib/postfix, as the README tells
an administrator to copy them; only names and paths are changed.  Nothing of
the system's own Postfix is used but its programs.
"""

import contextlib
import os
import pathlib
import pwd
import random
import re
import shutil
import signal
import subprocess
import time

from house import IS_ROOT, SOURCE, free_port, hash_of
from receiver import Receiver, install_virtual, list_users
from tap import Skip

EXAMPLES = SOURCE / "contrib" / "postfix"
FIRST = "kvt.dk"        # by the owner's .forward files
SECOND = "example.org"  # by a pipe(8) transport
# Mailboxes of users with this name in the first domain are limited.
LIMITED = "full"
LIMIT = 4000000

# A lone CR in a message would become a blank; we want it to reach us.
MAIN = """\
compatibility_level = 3.6
config_directory = {root}/etc
queue_directory = {root}/queue
data_directory = {root}/data
maillog_file_prefixes = {root}
maillog_file = {root}/maillog
myhostname = mx.test
mydestination = mx.test
myorigin = mx.test
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
relayhost =
default_transport = error:no mail leaves this test
alias_maps =
alias_database =
local_recipient_maps =
mail_spool_directory = {root}/mail/
smtpd_peername_lookup = no
cleanup_replace_stray_cr_lf = no
disable_dns_lookups = yes
notify_classes =
biff = no
enable_long_queue_ids = yes
in_flow_delay = 0
default_process_limit = 20
message_size_limit = {limit}
local_destination_concurrency_limit = 4
gnu-pop3d_destination_concurrency_limit = 4
transport_maps = inline:{{ {{{owner}+{limited}--{first}@mx.test=small:}} }}
small_destination_recipient_limit = 1
"""

MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup    unix  n - n 60  1 pickup
cleanup   unix  n - n -   0 cleanup
qmgr      unix  n - n 300 1 qmgr
rewrite   unix  - - n -   - trivial-rewrite
bounce    unix  - - n -   0 bounce
defer     unix  - - n -   0 bounce
trace     unix  - - n -   0 bounce
flush     unix  n - n -   0 flush
proxymap  unix  - - n -   - proxymap
showq     unix  n - n -   - showq
error     unix  - - n -   - error
retry     unix  - - n -   - error
local     unix  - n n -   - local
small     unix  - n n -   - local -o mailbox_size_limit={limit}
anvil     unix  - - n -   1 anvil
tlsmgr    unix  - - n 1000? 1 tlsmgr
postlog   unix-dgram n - n - 1 postlogd
"""


def need_program(name):
    """The path of a program, which a user without /usr/sbin in PATH has too."""
    found = shutil.which(
        name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/bin")
    if found is None:
        raise Skip(f"{name} is not installed")
    return found


def need_root(what):
    if not IS_ROOT:
        raise Skip(f"{what} needs root")


def replaced(text, more):
    """Lines of main.cf with more instead of those for the same parameters:
    Postfix warns of each that stands there twice, and stops if it warns too
    much while it starts, for its log does not run yet."""
    for name in re.findall(r"(?m)^(\S+) *=", more):
        text = re.sub(rf"(?m)^{name} *=.*\n(?:[ \t].*\n)*", "", text)
    return text + more


# All processes of the user are killed in the end: nobody else may have his uid,
# not even a user whom another test adds in a machine with a copy of /etc/passwd.
# So it is above those that useradd gives by itself.
RANGE = [word for name in ("UID", "GID")
         for word in ("--key", f"{name}_MIN=70000", "--key", f"{name}_MAX=79999")]


class Owner:
    """A system user for whom local(8), procmail and maildrop deliver.  With a
    secret he can log in; he may have a second group."""

    def __init__(self, root, secret=None, group=""):
        need_root("adding a user")
        self.name = f"tpopown{random.randrange(10 ** 8):08}"
        self.home = pathlib.Path(root) / "home"
        self._run("useradd", "--no-create-home", "--user-group", *RANGE,
                  "--home-dir", str(self.home), "--shell", "/bin/sh",
                  "--password", hash_of(secret, "$5$") if secret else "!",
                  "--groups", group, self.name)
        entry = pwd.getpwnam(self.name)
        self.uid, self.gid = entry.pw_uid, entry.pw_gid
        self.home.mkdir(mode=0o755)
        os.chown(self.home, self.uid, self.gid)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):  # it may have ended
                if process.stat().st_uid == self.uid:
                    os.kill(int(process.name), signal.SIGKILL)
        self._run("userdel", self.name)

    @staticmethod
    def _run(*command):
        """Tries again while somebody else holds the lock on /etc/passwd, or
        a last process of the user ends."""
        command = [need_program(command[0]), *command[1:]]
        for _ in range(40):
            done = subprocess.run(
                command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                check=False)
            if done.returncode not in (1, 8, 10):
                break
            time.sleep(0.25)
        # 12: useradd and userdel say so about a missing mail spool.
        assert done.returncode in (0, 12), (command, done)

    def write(self, name, text):
        """Writes a file into the home directory, as the owner would."""
        path = self.home / name
        path.write_text(text)
        path.chmod(0o600)
        os.chown(path, self.uid, self.gid)


class Postfix(Receiver):
    def __init__(self, house, owner, more="", services=""):
        """more: lines for main.cf, before others of the same parameters;
        services: lines for master.cf."""
        need_root("Postfix")
        need_program("postfix")
        self.house = house
        self.owner = owner
        self.root = house.root / "postfix"
        self.maillog = self.root / "maillog"
        self.port = free_port()
        self.command = install_virtual(house)
        self.updates = 0
        self._configure(more, services)

    # ---- set-up ------------------------------------------------------------

    def example(self, name):
        """A file of contrib/postfix with this test's names in it."""
        text = (EXAMPLES / name).read_text()
        for word, replacement in (
                ("/usr/local/bin/virtual", self.command),
                ("/etc/postfix/", f"{self.root}/etc/"),
                ("user=owner", f"user={self.owner.name}"),
                ("owner+", f"{self.owner.name}+")):
            text = text.replace(word, replacement)
        return text

    def _configure(self, more, services):
        for directory in ("etc", "queue", "data"):
            (self.root / directory).mkdir(parents=True)
        shutil.chown(self.root / "data", "postfix")
        etc = self.root / "etc"
        (etc / "main.cf").write_text(replaced(
            MAIN.format(root=self.root, owner=self.owner.name, first=FIRST,
                        limited=LIMITED, limit=LIMIT) +
            self.example("main.cf.example"), more))
        (etc / "master.cf").write_text(
            MASTER.format(port=self.port, limit=LIMIT) +
            self.example("master.cf.example") + services)
        (etc / "virtual_regexp").write_text(
            self.example("virtual_regexp.example"))
        self.update()
        self.owner.write(".forward", self.example("forward.example"))

    def add_user(self, user, domain, secret="secret"):
        self.house.add_user(
            user, domain, secret, self.owner.uid, self.owner.gid)
        (self.house.spool / domain).chmod(0o700)
        if domain == SECOND:  # a file of root, as the README has it
            passwd = self.house.virtual / domain / "passwd"
            os.chown(passwd, 0, self.owner.gid)
            passwd.chmod(0o640)
        else:
            self.owner.write(
                f".forward+{user}--{domain}",
                self.example("forward+user--domain.example"))
        self.update()

    def update(self, *first):
        """Tells Postfix who the users are now, and which domains are delivered
        the first way.  It looks whether a table is of
        another second than before."""
        self.updates += 1
        later = time.time() + 2 * self.updates
        for name, arguments in (("virtual_users", ()),
                                ("virtual_aliases", ("-e", *first))):
            path = self.root / "etc" / name
            path.write_text(list_users(self.house, *arguments))
            self.postmap(name)
            os.utime(f"{path}.db", (later, later))

    def postmap(self, name):
        self._run("postmap", f"hash:{self.root}/etc/{name}")

    # ---- running -----------------------------------------------------------

    def __enter__(self):
        try:
            self._run("postfix", "start")
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_):
        self._stop()

    def _run(self, program, *arguments):
        """Runs a command of Postfix on this instance."""
        done = subprocess.run(
            [need_program(program), "-c", self.root / "etc", *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=60, check=False)
        assert done.returncode == 0, (program, done.stdout, self.log())

    def reload(self):
        self._run("postfix", "reload")

    def _master(self):
        """The process id of the running master, or None."""
        try:
            pid = int((self.root / "queue/pid/master.pid").read_text())
            os.kill(pid, 0)
        except (FileNotFoundError, ProcessLookupError, ValueError):
            return None
        return pid

    def _stop(self):
        if self._master() is not None:
            self._run("postfix", "abort")
            self.house.wait_for(
                lambda: self._master() is None, "Postfix to end")

    def log(self):
        if not self.maillog.exists():
            return "(no maillog)"
        return self.maillog.read_text(errors="backslashreplace")

    # ---- mail --------------------------------------------------------------

    def queued(self, *queues):
        """How many messages wait in these queues."""
        return sum(
            len(files) for queue in queues
            for _, _, files in os.walk(self.root / "queue" / queue))

    def is_drained(self):
        """Twice, since messages move from queue to queue while we look."""
        queues = ("maildrop", "incoming", "active", "deferred")
        return not self.queued(*queues) and not self.queued(*queues)

    def drain(self, seconds=60):
        """Waits until all mail is delivered; what is not is thrown away."""
        deadline = time.monotonic() + seconds
        while not self.is_drained():
            if time.monotonic() > deadline:
                tail = self.log()[-3000:]
                self._run("postsuper", "-d", "ALL")
                raise AssertionError(f"the queue does not drain\n{tail}")
            time.sleep(0.02)

    def flush(self):
        """Tries deferred mail now."""
        self._run("postfix", "flush")
