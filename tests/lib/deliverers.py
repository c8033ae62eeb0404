"""Delivery agents as our tests run them: each of these functions prepares one
and returns deliver(text), which fails unless the agent says that it has
delivered.

    deliver = procmail(house, owner, path)
    deliver(message)

It runs as owner, with more groups if need be: that of the spool, where the
owner alone may not make a dotlock.
"""

import os
import subprocess

from house import become_owner
from postfix import need_program
from tap import equal

SENDER = "a@client.test"


def environment_of(owner):
    return {"HOME": str(owner.home), "USER": owner.name, "LANG": "C",
            "LOGNAME": owner.name, "PATH": os.environ["PATH"]}


def runner(owner, groups, *command):
    def deliver(text):
        done = subprocess.run(
            command, input=text, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=90, check=False, cwd=owner.home,
            preexec_fn=become_owner(owner.uid, owner.gid, groups),
            env=environment_of(owner))
        equal(done.returncode, 0, f"{command}: {done.stdout!r:.1000}")
    return deliver


def procmail(_, owner, path, groups=()):
    program = need_program("procmail")
    owner.write("procmailrc", f"""\
SHELL=/bin/sh
LOGFILE={owner.home}/procmail.log
LOCKSLEEP=1
DEFAULT={path}
:0:
{path}
""")
    return runner(owner, groups, program, "-f", SENDER, "-m",
                  str(owner.home / "procmailrc"))


def maildrop(_, owner, path, groups=()):
    program = need_program("maildrop")
    owner.write("mailfilter", f'to "{path}"\n')
    return runner(owner, groups, program, "-f", SENDER,
                  str(owner.home / "mailfilter"))


def virtual(house, owner, path, groups=()):
    """path must be a mailbox of the house."""
    user = f"{path.name}@{path.parent.name}"

    def deliver(text):
        done = house.deliver(
            text, "-f", SENDER, "-r", user, uid=owner.uid, gid=owner.gid,
            groups=groups)
        equal((done.returncode, done.stdout), (0, b""), "virtual")
    return deliver
