"""A machine that GNU pop3d 0.10.3 served is taken over by the commands of
chapter 8 of the README, and one of vm-pop3d by those of chapter 9."""

import contextlib
import functools
import hashlib
import re

import tap
from machine import Machine
from oldmachine import (APOP, OLD, SECRETS, jth, message, vm, way_of_stopping,
                        write)
from packaging import Room
from served import OPTIONS, is_open
from tap import case, equal
from written import blocks, chapter, shell

OLD_OPTIONS = ("--enable-virtual", "--enable-64bit")
SPOOL = "/var/spool/virtual/kvt.dk"
stack = contextlib.ExitStack()


# ---- taking over ------------------------------------------------------------

@functools.cache
def built():
    """The tarball, configured as chapter 8 says and as of old, and made."""
    room = stack.enter_context(Room())
    room.unpack()
    configure, make, *_ = installing()
    room.run(*configure.split(), *OLD_OPTIONS)
    room.run(*make.split(), "-j2")
    return room


def installing():
    [block] = [block for block in blocks(chapter(8)) if "./configure" in block]
    return block.splitlines()


def greeting(machine):
    return machine.client().greet().greeting


def stop_old(machine, kind, name):
    machine.wait_for(lambda: is_open(machine), "the old server")
    equal(greeting(machine), OLD)
    shell(machine, way_of_stopping(kind, name))
    machine.wait_for(lambda: not is_open(machine), "the end of the old server")


def install(machine, *words):
    """What make install says is left to do."""
    text = built().run("make", "install", f"DESTDIR={machine.path('')}", *words)
    return "\n".join(re.findall(r"(?m)^  (system.*)$", text))


def check(machine):
    done = machine.run("gnu-pop3d", "-d", "--check", check=False)
    found = {kind: re.findall(rf"(?m)^{kind} +(.*)\n +(.*)$", done.stdout)
             for kind in ("wrong", "warning")}
    equal(done.returncode, 78 if found["wrong"] else 0, done.stdout)
    return found


def mend(machine):
    """Does what --check says until nothing is wrong; what was."""
    mended = []
    for _ in range(3):
        for what, remedy in check(machine)["wrong"]:
            mended.append(what)
            shell(machine, remedy)
    equal(check(machine)["wrong"], [])
    return mended


@functools.cache
def the_jth():
    """Taken over; what was wrong, and what was warned of, comes with it."""
    machine = stack.enter_context(Machine())
    jth(machine)
    stop_old(machine, "xinetd", "pop3")
    machine.before = read(machine, f"{SPOOL}/ann")
    _, _, make_install, link, checking = installing()
    equal((make_install, checking), ("make install", "gnu-pop3d -d --check"))
    left = install(machine)
    shell(machine, link)
    machine.warnings = check(machine)["warning"]
    machine.mended = mend(machine)
    [hashes] = [block for block in blocks(chapter(8)) if "{CRYPT}" in block
                and block.startswith("sed")]
    shell(machine, hashes.replace("^joe:", "^dan:"))
    shell(machine, left)
    return machine


@functools.cache
def the_vm():
    machine = stack.enter_context(Machine())
    vm(machine)
    stop_old(machine, "sysvinit", "vm-pop3d")
    left = install(machine, "SERVICES=systemd-socket")
    machine.wrong = check(machine)["wrong"]
    shell(machine, re.search(r"(?m)^ +(chown -R vmail.*)$", chapter(9))[1])
    machine.mended = mend(machine)
    write(machine, OPTIONS, 'OPTIONS="--uidl=vm-pop3d"\n', mode="644")
    shell(machine, left)
    return machine


def read(machine, path):
    return machine.path(path).read_text()


@contextlib.contextmanager
def session(machine, login, secret=None):
    with machine.client() as client:
        client.login(login, secret or SECRETS[login[:3]])
        yield client
        client.ok("QUIT")


def mail(client):
    """All messages as they are in a mailbox, but for the From_ lines."""
    count = int(client.ok("STAT").split()[1])
    return [client.retr(number)[1].replace(b"\r\n", b"\n").decode()
            for number in range(1, count + 1)]


def sent(name, status=""):
    return message(name, status).split("\n", 1)[1][:-1]


def without_status(text):
    return re.sub(r"(?m)^Status:.*\n", "", text)


def threesome(user):
    return [sent(f"{user}-1", "Status: RO\n"), sent(f"{user}-2", "Status: O\n"),
            sent(f"{user}-3")]


# ---- GNU pop3d 0.10.3 -------------------------------------------------------

@case("0.10.3: by the commands of the README the old server is gone and the "
      "new one runs; --check has named what had to be mended")
def _():
    machine = the_jth()
    equal([re.sub(r";.*", "", what) for what in machine.mended],
          ["/etc/virtual/old.example/passwd: is writable for group or others",
           "/var/spool/virtual/old.example/joe: is writable for everybody"])
    assert [True for what, _ in machine.warnings if "dan: the password looks "
            "like a hash" in what], machine.warnings
    assert greeting(machine).startswith(b"+OK POP3"), greeting(machine)
    equal(machine.run("systemctl", "is-active", "gnu-pop3d").stdout, "active\n")
    equal(machine.run("systemctl", "is-enabled", "gnu-pop3d").stdout,
          "enabled\n")


@case("0.10.3: every virtual user logs in with the password of old, plain or "
      "hashed, and sees all mail; Status: headers stay")
def _():
    machine = the_jth()
    for login in ("ann@kvt.dk", "bob%kvt.dk", "dan@kvt.dk"):
        with session(machine, login) as client:
            equal(mail(client), threesome(login[:3]), login)
    with session(machine, "joe@old.example") as client:
        equal(mail(client), [sent("other")])
    text = read(machine, f"{SPOOL}/ann")
    equal(re.findall(r"(?m)^Status: ?(.*)$", text), ["RO", "RO", "RO"])
    equal(without_status(text), without_status(machine.before))


@case("0.10.3: unique ids are the same in each session, and when Status: "
      "headers have changed")
def _():
    machine = the_jth()
    with session(machine, "bob@kvt.dk") as client:
        before = client.listing("UIDL")
        mail(client)
    with session(machine, "bob@kvt.dk") as client:
        equal(client.listing("UIDL"), before)
    equal(len({line.split()[1] for line in before}), 3)


@case("0.10.3: what an update had left in joe.old is put back, once")
def _():
    machine = the_jth()
    machine.run("systemctl", "restart", "gnu-pop3d")
    with session(machine, "joe@kvt.dk") as client:
        equal(mail(client), [*threesome("joe"), sent("lost")])
    equal(read(machine, f"{SPOOL}/joe.old.merged"), message("lost"))


@case("0.10.3: a user of the system has his mailbox at home, and APOP by "
      "/etc/apop.passwd")
def _():
    machine = the_jth()
    with session(machine, "jane", "of-jane") as client:
        equal(mail(client), [sent("jane-1")])
    with machine.client() as client:
        stamp = re.search(rb"<.*>", client.greet().greeting)[0]
        proof = hashlib.md5(stamp + APOP.encode()).hexdigest()
        client.ok(f"APOP jane {proof}")
        equal(client.ok("STAT").split()[1], b"1")
        client.ok("QUIT")


@case("0.10.3: Postfix delivers by the maps and .forward files of old, and "
      "returns mail for others")
def _():
    machine = the_jth()
    machine.run("sendmail", "-f", "me@example.org", "dan@kvt.dk",
                "nobody@kvt.dk", data="Subject: new\n\nNew mail.\n")
    machine.wait_for(lambda: "New mail." in read(machine, f"{SPOOL}/dan"),
                     "the mail of dan")
    machine.wait_for(lambda: "owner+nobody--kvt.dk@" in
                     read(machine, "/var/log/maillog"), "the log of Postfix")
    with session(machine, "dan@kvt.dk") as client:
        found = mail(client)
    equal(len(found), 4)
    assert "\nSubject: new\n" in found[3], found[3]
    assert found[3].endswith("\n\nNew mail.\n"), found[3]
    assert re.search(r"owner\+nobody--kvt\.dk@.*status=bounced",
                     read(machine, "/var/log/maillog"))


# ---- vm-pop3d ---------------------------------------------------------------

@case("vm-pop3d: by the commands of the README the old server is gone, the new "
      "one has its port, and nothing is wrong")
def _():
    machine = the_vm()
    equal([what for what, _ in machine.wrong],
          [f"/etc/virtual/kvt.dk/passwd: line {number}: a line of two fields "
           "needs a spool directory of the domain that belongs to its user"
           for number in (1, 2, 3)])
    equal(machine.mended, [])
    assert greeting(machine).startswith(b"+OK POP3"), greeting(machine)
    equal(machine.run("systemctl", "is-enabled", "gnu-pop3d.socket").stdout,
          "enabled\n")
    equal(machine.path("/etc/init.d/vm-pop3d").exists(), False)


@case("vm-pop3d: every virtual user logs in with the password of old, sees all "
      "mail, and with --uidl=vm-pop3d the unique ids of old")
def _():
    machine = the_vm()
    for user in ("ann", "bob", "dan"):
        with session(machine, f"{user}@kvt.dk") as client:
            equal(client.listing("UIDL"),
                  [f"{number} {user}-{number}@old.example".encode()
                   for number in (1, 2)])
            equal(mail(client), [sent(f"{user}-1"), sent(f"{user}-2")])


with stack:
    tap.main()
