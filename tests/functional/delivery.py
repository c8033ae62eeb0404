"""virtual, the delivery helper: whom a message is for, what is written, and
the exit status, which decides whether the MTA keeps, defers or bounces."""

import contextlib
import fcntl
import os
import re
import resource
import stat
import subprocess
import threading
import time

import tap
from house import (House, FROM_LINE, VIRTUAL, IS_ROOT, OWNER, GROUP,
                   become_owner)
from tap import case, equal

MESSAGE = b"Subject: hello\n\nhello\n"
DATE = (rb"(Mon|Tue|Wed|Thu|Fri|Sat|Sun) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep"
        rb"|Oct|Nov|Dec) [ \d]\d \d\d:\d\d:\d\d \d{4}")


@contextlib.contextmanager
def a_house(*users):
    with House() as house:
        for user in users or ("joe",):
            house.add_user(user, "kvt.dk", "secret")
        yield house


def written(house, message, *arguments, environment=None):
    """What the delivery of message to joe@kvt.dk adds to his mailbox: the
    From_ line, and all behind it."""
    path = house.mailbox("joe", "kvt.dk")
    before = path.read_bytes() if path.exists() else b""
    done = house.deliver(message, "-r", "joe@kvt.dk", *arguments,
                         environment=environment)
    equal(done.returncode, 0, f"{done.stdout}")
    equal(done.stdout, b"")
    text = path.read_bytes()
    assert text.startswith(before)
    first, _newline, rest = text[len(before):].partition(b"\n")
    assert rest.endswith(b"\n\n"), rest[-80:]
    return first + b"\n", rest[:-1]


def fails(done, status, code):
    equal(done.returncode, status, f"{done.stdout}")
    assert re.match(rb"[45]\.\d+\.\d+ ", done.stdout), done.stdout
    assert done.stdout.startswith(code), done.stdout
    equal(done.stdout.count(b"\n"), 1, "lines of output")


# ---- whom it is for --------------------------------------------------------

@case("EXTENSION user--domain and -r user@domain name the mailbox")
def _():
    with House() as house:
        for domain in ("kvt.dk", "xn--bcher-kva.dk", "dk--dk.dk"):
            house.add_domain(domain)
        for user, domain in (("joe", "kvt.dk"), ("joe", "xn--bcher-kva.dk"),
                             ("a--b", "kvt.dk"), ("joe--xn", "kvt.dk"),
                             ("joe", "dk--dk.dk"), ("a+b.c_d-e", "kvt.dk")):
            house.add_user(user, domain, "secret")
        for environment, arguments, user, domain in (
                ({"EXTENSION": "joe--kvt.dk"}, (), "joe", "kvt.dk"),
                ({"EXTENSION": "JOE--Kvt.DK"}, (), "joe", "kvt.dk"),
                ({"EXTENSION": "a--b--kvt.dk"}, (), "a--b", "kvt.dk"),
                ({"EXTENSION": "a+b.c_d-e--kvt.dk"}, (), "a+b.c_d-e",
                 "kvt.dk"),
                ({"EXTENSION": "joe--xn--bcher-kva.dk"}, (), "joe",
                 "xn--bcher-kva.dk"),
                ({"EXTENSION": "joe--mail.xn--bcher-kva.dk"}, (), "joe",
                 "xn--bcher-kva.dk"),
                ({"EXTENSION": "joe--dk--dk.dk"}, (), "joe", "dk--dk.dk"),
                ({"EXTENSION": "joe--def.kvt.dk"}, (), "joe", "kvt.dk"),
                ({"EXTENSION": "joe--a.b.c.kvt.dk"}, (), "joe", "kvt.dk"),
                ({"ORIGINAL_RECIPIENT": "Joe@KVT.dk"}, (), "joe", "kvt.dk"),
                ({"ORIGINAL_RECIPIENT": "joe@def.kvt.dk"}, (), "joe",
                 "kvt.dk"),
                ({"EXTENSION": "lists", "ORIGINAL_RECIPIENT": "joe@kvt.dk"},
                 (), "joe", "kvt.dk"),
                ({}, ("-r", "joe@kvt.dk"), "joe", "kvt.dk"),
                ({}, ("--recipient=JOE@def.KVT.DK",), "joe", "kvt.dk"),
                ({"EXTENSION": "a--b--kvt.dk"}, ("-r", "joe@kvt.dk"), "joe",
                 "kvt.dk")):
            path = house.mailbox(user, domain)
            done = house.deliver(MESSAGE, *arguments, environment=environment)
            equal(done.returncode, 0, f"{environment} {done.stdout}")
            assert b"\nDelivered-To: %s@%s\n" % (
                user.encode(), domain.encode()) in path.read_bytes()
            path.unlink()
        for domain in ("kvt.dk", "xn--bcher-kva.dk", "dk--dk.dk"):
            equal(os.listdir(house.spool / domain), [], "other mailboxes")


@case("unknown users and domains end in 67 and 5.1.1")
def _():
    with a_house() as house:
        for arguments, environment in (
                (("-r", "ann@kvt.dk"), {}), (("-r", "joe@other.dk"), {}),
                (("-r", "joe@dk"), {}), (("-r", "joe"), {}), (("-r", ""), {}),
                (("-r", "@kvt.dk"), {}), (("-r", "joe@"), {}),
                (("-r", "joe@kvt.dk.evil"), {}), (("-r", "x" * 400), {}),
                ((), {"EXTENSION": "ann--kvt.dk"}),
                ((), {"EXTENSION": "joe"}), ((), {"EXTENSION": "--kvt.dk"}),
                ((), {"EXTENSION": "joe--other.dk"}),
                ((), {"EXTENSION": "joe--"}), ((), {"EXTENSION": "--"}),
                ((), {"ORIGINAL_RECIPIENT": "ann@kvt.dk"})):
            fails(house.deliver(MESSAGE, *arguments, environment=environment),
                  67, b"5.1.1 no such virtual user")
        equal(os.listdir(house.spool / "kvt.dk"), [])


@case("row 21: names with slashes, dots and lock suffixes end in 67")
def _():
    with a_house() as house:
        outside = house.root / "outside"
        outside.mkdir()
        house.own(outside)
        for user in ("../outside/x", "..", ".", ".hidden", "a/b", "/etc/x",
                     "joe/", "joe/../joe", "joe.lock", "joe.new", "joe.old",
                     "a b", "joe\n", "a..b", "\xe6", "a" * 65, "joe;id",
                     "`id`", "$(id)", "%s%n", "joe\x1b[2J"):
            for arguments, environment in (
                    (("-r", f"{user}@kvt.dk"), {}),
                    ((), {"EXTENSION": f"{user}--kvt.dk"})):
                fails(house.deliver(MESSAGE, *arguments,
                                    environment=environment), 67, b"5.1.1 ")
        for domain in ("..", ".", "../etc", "kvt.dk/../kvt.dk", "./kvt.dk",
                       "kvt.dk/", ".kvt.dk."):
            fails(house.deliver(MESSAGE, "-r", f"joe@{domain}"), 67, b"5.1.1 ")
        equal(os.listdir(outside) + os.listdir(house.spool / "kvt.dk"), [])


# ---- what defers -----------------------------------------------------------

@case("no recipient at all, and root, defer with 75")
def _():
    with a_house() as house:
        fails(house.deliver(MESSAGE), 75, b"4.3.5 no recipient")
        if IS_ROOT:
            fails(house.deliver(MESSAGE, "-r", "joe@kvt.dk", uid=0, gid=0),
                  75, b"4.3.5 virtual must run as the domain owner")


@case("another uid than the mailbox's defers with 75")
def _():
    if not IS_ROOT:
        raise tap.Skip("needs root to run as several users")
    with a_house() as house:
        fails(house.deliver(MESSAGE, "-r", "joe@kvt.dk", uid=OWNER + 1),
              75, b"4.")
        passwd = house.virtual / "kvt.dk" / "passwd"
        os.chown(passwd, 0, 0)
        passwd.chmod(0o644)
        fails(house.deliver(MESSAGE, "-r", "joe@kvt.dk", uid=OWNER + 1),
              75, b"4.3.5 the mailbox of joe@kvt.dk belongs to uid")
        equal(os.listdir(house.spool / "kvt.dk"), [])


@case("directories and passwd files that are missing or unreadable defer")
def _():
    with a_house() as house:
        recipient = ("-r", "joe@kvt.dk")
        passwd = house.virtual / "kvt.dk" / "passwd"
        house.virtual.rename(house.root / "away")
        fails(house.deliver(MESSAGE, *recipient), 75, b"4.3.0 ")
        (house.root / "away").rename(house.virtual)
        passwd.chmod(0o000)
        fails(house.deliver(MESSAGE, *recipient), 75, b"4.3.5 ")
        passwd.chmod(0o622)
        fails(house.deliver(MESSAGE, *recipient), 75, b"4.3.5 ")
        passwd.chmod(0o600)
        passwd.rename(passwd.with_name("away"))
        fails(house.deliver(MESSAGE, *recipient), 75, b"4.3.5 ")
        passwd.with_name("away").rename(passwd)
        spool = house.spool / "kvt.dk"
        spool.chmod(0o555)
        fails(house.deliver(MESSAGE, *recipient), 75, b"4.")
        spool.chmod(0o755)
        spool.rmdir()
        fails(house.deliver(MESSAGE, *recipient), 75, b"4.")
        spool.mkdir()
        house.own(spool)
        equal(house.deliver(MESSAGE, *recipient).returncode, 0)


@case("an unreadable passwd file does not stop mail for an existing mailbox")
def _():
    with a_house() as house:
        path = house.write_mailbox("joe", "kvt.dk", [MESSAGE])
        passwd = house.virtual / "kvt.dk" / "passwd"
        passwd.chmod(0o000)
        equal(house.deliver(MESSAGE, "-r", "joe@kvt.dk").returncode, 0)
        equal(path.read_bytes().count(b"Subject: hello"), 2)
        fails(house.deliver(MESSAGE, "-r", "ann@kvt.dk"), 75, b"4.3.5 ")


@case("row 28: broken passwd lines before and behind do not stop a delivery")
def _():
    with House() as house:
        house.add_line("kvt.dk", "no colons")
        house.add_user("joe", "kvt.dk", "secret")
        house.add_line("kvt.dk", "x" * 5000)
        equal(house.deliver(MESSAGE, "-r", "joe@kvt.dk").returncode, 0)


@case("row 31: links, FIFOs and directories in place of a mailbox defer")
def _():
    with a_house("joe", "ann") as house:
        path = house.mailbox("joe", "kvt.dk")
        victim = house.write_mailbox("ann", "kvt.dk", [MESSAGE])
        before = victim.read_bytes()
        for make, remove in (
                (lambda: path.symlink_to("ann"), path.unlink),
                (lambda: path.symlink_to("nothing"), path.unlink),
                (lambda: os.link(victim, path), path.unlink),
                (lambda: os.mkfifo(path, 0o600), path.unlink),
                (lambda: path.mkdir(0o700), path.rmdir)):
            make()
            os.chown(path, OWNER, GROUP, follow_symlinks=False)
            fails(house.deliver(MESSAGE, "-r", "joe@kvt.dk"), 75, b"4.2.0 ")
            remove()
            equal(victim.read_bytes(), before)
            equal(os.listdir(house.spool / "kvt.dk"), ["ann"])


@case("bad options defer with 75 and a status code; help and version do not")
def _():
    with a_house() as house:
        for arguments in (("--nonsense",), ("-x",), ("-r",), ("-f",),
                          ("--lock=nonsense",), ("--lock=flock",),
                          ("--virtual-dir=relative",), ("superfluous",),
                          ("-r", "joe@kvt.dk", "--virtual-spool=")):
            done = house.deliver(MESSAGE, *arguments)
            equal(done.returncode, 75, f"{arguments} {done.stdout}")
            assert re.search(rb"^4\.3\.5 ", done.stdout, re.M), done.stdout
        for argument in ("--help", "-h", "--version", "-v"):
            equal(house.deliver(MESSAGE, argument).returncode, 0)
        equal(os.listdir(house.spool / "kvt.dk"), [])


@case("what Postfix reads of a failure begins with the status code")
def _():
    with a_house() as house:
        for arguments in (("-r", "ann@kvt.dk"), (), ("--nonsense",)):
            fails(house.deliver(MESSAGE, *arguments),
                  67 if "ann@kvt.dk" in arguments else 75, b"")


# ---- the top of the message ------------------------------------------------

TRACE = (b"Return-Path: <s@x.org>\nX-Original-To: joe@kvt.dk\n"
         b"Delivered-To: owner+joe--kvt.dk@host\n")
OURS = TRACE.replace(b"owner+joe--kvt.dk@host", b"joe@kvt.dk")


@case("what Postfix pipes in is kept, with Delivered-To for the virtual user")
def _():
    with a_house() as house:
        equal(written(house, FROM_LINE + TRACE + MESSAGE,
                      environment={"SENDER": "other@x.org"}),
              (FROM_LINE, OURS + MESSAGE))


@case("good From_ lines of several shapes are kept, bad ones replaced")
def _():
    with a_house() as house:
        for line in (b"From a@b Sun Nov 22 07:00:00 2026\n",
                     b"From a@b  Sun Nov  2 07:00:00 2026\n",
                     b"From MAILER-DAEMON Mon Jan  1 00:00:00 1990\n",
                     b"From a b@c Sun Nov 22 07:00 CET 2026\n"):
            equal(written(house, line + MESSAGE, "-f", "s@x.org")[0], line)
        for line in (b"From a@b\n", b"From \n", b"From a@b yesterday\n",
                     b"From " + b"x" * 100000 + b"\n"):
            first, rest = written(house, line + MESSAGE, "-f", "s@x.org")
            assert re.fullmatch(rb"From s@x\.org " + DATE + b"\n",
                                first), first
            equal(rest, b"Return-Path: <s@x.org>\nDelivered-To: joe@kvt.dk\n"
                  + MESSAGE)


@case("without a From_ line one is made from -f or SENDER")
def _():
    with a_house() as house:
        for arguments, environment, name, path in (
                (("-f", "a@b"), {}, b"a@b", b"Return-Path: <a@b>\n"),
                ((), {"SENDER": "a@b"}, b"a@b", b"Return-Path: <a@b>\n"),
                (("-f", "a@b"), {"SENDER": "c@d"}, b"a@b",
                 b"Return-Path: <a@b>\n"),
                (("-f", ""), {}, b"MAILER-DAEMON", b"Return-Path: <>\n"),
                ((), {"SENDER": ""}, b"MAILER-DAEMON", b"Return-Path: <>\n"),
                (("-f", "MAILER-DAEMON"), {}, b"MAILER-DAEMON",
                 b"Return-Path: <>\n"),
                ((), {}, b"MAILER-DAEMON", b""),
                (("-f", "a b\nc\td"), {}, b"a_b_c_d",
                 b"Return-Path: <a_b_c_d>\n")):
            first, rest = written(house, MESSAGE, *arguments,
                                  environment=environment)
            assert re.fullmatch(b"From " + name + b" " + DATE + b"\n",
                                first), first
            equal(rest, path + b"Delivered-To: joe@kvt.dk\n" + MESSAGE)


@case("only the first Delivered-To on top is replaced; deeper ones stay")
def _():
    header = (b"Return-Path: <s@x.org>\nDelivered-To: owner@host\n"
              b"\tfolded@host\nDelivered-To: second@host\n"
              b"Received: by x\nDelivered-To: third@host\n"
              b"Return-Path: <deep@x.org>\nSubject: x\n\n"
              b"Delivered-To: body@host\n")
    with a_house() as house:
        equal(written(house, FROM_LINE + header, "-f", "s@x.org")[1],
              header.replace(b"owner@host\n\tfolded@host", b"joe@kvt.dk"))


@case("a Delivered-To below other header lines is not taken for the MTA's")
def _():
    header = b"Received: by x\nDelivered-To: owner@host\nSubject: x\n\nx\n"
    with a_house() as house:
        equal(written(house, FROM_LINE + header, "-f", "s@x.org")[1],
              b"Return-Path: <s@x.org>\nDelivered-To: joe@kvt.dk\n" + header)


@case("messages with no body, no header or nothing at all are delivered")
def _():
    added = b"Return-Path: <s@x.org>\nDelivered-To: joe@kvt.dk\n"
    with a_house() as house:
        for message, expected in (
                (b"", added), (b"\n", added + b"\n"),
                (b"\n\nbody\n", added + b"\n\nbody\n"),
                (b"Subject: x\n", added + b"Subject: x\n"),
                (b"Subject: x", added + b"Subject: x\n"),
                (FROM_LINE, added), (FROM_LINE[:-1], added),
                (b"\r\n", added + b"\n")):
            equal(written(house, message, "-f", "s@x.org")[1], expected,
                  f"{message}")


# ---- the text --------------------------------------------------------------

def text_of(house, body):
    """How a body is stored."""
    head = OURS + b"Subject: x\n\n"
    rest = written(house, FROM_LINE + TRACE + b"Subject: x\n\n" + body)[1]
    assert rest.startswith(head), rest[:200]
    return rest[len(head):]


@case("From lines of the body are quoted, those of the header are not")
def _():
    with a_house() as house:
        for body, stored in (
                (b"From me\n", b">From me\n"),
                (b"x\n\nFrom me Sun Nov 22 07:00:00 2026\nFrom \n",
                 b"x\n\n>From me Sun Nov 22 07:00:00 2026\n>From \n"),
                (b">From me\n>>From me\n", b">From me\n>>From me\n"),
                (b"From\nFromage\nfrom me\n From me\nFrom: me\n",
                 b"From\nFromage\nfrom me\n From me\nFrom: me\n"),
                (b"From me\r\nFrom you", b">From me\n>From you\n")):
            equal(text_of(house, body), stored)
        equal(written(house, FROM_LINE + TRACE + b"X: y\nFrom me\n\nFrom x\n")
              [1], OURS + b"X: y\nFrom me\n\n>From x\n")
        with house.inetd() as client:
            client.login("joe@kvt.dk", "secret")
            equal(client.ok("STAT").split()[1], b"6")


@case("CR LF becomes LF, all other octets pass")
def _():
    with a_house() as house:
        for body, stored in (
                (b"a\r\nb\r\n", b"a\nb\n"), (b"a\rb\r\r\nc\r", None),
                (b"\0\0\n\0", b"\0\0\n\0\n"), (b"no newline", b"no newline\n"),
                (bytes(range(256)) * 3, None), (b"\r\n\r\n", b"\n\n"),
                (b"\n\n\n", b"\n\n\n")):
            if stored is None:
                stored = body.replace(b"\r\n", b"\n")
                stored += b"" if stored.endswith(b"\n") else b"\n"
                if body.endswith(b"\r"):
                    stored = stored[:-2] + b"\n"
            equal(text_of(house, body), stored)
        whole = (FROM_LINE + TRACE + MESSAGE).replace(b"\n", b"\r\n")
        first, rest = written(house, whole)
        equal((first, rest), (FROM_LINE, OURS + MESSAGE))


@case("lines of any length pass, also where buffers end")
def _():
    with a_house() as house:
        for length in (1000000, 65534, 65535, 65536, 65537, 131071, 131072):
            line = b"From " * (length // 5) + b"x" * (length % 5)
            equal(text_of(house, line + b"\r\n" + line), b">" + line + b"\n>" +
                  line + b"\n", f"{length}")
        for length in range(65460, 65540, 3):
            body = b"y" * length + b"\r\nFrom z\r\n"
            equal(text_of(house, body), b"y" * length + b"\n>From z\n")
        long_field = b"Subject: " + b"x" * 200000 + b"\n\nFrom x\n"
        equal(written(house, FROM_LINE + TRACE + long_field)[1],
              OURS + long_field.replace(b"From", b">From"))


@case("a message that comes octet by octet is stored as one that comes whole")
def _():
    with a_house() as house:
        message = (FROM_LINE + TRACE + b"Subject: x\r\n\r\nFrom me\r\n\r\0\n"
                   b"last").replace(b"\n", b"\r\n")
        whole = written(house, message)[1]
        with starting(house, "-r", "joe@kvt.dk") as process:
            for octet in message:
                os.write(process.stdin.fileno(), bytes([octet]))
            process.stdin.close()
            equal(process.wait(timeout=60), 0)
        text = house.mailbox("joe", "kvt.dk").read_bytes()
        equal(text, (FROM_LINE + whole + b"\n") * 2)


# ---- the mailbox -----------------------------------------------------------

def starting(house, *arguments, preexec=None):
    def prepare():
        if preexec is not None:
            preexec()
        become_owner()()
    return subprocess.Popen(
        [VIRTUAL, f"--virtual-dir={house.virtual}",
         f"--virtual-spool={house.spool}", *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, preexec_fn=prepare,
        env={"PATH": "/usr/bin:/bin"})


@case("a new mailbox has mode 0600, an old one keeps mode and inode")
def _():
    with a_house() as house:
        path = house.mailbox("joe", "kvt.dk")
        written(house, MESSAGE)
        equal(stat.S_IMODE(path.stat().st_mode), 0o600)
        path.chmod(0o640)
        inode = path.stat().st_ino
        written(house, MESSAGE)
        equal((stat.S_IMODE(path.stat().st_mode), path.stat().st_ino),
              (0o640, inode))
        equal(os.listdir(path.parent), ["joe"])


@case("a stalled sender holds no lock, and his message comes in the end")
def _():
    with a_house() as house:
        path = house.write_mailbox("joe", "kvt.dk", [MESSAGE])
        with starting(house, "-r", "joe@kvt.dk") as process:
            os.write(process.stdin.fileno(), b"Subject: slow\n\nslow")
            time.sleep(0.5)
            equal(os.listdir(path.parent), ["joe"])
            with open(path, "r+b") as mailbox:
                fcntl.lockf(mailbox, fcntl.LOCK_EX | fcntl.LOCK_NB)
            equal(house.deliver(MESSAGE, "-r", "joe@kvt.dk").returncode, 0)
            process.stdin.close()
            equal(process.wait(timeout=30), 0)
        assert path.read_bytes().endswith(b"\nSubject: slow\n\nslow\n\n")


@case("a lock of somebody else is waited for")
def _():
    with a_house() as house:
        path = house.write_mailbox("joe", "kvt.dk", [])
        lock = path.with_name("joe.lock")
        lock.touch(mode=0o000)
        timer = threading.Timer(1.0, lock.unlink)
        timer.start()
        started = time.monotonic()
        equal(house.deliver(MESSAGE, "-r", "joe@kvt.dk").returncode, 0)
        assert time.monotonic() - started >= 0.9
        timer.join()


@case("20 deliveries at once are all there, and none is torn")
def _():
    with a_house() as house:
        path = house.mailbox("joe", "kvt.dk")
        done = []

        def deliver(number):
            body = b"%02d" % number * 20000 + b"\n"
            done.append(house.deliver(
                b"Subject: %02d\n\n" % number + body, "-r", "joe@kvt.dk",
                "-f", "s@x.org").returncode)
        workers = [threading.Thread(target=deliver, args=(number,))
                   for number in range(20)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        equal(done, [0] * 20)
        pieces = re.split(rb"^From s@x\.org " + DATE + b"\n",
                          path.read_bytes(), flags=re.M)[::3]
        expected = [b"Return-Path: <s@x.org>\nDelivered-To: joe@kvt.dk\n"
                    b"Subject: %02d\n\n" % number + b"%02d" % number * 20000 +
                    b"\n\n" for number in range(20)]
        equal(sorted(pieces), [b""] + expected)
        equal(os.listdir(path.parent), ["joe"])


@case("row 39: a mailbox that was cut off is completed before the next message")
def _():
    with a_house() as house:
        path = house.write_mailbox("joe", "kvt.dk", [MESSAGE])
        whole = path.read_bytes()
        for cut, missing in ((0, b""), (1, b"\n"), (2, b"\n\n"),
                             (4, b"\n\n")):
            path.write_bytes(whole[:len(whole) - cut])
            written_now = house.deliver(MESSAGE, "-r", "joe@kvt.dk",
                                        "-f", "s@x.org")
            equal(written_now.returncode, 0)
            text = path.read_bytes()
            start = whole[:len(whole) - cut] + missing
            assert text.startswith(start + b"From s@x.org "), text
            with house.inetd() as client:
                client.login("joe@kvt.dk", "secret")
                equal(client.ok("STAT").split()[1], b"2")


@case("row 43: beyond a file size limit: 75, and the mailbox as before")
def _():
    with a_house() as house:
        path = house.write_mailbox("joe", "kvt.dk", [MESSAGE] * 20)
        before = path.read_bytes()
        for limit in (len(before), len(before) + 1, len(before) + 200):
            def set_limit(limit=limit):
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            with starting(house, "-r", "joe@kvt.dk",
                          preexec=set_limit) as process:
                output, _errors = process.communicate(
                    b"Subject: x\n\n" + b"x" * 1000, timeout=60)
            equal(process.returncode, 75, f"{output}")
            assert output.startswith(b"4.2.2 "), output
            equal(path.read_bytes(), before)
            equal(os.listdir(path.parent), ["joe"])


@case("a large message, beyond what is kept in memory, is stored whole")
def _():
    with a_house() as house:
        body = b"".join(b"%08d" % i + b"\xff" * 60 + b"\n"
                        for i in range(100000))
        equal(text_of(house, body), body)


@case("a temporary directory that does not exist defers a large message")
def _():
    with a_house() as house:
        fails(house.deliver(
            b"Subject: x\n\n" + b"x\n" * 2000000, "-r", "joe@kvt.dk",
            environment={"TMPDIR": "/nonexistent"}), 75, b"4.3.0 ")
        equal(os.listdir(house.spool / "kvt.dk"), [])


tap.main()
