"""Nobody opens the mailbox of somebody else, whatever is typed, written into
a passwd file, or put in the place of a mailbox."""

import contextlib
import os
import socket
import stat

import tap
from house import (House, IS_ROOT, OWNER, GROUP, children_of, status_of)
from tap import case, equal

MINE = b"Subject: mine\n\nmine\n"
THEIRS = b"Subject: theirs\n\ntheirs\n"
REFUSED = b"-ERR [AUTH] wrong user name or password"
UNSAFE = b"-ERR [SYS/PERM] mailbox is not safe to open, tell the administrator"
MALLORY = OWNER + 1


def needs_root():
    if not IS_ROOT:
        raise tap.Skip("needs root for files of several users")


@contextlib.contextmanager
def two_domains():
    """joe in kvt.dk and ann in other.dk, with the same password."""
    with House() as house:
        house.add_user("joe", "kvt.dk", "secret")
        house.add_user("ann", "other.dk", "secret")
        house.write_mailbox("joe", "kvt.dk", [MINE])
        house.write_mailbox("ann", "other.dk", [THEIRS, THEIRS])
        yield house


def messages(house, user, *options):
    with house.inetd(*options) as client:
        client.login(user, "secret")
        count = int(client.ok("STAT").split()[1])
        return [client.retr(number + 1)[1] for number in range(count)]


def reply_of(house, user, *options):
    return house.attempts([(user, "secret")], *options)[0].reply


# ---- names -----------------------------------------------------------------

@case("row 21: no trick in a name leads out of its domain")
def _():
    names = [
        "user@../../etc", "ann@.", "ann@", "ann@a/b", "../x@kvt.dk",
        ".hidden@kvt.dk", "ann@kvt.dk", "joe@other.dk",
        "../other.dk/ann@kvt.dk", "ann@kvt.dk/../other.dk",
        "ann@../etc/other.dk", "ann@./other.dk", "ann@other.dk/",
        "ann@other.dk/.", "ann@other.dk.", "ann@.other.dk", "ann@other..dk",
        "./ann@other.dk", "/ann@other.dk", "ann/@other.dk", "ann/.@other.dk",
        "joe@kvt.dk@other.dk", "ann@other.dk@kvt.dk", "ann%other.dk@kvt.dk",
        "joe%kvt.dk@other.dk", "ann@other.dk%kvt.dk", "other.dk/ann",
        "ann@*", "*@other.dk", "ann@other?dk", "ann@[o]ther.dk", "@other.dk",
        "..@other.dk", "ann@..", "ann@../etc", "passwd@other.dk",
        "ann.lock@other.dk", "ann.new@other.dk", "ann.old@other.dk",
        "a" * 65 + "@other.dk", "ann@" + "a" * 254,
        "ann@" + "/." * 100 + "other.dk", "~ann@other.dk", "ann~@other.dk",
        "ann\\@other.dk", "ann@other.dk\\", "-ann@other.dk", "+ann@other.dk",
        "ann@xn--other.dk", "ann+x@other.dk", "s-ann@kvt.dk", "s-@other.dk",
        "s-../other.dk/ann@kvt.dk", "ann\t@other.dk", "ann@other.dk\t",
    ]
    with two_domains() as house:
        for name, attempt in zip(names, house.attempts(
                [(name, "secret") for name in names])):
            equal(attempt.reply, REFUSED, name)
        equal(messages(house, "joe@kvt.dk"), [b"Subject: mine\r\n\r\nmine\r\n"])
        assert "theirs" not in house.log()


@case("the same name in two domains is two accounts with two mailboxes")
def _():
    with House() as house:
        for domain, text in (("kvt.dk", MINE), ("other.dk", THEIRS)):
            house.add_user("joe", domain, f"secret-{domain}")
            house.write_mailbox("joe", domain, [text])
        for domain, word in (("kvt.dk", b"mine"), ("other.dk", b"theirs")):
            with house.inetd() as client:
                client.login(f"joe@{domain}", f"secret-{domain}")
                equal(client.ok("STAT").split()[1], b"1")
                assert word in client.retr(1)[1]
        for attempt in house.attempts([("joe@kvt.dk", "secret-other.dk"),
                                       ("joe@other.dk", "secret-kvt.dk")]):
            equal(attempt.reply, REFUSED)


@case("a virtual user without a mailbox does not see the system's of his name")
def _():
    with two_domains() as house:
        house.add_user("ann", "kvt.dk", "secret")
        (house.mail / "ann").write_bytes(
            b"From x Sun Nov 22 07:00:00 2026\n" + THEIRS + b"\n")
        house.own(house.mail / "ann")
        equal(messages(house, "ann@kvt.dk"), [])


@case("a domain that is a symbolic link out of the virtual directory has only "
      "its own passwd file")
def _():
    with two_domains() as house:
        (house.virtual / "alias.dk").symlink_to("kvt.dk")
        equal(messages(house, "joe@alias.dk"), [])
        equal(reply_of(house, "ann@alias.dk"), REFUSED)


# ---- whose uid a passwd file may name ---------------------------------------

@case("a domain owner's passwd file may name no other uid or gid")
def _():
    needs_root()
    with two_domains() as house:
        for user, ids in (("uid", f"{MALLORY}:{GROUP}"),
                          ("gid", f"{OWNER}:8"), ("root", "0:0"),
                          ("rootgid", f"{OWNER}:0")):
            house.add_line("kvt.dk", f"{user}:secret:{ids}::.:")
            house.write_mailbox(user, "kvt.dk", [THEIRS])
        for user in ("uid", "gid", "root", "rootgid"):
            equal(reply_of(house, f"{user}@kvt.dk"), REFUSED, user)
        passwd = house.virtual / "kvt.dk" / "passwd"
        for line, why in ((2, "names another uid than the owner"),
                          (3, "names a gid that is not the owner's"),
                          (4, "uid 0 is never served"),
                          (5, "gid 0 is never served")):
            house.logged(f"{passwd}: line {line} skipped: {why}")
        equal(len(messages(house, "joe@kvt.dk")), 1)


@case("a passwd file of root may name any uid from --min-uid, but never 0")
def _():
    needs_root()
    with House() as house:
        for user, uid in (("joe", OWNER), ("ann", MALLORY), ("zero", 0),
                          ("low", 99), ("least", 100)):
            house.add_line("kvt.dk", f"{user}:secret:{uid}:{GROUP}::.:",
                           uid=0, gid=0)
            house.write_mailbox(user, "kvt.dk", [MINE], uid=uid)
        os.chmod(house.spool / "kvt.dk", 0o777)
        for user in ("joe", "ann", "least"):
            equal(len(messages(house, f"{user}@kvt.dk")), 1)
        for user in ("zero", "low"):
            equal(reply_of(house, f"{user}@kvt.dk"), REFUSED, user)
        house.logged("line 3 skipped: uid 0 is never served")
        house.logged("line 4 skipped: the uid is below --min-uid")
        equal(reply_of(house, "joe@kvt.dk", f"--min-uid={OWNER + 1}"), REFUSED)
        equal(len(messages(house, "ann@kvt.dk", f"--min-uid={OWNER + 1}")), 1)


@case("a passwd file that is a link into the owner's home works")
def _():
    with two_domains() as house:
        home = house.root / "home"
        home.mkdir()
        house.own(home)
        passwd = house.virtual / "kvt.dk" / "passwd"
        passwd.rename(home / "virtual-passwd")
        passwd.symlink_to(home / "virtual-passwd")
        equal(len(messages(house, "joe@kvt.dk")), 1)


@case("row 28: a passwd file that links to another user's may name only him")
def _():
    needs_root()
    with two_domains() as house:
        passwd = house.virtual / "kvt.dk" / "passwd"
        forged = house.root / "forged"
        forged.write_text(f"joe:secret:{OWNER}:{GROUP}::.:\n")
        os.chown(forged, MALLORY, GROUP)
        forged.chmod(0o600)
        passwd.unlink()
        passwd.symlink_to(forged)
        equal(reply_of(house, "joe@kvt.dk"), REFUSED)
        house.logged(f"{passwd}: line 1 skipped: names another uid")


@case("a link in the owner's home cannot make a file of root a passwd file")
def _():
    needs_root()
    with two_domains() as house:
        home = house.root / "home"
        home.mkdir()
        house.own(home)
        passwd = house.virtual / "kvt.dk" / "passwd"
        secret = house.root / "a-log-of-root"
        secret.write_text(f"joe:secret:{MALLORY}:{GROUP}::.:\n")
        secret.chmod(0o644)
        (home / "virtual-passwd").symlink_to(secret)
        passwd.unlink()
        passwd.symlink_to(home / "virtual-passwd")
        assert reply_of(house, "joe@kvt.dk").startswith(b"-ERR [SYS/TEMP]")
        house.logged(f"{passwd}: is a link to a file of root; ")


# ---- what may stand in the place of a mailbox ------------------------------

def not_opened(house, path, before=None):
    reply = reply_of(house, "joe@kvt.dk")
    equal(reply, UNSAFE)
    house.logged(rf"mailbox trouble: {path}: .*user=joe@kvt\.dk addr=-")
    if before is not None:
        equal(path.read_bytes(), before)
    assert not path.with_name("joe.lock").exists()


@case("row 31: a symbolic link is not opened as a mailbox")
def _():
    with two_domains() as house:
        path = house.mailbox("joe", "kvt.dk")
        victim = house.mailbox("ann", "other.dk")
        for target in (victim, "/dev/null", "/etc/shadow", "nothing"):
            path.unlink()
            path.symlink_to(target)
            before = victim.read_bytes()
            not_opened(house, path)
            equal(victim.read_bytes(), before)


@case("row 31: a hard link to another mailbox is not opened")
def _():
    with two_domains() as house:
        path = house.mailbox("joe", "kvt.dk")
        path.unlink()
        os.link(house.mailbox("ann", "other.dk"), path)
        not_opened(house, path, path.read_bytes())


@case("row 31: a FIFO, a directory or a socket is not opened as a mailbox")
def _():
    with two_domains() as house:
        path = house.mailbox("joe", "kvt.dk")
        path.unlink()
        os.mkfifo(path, 0o600)
        house.own(path)
        not_opened(house, path)
        path.unlink()
        path.mkdir(0o700)
        house.own(path)
        not_opened(house, path)
        path.rmdir()
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
            house.own(path)
            not_opened(house, path)


@case("row 31: a file of another user is not opened, readable or not")
def _():
    needs_root()
    with two_domains() as house:
        path = house.mailbox("joe", "kvt.dk")
        for uid, mode in ((MALLORY, 0o666), (MALLORY, 0o660),
                          (MALLORY, 0o600), (0, 0o644), (0, 0o600)):
            os.chown(path, uid, GROUP)
            path.chmod(mode)
            not_opened(house, path, path.read_bytes())
        os.chown(path, OWNER, GROUP)
        path.chmod(0o600)
        equal(len(messages(house, "joe@kvt.dk")), 1)


@case("row 31: a mailbox that everybody can write is not opened")
def _():
    with two_domains() as house:
        path = house.mailbox("joe", "kvt.dk")
        path.chmod(0o602)
        not_opened(house, path, path.read_bytes())


@case("a home that is somebody else's gives nobody his mail")
def _():
    needs_root()
    with two_domains() as house:
        home = house.root / "victim"
        (home / "Mail").mkdir(parents=True)
        box = home / "Mail" / "mailbox"
        box.write_bytes(b"From x Sun Nov 22 07:00:00 2026\n" + THEIRS + b"\n")
        house.add_user("eve", "kvt.dk", "secret", home=str(home))
        for mode in (0o600, 0o644, 0o666):
            box.chmod(mode)
            os.chown(box, MALLORY, GROUP)
            equal(reply_of(house, "eve@kvt.dk",
                           "--home-mailbox=/Mail/mailbox"), UNSAFE, oct(mode))


# ---- as whom the programs run ----------------------------------------------

@case("the session runs as the mailbox owner in every respect")
def _():
    needs_root()
    with two_domains() as house:
        with house.inetd() as client:
            client.login("joe@kvt.dk", "secret")
            status = status_of(client.process.pid)
            equal(status["Uid"], [str(OWNER)] * 4)
            equal(status["Gid"], [str(GROUP)] * 4)
            assert set(status["Groups"]) <= {str(GROUP)}, status["Groups"]
            for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
                equal(int(status[name][0], 16), 0, name)
            equal(children_of(client.process.pid), [])
            for link in os.listdir(f"/proc/{client.process.pid}/fd"):
                target = os.readlink(f"/proc/{client.process.pid}/fd/{link}")
                assert not target.startswith(str(house.virtual)), target


@case("what is made for a mailbox belongs to its owner, and to nobody else")
def _():
    with two_domains() as house:
        house.add_user("new", "kvt.dk", "secret")
        done = house.deliver(b"Subject: x\n\nx\n", "-r", "new@kvt.dk")
        equal(done.returncode, 0, done.stdout)
        status = house.mailbox("new", "kvt.dk").stat()
        equal((status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)),
              (OWNER, GROUP, 0o600))
        with house.inetd() as client:
            client.login("new@kvt.dk", "secret")
            client.ok("DELE 1")
            client.ok("QUIT")
        after = house.mailbox("new", "kvt.dk").stat()
        equal((after.st_uid, after.st_gid, after.st_mode, after.st_ino,
               after.st_size),
              (OWNER, GROUP, status.st_mode, status.st_ino, 0))
        equal(sorted(os.listdir(house.spool / "kvt.dk")), ["joe", "new"])


tap.main()
