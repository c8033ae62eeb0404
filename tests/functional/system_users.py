"""Users of the system, with a spool that only root and group mail may write:
the lock keeper, the login child, and who each process is.

Makes real users, tpop3a and so on, and removes them at the end."""

import contextlib
import fcntl
import grp
import hashlib
import os
import pathlib
import pwd
import re
import signal
import stat
import subprocess
import time

import tap
from house import House, IS_ROOT, children_of, hash_of, status_of
from mechanisms import cram, plain, scram
from tap import case, equal
from watch import Watch

MESSAGE = b"Subject: mine\n\nmine\n"
FROM_LINE = b"From x@example.com Sun Nov 22 07:00:00 2026\n"
REFUSED = b"-ERR [AUTH] wrong user name or password"
UNSAFE = b"-ERR [SYS/PERM] mailbox is not safe to open, tell the administrator"

# name: options of useradd
USERS = {
    "tpop3a": [], "tpop3b": [],
    "tpop3expired": ["-e", "2020-01-01"],
    "tpop3locked": [], "tpop3change": [], "tpop3old": [],
}


# ---- the users -------------------------------------------------------------

def run(*command):
    """User tools exit with 1 or 10 while somebody else holds their lock."""
    for _try in range(50):
        done = subprocess.run(command, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        if b"lock" not in done.stdout:
            break
        time.sleep(0.2)
    return done


def must_run(*command):
    done = run(*command)
    assert done.returncode == 0, (command, done.stdout)


def remove_users():
    for name in USERS:
        with contextlib.suppress(KeyError):
            pwd.getpwnam(name)
            must_run("userdel", name)


def make_user(name):
    must_run("useradd", "-M", "-N", "-g", "users", "-d", "/nonexistent",
             "-s", "/usr/sbin/nologin", "-p", hash_of("secret", "$5$"),
             *USERS[name], name)


def make_users():
    remove_users()
    for name in USERS:
        make_user(name)
    must_run("usermod", "-L", "tpop3locked")
    must_run("chage", "-d", "0", "tpop3change")
    must_run("chage", "-d", "2020-01-01", "-M", "10", "-I", "5", "tpop3old")


def system_case(sentence):
    def register(function):
        def needs_root():
            if not IS_ROOT:
                raise tap.Skip("needs root to make users of the system")
            with spool_house() as house:
                function(house)
        return case(sentence)(needs_root)
    return register


@contextlib.contextmanager
def spool_house():
    """House whose mail spool is as Debian's /var/mail: 2775 root:mail."""
    with House() as house:
        os.chown(house.mail, 0, grp.getgrnam("mail").gr_gid)
        house.mail.chmod(0o2775)
        for name in USERS:
            path = house.mail / name
            path.write_bytes(FROM_LINE + MESSAGE + b"\n")
            path.chmod(0o660)
            os.chown(path, pwd.getpwnam(name).pw_uid,
                     grp.getgrnam("mail").gr_gid)
        yield house


def make_large(house, name):
    """A mailbox whose scan takes a while, without taking any disk."""
    with open(house.mail / name, "r+b") as mailbox:
        mailbox.truncate(1 << 30)


def ids(name):
    user = pwd.getpwnam(name)
    return str(user.pw_uid), str(user.pw_gid)


def no_capabilities(status):
    for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        equal(int(status[name][0], 16), 0, name)


# ---- logging in ------------------------------------------------------------

@system_case("a user of the system logs in with his shadow hash")
def _(house):
    path = house.mail / "tpop3a"
    before = path.stat()
    with house.inetd() as client:
        client.login("tpop3a", "secret")
        equal(client.ok("STAT"), b"+OK 1 23")
        client.ok("DELE 1")
        client.ok("QUIT")
    after = path.stat()
    equal((after.st_ino, after.st_uid, after.st_gid, after.st_mode,
           after.st_size), (before.st_ino, before.st_uid, before.st_gid,
                            before.st_mode, 0))
    house.logged(r"login method=password user=tpop3a addr=-")


@system_case("the name of the default domain may stand behind the user")
def _(house):
    house.add_user("joe", "kvt.dk", "other")
    for name in ("tpop3a@example.dk", "TPOP3A%Example.DK", "tpop3a"):
        with house.inetd("--default-domain=example.dk") as client:
            client.login(name, "secret")
    equal(house.attempts([("tpop3a@example.dk", "secret")])[0].reply, REFUSED)


def refused(house, name, password):
    with house.connect() as client:
        client.greet()
        client.ok(f"USER {name}")
        equal(client.ask(f"PASS {password}"), REFUSED)


def remembered(house, name, password):
    """Logs in; True if crypt(3) was spared."""
    before = house.log().count("the password is remembered")
    with house.connect() as client:
        client.login(name, password)
        client.ok("QUIT")
    return house.log().count("the password is remembered") == before + 1


@contextlib.contextmanager
def new_afterwards(name):
    try:
        yield
    finally:
        run("userdel", name)
        make_user(name)


@system_case("with --auth-cache, shadow counts at each login as ever")
def _(house):
    name = "tpop3b"
    house.start_daemon("--auth-cache=600", "--debug=140")
    with new_afterwards(name):
        equal([remembered(house, name, "secret") for _ in range(3)],
              [False, True, True])
        must_run("usermod", "-e", "2020-01-01", name)
        refused(house, name, "secret")
        house.logged(f'reason="account expired" method=password user={name}')
        must_run("usermod", "-e", "", name)
        must_run("usermod", "-L", name)
        refused(house, name, "secret")
        house.logged(f'reason="account locked" method=password user={name}')
        must_run("usermod", "-U", name)
        equal(remembered(house, name, "secret"), True)
        must_run("usermod", "-p", hash_of("other", "$5$"), name)
        refused(house, name, "secret")
        equal([remembered(house, name, "other") for _ in range(2)],
              [False, True])
        must_run("userdel", name)
        refused(house, name, "other")
        house.logged(f'reason="unknown user" method=password user={name}')


@system_case("row 26: expired, locked and low accounts are refused alike")
def _(house):
    reasons = {"tpop3expired": "account expired",
               "tpop3locked": "account locked",
               "tpop3change": "password must be changed first",
               "tpop3old": "password expired"}
    for name, attempt in zip(reasons, house.attempts(
            [(name, "secret") for name in reasons])):
        equal(attempt.reply, REFUSED, name)
        assert attempt.seconds >= 0.9, name
        house.logged(f'reason="{reasons[name]}" method=password '
                     f"user={name} addr=-")
    least = int(ids("tpop3a")[0]) + 1
    equal(house.attempts([("tpop3a", "secret")],
                         f"--min-uid={least}")[0].reply, REFUSED)
    house.logged('reason="uid below --min-uid" method=password user=tpop3a')
    equal(house.attempts([("root", "secret")])[0].reply, REFUSED)
    house.logged('reason="(uid 0 is never served|account locked)" '
                 "method=password user=root addr=-")


@system_case("row 24: unknown users of the system are refused as wrong ones")
def _(house):
    known, unknown, stolen = house.attempts([
        ("tpop3a", "wrong"), ("tpop3-nobody", "wrong"),
        ("tpop3a", stolen_hash("tpop3a"))])
    for attempt in (known, unknown, stolen):
        equal(attempt.reply, REFUSED)
        assert attempt.seconds >= 0.9
    assert abs(known.seconds - unknown.seconds) < 1.0


def stolen_hash(name):
    shadow = pathlib.Path("/etc/shadow").read_text()
    return re.search(f"^{name}:([^:]+):", shadow, re.M).group(1)


# ---- the APOP file -----------------------------------------------------------

def apop(client, user, secret):
    stamp = re.search(rb"<.*>", client.greeting).group()
    digest = hashlib.md5(stamp + secret.encode()).hexdigest()
    return client.ask(f"APOP {user} {digest}")


def by_password(client, user, secret):
    client.ok(f"USER {user}")
    return client.ask(f"PASS {secret}")


PROOFS = {"apop": apop, "cram-md5": cram, "scram-sha-1": scram("SCRAM-SHA-1"),
          "scram-sha-256": scram("SCRAM-SHA-256")}


def try_method(house, method, user, secret):
    """The reply; whether APOP is offered is in the greeting."""
    with house.inetd() as client:
        client.greet()
        return method(client, user, secret)


def write_apop_file(house, text, mode=0o600):
    path = house.root / "apop"
    path.write_text(text)
    path.chmod(mode)


@system_case("users in the APOP file prove themselves by every method")
def _(house):
    write_apop_file(house, "# of 0.9.8\nTPOP3A:two words: one\n")
    for name, method in PROOFS.items():
        equal(try_method(house, method, "tpop3a", "two words: one"),
              b"+OK logged in", name)
        house.logged(f"login method={name} user=tpop3a addr=-")
        for user, secret in (("tpop3a", "secret"), ("tpop3a", ""),
                             ("tpop3b", "two words: one"), ("tpop3b", ""),
                             ("tpop3a@kvt.dk", "two words: one")):
            equal(try_method(house, method, user, secret), REFUSED,
                  f"{name} {user} {secret}")
    house.logged('reason="method needs a plain-text secret" method=apop '
                 "user=tpop3b")


@system_case("a password that is sent is compared with shadow only")
def _(house):
    write_apop_file(house, "tpop3a:other\n")
    for method in (by_password, plain):
        equal(try_method(house, method, "tpop3a", "other"), REFUSED)
        equal(try_method(house, method, "tpop3a", "secret"), b"+OK logged in")


@system_case("row 26: the APOP file opens no account that is locked or expired")
def _(house):
    write_apop_file(house, "".join(f"{name}:other\n" for name in USERS) +
                    "root:other\n")
    for name in USERS:
        if name not in ("tpop3a", "tpop3b"):
            equal(try_method(house, apop, name, "other"), REFUSED, name)
    equal(try_method(house, apop, "root", "other"), REFUSED)
    house.logged('reason="account locked" method=apop user=tpop3locked')
    house.logged('reason="account expired" method=apop user=tpop3expired')


@system_case("an APOP file that others may read opens nothing, PASS goes on")
def _(house):
    write_apop_file(house, "tpop3a:other\n", 0o640)
    house.add_user("joe", "kvt.dk", "plain")  # APOP is offered
    equal(try_method(house, apop, "tpop3a", "other"), REFUSED)
    house.logged("apop: is open to group or others; chmod it to 600; APOP "
                 "for users of the system fails")
    equal(try_method(house, by_password, "tpop3a", "secret"),
          b"+OK logged in")


@system_case("APOP is offered if the APOP file has a secret, and only then")
def _(house):
    for text, is_offered in (("tpop3a:other\n", True), ("# none\n", False),
                             ("tpop3a:\n", False)):
        write_apop_file(house, text)
        with house.inetd() as client:
            equal(b"<" in client.greet().greeting, is_offered, text)


# ---- isolation -------------------------------------------------------------

@system_case("a virtual user of the same name opens another mailbox")
def _(house):
    house.add_user("tpop3a", "kvt.dk", "virtual")
    with house.inetd() as client:
        client.login("tpop3a@kvt.dk", "virtual")
        equal(client.ok("STAT"), b"+OK 0 0")
    for attempt in house.attempts([("tpop3a@kvt.dk", "secret"),
                                   ("tpop3a", "virtual")]):
        equal(attempt.reply, REFUSED)


@system_case("row 21: path tricks reach no mailbox of the system")
def _(house):
    house.add_user("joe", "kvt.dk", "secret")
    house.write_mailbox("joe", "kvt.dk", [])
    for attempt in house.attempts([(name, "secret") for name in (
            "../mail/tpop3a", "./tpop3a", "tpop3a/", "/tpop3a", "tpop3a@.",
            "tpop3a@", "tpop3a@/", "tpop3a@..", "joe@kvt.dk/../../mail",
            "tpop3a@../mail", "../../mail/tpop3a@kvt.dk", "tpop3a.lock")]):
        # "tpop3a@" names no domain and so the user of the system himself.
        assert attempt.reply in (REFUSED, b"+OK logged in"), attempt.reply
    logins = set(re.findall(r"login method=\w+ user=(\S+)", house.log()))
    assert logins <= {"tpop3a"}, logins


@system_case("row 31: a spool file of another user is not opened")
def _(house):
    path = house.mail / "tpop3b"
    os.chown(path, int(ids("tpop3a")[0]), -1)
    equal(house.attempts([("tpop3b", "secret")])[0].reply, UNSAFE)
    path.unlink()
    path.symlink_to("tpop3a")
    equal(house.attempts([("tpop3b", "secret")])[0].reply, UNSAFE)
    path.unlink()
    os.link(house.mail / "tpop3a", path)
    equal(house.attempts([("tpop3b", "secret")])[0].reply, UNSAFE)
    equal((house.mail / "tpop3a").read_bytes(), FROM_LINE + MESSAGE + b"\n")


@system_case("row 32: a home mailbox that links to another's spool is refused")
def _(house):
    home = house.root / "home"
    (home / "Mail").mkdir(parents=True)
    must_run("usermod", "-d", str(home), "tpop3b")
    for path in (home, home / "Mail"):
        os.chown(path, int(ids("tpop3b")[0]), -1)
    box = home / "Mail" / "tpop3a"
    try:
        box.symlink_to(house.mail / "tpop3a")
        os.chown(box, int(ids("tpop3b")[0]), -1, follow_symlinks=False)
        equal(house.attempts([("tpop3b", "secret")],
                             "--home-mailbox=/Mail/tpop3a")[0].reply, UNSAFE)
        box.unlink()
        (home / "Mail").rmdir()
        (home / "Mail").symlink_to(house.mail)
        equal(house.attempts([("tpop3b", "secret")],
                             "--home-mailbox=/Mail/tpop3a")[0].reply, UNSAFE)
        equal(sorted(os.listdir(house.mail)), sorted(USERS))
    finally:
        must_run("usermod", "-d", "/nonexistent", "tpop3b")


# ---- processes -------------------------------------------------------------

@system_case("before login a child without any right talks to the client")
def _(house):
    with house.inetd() as client:
        client.greet()
        child, = children_of(client.process.pid)
        status = status_of(child)
        nobody = pwd.getpwnam("nobody")
        with contextlib.suppress(KeyError):
            nobody = pwd.getpwnam("pop3d")
        equal(status["Uid"], [str(nobody.pw_uid)] * 4)
        equal(status["Gid"], [str(nobody.pw_gid)] * 4)
        assert set(status["Groups"]) <= {str(nobody.pw_gid)}, status["Groups"]
        no_capabilities(status)
        equal(os.readlink(f"/proc/{child}/root"), str(house.state / "empty"))
        equal(os.listdir(f"/proc/{child}/root"), [])
        equal(os.readlink(f"/proc/{child}/cwd"), str(house.state / "empty"))
        empty = (house.state / "empty").stat()
        equal((empty.st_uid, stat.S_IMODE(empty.st_mode) & 0o022), (0, 0))
        limits = pathlib.Path(f"/proc/{child}/limits").read_text()
        assert re.search(r"Max processes +0 +0 ", limits), limits
        assert re.search(r"Max core file size +0 +0 ", limits), limits
        assert len(os.listdir(f"/proc/{child}/fd")) <= 4
        client.login("tpop3a", "secret")
        assert child not in children_of(client.process.pid)


@system_case("--login-user chooses who the child is; root is refused")
def _(house):
    with house.inetd("--login-user=tpop3b") as client:
        client.greet()
        child, = children_of(client.process.pid)
        equal(status_of(child)["Uid"], [ids("tpop3b")[0]] * 4)
    for name in ("root", "tpop3-nobody"):
        client = house.inetd(f"--login-user={name}")
        assert client.is_ended()
        equal(client.process.wait(timeout=10), 78)
        house.logged(f"login user {name} does not exist or is root")
        client.close()


@system_case("after login the session is the user in all four numbers")
def _(house):
    uid, gid = ids("tpop3a")
    with house.inetd() as client:
        client.login("tpop3a", "secret")
        status = status_of(client.process.pid)
        equal(status["Uid"], [uid] * 4)
        equal(status["Gid"], [gid] * 4)
        assert set(status["Groups"]) <= {gid}, status["Groups"]
        no_capabilities(status)


@system_case("group mail is the lock keeper's alone, and he is not root")
def _(house):
    mail = str(grp.getgrnam("mail").gr_gid)
    with house.inetd() as client:
        client.login("tpop3a", "secret")
        session = client.process.pid
        keeper, = children_of(session)
        own = status_of(session)
        assert mail not in own["Gid"] + own["Groups"], own
        status = status_of(keeper)
        assert "0" not in status["Uid"] + status["Gid"], status
        assert ids("tpop3a")[0] not in status["Uid"], status["Uid"]
        equal(status["Gid"], [mail] * 4)
        no_capabilities(status)
        # Neither the client nor the mailbox is in his hands.
        assert len(os.listdir(f"/proc/{keeper}/fd")) <= 3
        client.ok("QUIT")
        client.close()
        house.wait_for(lambda: not os.path.exists(f"/proc/{keeper}"),
                       "the lock keeper to end")


@system_case("the dotlock stands in the spool while the mailbox is scanned")
def _(house):
    make_large(house, "tpop3a")
    lock = house.mail / "tpop3a.lock"
    with house.inetd() as client:
        client.socket.settimeout(120)
        client.greet()
        client.ok("USER tpop3a")
        client.send(b"PASS secret\r\n")
        house.wait_for(lock.exists, "the dotlock")
        status, pid = lock.stat(), int(lock.read_text())
        assert status.st_uid != 0 and stat.S_ISREG(status.st_mode)
        equal(str(status.st_gid), str(grp.getgrnam("mail").gr_gid))
        assert pid in [client.process.pid] + children_of(client.process.pid)
        assert client.line().startswith(b"+OK")
        equal(os.path.exists(lock), False, "dotlock after the scan")
        equal(client.ok("STAT").split()[1], b"1")


@system_case("a session that is killed while it scans leaves no dotlock")
def _(house):
    make_large(house, "tpop3a")
    lock = house.mail / "tpop3a.lock"
    with house.inetd() as client:
        client.greet()
        client.ok("USER tpop3a")
        client.send(b"PASS secret\r\n")
        house.wait_for(lock.exists, "the dotlock")
        client.process.send_signal(signal.SIGKILL)
        client.process.wait(timeout=10)
        house.wait_for(lambda: not lock.exists(), "the dotlock to vanish")
    equal(sorted(os.listdir(house.mail)), sorted(USERS))


@system_case("dotlock comes first, and all is given back while fcntl is held")
def _(house):
    watch = Watch(house.mail)
    with open(house.mail / "tpop3a", "r+b") as mailbox:
        fcntl.lockf(mailbox, fcntl.LOCK_EX)
        with house.inetd() as client:
            client.greet()
            client.ok("USER tpop3a")
            client.send(b"PASS secret\r\n")
            time.sleep(1.0)
            locks = [mask for name, mask in watch.events()
                     if name == "tpop3a.lock"]
            assert len(locks) >= 4, locks
            equal(locks[:4], [watch.CREATED, watch.REMOVED] * 2)
            fcntl.lockf(mailbox, fcntl.LOCK_UN)
            assert client.line().startswith(b"+OK")
            client.ok("DELE 1")
            client.ok("QUIT")
    locks = [mask for name, mask in watch.events() if name == "tpop3a.lock"]
    equal(locks[-2:], [watch.CREATED, watch.REMOVED])
    equal(sorted(os.listdir(house.mail)), sorted(USERS))


if IS_ROOT:
    make_users()
try:
    tap.main()
finally:
    if IS_ROOT:
        remove_users()
