"""gnu-pop3d --check=LOGIN: one login, step by step, without its password."""

import contextlib
import os
import subprocess
import sys

import checking
from checking import Result, run, sound_house, tree
from house import (FROM_LINE, GROUP, IS_ROOT, OWNER, become_owner,
                   hash_of)
from tap import Skip, case, equal

WORKS = "this login works, with the right password"


def follow(house, login, *options, **how):
    before = tree(house)
    result = Result(run(house, *options, f"--check={login}", **how))
    equal(tree(house), before, "changed")
    equal(result.status, 78 if result.sums[0] else 0, result.text)
    equal(result.errors, "")
    return result


def tells(result, *texts):
    for text in texts:
        assert text in result.fine, (text, result.text)


def fails(result, text, remedy):
    """The login is in vain, and this is the last word on it."""
    assert WORKS not in result.fine, result.text
    equal(result.items[-1], ("wrong", text, remedy), result.text)
    equal(result.status, 78)


@contextlib.contextmanager
def a_house():
    with sound_house() as house:
        house.joe = house.mailbox("joe", "kvt.dk")
        yield house


# ---- logins that work ------------------------------------------------------

@case("a virtual user with a plain-text password: every step")
def _():
    with a_house() as house:
        result = follow(house, "joe@kvt.dk")
        equal(result.items, [])
        equal(result.fine, [
            "name: joe@kvt.dk is user joe of virtual domain kvt.dk",
            f"account: {house.passwd}, line 2",
            f"identity: uid {OWNER}, gid {GROUP} is allowed by whom the "
            "passwd file belongs to, and from --min-uid on",
            "password: plain text",
            "methods: PASS, PLAIN, LOGIN, APOP, CRAM-MD5, SCRAM",
            f"mailbox: {house.joe}, in the virtual spool",
            f"mailbox: uid {OWNER}, mode 0600, "
            f"{house.joe.stat().st_size} octets, 2 messages",
            "locks: dotlock fcntl",
            "session: none",
            "journal: empty",
            WORKS])
        assert "words" not in result.text, result.text


@case("a virtual user with a hash, which is not shown")
def _():
    names = {"$6$": "SHA-512", "$y$": "yescrypt", "$2b$": "bcrypt",
             "$1$": "MD5"}
    with a_house() as house:
        for method, name in names.items():
            hashed = hash_of("secret", method)
            house.passwd.write_text(f"joe:{hashed}:{OWNER}:{GROUP}::.:\n")
            result = follow(house, "joe@kvt.dk")
            tells(result, f"password: {name}", "methods: PASS, PLAIN, LOGIN",
                  WORKS)
            assert hashed not in result.text, result.text


@case("the next word may be the login, with other options behind it")
def _():
    with a_house() as house:
        result = Result(run(house, "--check", "joe@kvt.dk", "--lock=fcntl"))
        tells(result, "locks: fcntl", WORKS)
        process = run(house, "--check", "joe@kvt.dk", "ann@kvt.dk")
        equal(process.returncode, 64)
        assert "'ann@kvt.dk' is no option" in process.stderr, process.stderr


@case("separators, upper case, and s- in front")
def _():
    with a_house() as house:
        for login in ("joe@kvt.dk", "joe%kvt.dk", "JOE:KVT.dk", "joe!kvt.dk",
                      "joe;kvt.dk"):
            tells(follow(house, login),
                  f"name: {login} is user joe of virtual domain kvt.dk", WORKS)
        tells(follow(house, "s-joe@kvt.dk"),
              "name: s- in front: Status: headers are left alone", WORKS)


@case("a user of the system, and what the default domain means")
def _():
    if not IS_ROOT:
        raise Skip("makes files of several users")
    with a_house() as house:
        for login in ("nobody", "nobody@example.org"):
            result = follow(house, login, "--default-domain=example.org")
            tells(result, f"name: {login} is user nobody of the system",
                  "account: users of the system, passwd and shadow",
                  "identity: uid 65534, gid 65534 is allowed: from --min-uid "
                  "on, and not root",
                  f"mailbox: {house.mail}/nobody, in the mail spool",
                  "mailbox: is not there, so it is empty",
                  "locks: the dotlock is made by the lock keeper, as the "
                  f"owner cannot write {house.mail}")
            equal("name: example.org is the default domain" in result.fine,
                  "@" in login)
            fails(result, "account locked", "passwd -S and chage -l tell more")
        result = follow(house, "nobody", "--min-uid=65535")
        fails(result, "uid below --min-uid",
              "passwd -S and chage -l tell more")
        fails(follow(house, "root"), "uid 0 is never served",
              "passwd -S and chage -l tell more")


@case("who is not root is told that only root can read shadow")
def _():
    if not IS_ROOT:
        raise Skip("becomes another user")
    with a_house() as house:
        result = follow(house, "nobody", "--state-dir=/nowhere",
                        preexec_fn=become_owner())
        fails(result, "only root can read the password of a system user",
              "sudo gnu-pop3d --check=USER")


@case("a mailbox at home")
def _():
    with a_house() as house:
        home = house.root / "home"
        (home / "Mail").mkdir(parents=True)
        (home / "Mail" / "mailbox").write_bytes(FROM_LINE + b"\nx\n\n")
        house.own(home / "Mail" / "mailbox")
        house.add_user("bob", "kvt.dk", "secret", home=home)
        result = follow(house, "bob@kvt.dk", "--home-mailbox=/Mail/mailbox")
        tells(result, f"mailbox: {home}/Mail/mailbox, the home mailbox",
              f"mailbox: uid {OWNER}, mode 0644, "
              f"{(home / 'Mail/mailbox').stat().st_size} octets, 1 message", WORKS)
        result = follow(house, "ann@kvt.dk", "--home-mailbox=/Mail/mailbox")
        tells(result, f"mailbox: {house.spool}/kvt.dk/ann, in the virtual "
              "spool", WORKS)


# ---- accounts that do not let in -------------------------------------------

@case("an unknown user, and an unknown domain")
def _():
    with a_house() as house:
        fails(follow(house, "bob@kvt.dk"),
              f"unknown user: no line of {house.passwd} is for bob",
              f"vi {house.passwd}")
        fails(follow(house, "joe@kvt.org"),
              "unknown domain: there is no directory "
              f"{house.virtual}/kvt.org",
              f"install -d -m 755 {house.virtual}/kvt.org")
        fails(follow(house, "no-such-user"),
              "unknown user: the system has no no-such-user",
              "adduser, or log in as USER@DOMAIN")


@case("names that nobody can have")
def _():
    with a_house() as house:
        for login, what in (("../joe@kvt.dk", "user name"), ("", "user name"),
                            ("joe.lock@kvt.dk", "user name"),
                            ("joe@../kvt.dk", "domain"),
                            ("j" * 600 + "@kvt.dk", "user name")):
            fails(follow(house, login),
                  f"the {what} has characters that are not served",
                  "choose another name: a-z, 0-9 and ._+- only")


@case("a locked account")
def _():
    with a_house() as house:
        house.add_user("bob", "kvt.dk", "*")
        fails(follow(house, "bob@kvt.dk"), "locked in the passwd file",
              f"vi +3 {house.passwd}")


@case("a line that counts for nothing, unless a good one is behind it")
def _():
    with a_house() as house:
        house.add_line("kvt.dk", f"bob:secret:1:{GROUP}::.:")
        fails(follow(house, "bob@kvt.dk"),
              "line 3 counts for nothing: the uid is below --min-uid",
              f"vi +3 {house.passwd}")
        house.add_user("bob", "kvt.dk", "secret")
        tells(follow(house, "bob@kvt.dk"),
              f"account: {house.passwd}, line 4", WORKS)


@case("a hash that crypt(3) does not know")
def _():
    with a_house() as house:
        house.add_user("bob", "kvt.dk", "$99$salt$hash")
        fails(follow(house, "bob@kvt.dk"),
              "the password is for a method that crypt(3) does not know, or "
              "no hash", f"vi +3 {house.passwd}")


@case("a passwd file that is not read")
def _():
    with a_house() as house:
        house.passwd.chmod(0o660)
        fails(follow(house, "joe@kvt.dk"),
              f"{house.passwd}: is writable for group or others; chmod "
              "go-w", f"chmod go-w {house.passwd}")
        house.passwd.chmod(0o600)
        house.passwd.parent.chmod(0o777)
        fails(follow(house, "joe@kvt.dk"),
              f"{house.passwd}: lies in a directory that group or others can "
              "write", f"chmod go-w {house.passwd.parent}")
        house.passwd.parent.chmod(0o755)
        house.passwd.unlink()
        fails(follow(house, "joe@kvt.dk"),
              f"{house.passwd}: cannot be opened: No such file or directory",
              f"ls -lL {house.passwd}")


@case("--require-secure leaves the methods that show no password")
def _():
    with a_house() as house:
        tells(follow(house, "joe@kvt.dk", "--require-secure"),
              "methods: APOP, CRAM-MD5, SCRAM", WORKS)
        tells(follow(house, "joe@kvt.dk", "--challenges=no"),
              "methods: PASS, PLAIN, LOGIN", WORKS)
        house.add_user("bob", "kvt.dk", hash_of("secret", "$6$"))
        fails(follow(house, "bob@kvt.dk", "--require-secure"),
              "--require-secure: no connection counts as protected",
              "--secure or --proxy-from")
        tells(follow(house, "bob@kvt.dk", "--require-secure", "--secure"),
              "methods: PASS, PLAIN, LOGIN", WORKS)


# ---- mailboxes that cannot be had ------------------------------------------

@case("a mailbox of another user")
def _():
    if not IS_ROOT:
        raise Skip("makes files of several users")
    with a_house() as house:
        os.chown(house.joe, 47119, 47119)
        result = follow(house, "joe@kvt.dk")
        fails(result, f"{house.joe}: belongs to another user; chown it to the "
              "mailbox owner", f"chown {OWNER}:{GROUP} {house.joe}")
        tells(result, "mailbox: uid 47119, mode 0600, "
              f"{house.joe.stat().st_size} octets, 2 messages")


@case("a file that is not an mbox is shown as empty, and the login works")
def _():
    with a_house() as house:
        house.joe.write_bytes(b"hello\n")
        result = follow(house, "joe@kvt.dk")
        equal(result.items, [(
            "wrong", f"{house.joe}: not an mbox, shown as empty and left "
            "alone", f"head -n 1 {house.joe}")])
        tells(result, WORKS)


# ---- locks -----------------------------------------------------------------

@contextlib.contextmanager
def holding(path, method):
    """A process that has locked the file: a lock of ours would vanish when
    tree() closes the file.  Yields its id."""
    program = ("import fcntl, sys\nfile = open(sys.argv[1], 'r+b')\n"
               f"fcntl.{method}(file, fcntl.LOCK_EX)\n"
               "print(flush=True)\nsys.stdin.read()")
    with subprocess.Popen([sys.executable, "-c", program, path],
                          stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        yield process.pid
        process.stdin.close()


@case("a session that has the mailbox, and its process")
def _():
    with a_house() as house:
        with house.inetd() as client:
            client.login("joe@kvt.dk", "words")
            result = follow(house, "joe@kvt.dk")
            fails(result,
                  f"open in another session, pid {client.process.pid}",
                  f"wait, or kill -TERM {client.process.pid}")
            client.ok("QUIT")
        tells(follow(house, "joe@kvt.dk"), "session: none", WORKS)


@case("a dotlock of another program, of whom and since when; or a stale one")
def _():
    with a_house() as house:
        lock = house.joe.parent / "joe.lock"
        lock.write_text(f"{os.getpid()}\n")
        result = follow(house, "joe@kvt.dk")
        level, text, remedy = result.items[-1]
        assert text.startswith(
            f"{lock}: locked by process {os.getpid()}, "), text
        equal((level, remedy), ("wrong", f"wait; if it stays, rm {lock}"))
        tells(follow(house, "joe@kvt.dk", "--lock=fcntl"), WORKS)
        os.utime(lock, (1, 1))
        tells(follow(house, "joe@kvt.dk"),
              f"locks: {lock} is stale, and is removed by the login", WORKS)


@case("a lock of the kernel, and whose it is")
def _():
    text = "{}: locked by another program"
    with a_house() as house:
        with holding(house.joe, "lockf") as pid:
            fails(follow(house, "joe@kvt.dk"), text.format(house.joe),
                  f"ps -p {pid}")
            tells(follow(house, "joe@kvt.dk", "--lock=dotlock"), WORKS)
        with holding(house.joe, "flock") as pid:
            tells(follow(house, "joe@kvt.dk"), WORKS)
            fails(follow(house, "joe@kvt.dk", "--lock=dotlock,flock"),
                  text.format(house.joe), f"ps -p {pid}")


@case("a journal that is waiting")
def _():
    with a_house() as house:
        with house.inetd() as client:
            client.login("joe@kvt.dk", "words")
            client.ok("QUIT")
        for journal in house.state.glob("*joe.j0"):
            journal.write_bytes(b"half a step")
        tells(follow(house, "joe@kvt.dk"),
              "journal: an update was interrupted; the login finishes it",
              WORKS)


checking.main()
