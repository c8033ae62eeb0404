"""gnu-pop3d --check: accounts, mailboxes, directories."""

import os
import shutil
import subprocess
import time

import checking
from checking import check, faulty, run, sound_house, tree
from house import DAEMON, FROM_LINE, GROUP, IS_ROOT, OWNER, become_owner
from tap import Skip, case, equal
from terminal import run_in_terminal


def add(house, line):
    house.add_line("kvt.dk", line)


def passwd_line(house, number, what, advice="", level="wrong"):
    return [(level, f"{house.passwd}: line {number}: {what}",
             f"vi +{number} {house.passwd}{advice}")]


def file_fault(path, what, remedy, level="wrong"):
    return [(level, f"{path}: {what}", remedy)]


# ---- a sound installation --------------------------------------------------

@case("a sound installation has 0 wrong and 0 warnings, and nothing changes")
def _():
    with sound_house() as house:
        before = tree(house)
        result = check(house)
        equal(tree(house), before)
        equal(result.unlike_kernels(), [], result.text)
        equal((result.status, result.errors), (0, ""))
        spool = house.spool / "kvt.dk"
        for text in ("options: no contradiction",
                     f"{house.passwd}: line 1: ann, plain text",
                     f"{house.passwd}: line 2: joe, plain text",
                     f"{spool}: a directory of uid {OWNER}",
                     f"{spool}/joe: {(spool / 'joe').stat().st_size} octets",
                     f"{house.state}: belongs to uid {os.geteuid()}",
                     "mail system: neither Postfix nor Exim, not looked at"):
            assert text in result.fine, (text, result.text)
        equal(result.sums[2], len(result.fine))


@case("where the daemon has run, and runs, nothing is wrong either")
def _():
    with sound_house() as house:
        port = house.start_daemon()
        with house.connect() as client:
            client.login("joe@kvt.dk", "words")
            listen = f"--listen=127.0.0.1:{port}"
            result = check(house, listen)
            equal(result.unlike_kernels(), [], result.text)
            assert (f"127.0.0.1:{port}: gnu-pop3d listens there, pid "
                    f"{house.daemon.pid}" in result.fine), result.text


# ---- passwd files ----------------------------------------------------------

@faulty("a passwd file that others can write")
def _(house):
    house.passwd.chmod(0o662)
    return file_fault(
        house.passwd, "is writable for group or others; chmod go-w",
        f"chmod go-w {house.passwd}")


@faulty("a passwd file in a directory that others can write")
def _(house):
    house.passwd.parent.chmod(0o775)
    return file_fault(
        house.passwd, "lies in a directory that group or others can write",
        f"chmod go-w {house.passwd.parent}")


@faulty("a passwd file in a directory of a third user")
def _(house):
    os.chown(house.passwd.parent, 47119, 47119)
    return file_fault(
        house.passwd, "lies in a directory of another user",
        f"chown root {house.passwd.parent}")


@faulty("a passwd file that is a FIFO hangs nothing")
def _(house):
    house.passwd.unlink()
    os.mkfifo(house.passwd, 0o600)
    return file_fault(house.passwd, "is not a regular file",
                      f"ls -lL {house.passwd}")


@faulty("a passwd file that is not there")
def _(house):
    house.passwd.unlink()
    return file_fault(
        house.passwd, "is missing, so nobody of the domain can log in",
        "install -m 640 -o root -g GROUP-OF-THE-OWNER /dev/null "
        f"{house.passwd}")


@faulty("a passwd file that the owner of the mailboxes cannot read")
def _(house):
    os.chown(house.passwd, 0, 0)
    return file_fault(
        house.passwd, f"uid {OWNER}, who has the mailboxes, cannot read it, "
        "and virtual cannot deliver",
        f"chgrp {GROUP} {house.passwd} && chmod 640 {house.passwd}",
        "warning")


@faulty("a passwd file whose plain-text passwords everybody can read")
def _(house):
    house.passwd.chmod(0o644)
    return file_fault(
        house.passwd, "everybody can read the plain-text passwords in it",
        f"chmod o-r {house.passwd}", "warning")


@faulty("that everybody can read hashes is no fault")
def _(house):
    house.passwd.write_text(f"ann:$1$salt$tnK9bwTKFK1N3ZyYuNnSE0:{OWNER}:"
                            f"{GROUP}::.:\n")
    house.passwd.chmod(0o644)
    joe(house).unlink()
    return []


# ---- its lines -------------------------------------------------------------

@faulty("a line with too few fields")
def _(house):
    add(house, "bob:secret:1")
    return passwd_line(
        house, 3, "has neither seven fields (name:password:uid:gid:gecos:"
        "home:shell) nor two (name:hash)")


@faulty("a line with a uid below --min-uid", "--min-uid=47000")
def _(house):
    add(house, f"bob:secret:99:{GROUP}::.:")
    return passwd_line(house, 3, "the uid is below --min-uid")


@faulty("a line with a uid that the owner of the file may not name")
def _(house):
    add(house, f"bob:secret:47119:{GROUP}::.:")
    return passwd_line(house, 3, "names another uid than the owner of the "
                       "file; only a file of root may")


@faulty("a line with a hash that crypt(3) does not know")
def _(house):
    add(house, f"bob:$99$salt$hash:{OWNER}:{GROUP}::.:")
    return passwd_line(
        house, 3, "the password is for a method that crypt(3) does not know, "
        "or no hash", '; "openssl passwd -6" makes a hash')


@faulty("plain text where only a hash can be, in a line of two fields")
def _(house):
    add(house, "bob:secret")
    return passwd_line(
        house, 3, "the password is for a method that crypt(3) does not know, "
        "or no hash", '; "openssl passwd -6" makes a hash')


@faulty("a hash of DES in a line of two fields is no fault")
def _(house):
    add(house, "bob:abJnggxhB/yWI")
    return []


@faulty("a hash of DES without {CRYPT}")
def _(house):
    add(house, f"bob:abJnggxhB/yWI:{OWNER}:{GROUP}::.:")
    return passwd_line(
        house, 3, "bob: the password looks like a hash, and counts as plain "
        "text", "; put {CRYPT} in front of a hash, {PLAIN} in front of a "
        "password", "warning")


@faulty("the same with {CRYPT}, or with {PLAIN}, is no fault")
def _(house):
    add(house, f"bob:{{CRYPT}}abJnggxhB/yWI:{OWNER}:{GROUP}::.:")
    add(house, f"eve:{{PLAIN}}abJnggxhB/yWI:{OWNER}:{GROUP}::.:")
    return []


@faulty("an account that is locked")
def _(house):
    add(house, f"bob:!:{OWNER}:{GROUP}::.:")
    return passwd_line(house, 3, "bob: locked in the passwd file",
                       "; put a password into the second field", "warning")


@faulty("a user with two lines")
def _(house):
    add(house, f"JOE:other:{OWNER}:{GROUP}::.:")
    return passwd_line(
        house, 3, "joe has line 2 already, and only the first counts")


@faulty("a name that is not allowed")
def _(house):
    add(house, f"b/ob:secret:{OWNER}:{GROUP}::.:")
    return passwd_line(
        house, 3, "the user name has characters that are not served")


# ---- domains ---------------------------------------------------------------

@faulty("a domain directory in upper case")
def _(house):
    path = house.virtual / "KVT.org"
    path.mkdir()
    return file_fault(
        path, "has upper case, and names are looked up in lower case",
        f"mv {path} {house.virtual}/kvt.org")


@faulty("a domain directory whose name no domain can have, harmless in print")
def _(house):
    path = house.virtual / "a\x1b b"
    path.mkdir()
    shown = str(path).replace("\x1b", "\\x1b")
    return file_fault(
        shown, "is no name of a domain: a-z, 0-9 and ._+- only, no dot in "
        "front or at the end, no two in a row", f"ls -ld '{shown}'")


# ---- mailboxes -------------------------------------------------------------

def joe(house):
    return house.mailbox("joe", "kvt.dk")


@faulty("a mailbox of another user")
def _(house):
    os.chown(joe(house), 47119, 47119)
    return file_fault(
        joe(house), "belongs to another user; chown it to the mailbox owner",
        f"chown {OWNER}:{GROUP} {joe(house)}")


@faulty("a mailbox that everybody can write")
def _(house):
    joe(house).chmod(0o602)
    return file_fault(
        joe(house), "is writable for everybody; chmod it to 600",
        f"chmod 600 {joe(house)}")


@faulty("a mailbox that its owner cannot write")
def _(house):
    joe(house).chmod(0o400)
    return file_fault(
        joe(house), "its owner may not read and write it; chown it to him "
        "and chmod it to 600", f"chmod 600 {joe(house)}")


@faulty("a mailbox with two links")
def _(house):
    os.link(joe(house), house.root / "other")
    return file_fault(
        joe(house), "has more than one hard link; not touched",
        f"find / -xdev -samefile {joe(house)}; remove the other name")


@faulty("a mailbox that is a symbolic link")
def _(house):
    joe(house).rename(house.root / "other")
    joe(house).symlink_to(house.root / "other")
    return file_fault(
        joe(house), "not a regular file; not touched",
        f"ls -ld {joe(house)}; put a plain file in its place")


@faulty("a mailbox that is a FIFO hangs nothing")
def _(house):
    joe(house).unlink()
    os.mkfifo(joe(house), 0o600)
    house.own(joe(house))
    return file_fault(
        joe(house), "not a regular file; not touched",
        f"ls -ld {joe(house)}; put a plain file in its place")


@faulty("a mailbox that is not an mbox")
def _(house):
    joe(house).write_bytes(b"Hello\n")
    return file_fault(
        joe(house), "not an mbox, shown as empty and left alone; its first "
        "line must be a From_ line", f"head -n 1 {joe(house)}")


@faulty("a mailbox that is not there is no fault")
def _(house):
    joe(house).unlink()
    return []


@faulty("a mailbox without an account")
def _(house):
    path = house.write_mailbox("bob", "kvt.dk", checking.MAIL)
    return file_fault(
        path, "a mailbox without an account",
        f"add a line to {house.passwd}, or mv {path} elsewhere", "warning")


@faulty("a mailbox in a domain without any account")
def _(house):
    house.passwd.write_text("")
    house.mailbox("ann", "kvt.dk").unlink()
    return file_fault(
        joe(house), "a mailbox without an account", f"add a line to "
        f"{house.passwd}, or mv {joe(house)} elsewhere", "warning")


@faulty("mailboxes without a domain")
def _(house):
    path = house.spool / "kvt.org"
    path.mkdir()
    return file_fault(
        path, "mailboxes without a domain",
        f"make {house.virtual}/kvt.org with its passwd file, or mv {path} "
        "elsewhere", "warning")


@faulty("a mailbox of the system without a user")
def _(house):
    path = house.mail / "nobody-at-all"
    path.touch()
    return file_fault(path, "a mailbox without an account",
                      f"adduser, or mv {path} elsewhere", "warning")


@faulty("a mailbox of the system that belongs to another user")
def _(house):
    path = house.mail / "nobody"
    path.write_bytes(FROM_LINE + b"\n")
    path.chmod(0o600)
    return file_fault(
        path, "belongs to another user; chown it to the mailbox owner",
        f"chown 65534:65534 {path}")


@faulty("accounts without a spool directory")
def _(house):
    path = house.spool / "kvt.dk"
    shutil.rmtree(path)
    return file_fault(
        path, "there is no such directory for the mail of kvt.dk",
        f"install -d -m 700 -o {OWNER} -g {GROUP} {path}")


@faulty("a spool directory that the owner of the mailboxes cannot write")
def _(house):
    path = house.spool / "kvt.dk"
    os.chown(path, 0, GROUP)
    return file_fault(
        path, f"is not writable for uid {OWNER}, the owner of its mailboxes; "
        "no mail can be delivered",
        f"chown {OWNER}:{GROUP} {path} && chmod 700 {path}")


# ---- what is left over -----------------------------------------------------

def make_lock(house, text, age):
    path = house.spool / "kvt.dk" / "joe.lock"
    path.write_text(text)
    os.utime(path, (time.time() - age,) * 2)
    return path


def dead_process():
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


@faulty("a dotlock of a dead process")
def _(house):
    process = dead_process()
    path = make_lock(house, f"{process}\n", 60)
    return file_fault(path, f"a stale lock, N s old, of process {process}",
                      f"rm {path}", "warning")


@faulty("a dotlock of nobody, older than the rule")
def _(house):
    path = make_lock(house, "", 400)
    return file_fault(path, "a stale lock, N s old, of nobody",
                      f"rm {path}", "warning")


@faulty("a dotlock of a living process, or a fresh one, is no fault")
def _(house):
    make_lock(house, f"{os.getpid()}\n", 60)
    (house.spool / "kvt.dk" / "ann.lock").touch()
    return []


@faulty("a lock without a mailbox")
def _(house):
    path = house.spool / "kvt.dk" / "bob.lock"
    path.touch()
    return file_fault(path, "a lock without a mailbox", f"rm {path}",
                      "warning")


@faulty("a mailbox.old of GNU pop3d; that of a user of the system is not "
        "merged, and what was merged is not complained of")
def _(house):
    path = house.spool / "kvt.dk" / "joe.old"
    path.touch()
    for name in ("joe.old.merged", "joe.old.merged.2"):
        (house.spool / "kvt.dk" / name).touch()
    own = house.mail / "daemon.old"
    own.touch()
    return file_fault(
        path, "left over by GNU pop3d; not merged yet",
        "gnu-pop3d --recover, or start the daemon", "warning") + file_fault(
            own, "left over by GNU pop3d; nothing reads it",
            f"look whether its mail is missing, then rm {own}", "warning")


@faulty("an update that was interrupted, told once")
def _(house):
    with house.inetd() as client:  # makes the files
        client.login("joe@kvt.dk", "words")
        client.ok("QUIT")
    for journal in house.state.glob("*joe.j?"):
        journal.write_bytes(b"half a step")
    equal(len(list(house.state.glob("*joe.j?"))), 2)
    return file_fault(
        joe(house), "an update was interrupted, and is to be finished",
        f"gnu-pop3d --recover --state-dir={house.state}", "warning")


@case("an update under way is no fault")
def _():
    with sound_house() as house, house.inetd() as client:
        client.login("joe@kvt.dk", "words")
        next(house.state.glob("*joe.j1")).write_bytes(b"a step")
        result = check(house)
        equal(result.unlike_kernels(), [])
        text = f"{joe(house)}: is being updated by pid {client.process.pid}"
        assert text in result.fine, result.text
        next(house.state.glob("*joe.j1")).write_bytes(b"")


@faulty("mail that was saved from a journal")
def _(house):
    path = house.state / "rescue" / "joe.1.2"
    path.parent.mkdir()
    path.touch()
    return file_fault(
        path, "mail saved from the journal of a mailbox that was rewritten",
        f"look whether mail in it is missing in the mailbox, then rm {path}",
        "warning")


# ---- directories -----------------------------------------------------------

@faulty("a state directory that others can write")
def _(house):
    house.state.chmod(0o770)
    return file_fault(
        house.state, "must be a directory of user 0 that nobody else can "
        "write", f"chown 0 {house.state} && chmod go-w {house.state}")


@faulty("no state directory yet", "--state-dir={house.root}/new")
def _(house):
    return file_fault(
        house.root / "new", "No such file or directory",
        "gnu-pop3d makes it when it starts, or install -d -m 700 "
        f"{house.root}/new", "warning")


@faulty("an empty directory that is not")
def _(house):
    empty = house.state / "empty"
    empty.mkdir()
    (empty / "x").touch()
    return file_fault(
        empty, "is not empty, and strangers' input is read in it",
        f"ls -la {empty}", "warning")


@faulty("no virtual directory", "--virtual-dir={house.root}/none",
        "--virtual-spool={house.root}/nothing")
def _(house):
    return [("warning", f"virtual directory: {house.root}/none is missing",
             f"install -d -m 755 {house.root}/none"),
            ("warning", f"virtual spool: {house.root}/nothing is missing",
             f"install -d -m 755 {house.root}/nothing")]


@faulty("a mail spool that is a file", "--mail-spool={house.log_path}")
def _(house):
    return [("wrong", f"mail spool: {house.log_path} is no directory",
             f"install -d -m 755 {house.log_path}"),
            ("warning", f"{house.log_path}: cannot be read: Not a directory",
             "sudo gnu-pop3d --check")]


@faulty("a virtual directory that its group can write")
def _(house):
    house.virtual.chmod(0o775)
    return [("wrong",
             f"virtual directory: {house.virtual} is writable for its group",
             f"chmod go-w {house.virtual}")]


@faulty("a mail spool that everybody can write, without the sticky bit")
def _(house):
    house.mail.chmod(0o777)
    return [("wrong", f"mail spool: {house.mail} is writable for everybody",
             f"chmod +t {house.mail}")]


@faulty("the same with the sticky bit is no fault")
def _(house):
    house.mail.chmod(0o1777)
    return []


# ---- who looks, and how much there is --------------------------------------

@case("somebody else sees what he can, and says what he cannot")
def _():
    if not IS_ROOT:
        raise Skip("becomes another user")
    with sound_house() as house:
        state = house.root / "his"
        result = check(house, f"--state-dir={state}",
                       preexec_fn=become_owner(47119, 47119))
        spool = house.spool / "kvt.dk"
        equal(result.unlike_kernels(), [
            ("warning", f"{house.passwd}: cannot be read by this user",
             "sudo gnu-pop3d --check"),
            ("warning", f"{state}: No such file or directory",
             "gnu-pop3d makes it when it starts, or install -d -m 700 "
             f"{state}")], result.text)
        equal((result.status, spool.exists()), (0, True))


def make_many(house, count, secret="plain"):
    with open(house.passwd, "a", encoding="ascii") as passwd:
        for i in range(count):
            passwd.write(f"u{i}:{secret}:{OWNER}:{GROUP}::.:\n")
    for i in range(count):
        path = house.spool / "kvt.dk" / f"u{i}"
        path.write_bytes(FROM_LINE + b"Subject: x\n\nx\n\n")
        house.own(path)
        path.chmod(0o600)


@case("10000 users are looked over in seconds, and in few lines")
def _():
    with sound_house() as house:
        make_many(house, 10000)
        started = time.monotonic()
        result = check(house)
        assert time.monotonic() - started < 30, time.monotonic() - started
        equal(result.unlike_kernels(), [])
        assert len(result.text.splitlines()) < 30, result.text
        assert "passwd files: 10002 without fault" in result.fine, result.fine
        assert "mailboxes: 10003 without fault" in result.fine, result.fine

        shown = run_in_terminal(
            [DAEMON, *house.options(), "--check"], {"PATH": "", "TERM": "xterm"})
        assert b"\rpasswd files: 10000\x1b[K" in shown, shown[:500]
        assert b"\rmailboxes: 20000\x1b[K" in shown, shown[:500]


@case("of a thousand faults of a kind fifty are shown, and all are counted")
def _():
    with sound_house() as house:
        joe(house).chmod(0o602)  # in another section
        make_many(house, 1000, "!")
        result = check(house)
        equal(result.sums[:2], (1, 1000), result.text)
        items = result.unlike_kernels()
        equal(len(items), 52)
        equal(items[50], ("warning", "passwd files: and 950 more", None))
        equal(result.status, 78)


# ---- how it looks ----------------------------------------------------------

def on_terminal(house, **environment):
    return run_in_terminal(
        [DAEMON, *house.options(), "--check"],
        {"PATH": "", "TERM": "xterm", **environment})


@case("there are colours on a terminal, unless it or NO_COLOR forbids them")
def _():
    with sound_house() as house:
        (house.spool / "kvt.dk" / "bob.lock").touch()
        shown = on_terminal(house)
        assert b"\x1b[32mok       \x1b[0m" in shown, shown
        assert b"\x1b[33mwarning  \x1b[0m" in shown, shown
        for environment in ({"NO_COLOR": "1"}, {"TERM": "dumb"}, {"TERM": ""}):
            shown = on_terminal(house, **environment)
            assert b"\x1b" not in shown, (environment, shown)
            assert b"\r\nwarning  " in shown, (environment, shown)
        assert b"\x1b" in on_terminal(house, NO_COLOR="")
        plain = run(house, "--check").stdout
        assert "\x1b" not in plain and "\nwarning  " in plain, plain


@case("what cannot be written is an error of its own")
def _():
    with sound_house() as house, open("/dev/full", "w") as full:
        process = subprocess.run(
            [DAEMON, *house.options(), "--check"], stdout=full,
            stderr=subprocess.PIPE, timeout=60, check=False)
        equal(process.returncode, 74)


checking.main()
