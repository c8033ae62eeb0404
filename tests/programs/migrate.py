"""contrib/migrate takes over accounts of other servers: first it only tells,
then each account that can logs in at our daemon and finds its mail, and what
was there is not overwritten."""

import os
import pathlib
import socket
import stat
import subprocess

import others
import tap
from house import GROUP, IS_ROOT, OWNER, Client, House, SOURCE, hash_of
from postfix import need_program
from tap import Skip, case, equal

SCRIPT = SOURCE / "contrib" / "migrate"
OWNED = f"--owner={OWNER}:{GROUP}"
MBOX = b"From a@example.org Sun Nov 22 07:00:00 2026\nSubject: %s\n\nhi\n\n"


def root_house():
    if not IS_ROOT:
        raise Skip("only root can give files to their owners")
    return House()


def migrate(house, *arguments, status=0):
    done = subprocess.run(
        [need_program("perl"), str(SCRIPT), *map(str, arguments),
         f"--virtual-dir={house.virtual}", f"--virtual-spool={house.spool}"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60,
        check=False)
    equal((done.returncode, done.stderr), (status, ""), done.stdout)
    return done.stdout


def everything(top):
    """All below a directory: { path: (mode, uid, gid, content) }."""
    found = {}
    for path in sorted(pathlib.Path(top).rglob("*")):
        status = path.lstat()
        found[str(path.relative_to(top))] = (
            oct(status.st_mode), status.st_uid, status.st_gid,
            path.read_bytes() if stat.S_ISREG(status.st_mode) else None)
    return found


def twice(house, *arguments, status=0):
    """Without --write nothing changes; the second time there is nothing to
    do.  Gives what the first one says."""
    before = everything(house.root)
    told = migrate(house, *arguments, status=status)
    equal(everything(house.root), before)
    done = migrate(house, *arguments, "--write", status=status)
    equal([line[9:] for line in told.splitlines() if line.startswith("to do")],
          [line[9:] for line in done.splitlines() if line.startswith("now")])
    again = migrate(house, *arguments, status=status)
    assert "\n0 steps" in "\n" + again, again
    return told


def problems(output):
    return [line[9:] for line in output.splitlines()
            if line.startswith("problem  ")]


def served(house, login, secret, subject):
    """Logs in; the subject of the only message is that one; None: no mail."""
    with house.inetd() as client:
        client.login(login, secret)
        equal(client.ok("STAT").split()[1], b"0" if subject is None else b"1")
        if subject is not None:
            equal(client.listing("TOP 1 0")[0], b"Subject: " + subject)
        client.ok("QUIT")


def refused(house, login, secret):
    reply = house.attempts([(login, secret)])[0].reply
    assert reply.startswith(b"-ERR [AUTH]"), reply


# ---- vm-pop3d ---------------------------------------------------------------

def vm_pop3d(house):
    """As its documentation has it: all mailboxes belong to the user mail."""
    for top in (house.virtual, house.spool):
        (top / "kvt.dk").mkdir()
    (house.virtual / "kvt.dk" / "passwd").write_text(
        f"joe:{hash_of('one', '')}\nann:{hash_of('two', '$1$')}\nbad:$8$unknown$hash\n"
        "locked:*\n")
    for user in ("joe", "ann"):
        path = house.spool / "kvt.dk" / user
        path.write_bytes(MBOX % user.encode())
        path.chmod(0o660)
        os.chown(path, 8, 8)
    os.chown(house.spool / "kvt.dk", 8, 8)


@case("vm-pop3d: files stay where they are and get the owner that is named")
def _():
    with root_house() as house:
        vm_pop3d(house)
        equal(problems(migrate(house, "vm-pop3d", status=1)),
              ["kvt.dk: give --owner"])
        told = twice(house, "vm-pop3d", OWNED, status=1)
        equal(problems(told), ["bad@kvt.dk: crypt(3) cannot check this hash"])
        assert told.endswith("--uidl=vm-pop3d\n"), told
        served(house, "joe@kvt.dk", "one", b"joe")
        served(house, "ann@kvt.dk", "two", b"ann")
        equal(everything(house.spool)["kvt.dk/joe"][:3],
              ("0o100600", OWNER, GROUP))


@case("vm-pop3d: links and other files are told, and stay")
def _():
    with root_house() as house:
        vm_pop3d(house)
        target = house.root / "target"
        target.write_text("of root")
        (house.spool / "kvt.dk" / "eve").symlink_to(target)
        os.link(target, house.spool / "kvt.dk" / "tom")
        (house.spool / "kvt.dk" / "dir").mkdir()
        told = problems(migrate(house, "vm-pop3d", OWNED, "--write", status=1))
        for user in ("eve", "tom", "dir"):
            assert any(line.startswith(f"{user}@kvt.dk: ")
                       for line in told), told
        equal((target.read_text(), target.stat().st_uid), ("of root", 0))


# ---- popa3d -----------------------------------------------------------------

def popa3d(house):
    top = house.root / "vhome"
    accounts = {"192.0.2.1": {"joe": f"nobody:{hash_of('one', '')}:\n",
                              "ann": f"nobody:{hash_of('two', '$2b$')}:\n",
                              "shut": "nobody:*:\n"},
                "192.0.2.2": {"joe": f"nobody:{hash_of('three', '$6$')}:\n",
                              "odd": "nosuchuser:x:\n"}}
    for address, users in accounts.items():
        for part in ("auth", "mail"):
            (top / address / part).mkdir(parents=True)
        for user, line in users.items():
            (top / address / "auth" / user).write_text(line)
            path = top / address / "mail" / user
            path.write_bytes(MBOX % f"{user} {address}".encode())
            os.chown(path, 65534, 65534)
    return top


@case("popa3d: virtual homes become domains; lines and mailboxes are new")
def _():
    with root_house() as house:
        top = popa3d(house)
        old = everything(top)
        told = twice(house, "popa3d", "--domain=192.0.2.1=kvt.dk", top,
                     status=1)
        equal(problems(told), ["192.0.2.2: give --domain=192.0.2.2=NAME"])
        told = twice(house, "popa3d", "--domain=192.0.2.1=kvt.dk",
                     "--domain=192.0.2.2=example.org", top, status=1)
        assert told.endswith("--uidl=popa3d\n"), told
        equal([line.split(":")[0] for line in problems(told)],
              ["odd@example.org", "odd@example.org"])
        equal(everything(top), old)
        served(house, "joe@kvt.dk", "one", b"joe 192.0.2.1")
        served(house, "ann@kvt.dk", "two", b"ann 192.0.2.1")
        served(house, "joe@example.org", "three", b"joe 192.0.2.2")
        refused(house, "shut@kvt.dk", "*")
        found = everything(house.spool)
        equal(found["kvt.dk"][:3], ("0o40700", 65534, 65534))
        equal(found["kvt.dk/shut"][:3], ("0o100600", 65534, 65534))
        equal(found["kvt.dk/shut"][3], MBOX % b"shut 192.0.2.1")
        equal(everything(house.virtual)["kvt.dk/passwd"][:3],
              ("0o100640", 0, 65534))


@case("a line and a mailbox that are there stay as they are")
def _():
    with root_house() as house:
        top = popa3d(house)
        house.add_user("joe", "kvt.dk", "mine")
        house.add_user("tom", "kvt.dk", "toms")
        house.write_mailbox("ann", "kvt.dk", [b"Subject: new\n\nnew\n"])
        passwd = house.virtual / "kvt.dk" / "passwd"
        os.chown(passwd, 0, GROUP)
        before = (passwd.read_bytes(), house.mailbox("ann", "kvt.dk")
                  .read_bytes())
        told = problems(twice(house, "popa3d", "--domain=192.0.2.1=kvt.dk",
                              "--domain=192.0.2.2=example.org", OWNED, top,
                              status=1))
        equal(sum(line.startswith("joe@kvt.dk: has another line")
                  for line in told), 1)
        equal(sum(line.startswith("ann@kvt.dk: ") and
                  "has mail in it and stays" in line for line in told), 1)
        assert passwd.read_bytes().startswith(before[0])
        equal(house.mailbox("ann", "kvt.dk").read_bytes(), before[1])
        assert not house.mailbox("joe", "kvt.dk").exists()
        served(house, "ann@kvt.dk", "two", b"new")
        served(house, "joe@example.org", "three", b"joe 192.0.2.2")


@case("an owner who would not be served, or who does not have the directory, "
      "is a problem")
def _():
    with root_house() as house:
        top = popa3d(house)
        arguments = ("popa3d", "--domain=192.0.2.1=kvt.dk",
                     "--domain=192.0.2.2=example.org", top)
        for owner in ("8:8", "0:0", f"{OWNER}:0"):
            told = problems(migrate(house, *arguments, f"--owner={owner}",
                                    "--write", status=1))
            equal(sum("from 100 on" in line for line in told), 5)
        house.add_domain("kvt.dk")
        told = problems(migrate(house, *arguments, "--write", status=1))
        assert any("belongs to uid" in line for line in told), told
        equal(os.listdir(house.spool / "kvt.dk"), [])


# ---- Dovecot ----------------------------------------------------------------

CHECKED = ("PLAIN", "CLEARTEXT", "CRYPT", "DES-CRYPT", "MD5-CRYPT",
           "SHA256-CRYPT", "SHA512-CRYPT", "BLF-CRYPT")
UNKNOWN = ("SSHA", "SSHA512", "SHA256", "PBKDF2", "SCRAM-SHA-256", "SMD5")


def dovecot_users(root):
    """A passwd-file with a user for each scheme, hashed by Dovecot itself."""
    program = need_program("doveadm")
    lines = []
    for scheme in CHECKED + UNKNOWN:
        done = subprocess.run(
            [program, "-c", "/dev/null", "pw", "-s", scheme, "-p",
             f"of {scheme}"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, check=False)
        equal(done.returncode, 0, done.stderr)
        lines.append(f"{scheme.lower()}@kvt.dk:{done.stdout.strip()}:{OWNER}:"
                     f"{GROUP}::{root}/%n::")
    lines.append(f"bare@KVT.dk:{hash_of('of bare', '$5$')}:{OWNER}:{GROUP}::::"
                 f"userdb_mail=mbox:~/x:INBOX={root}/inbox/%n allow_nets=::1")
    return "\n".join(lines)


def log_in_at(port, user, secret):
    with Client(socket.create_connection(("127.0.0.1", port), 30)) as client:
        client.login(user, secret)
        client.ok("QUIT")


@case("Dovecot: each scheme that crypt(3) knows lets in as it did there, the "
      "others are told and locked")
def _():
    with root_house() as house:
        users = dovecot_users(house.root)
        server = others.DovecotDaemon(users)
        with server.listening(b"") as (port, _):
            for scheme in CHECKED + UNKNOWN:
                log_in_at(port, f"{scheme.lower()}@kvt.dk", f"of {scheme}")
        (house.root / "users").write_text("# a comment\n\n" + users + "\n")
        (house.root / "inbox").mkdir()
        for scheme in (*CHECKED, "SSHA", "bare"):
            path = house.root / "inbox" / scheme.lower()
            path.write_bytes(MBOX % scheme.encode())
        told = twice(house, "dovecot", house.root / "users",
                     f"--mail={house.root}/inbox/%n", status=1)
        equal([line.split("@")[0].upper() for line in problems(told)],
              list(UNKNOWN))
        assert "--uidl=dovecot if pop3_uidl_format is %08Xu%08Xv" in told, told
        for scheme in (*CHECKED, "bare"):
            served(house, f"{scheme.lower()}@kvt.dk", f"of {scheme}",
                   scheme.encode())
        for scheme in UNKNOWN:
            refused(house, f"{scheme.lower()}@kvt.dk", f"of {scheme}")
        equal(house.mailbox("ssha", "kvt.dk").read_bytes(), MBOX % b"SSHA")


@case("Dovecot: a mailbox named in the line is found, a Maildir is told; users "
      "without domain or owner get those that are named")
def _():
    with root_house() as house:
        (house.root / "inbox").mkdir()
        (house.root / "inbox" / "joe").write_bytes(MBOX % b"joe")
        (house.root / "users").write_text(
            f"joe:{{PLAIN}}one::::{house.root}::userdb_mail=mbox:~/x:"
            f"INBOX=~/inbox/%n\n"
            f"ann@example.org:two::::::userdb_mail=maildir:~/Maildir\n"
            f"../x@kvt.dk:{{PLAIN}}x:{OWNER}:{GROUP}::::\n")
        equal(problems(migrate(house, "dovecot", house.root / "users",
                               "--scheme=PLAIN", OWNED, status=1))[0],
              "joe: give --domain")
        told = problems(twice(
            house, "dovecot", house.root / "users", "--domain=kvt.dk",
            "--scheme=plain", OWNED, status=1))
        equal([line.split(":")[0] for line in told],
              ["ann@example.org", "../x@kvt.dk"])
        assert "only mbox" in told[0], told
        served(house, "joe@kvt.dk", "one", b"joe")
        served(house, "ann@example.org", "two", None)


tap.main()
