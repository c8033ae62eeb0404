"""Mail servers that are not installed, as only one can be: tests/run unpacks
them into the directory POP3D_OTHERS.

    with House() as house, Owner(house.root) as owner:
        with Exim(house, users) as exim:
            exim.send("a@client.test", ["joe@kvt.dk"], message)

Each runs in namespaces of its own, where the unpacked programs lie over /usr,
and a few files of ours over /etc; there are the users that its package would
add.  It ends with the first process in there.  The lines for virtual domains
are those of contrib; only names and paths are changed.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys

from house import SOURCE, children_of, free_port
from postfix import need_root
from receiver import Receiver, install_virtual, list_users
from tap import Skip, equal

STAGE = """\
overlay() {
    mount -t overlay overlay -o "lowerdir=$1:$2" "$2"
}
overlay "$1/usr" /usr && overlay "$0/etc" /etc && overlay "$0/lib" /var/lib &&
mount --bind "$0/spool" /var/spool && mount -t tmpfs tmpfs /run &&
mount -t proc proc /proc && shift && exec "$@"
"""


class Server(Receiver):
    """One mail server.  Subclasses have users = {name: number}, the program,
    and configure()."""
    users = {}
    program = None

    def __init__(self, house):
        """All owners are there already, and virtual has its directories."""
        need_root("a mail server")
        self.others = os.environ.get("POP3D_OTHERS", "")
        if not os.path.exists(f"{self.others}{self.program}"):
            raise Skip(f"{self.program} cannot be installed beside Postfix; "
                       "tests/run unpacks it")
        self.house = house
        self.root = house.root / type(self).__name__.lower()
        self.port = free_port()
        self.process = None
        for name in ("etc", "lib", "spool"):
            (self.root / name).mkdir(parents=True)
        self.command = install_virtual(house)
        self.configure()

    def configure(self):
        raise NotImplementedError

    def arguments(self):
        """What the program is started with, to stay in the foreground."""
        raise NotImplementedError

    def example(self, name):
        """A file of contrib with this test's names in it."""
        text = (SOURCE / "contrib" / name).read_text()
        for word, replacement in (
                (r"/etc/\w+/virtual_users", str(self.root / "virtual_users")),
                ("/usr/local/bin/virtual", self.command),
                ("/etc/virtual", str(self.house.virtual))):
            text = re.sub(word, replacement, text)
        return text

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def add_accounts(self):
        for name, line in (("passwd", "{0}:x:{1}:{1}::/:/bin/false\n"),
                           ("group", "{0}:x:{1}:\n")):
            self.write(f"etc/{name}", pathlib.Path("/etc", name).read_text() +
                       "".join(line.format(*user)
                               for user in self.users.items()))

    def update(self):
        """Tells the server who the users are now."""
        self.write("virtual_users", list_users(self.house))

    # ---- running -----------------------------------------------------------

    def __enter__(self):
        self.add_accounts()
        self.process = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--fork", "--kill-child",
             "sh", "-c", STAGE, self.root, self.others, *self.arguments()],
            stdin=subprocess.DEVNULL, stdout=open(self.root / "output", "wb"),
            stderr=subprocess.STDOUT)
        try:
            self.house.wait_for(self.answers, f"{self.program} to answer")
        except BaseException:
            sys.stderr.write(self.log())
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def answers(self):
        assert self.process.poll() is None, self.log()
        try:
            self.connect().quit()
        except OSError:
            return False
        return True

    def run(self, *command):
        """Runs a command beside the server, in the same namespaces."""
        inside = children_of(self.process.pid)[0]
        done = subprocess.run(
            ["nsenter", "--mount", "--pid", f"--target={inside}", *command],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=60, check=False)
        equal((done.returncode, command), (0, command), done.stdout)

    def log(self):
        return (self.root / "output").read_text(errors="backslashreplace")


class Exim(Server):
    users = {"Debian-exim": 47111}
    program = "/usr/sbin/exim4"
    rules = """\
primary_hostname = mx.test
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
notifier_socket =
tls_advertise_hosts =
disable_ipv6
spool_directory = {root}/spool
log_file_path = {root}/spool/%slog
keep_environment =
queue_run_in_order
acl_smtp_rcpt = recipients
{main}
begin acl
recipients:
  require
    message = relay not permitted
    domains = +local_domains
  require
    verify = recipient
  accept
begin routers
{router}
begin transports
{transport}
begin retry
* * F,1h,1s
"""

    def configure(self):
        os.chown(self.root / "spool", 47111, 47111)
        self.write("etc/exim4/exim4.conf", self.rules.format(
            port=self.port, root=self.root,
            main=self.example("exim/main.example"),
            router=self.example("exim/router.example"),
            transport=self.example("exim/transport.example")))

    def arguments(self):
        return [self.program, "-bdf"]

    def retry(self):
        self.run(self.program, "-qff")

    def log(self):
        main = self.root / "spool" / "mainlog"
        return super().log() + (main.read_text() if main.exists() else "")


class OpenSmtpd(Server):
    users = {"opensmtpd": 47121, "opensmtpq": 47122}
    program = "/usr/sbin/smtpd"

    def configure(self):
        (self.root / "lib/opensmtpd/empty").mkdir(parents=True)
        self.control = self.root / "smtpctl"    # as its package installs it
        shutil.copy(f"{self.others}/usr/sbin/smtpctl", self.control)
        os.chown(self.control, 0, self.users["opensmtpq"])
        self.control.chmod(0o2755)
        self.write("etc/smtpd.conf",
                   f"listen on 127.0.0.1 port {self.port} hostname mx.test\n" +
                   self.example("opensmtpd/smtpd.conf.example"))

    def update(self):
        super().update()
        if self.process is not None:
            self.run(self.control, "update", "table", "virtual_users")

    def arguments(self):
        return [self.program, "-d"]

    def retry(self):
        self.run(self.control, "schedule", "all")
