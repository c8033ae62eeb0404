"""The mailbox between login and QUIT: mail that arrives meanwhile, other
programs' locks, second sessions, and files that are not what they were."""

import contextlib
import fcntl
import os
import signal
import struct
import threading
import time

import tap
from house import House, FROM_LINE
from tap import case, equal

MESSAGES = [b"Subject: one\n\nfirst\n", b"Subject: two\n\nsecond\n",
            b"Subject: three\n\nthird\n"]
IN_USE = b"-ERR [IN-USE] mailbox is in use, try again later"
CHANGED = (b"-ERR [SYS/TEMP] mailbox was changed by another program, "
           b"nothing deleted")


def mbox(messages):
    return b"".join(FROM_LINE + message + b"\n" for message in messages)


@contextlib.contextmanager
def a_house(messages=tuple(MESSAGES)):
    with House() as house:
        house.add_user("joe", "kvt.dk", "secret")
        house.path = house.write_mailbox("joe", "kvt.dk", messages)
        yield house


@contextlib.contextmanager
def session(house, *options):
    with house.inetd(*options) as client:
        client.login("joe@kvt.dk", "secret")
        yield client


def put_back(house, data):
    house.path.write_bytes(data)
    house.path.chmod(0o600)
    house.own(house.path)


# ---- arriving mail ---------------------------------------------------------

@case("mail delivered during a session is there after QUIT with deletions")
def _():
    for deleted in ((1,), (2,), (3,), (1, 2, 3), (2, 3), ()):
        with a_house() as house:
            inode = house.path.stat().st_ino
            with session(house) as client:
                done = house.deliver(b"Subject: new\n\nnew\n",
                                     "-r", "joe@kvt.dk")
                equal(done.returncode, 0, done.stdout)
                equal(client.ok("STAT").split()[1], b"3")
                for number in deleted:
                    client.ok(f"DELE {number}")
                client.err("RETR 4")
                client.ok("QUIT")
            left = mbox(message for number, message in enumerate(MESSAGES, 1)
                        if number not in deleted)
            text = house.path.read_bytes()
            assert text.startswith(left + b"From "), text
            assert text.endswith(b"\nSubject: new\n\nnew\n\n"), text
            equal(text.count(b"Subject:"), 4 - len(deleted))
            equal(house.path.stat().st_ino, inode, "inode")
            with session(house) as client:
                number = 4 - len(deleted)
                equal(client.ok("STAT").split()[1], b"%d" % number)
                assert client.retr(number)[1].endswith(b"\r\n\r\nnew\r\n")


@case("mail delivered again and again during deleting sessions is never lost")
def _():
    with a_house([]) as house:
        for turn in range(8):
            with session(house) as client:
                count = int(client.ok("STAT").split()[1])
                for number in range(1, count + 1):
                    client.ok(f"DELE {number}")
                workers = [threading.Thread(target=house.deliver, args=(
                    b"Subject: %d-%d\n\nx\n" % (turn, i), "-r", "joe@kvt.dk"))
                    for i in range(3)]
                for worker in workers:
                    worker.start()
                client.ok("QUIT")
                for worker in workers:
                    worker.join()
            subjects = [line for line in house.path.read_bytes().split(b"\n")
                        if line.startswith(b"Subject:")]
            equal(sorted(subjects),
                  [b"Subject: %d-%d" % (turn, i) for i in range(3)])


@case("QUIT without deletions writes nothing at all")
def _():
    with a_house() as house:
        before = house.path.stat()
        with session(house) as client:
            for number in (1, 2, 3):
                client.retr(number)
                client.ok(f"DELE {number}")
            client.ok("RSET")
            client.ok("QUIT")
        after = house.path.stat()
        equal((after.st_mtime_ns, after.st_ctime_ns, after.st_size),
              (before.st_mtime_ns, before.st_ctime_ns, before.st_size))


@case("no lock of ours stands while the session waits for commands")
def _():
    with a_house() as house:
        with session(house):
            with open(house.path, "r+b") as mailbox:
                fcntl.lockf(mailbox, fcntl.LOCK_EX | fcntl.LOCK_NB)
                fcntl.flock(mailbox, fcntl.LOCK_EX | fcntl.LOCK_NB)
            equal(os.listdir(house.path.parent), ["joe"])


# ---- what is no mailbox ----------------------------------------------------

@case("a missing mailbox, or spool directory, is an empty drop")
def _():
    with a_house() as house:
        house.path.unlink()
        for _turn in range(2):
            with session(house) as client:
                equal(client.ok("STAT"), b"+OK 0 0")
                equal(client.listing("UIDL"), [])
                client.ok("QUIT")
            assert not house.path.exists()
        house.path.parent.rmdir()
        with session(house) as client:
            equal(client.ok("STAT"), b"+OK 0 0")
            client.ok("QUIT")


@case("row 40: a file that is not an mbox shows nothing and stays as it is")
def _():
    contents = [b"not an mbox\n", b"\xef\xbb\xbf" + mbox(MESSAGES),
                b"\1\1\1\1\n" + mbox(MESSAGES), bytes(range(256)) * 64,
                b"From nobody without a date\n\nx\n", b"x" * 100000,
                b"Subject: x\n\n" + mbox(MESSAGES), b"\0" * 5000,
                b"From", b">" + mbox(MESSAGES), b" \n" + mbox(MESSAGES)]
    with a_house() as house:
        for content in contents:
            put_back(house, content)
            with session(house) as client:
                equal(client.ok("STAT"), b"+OK 0 0", f"{content[:40]}")
                client.err("DELE 1")
                client.ok("QUIT")
            equal(house.path.read_bytes(), content)
            house.logged(f"{house.path}: not an mbox, shown as empty and "
                         "left alone user=joe@kvt.dk addr=-")


@case("row 39: an empty file, and one of empty lines, are empty mailboxes")
def _():
    with a_house() as house:
        for content in (b"", b"\n", b"\n\n\n", b"\r\n"):
            put_back(house, content)
            with session(house) as client:
                equal(client.ok("STAT"), b"+OK 0 0")
                client.ok("QUIT")
            equal(house.path.read_bytes(), content)


# ---- locks of others -------------------------------------------------------

@case("a fresh dotlock of somebody else ends in [IN-USE], and stays")
def _():
    with a_house() as house:
        lock = house.path.with_name("joe.lock")
        lock.write_text(f"{os.getpid()}\n")
        started = time.monotonic()
        with house.inetd() as client:
            client.greet()
            client.ok("USER joe@kvt.dk")
            equal(client.ask("PASS secret"), IN_USE)
            assert client.is_ended()
        assert 15 < time.monotonic() - started < 30
        equal(lock.read_text(), f"{os.getpid()}\n")
        house.logged(f"mailbox trouble: {house.path}: locked by another")
        equal(sorted(os.listdir(house.path.parent)), ["joe", "joe.lock"])


def is_waited_for(house, release):
    with house.inetd() as client:
        client.greet()
        client.ok("USER joe@kvt.dk")
        client.send(b"PASS secret\r\n")
        started = time.monotonic()
        time.sleep(1.0)
        release()
        assert client.line().startswith(b"+OK")
        assert time.monotonic() - started >= 0.9
        equal(client.ok("STAT").split()[1], b"3")


@case("a dotlock or an fcntl lock is waited for when it is given back in time")
def _():
    with a_house() as house:
        lock = house.path.with_name("joe.lock")
        lock.touch(mode=0o000)
        is_waited_for(house, lock.unlink)
        with open(house.path, "r+b") as mailbox:
            fcntl.lockf(mailbox, fcntl.LOCK_EX)
            is_waited_for(house, lambda: fcntl.lockf(mailbox, fcntl.LOCK_UN))


@case("QUIT waits for an fcntl lock and then deletes")
def _():
    with a_house() as house:
        with session(house) as client, open(house.path, "r+b") as mailbox:
            client.ok("DELE 1")
            fcntl.lockf(mailbox, fcntl.LOCK_EX)
            client.send(b"QUIT\r\n")
            time.sleep(1.0)
            equal(house.path.read_bytes(), mbox(MESSAGES))
            fcntl.lockf(mailbox, fcntl.LOCK_UN)
            assert client.line().startswith(b"+OK")
        equal(house.path.read_bytes(), mbox(MESSAGES[1:]))


@case("row 34: a dotlock whose process is dead does not stop a login for long")
def _():
    with a_house() as house:
        lock = house.path.with_name("joe.lock")
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
        lock.write_text(f"{pid}\n")
        past = time.time() - 60
        os.utime(lock, (past, past))
        with session(house) as client:
            equal(client.ok("STAT").split()[1], b"3")
        assert not lock.exists()


@case("row 34: a dotlock without a process is stale after five minutes only")
def _():
    with a_house() as house:
        lock = house.path.with_name("joe.lock")
        lock.touch(mode=0o000)
        past = time.time() - 240
        os.utime(lock, (past, past))
        is_waited_for(house, lambda: os.utime(lock, (past - 120, past - 120)))
        assert not lock.exists()


def is_lockable(path):
    """No fcntl lock is held on the file at this moment."""
    with open(path, "r+b") as mailbox:
        try:
            fcntl.lockf(mailbox, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


@case("row 36: who waits for a dotlock holds no fcntl lock meanwhile")
def _():
    with a_house() as house:
        lock = house.path.with_name("joe.lock")
        lock.touch(mode=0o000)
        with house.inetd() as client:
            client.greet()
            client.ok("USER joe@kvt.dk")
            client.send(b"PASS secret\r\n")
            for _ in range(200):
                assert is_lockable(house.path), "locked while it waits"
                time.sleep(0.01)
            lock.unlink()
            assert client.line().startswith(b"+OK")


# ---- what is kept of the file ----------------------------------------------

# A POSIX ACL: user and group rw, one more group r, mask rw, others nothing.
ACL = struct.pack("<I" + "HHI" * 5, 2, 1, 6, 2**32 - 1, 4, 6, 2**32 - 1,
                  8, 4, 47111, 16, 4, 2**32 - 1, 32, 0, 2**32 - 1)


def attributes(path):
    status = path.stat()
    return (status.st_ino, status.st_mode, status.st_uid, status.st_gid,
            {name: os.getxattr(path, name) for name in os.listxattr(path)})


@case("row 44: inode, owner, mode, ACL and extended attributes survive QUIT")
def _():
    with a_house() as house:
        os.setxattr(house.path, "system.posix_acl_access", ACL)
        with contextlib.suppress(OSError):
            os.setxattr(house.path, "user.label", b"kept")
        before = attributes(house.path)
        equal(before[4]["system.posix_acl_access"], ACL)
        with session(house) as client:
            client.ok("DELE 1")
            client.ok("QUIT")
        equal(house.path.read_bytes(), mbox(MESSAGES[1:]))
        equal(attributes(house.path), before)


@case("row 46: a rewrite that keeps size and dates is noticed all the same")
def _():
    with a_house() as house, session(house) as client:
        client.ok("DELE 1")
        status = house.path.stat()
        other = house.path.read_bytes().replace(b"one", b"eno")
        with open(house.path, "r+b") as mailbox:
            mailbox.write(other)
        os.utime(house.path, ns=(status.st_atime_ns, status.st_mtime_ns))
        equal(client.ask("QUIT"), CHANGED)
        equal(house.path.read_bytes(), other)


@case("row 46: with dates in 1960, 2040 and 2200, sessions and locks work")
def _():
    for year in (1960, 2040, 2200):
        with a_house() as house:
            moment = (year - 1970) * 365.25 * 86400
            os.utime(house.path, (moment, moment))
            with session(house) as client:
                client.ok("DELE 2")
                client.ok("QUIT")
            equal(house.path.read_bytes(), mbox([MESSAGES[0], MESSAGES[2]]))
            equal(os.listdir(house.path.parent), ["joe"])


@case("row 6: %n and %s in a From_ line, a Message-ID and ids are text")
def _():
    message = (b"Message-ID: <%n%s%x@%d>\nX-UIDL: %n%s\n"
               b"Subject: %s%n\n\n%s%n%99999d\n")
    with a_house([]) as house:
        stored = b"From %n%s@x Sun Nov 22 07:00:00 2026\n" + message
        put_back(house, stored + b"\n")
        for option in ("own", "vm-pop3d", "mailutils", "popa3d"):
            with session(house, f"--uidl={option}") as client:
                unique = client.ok("UIDL 1")
                assert b"%n" not in unique or b" %n%s" in unique, unique
                equal(client.retr(1)[1], message.replace(b"\n", b"\r\n"))
        equal(house.path.read_bytes(), stored + b"\n")


# ---- second sessions -------------------------------------------------------

@case("a second login at the same time gets [IN-USE] after some seconds")
def _():
    with a_house() as house, session(house) as first:
        with house.inetd() as second:
            second.greet()
            second.ok("USER joe@kvt.dk")
            started = time.monotonic()
            equal(second.ask("PASS secret"), IN_USE)
            assert 3 < time.monotonic() - started < 12
            assert second.is_ended()
        first.ok("DELE 1")
        first.ok("QUIT")
        house.logged("open in another session user=joe@kvt.dk")


@case("the mailbox is free again at once when a session is killed or left")
def _():
    with a_house() as house:
        with session(house) as first:
            first.ok("DELE 1")
            first.process.send_signal(signal.SIGKILL)
            first.process.wait(timeout=10)
            started = time.monotonic()
            with session(house) as second:
                equal(second.ok("STAT").split()[1], b"3")
                second.ok("DELE 2")
        with session(house) as third:
            equal(third.ok("STAT").split()[1], b"3")
        assert time.monotonic() - started < 4


@case("a login waits a moment for the session before it to end")
def _():
    with a_house() as house:
        with session(house) as first, house.inetd() as second:
            second.greet()
            second.ok("USER joe@kvt.dk")
            second.send(b"PASS secret\r\n")
            time.sleep(0.5)
            first.ok("DELE 1")
            first.ok("QUIT")
            assert second.line().startswith(b"+OK")
            equal(second.ok("STAT").split()[1], b"2")


@case("sessions of different users do not hinder each other")
def _():
    with a_house() as house:
        house.add_user("ann", "kvt.dk", "secret")
        house.add_user("joe", "other.dk", "secret")
        with session(house), house.inetd() as ann, house.inetd() as joe:
            started = time.monotonic()
            ann.login("ann@kvt.dk", "secret")
            joe.login("joe@other.dk", "secret")
            assert time.monotonic() - started < 4


# ---- changes by others -----------------------------------------------------

def quit_fails(house, change):
    """Deletes message 2, lets change() happen, and expects -ERR at QUIT."""
    put_back(house, mbox(MESSAGES))
    with session(house) as client:
        client.ok("DELE 2")
        change()
        after = house.path.read_bytes() if house.path.exists() else None
        equal(client.ask("QUIT"), CHANGED)
        assert client.is_ended()
    now = house.path.read_bytes() if house.path.exists() else None
    equal(now, after, "the mailbox that another program has written")
    house.logged(r"mailbox trouble: .* user=joe@kvt\.dk addr=-")
    equal([name for name in os.listdir(house.path.parent)
           if name.endswith(".lock")], [])


@case("row 35: a mailbox replaced during the session: QUIT deletes nothing")
def _():
    with a_house() as house:
        def replace():
            house.write_mailbox("new", "kvt.dk", MESSAGES)
            house.mailbox("new", "kvt.dk").rename(house.path)
        quit_fails(house, replace)


@case("row 38: a mailbox made shorter or emptied: QUIT deletes nothing")
def _():
    with a_house() as house:
        def cut(length):
            return lambda: os.truncate(house.path, length)
        for length in (0, 1, 10, len(mbox(MESSAGES)) - 1):
            quit_fails(house, cut(length))


@case("row 38: a mailbox rewritten in place by a reader: QUIT deletes nothing")
def _():
    with a_house() as house:
        def write(data):
            def change():
                with open(house.path, "r+b") as mailbox:
                    mailbox.write(data)
                    mailbox.truncate()
            return change
        other = FROM_LINE.replace(b"sender", b"others")
        for data in (mbox(MESSAGES[1:]) + mbox(MESSAGES),
                     mbox(MESSAGES[:1]) + mbox(MESSAGES[2:]) * 3,
                     b"X" + mbox(MESSAGES),
                     mbox([b"Status: RO\n" + message
                           for message in MESSAGES]),
                     mbox(MESSAGES).replace(FROM_LINE, other)):
            quit_fails(house, write(data))


@case("row 38: a mailbox removed during the session: QUIT says -ERR")
def _():
    with a_house() as house:
        with session(house) as client:
            client.ok("DELE 2")
            house.path.unlink()
            assert client.ask("QUIT").startswith(b"-ERR ")
        assert not house.path.exists()


@case("row 38: RETR of a message that was overwritten is an -ERR")
def _():
    with a_house() as house:
        with session(house) as client:
            os.truncate(house.path, 10)
            assert client.ask("RETR 2") == CHANGED


# ---- unique ids ------------------------------------------------------------

def ids_of(house):
    with session(house) as client:
        return [row.split()[1] for row in client.listing("UIDL")]


@case("unique ids are the same in every session, however it ended")
def _():
    with a_house() as house:
        ids = ids_of(house)
        with session(house) as client:
            client.ok("DELE 2")
        equal(ids_of(house), ids)
        with session(house) as client:
            client.ok("DELE 2")
            client.ok("QUIT")
        equal(ids_of(house), [ids[0], ids[2]])
        house.deliver(b"Subject: new\n\nnew\n", "-r", "joe@kvt.dk")
        now = ids_of(house)
        equal(now[:2], [ids[0], ids[2]])
        assert now[2] not in ids


@case("row 19: ids stay when a mail reader adds Status: and X- headers")
def _():
    with a_house() as house:
        ids = ids_of(house)
        marked = [message.replace(
            b"\n\n", b"\nStatus: RO\nX-Status: A\nX-Keywords: a\n b\n"
            b"X-UID: 12\nContent-Length: 6\nLines: 1\n\n", 1)
            for message in MESSAGES]
        put_back(house, mbox(marked))
        equal(ids_of(house), ids)
        put_back(house, mbox([b"Status: R\n" + message
                              for message in MESSAGES]))
        equal(ids_of(house), ids)


@case("row 19: copies of one message have ids of their own that stay")
def _():
    copies = [MESSAGES[0], MESSAGES[1], MESSAGES[0], MESSAGES[0]]
    with a_house(copies) as house:
        ids = ids_of(house)
        equal(len(set(ids)), 4)
        with session(house) as client:
            client.ok("DELE 4")
            client.ok("QUIT")
        equal(ids_of(house), ids[:3])


@case("row 19: the id of a copy survives the deletion of another copy, and a "
      "new copy gets a new one")
def _():
    copy = MESSAGES[0]
    with a_house([copy, MESSAGES[1], copy, copy]) as house:
        path = house.mailbox("joe", "kvt.dk")
        ids = ids_of(house)

        def delete(number):
            with session(house) as client:
                client.listing("UIDL")
                client.ok(f"DELE {number}")
                client.ok("QUIT")
        delete(1)
        equal(ids_of(house), ids[1:])
        with open(path, "ab") as mailbox:
            mailbox.write(FROM_LINE + copy + b"\n")
        equal(ids_of(house)[:3], ids[1:])
        added = ids_of(house)[3]
        assert added not in ids, added
        delete(2)
        equal(ids_of(house), [ids[1], ids[3], added])
        for ids_file in house.state.glob("*.ids"):
            ids_file.write_bytes(b"x" * 100)
        equal(len(set(ids_of(house))), 3, "with a damaged file")


@case("row 19: ids of messages that share a header survive each other")
def _():
    header = b"Subject: the same\n\n"
    alike = [header + b"one\n", header + b"two\n", header + b"three\n"]
    with a_house(alike) as house:
        ids = ids_of(house)
        equal(len(set(ids)), 3)
        with session(house) as client:
            client.ok("DELE 1")
            client.ok("QUIT")
        equal(ids_of(house), ids[1:])


@case("the internal data of Pine and UW IMAP is not shown and never deleted")
def _():
    internal = (b"Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\n"
                b"X-IMAP: 1795330800 0000000002\n\nno mail\n")
    with a_house([internal, *MESSAGES]) as house:
        path = house.mailbox("joe", "kvt.dk")
        before = path.read_bytes()
        with session(house) as client:
            equal(len(client.listing("LIST")), len(MESSAGES))
            for number in range(1, len(MESSAGES) + 1):
                client.ok(f"DELE {number}")
            client.ok("QUIT")
        after = path.read_bytes()
        assert b"X-IMAP" in after and before.startswith(after), after


# ---- the home mailbox ------------------------------------------------------

@case("--home-mailbox comes before the spool, where home and file exist")
def _():
    option = "--home-mailbox=/Mail/mailbox"
    with House() as house:
        home = house.root / "home"
        (home / "Mail").mkdir(parents=True)
        for path in (home, home / "Mail"):
            house.own(path)
        house.add_user("joe", "kvt.dk", "secret", home=str(home))
        house.path = house.write_mailbox("joe", "kvt.dk", MESSAGES)

        def count(*options):
            with session(house, *options) as client:
                return int(client.ok("STAT").split()[1])
        equal(count(option), 3, "no home mailbox: the spool")
        box = home / "Mail" / "mailbox"
        box.write_bytes(mbox(MESSAGES[:1]))
        box.chmod(0o600)
        house.own(box)
        equal(count(option), 1, "the home mailbox")
        equal(count("--home-mailbox=Mail/mailbox"), 1, "without a slash")
        equal(count(), 3, "the option is off")
        with session(house, option) as client:
            client.ok("DELE 1")
            client.ok("QUIT")
        equal(box.read_bytes(), b"")
        equal(house.path.read_bytes(), mbox(MESSAGES))
        equal(count(option), 0, "the home mailbox, empty now")


@case("a home of ., nothing, or no directory means the spool")
def _():
    with House() as house:
        nothing = house.root / "nothing"
        nothing.touch()
        for number, home in enumerate((".", "", "/nonexistent", str(nothing),
                                       "relative")):
            house.add_user(f"u{number}", "kvt.dk", "secret", home=home)
            house.write_mailbox(f"u{number}", "kvt.dk", MESSAGES)
            with house.inetd("--home-mailbox=/Mail/mailbox") as client:
                client.login(f"u{number}@kvt.dk", "secret")
                equal(client.ok("STAT").split()[1], b"3", home)


tap.main()
