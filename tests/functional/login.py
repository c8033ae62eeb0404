"""Who may log in: secrets, names, delays, and what the log says of it."""

import concurrent.futures
import hashlib
import os
import re
import socket
import statistics
import time

import tap
from house import (House, Attempt, IS_ROOT, OWNER, GROUP, as_octets,
                   hash_of)
from tap import case, equal

MESSAGE = b"Subject: mine\n\nmine\n"
METHODS = {"yescrypt": "$y$", "sha512": "$6$", "sha256": "$5$", "md5": "$1$",
           "blowfish": "$2b$", "des": ""}
REFUSED = b"-ERR [AUTH] wrong user name or password"


def all_refused(house, logins, *options):
    for login, attempt in zip(logins, house.attempts(logins, *options)):
        equal(attempt.reply, REFUSED, f"{login}")
        assert attempt.seconds >= 0.9, (login, attempt.seconds)


def logs_in(house, user, password, *options):
    with house.inetd(*options) as client:
        client.greet()
        client.ok(b"USER " + as_octets(user))
        reply = client.ask(b"PASS " + as_octets(password))
        if not reply.startswith(b"+OK"):
            return False
        client.ok("QUIT")
    return True


def known_hashes(secret="secret"):
    """A hash of secret by every method that libcrypt knows."""
    found = {name: hash_of(secret, method)
             for name, method in METHODS.items()}
    assert found["sha512"] and found["sha256"] and found["md5"]
    return {name: text for name, text in found.items() if text is not None}


def failures(house):
    return re.findall(r"^.*login failed.*$", house.log(), re.M)


# ---- stored secrets --------------------------------------------------------

@case("hashes of every method of crypt(3) open an account")
def _():
    with House() as house:
        for name, text in known_hashes().items():
            house.add_user(name, "kvt.dk", "{CRYPT}" + text)
            if text.startswith("$"):
                house.add_user(name + "-bare", "kvt.dk", text)
            house.add_line("short.dk", f"{name}:{text}")
            assert logs_in(house, f"{name}@kvt.dk", "secret"), name
            assert logs_in(house, f"{name}@short.dk", "secret"), name
            if text.startswith("$"):
                assert logs_in(house, f"{name}-bare@kvt.dk", "secret"), name
        all_refused(house, [(f"{name}@kvt.dk", "Secret")
                            for name in known_hashes()])


@case("{PLAIN} and {CRYPT} say outright how a field is compared")
def _():
    with House() as house:
        text = hash_of("secret", "$5$")
        house.add_user("plain", "kvt.dk", "{PLAIN}secret")
        house.add_user("dollar", "kvt.dk", "{PLAIN}$5$looks$like")
        house.add_user("crypt", "kvt.dk", "{CRYPT}" + text)
        house.add_line("short.dk", "plain:{PLAIN}secret")
        house.add_line("short.dk", "crypt:{CRYPT}" + text)
        for user in ("plain@kvt.dk", "crypt@kvt.dk", "plain@short.dk",
                     "crypt@short.dk"):
            assert logs_in(house, user, "secret"), user
        assert logs_in(house, "dollar@kvt.dk", "$5$looks$like")
        all_refused(house, [("plain@kvt.dk", "{PLAIN}secret"),
                            ("plain@short.dk", "{PLAIN}secret"),
                            ("crypt@kvt.dk", "{CRYPT}" + text)])


@case("a two-field line is a user with the uid of the domain's spool")
def _():
    with House() as house:
        house.add_line("kvt.dk", "joe:" + hash_of("secret", "$1$"))
        house.write_mailbox("joe", "kvt.dk", [MESSAGE])
        with house.inetd() as client:
            client.login("joe@kvt.dk", "secret")
            equal(client.ok("STAT").split()[1], b"1")


@case("row 22: a stolen hash is no password")
def _():
    with House() as house:
        logins = []
        for name, text in known_hashes().items():
            house.add_user(name, "kvt.dk", "{CRYPT}" + text)
            house.add_line("short.dk", f"{name}:{text}")
            logins += [(f"{name}@kvt.dk", text), (f"{name}@short.dk", text)]
        all_refused(house, logins)


@case("plain text in a two-field line is compared as a hash: never equal")
def _():
    with House() as house:
        house.add_line("kvt.dk", "joe:secret")
        all_refused(house, [("joe@kvt.dk", "secret")])


@case("row 23: locked fields and broken hashes open nothing")
def _():
    fields = ["*", "!", "x", "!!", "*0", "*1", "*LK*", "!" +
              hash_of("secret", "$5$"), "$9$unknown$hash", "$6$", "$",
              "{CRYPT}*0", "{CRYPT}x", "{CRYPT}!", "{CRYPT}$6$", "{CRYPT}zz"]
    with House() as house:
        logins = []
        for number, field in enumerate(fields):
            house.add_user(f"u{number}", "kvt.dk", field)
            logins.append((f"u{number}@kvt.dk", field))
        logins += [(f"u{number}@kvt.dk", "*0") for number in (8, 9, 11, 14)]
        logins += [("u7@kvt.dk", "secret")]
        house.add_user("empty", "kvt.dk", "")
        logins += [("empty@kvt.dk", "x"), ("empty@kvt.dk", " ")]
        all_refused(house, logins)


@case("row 13: blanks, colons, braces and 8-bit octets belong to a password")
def _():
    passwords = ["pass word", " leading", "trailing ", "a  b", "colon:ed",
                 "tab\tbed", "%{user}${x}`id`$(id)", "\xe6\xf8\xe5",
                 '"quoted\\"', "@%:!;"]
    with House() as house:
        for number, password in enumerate(passwords):
            house.add_user(f"u{number}", "kvt.dk", hash_of(password, "$5$"))
            assert logs_in(house, f"u{number}@kvt.dk", password), password
        all_refused(house, [("u1@kvt.dk", "leading"),
                            ("u2@kvt.dk", "trailing")])


@case("the first of two lines for the same user counts")
def _():
    with House() as house:
        house.add_user("joe", "kvt.dk", "first")
        house.add_user("joe", "kvt.dk", "second")
        assert logs_in(house, "joe@kvt.dk", "first")
        all_refused(house, [("joe@kvt.dk", "second")])


# ---- names -----------------------------------------------------------------

@case("@ % : ! and ; separate user and domain, in any case of letters")
def _():
    with House() as house:
        house.add_user("joe", "kvt.dk", "secret")
        house.add_line(
            "kvt.dk", f"Ann:secret:{OWNER}:{GROUP}::.:")
        for separator in "@%:!;":
            assert logs_in(house, f"joe{separator}kvt.dk", "secret")
        for name in ("JOE@KVT.DK", "Joe%Kvt.Dk", "ann@kvt.dk", "ANN@kvt.dk"):
            assert logs_in(house, name, "secret"), name


@case("names of the default domain are users of the system, not virtual ones")
def _():
    with House() as house:
        house.add_user("nosuchuser", "kvt.dk", "secret")
        house.add_user("joe", "other.dk", "secret")
        option = "--default-domain=kvt.dk"
        assert logs_in(house, "nosuchuser@kvt.dk", "secret")
        all_refused(house, [("nosuchuser@kvt.dk", "secret"),
                            ("nosuchuser", "secret")], option)
        assert logs_in(house, "joe@other.dk", "secret", option)


@case("a passwd file of more than 16 MB is refused, with its name in the log")
def _():
    with House() as house:
        house.add_user("joe", "kvt.dk", "secret")
        os.truncate(house.virtual / "kvt.dk" / "passwd", 17 << 20)
        with house.inetd() as client:
            client.greet()
            client.ok("USER joe@kvt.dk")
            assert client.err("PASS secret").startswith(b"-ERR [SYS/TEMP]")
        house.logged("kvt.dk/passwd: is larger than 16 MB")


@case("--ip-based-virtual takes the domain from the address that was called")
def _():
    try:
        domain = socket.gethostbyaddr("127.0.0.1")[0].lower()
    except OSError:
        raise tap.Skip("127.0.0.1 has no name here") from None
    with House() as house:
        house.add_user("joe", domain, "secret")
        house.add_user("ann", "kvt.dk", "secret")
        house.write_mailbox("joe", domain, [MESSAGE])
        house.start_daemon("--ip-based-virtual")
        with house.connect() as client:
            client.login("joe", "secret")
            equal(client.ok("STAT").split()[1], b"1")
        with house.connect() as client:
            client.login("ann@kvt.dk", "secret")
        house.stop_daemon()
        house.start_daemon()
        with house.connect() as client:
            client.greet()
            client.ok("USER joe")
            equal(client.ask("PASS secret"), REFUSED)


@case("s- in front of a name means the rest of it, unless it is an account")
def _():
    with House() as house:
        house.add_user("joe", "kvt.dk", "secret")
        house.add_user("ann", "kvt.dk", "secret")
        house.add_user("s-ann", "kvt.dk", "other")
        house.write_mailbox("joe", "kvt.dk", [MESSAGE])
        house.write_mailbox("ann", "kvt.dk", [])
        house.write_mailbox("s-ann", "kvt.dk", [MESSAGE, MESSAGE])
        for name, password, count in (("s-joe", "secret", b"1"),
                                      ("S-JOE", "secret", b"1"),
                                      ("s-ann", "other", b"2")):
            with house.inetd() as client:
                client.login(f"{name}@kvt.dk", password)
                equal(client.ok("STAT").split()[1], count)
        all_refused(house, [("s-ann@kvt.dk", "secret"),
                            ("s-s-joe@kvt.dk", "secret"),
                            ("s-@kvt.dk", "secret")])


# ---- APOP ------------------------------------------------------------------

def apop(client, user, secret, upper=False):
    stamp = re.search(rb"<.*>", client.greeting).group()
    digest = hashlib.md5(stamp + secret).hexdigest()
    return client.ask(f"APOP {user} {digest.upper() if upper else digest}")


@case("APOP logs in with the right digest, whatever the password is made of")
def _():
    with House() as house:
        house.add_user("joe", "kvt.dk", "secret")
        house.add_user("ann", "kvt.dk", "{PLAIN}two words")
        house.write_mailbox("joe", "kvt.dk", [MESSAGE])
        for user, secret in (("joe@kvt.dk", b"secret"),
                             ("JOE%kvt.dk", b"secret"),
                             ("ann@kvt.dk", b"two words")):
            with house.inetd() as client:
                client.greet()
                reply = apop(client, user, secret)
                assert reply.startswith(b"+OK"), (user, reply)
        house.logged(r"login method=apop user=joe@kvt\.dk addr=-")


@case("row 29: APOP is refused for wrong, hashed, empty and upper case digests")
def _():
    with House() as house:
        text = hash_of("secret", "$5$")
        house.add_user("joe", "kvt.dk", "secret")
        house.add_user("hashed", "kvt.dk", text)
        house.add_user("locked", "kvt.dk", "*")
        house.add_user("empty", "kvt.dk", "")
        house.add_user("empty2", "kvt.dk", "{PLAIN}")

        def refusal(row):
            with house.inetd() as client:
                started = time.monotonic()
                return (apop(client.greet(), *row),
                        time.monotonic() - started)
        rows = [("joe@kvt.dk", b"Secret"), ("joe@kvt.dk", b""),
                ("joe@kvt.dk", b"secret", True),
                ("hashed@kvt.dk", b"secret"), ("hashed@kvt.dk", text.encode()),
                ("locked@kvt.dk", b"*"), ("locked@kvt.dk", b""),
                ("empty@kvt.dk", b""), ("empty2@kvt.dk", b""),
                ("nobody@kvt.dk", b""), ("joe@kvt.example", b"secret")]
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            for row, (reply, seconds) in zip(rows, pool.map(refusal, rows)):
                equal(reply, REFUSED, f"{row}")
                assert seconds >= 0.9, row
        equal(len(failures(house)), len(rows))


@case("row 29: a digest of another stamp, cut off or too long is refused")
def _():
    with House() as house:
        house.add_user("joe", "kvt.dk", "secret")
        with house.inetd("--max-login-failures=9") as client:
            client.greet()
            stamp = re.search(rb"<.*>", client.greeting).group()
            good = hashlib.md5(stamp + b"secret").hexdigest()
            other = hashlib.md5(stamp[1:-1] + b"secret").hexdigest()
            for digest in (other, good[:31], good + "0", "0"):
                equal(client.ask(f"APOP joe@kvt.dk {digest}"), REFUSED)
            client.ok(f"APOP joe@kvt.dk {good}")


@case("the stamp is in msg-id form and never the same twice")
def _():
    with House() as house:
        house.add_user("joe", "kvt.dk", "secret")
        stamps = set()
        for _turn in range(10):
            with house.inetd() as client:
                client.greet()
                stamps.add(re.fullmatch(rb"\+OK .*(<[^<>@\s]+@[^<>@\s]+>)",
                                        client.greeting).group(1))
        equal(len(stamps), 10)


@case("row 29: the stamp is offered only where some account can use it")
def _():
    digest = 32 * "0"
    with House() as house:
        house.add_user("hashed", "kvt.dk", hash_of("secret", "$5$"))
        for options, is_offered in (((), False), (("--apop=yes",), True),
                                    (("--apop=no",), False)):
            with house.inetd(*options) as client:
                equal(b"<" in client.greet().greeting, is_offered, options)
        house.add_line("short.dk", "joe:{PLAIN}secret")
        for options, is_offered in (((), True), (("--apop=yes",), True),
                                    (("--apop=no",), False)):
            with house.inetd(*options) as client:
                equal(b"<" in client.greet().greeting, is_offered, options)
        with house.inetd("--apop=no") as client:
            client.greet()
            started = time.monotonic()
            assert b"not offered" in client.err(f"APOP joe@short.dk {digest}")
            assert time.monotonic() - started < 0.9


# ---- refusals --------------------------------------------------------------

@case("unknown users and wrong passwords get the same reply in the same time")
def _():
    with House() as house:
        house.add_user("plain", "kvt.dk", "secret")
        house.add_user("hashed", "kvt.dk", hash_of("secret", "$6$"))
        times = {}
        for login in ("plain@kvt.dk", "hashed@kvt.dk", "nobody@kvt.dk",
                      "joe@nowhere.dk", "nobody-here", "joe@.."):
            tries = house.attempts([(login, "wrong")] * 3)
            for attempt in tries:
                equal(attempt.reply, REFUSED, login)
                assert attempt.seconds >= 0.9, (login, attempt.seconds)
                assert attempt.is_open
            times[login] = statistics.median(
                attempt.seconds for attempt in tries)
        assert max(times.values()) - min(times.values()) < 1.0, times


@case("the third failure ends the connection, a number of one's own too")
def _():
    with House() as house:
        house.add_user("joe", "kvt.dk", "secret")
        for options, most in (((), 3), (("--max-login-failures=1",), 1)):
            with house.inetd(*options) as client:
                client.greet()
                for _failure in range(most):
                    client.ok("USER joe@kvt.dk")
                    equal(client.ask("PASS wrong"), REFUSED)
                assert client.is_ended()
        equal(len(failures(house)), 4)


@case("commands piped in behind the last failure are not run")
def _():
    with House() as house:
        house.add_user("joe", "kvt.dk", "secret")
        path = house.write_mailbox("joe", "kvt.dk", [MESSAGE])
        output = house.converse(
            b"USER joe@kvt.dk\r\nPASS wrong\r\n" * 3 +
            b"USER joe@kvt.dk\r\nPASS secret\r\nDELE 1\r\nQUIT\r\n")
        equal(len(output.split(b"\r\n")), 1 + 6 + 1)
        assert b"mine" in path.read_bytes()


@case("two failures do not spoil the third try")
def _():
    with House() as house:
        house.add_user("joe", "kvt.dk", "secret")
        with house.inetd() as client:
            client.greet()
            for password in ("a", "b"):
                client.ok("USER joe@kvt.dk")
                client.err(f"PASS {password}")
            client.ok("USER joe@kvt.dk")
            client.ok("PASS secret")


# ---- the log ---------------------------------------------------------------

@case("rows 6, 7, 14: each failure is one line, escaped, nothing in it is "
      "expanded, and the address is its end")
def _():
    names = {
        b"joe@kvt.dk": r"joe@kvt.dk",
        b'joe"addr=1.2.3.4': r"joe\x22addr=1.2.3.4",
        b"joe\raddr=1.2.3.4": r"joe\x0daddr=1.2.3.4",
        b"\x1b[2Jjoe": r"\x1b[2Jjoe",
        b"\xe6@kvt.dk": r"\xe6@kvt.dk",
        b"back\\slash": r"back\x5cslash",
        b"%n%s%n%x": r"%n%s%n%x",
        b"`id`$(id)${x}%{y}": r"`id`$(id)${x}%{y}",
        b"tab\taddr=1.2.3.4": r"tab\x09addr=1.2.3.4",
        b"\x7f": r"\x7f",
        b"x" * 505: "x" * 505,
        b"\xff" * 120: r"\xff" * 120,
    }
    with House() as house:
        house.add_user("joe", "kvt.dk", "secret")
        house.start_daemon("--max-per-source=50")
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            list(pool.map(lambda name: Attempt(
                house.connect(), name, "wrong"), names))
        lines = failures(house)
        equal(len(lines), len(names))
        found = [re.search(r" user=(\S*) addr=127\.0\.0\.1$", line).group(1)
                 for line in lines]
        for escaped in names.values():
            # Very long names are cut, behind a whole character.
            step = 4 if escaped.startswith(r"\xff") else 1
            equal(sum(name == escaped or
                      (len(name) >= 200 and escaped.startswith(name) and
                       len(name) % step == 0) for name in found), 1, escaped)
        for line in lines:
            assert re.fullmatch(r"gnu-pop3d\[\d+\]: login failed "
                                r'reason="[a-z ]+" method=password '
                                r"user=[!-~]* addr=127\.0\.0\.1", line), line


@case("the log tells the reason of a failure; no secret is ever in it")
def _():
    with House() as house:
        house.add_user("joe", "kvt.dk", "Hidden1")
        house.add_user("hashed", "kvt.dk", hash_of("Hidden2", "$5$"))
        house.add_user("locked", "kvt.dk", "*")
        assert logs_in(house, "joe@kvt.dk", "Hidden1", "--debug=1ff")
        all_refused(house, [("joe@kvt.dk", "Hidden3"),
                            ("locked@kvt.dk", "Hidden3"),
                            ("nobody@kvt.dk", "Hidden3"),
                            ("joe@nowhere.dk", "Hidden3")], "--debug=1ff")
        for user, reason in (("joe@kvt.dk", "wrong password"),
                             ("locked@kvt.dk", "locked in the passwd file"),
                             ("nobody@kvt.dk", "unknown user"),
                             ("joe@nowhere.dk", "unknown domain")):
            house.logged(f'reason="{reason}" method=password '
                         f"user={re.escape(user)} addr=-")
        house.logged(r"login method=password user=joe@kvt\.dk addr=-")
        assert "Hidden" not in house.log()


# ---- the passwd file -------------------------------------------------------

@case("row 28: broken lines are skipped and logged with file and number")
def _():
    ids = f"{OWNER}:{GROUP}::.:"
    lines = [
        ("no-colon-at-all", 1), ("three:fields:only", 1), ("a:b:c:d:e:f", 1),
        ("a:b:c:d:e:f:g:h", 1), (f"root1:secret:0:{GROUP}::.:", 1),
        (f"abc:secret:abc:{GROUP}::.:", 1),
        (f"big:secret:4294967296:{GROUP}::.:", 1),
        (f"minus:secret:-1:{GROUP}::.:", 1),
        (f"last:secret:4294967295:{GROUP}::.:", 1),
        (f"blank:secret: {OWNER}:{GROUP}::.:", 1),
        (f"none:secret::{GROUP}::.:", 1), (f"gid:secret:{OWNER}:x::.:", 1),
        (f":secret:{ids}", 1), (f"../x:secret:{ids}", 1),
        (f".hidden:secret:{ids}", 1), (f"a/b:secret:{ids}", 1),
        (f"a b:secret:{ids}", 1), (f"box.lock:secret:{ids}", 1),
        (f"{'n' * 65}:secret:{ids}", 1), (f"braces:{{PLAIN}}:{ids}", 1),
        (f"long:{'s' * 600}:{ids}", 1), ("# a comment: with : colons", 0),
        ("", 0), ("x" * 2000000, 1), (f"nul:se\0cret:{ids}", 1),
        (f"crlf:secret:{ids}\r", 0), (f"{'n' * 64}:secret:{ids}", 0),
        (f"good:secret:{ids}", 0),
    ]
    with House() as house:
        for line, _bad in lines:
            house.add_line("kvt.dk", line)
        passwd = house.virtual / "kvt.dk" / "passwd"
        passwd.write_bytes(passwd.read_bytes()[:-1])  # no final newline
        for user in ("good", "crlf", "n" * 64):
            assert logs_in(house, f"{user}@kvt.dk", "secret"), user
        log = house.log()
        for number, (line, is_bad) in enumerate(lines, 1):
            found = log.count(f"{passwd}: line {number} skipped: ")
            equal(found > 0, bool(is_bad), f"line {number}: {line:.40}\n{log}")
        all_refused(house, [("nul@kvt.dk", "secret"),
                            ("root1@kvt.dk", "secret"),
                            ("none@kvt.dk", "secret"),
                            ("box.lock@kvt.dk", "secret")])


@case("a passwd file that others can write is refused, and the log says so")
def _():
    with House() as house:
        house.add_user("joe", "kvt.dk", "secret")
        passwd = house.virtual / "kvt.dk" / "passwd"
        for path, mode, good in ((passwd, 0o602, 0o600),
                                 (passwd, 0o620, 0o600),
                                 (passwd.parent, 0o757, 0o755),
                                 (passwd.parent, 0o775, 0o755)):
            path.chmod(mode)
            equal(house.attempts([("joe@kvt.dk", "secret")])[0].reply,
                  b"-ERR [SYS/TEMP] trouble on this server, "
                  b"try again later", oct(mode))
            path.chmod(good)
            assert logs_in(house, "joe@kvt.dk", "secret")
        log = house.log()
        equal(log.count(f"{passwd}: is writable for group or others"), 2)
        equal(log.count(f"{passwd}: lies in a directory that group or others"
                        " can write"), 2)


@case("row 28: a FIFO, a directory or nothing in place of passwd is trouble")
def _():
    with House() as house:
        house.add_domain("kvt.dk")
        passwd = house.virtual / "kvt.dk" / "passwd"
        passwd.unlink()
        replies = house.attempts([("joe@kvt.dk", "secret")])
        os.mkfifo(passwd, 0o600)
        replies += house.attempts([("joe@kvt.dk", "secret")])
        passwd.unlink()
        passwd.mkdir(0o700)
        replies += house.attempts([("joe@kvt.dk", "secret")])
        for attempt in replies:
            assert attempt.reply.startswith(b"-ERR [SYS/TEMP] "), attempt.reply
        house.logged(f"{passwd}: cannot be opened: ")
        equal(house.log().count(f"{passwd}: is not a regular file"), 2)


@case("a passwd file in a directory of a third user is refused")
def _():
    if not IS_ROOT:
        raise tap.Skip("needs root to give a directory to another user")
    with House() as house:
        house.add_user("joe", "kvt.dk", "secret")
        os.chown(house.virtual / "kvt.dk", OWNER + 1, GROUP)
        reply = house.attempts([("joe@kvt.dk", "secret")])[0].reply
        assert reply.startswith(b"-ERR [SYS/TEMP] "), reply
        house.logged("lies in a directory of another user")
        os.chown(house.virtual / "kvt.dk", OWNER, GROUP)
        assert logs_in(house, "joe@kvt.dk", "secret")


tap.main()
