"""Delivery agents as our tests run them: each of these functions prepares one
and returns deliver(text), which fails unless the agent says that it has
delivered.

    deliver = procmail(house, owner, path)
    deliver(message)

It runs as owner, with more groups if need be: that of the spool, where the
owner alone may not make a dotlock.  What stands in before runs it: strace.
"""

import grp
import os
import pathlib
import subprocess

from house import become_owner
from postfix import need_program
from tap import equal

SENDER = "a@client.test"
DOMAIN = "kvt.dk"


def share_spool(house, owner, secret, messages=()):
    """Makes a spool like Debian's /var/mail, 2775 root:mail, that is DOMAIN's
    too, so that virtual has the mailbox of a user of the system.  Returns that
    mailbox and the group of the spool."""
    group = grp.getgrnam("mail").gr_gid
    house.mail = house.spool / DOMAIN
    house.add_user(owner.name, DOMAIN, secret, owner.uid, owner.gid)
    path = house.write_mailbox(
        owner.name, DOMAIN, messages, owner.uid, group)
    path.chmod(0o660)
    os.chown(house.mail, 0, group)
    house.mail.chmod(0o2775)
    return path, group


def environment_of(owner):
    return {"HOME": str(owner.home), "USER": owner.name, "LANG": "C",
            "LOGNAME": owner.name, "PATH": os.environ["PATH"]}


def run_checked(command, text, owner, **how):
    done = subprocess.run(
        command, input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        timeout=90, check=False, cwd=owner.home, **how)
    equal(done.returncode, 0, f"{command}: {done.stdout!r:.1000}")


def run_as(owner, groups, command, text):
    run_checked(
        command, text, owner, env=environment_of(owner),
        preexec_fn=become_owner(owner.uid, owner.gid, groups))


def procmail(_, owner, path, groups=(), before=()):
    program = need_program("procmail")
    owner.write("procmailrc", f"""\
SHELL=/bin/sh
LOGFILE={owner.home}/procmail.log
LOCKSLEEP=1
DEFAULT={path}
:0:
{path}
""")
    return lambda text: run_as(
        owner, groups, [*before, program, "-f", SENDER, "-m",
                        owner.home / "procmailrc"], text)


def maildrop(_, owner, path, groups=(), before=()):
    program = need_program("maildrop")
    owner.write("mailfilter", f'to "{path}"\n')
    return lambda text: run_as(
        owner, groups, [*before, program, "-f", SENDER,
                        owner.home / "mailfilter"], text)


def dovecot_rules(owner, path):
    """The configuration for one mailbox, locked as Debian has it."""
    owner.write("dovecot.conf", f"""\
mail_location = mbox:{owner.home}/mail:INBOX={path}
base_dir = {owner.home}/dovecot
log_path = /dev/stderr
postmaster_address = postmaster@mx.test
ssl = no
""")
    return owner.home / "dovecot.conf"


def dovecot_lda(_, owner, path, groups=(), before=()):
    program = need_program("/usr/lib/dovecot/dovecot-lda")
    return lambda text: run_as(
        owner, groups, [*before, program, "-c", dovecot_rules(owner, path),
                        "-f", SENDER], text)


EXIM_RULES = """\
exim_path = {program}
exim_user = root
exim_group = root
primary_hostname = mx.test
domainlist local_domains = mx.test
spool_directory = {place}
log_file_path = {place}/%slog
keep_environment =
tls_advertise_hosts =
disable_ipv6
begin routers
everybody:
  driver = accept
  check_local_user
  transport = mailbox
begin transports
mailbox:
  driver = appendfile
  file = {path}
  group = mail
  mode = 0660
  mode_fail_narrower = false
"""


def exim(house, owner, path, _=(), before=()):
    """Runs as root.  Exim wants a user and a group of its own, who are there
    only when it is installed, which it cannot be beside Postfix: so it sees an
    /etc of ours."""
    program = need_program("exim4")
    place = house.root / "exim"
    rules, etc = place / "exim.conf", place / "etc"
    if not place.exists():
        etc.mkdir(parents=True)
        rules.write_text(EXIM_RULES.format(
            program=program, place=place, path=path))
        for name, line in (("passwd", "47111:47111::/:/bin/false"),
                           ("group", "47111:")):
            (etc / name).write_text(pathlib.Path("/etc", name).read_text() +
                                    f"Debian-exim:x:{line}\n")
    return lambda text: run_checked(
        ["unshare", "--mount", "sh", "-c",
         f'mount --bind {etc} /etc && exec "$@"', "sh", *before,
         program, "-C", rules, "-odf", "-oi", "-f", SENDER,
         f"{owner.name}@mx.test"], text, owner)


def virtual(house, owner, path, groups=()):
    """path must be a mailbox of the house."""
    user = f"{path.name}@{path.parent.name}"

    def deliver(text):
        done = house.deliver(
            text, "-f", SENDER, "-r", user, uid=owner.uid, gid=owner.gid,
            groups=groups)
        equal((done.returncode, done.stdout), (0, b""), "virtual")
    return deliver
