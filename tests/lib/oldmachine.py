"""Machines as the documentation of GNU pop3d 0.10.3, and that of vm-pop3d, tell
to set them up, with mail.  Their programs are not there: in their places stand
ones that greet clients with OLD, and no more.

    with Machine(jth) as machine:       # GNU pop3d, Postfix, xinetd
    with Machine(vm) as machine:        # vm-pop3d, sysvinit
"""

import re

from house import hash_of
from written import blocks, chapter

OLD = b"+OK the old server"
SECRETS = {"joe": "secret", "ann": "of-ann", "bob": "of-bob", "dan": "of-dan"}
METHODS = {"ann": "$1$", "bob": "$5$", "dan": ""}  # of crypt(3)
APOP = "of-apop.passwd"
FROM = "From me@example.org Mon Mar  6 10:11:12 2017\n"

MAIN = """\
compatibility_level = 3.6
myhostname = mx.test
mydestination = mx.test, localhost
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
default_transport = error:no mail leaves this test
maillog_file = /var/log/maillog
"""
MASTER = """\
smtp      inet  n - n - - smtpd
pickup    unix  n - n 60 1 pickup
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
proxymap  unix  - - n - - proxymap
showq     unix  n - n - - showq
error     unix  - - n - - error
retry     unix  - - n - - error
local     unix  - n n - - local
anvil     unix  - - n - 1 anvil
postlog   unix-dgram n - n - 1 postlogd
"""
XINETD = """\
service pop3
{
\tsocket_type = stream
\tprotocol = tcp
\twait = no
\tuser = root
\tserver = /usr/local/sbin/gnu-pop3d
\tserver_args = -i
\tdisable = no
}
"""
SINGLE = f"""\
#!/bin/sh
printf '{OLD.decode()}\\r\\n'
cat > /dev/null
"""
STANDALONE = f"""\
#!/usr/bin/python3
import socketserver

class Session(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write({OLD!r} + b"\\r\\n")
        self.rfile.read()

socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer(("", 110), Session).serve_forever()
"""
INIT = """\
#!/bin/sh
### BEGIN INIT INFO
# Provides: vm-pop3d
# Required-Start: $network
# Required-Stop:
# Default-Start: 2 3 4 5
# Default-Stop: 0 1 6
### END INIT INFO
case $1 in
start)
\tsetsid /usr/local/sbin/vm-pop3d > /dev/null 2>&1 < /dev/null &
\techo $! > /run/vm-pop3d.pid
\t;;
stop)
\tkill "$(cat /run/vm-pop3d.pid)"
\trm /run/vm-pop3d.pid
\t;;
esac
"""


def message(number, status=""):
    """With the Status: header that a POP3 server of old has put at the end."""
    return (f"{FROM}Message-Id: <{number}@old.example>\nSubject: {number}\n"
            f"{status}\nThis is {number}.\n\n")


def write(machine, path, text, owner="root", mode="600"):
    machine.path(path).parent.mkdir(parents=True, exist_ok=True)
    machine.path(path).write_text(text)
    machine.run("chown", owner, path)
    machine.run("chmod", mode, path)


def field(user):
    """The password as it stands in a file: as it is, or a hash."""
    if user in METHODS:
        return hash_of(SECRETS[user], METHODS[user])
    return SECRETS[user]


def passwd_of(machine, owner, users):
    ids = [machine.run("id", option, owner).stdout.strip()
           for option in ("-u", "-g")]
    return "".join(f"{user}:{field(user)}:{':'.join(ids)}:{user}::\n"
                   for user in users)


# ---- GNU pop3d --------------------------------------------------------------

def jth(machine):
    """Two domains, with a file of their owner and a file of root."""
    machine.run("useradd", "--create-home", "owner")
    machine.run("useradd", "--create-home", "--password",
                hash_of("of-jane", "$6$"), "jane")
    machine.run("install", "-d", "-o", "owner", "/etc/virtual/kvt.dk",
                "/var/spool/virtual/kvt.dk", "/var/spool/virtual/old.example")
    users = ("joe", "ann", "bob", "dan")
    write(machine, "/etc/virtual/kvt.dk/passwd",
          passwd_of(machine, "owner", users), "owner")
    write(machine, "/etc/virtual/old.example/passwd",
          passwd_of(machine, "owner", ("joe",)), mode="664")
    for user in users:
        write(machine, f"/var/spool/virtual/kvt.dk/{user}",
              message(f"{user}-1", "Status: RO\n") +
              message(f"{user}-2", "Status: O\n") + message(f"{user}-3"),
              "owner")
    write(machine, "/var/spool/virtual/kvt.dk/joe.old", message("lost"),
          "owner")
    write(machine, "/var/spool/virtual/old.example/joe", message("other"),
          "owner", "666")
    write(machine, "/home/jane/Mail/mailbox", message("jane-1"), "jane")
    machine.run("chown", "jane", "/home/jane/Mail")
    write(machine, "/etc/apop.passwd", f"jane:{APOP}\n")
    postfix(machine, users)
    write(machine, "/etc/xinetd.d/pop3", XINETD)
    write(machine, "/usr/local/sbin/gnu-pop3d", SINGLE, mode="755")
    machine.start("xinetd", "-dontfork")


def postfix(machine, users):
    """Chapter 4 has the lines, which are those of old; but for the program."""
    lines = [block for block in blocks(chapter(4))
             if "regexp:/etc/postfix/virtual_regexp" in block][0]
    table = re.search(r"(?m)^/\^.*\n", "\n".join(blocks(chapter(4))))[0]
    write(machine, "/etc/postfix/main.cf", MAIN + lines, mode="644")
    write(machine, "/etc/postfix/master.cf", MASTER, mode="644")
    write(machine, "/etc/postfix/virtual_regexp", table, mode="644")
    for user in users:
        write(machine, f"/home/owner/.forward+{user}--kvt.dk",
              '"|/usr/local/bin/virtual.awk"\n', "owner", "644")
    write(machine, "/home/owner/.forward", '"|exit 67"\n', "owner", "644")
    machine.run("postfix", "start")


# ---- vm-pop3d ---------------------------------------------------------------

def vm(machine):
    """Lines of two fields; mail of a common user, in directories of root."""
    machine.run("useradd", "--create-home", "vmail")
    machine.run("install", "-d", "/etc/virtual/kvt.dk")
    machine.run("install", "-d", "-g", "mail", "-m", "775",
                "/var/spool/virtual/kvt.dk")
    users = ("ann", "bob", "dan")
    write(machine, "/etc/virtual/kvt.dk/passwd",
          "".join(f"{user}:{field(user)}\n" for user in users), mode="644")
    for user in users:
        write(machine, f"/var/spool/virtual/kvt.dk/{user}",
              message(f"{user}-1") + message(f"{user}-2"), "vmail:mail", "660")
    write(machine, "/usr/local/sbin/vm-pop3d", STANDALONE, mode="755")
    write(machine, "/etc/init.d/vm-pop3d", INIT, mode="755")
    machine.run("update-rc.d", "vm-pop3d", "defaults")
    machine.run("/etc/init.d/vm-pop3d", "start")


def way_of_stopping(kind, name):
    """What chapter 8 says for it."""
    text = re.search(rf"(?m)^  {kind} +(.*\n)", chapter(8))[1]
    return text.replace("NAME", name)
