"""AUTH: every mechanism against the daemon, spoken by a client of our own that
knows nothing of the daemon's code."""

import concurrent.futures
import contextlib
import hashlib
import hmac
import re
import time

import tap
from house import House, hash_of, status_of
from mechanisms import (Scram, challenge, cram, encode, login, plain,
                        plain_at_once, scram, scram_slowly)
from tap import case, equal

MESSAGE = b"Subject: mine\n\nmine\n"
USER = "joe@kvt.dk"
SECRET = "open sesame"
REFUSED = b"-ERR [AUTH] wrong user name or password"
GIVEN_UP = b"-ERR login given up"
NOT_PROTECTED = b"-ERR passwords are taken over an encrypted connection only"
ALL = b"SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5 PLAIN LOGIN".split()


METHODS = {
    "plain": plain,
    "login": login,
    "cram-md5": cram,
    "scram-sha-1": scram("SCRAM-SHA-1"),
    "scram-sha-256": scram("SCRAM-SHA-256"),
}


# ---- houses ----------------------------------------------------------------

@contextlib.contextmanager
def a_house(secret=SECRET):
    with House() as house:
        house.add_user("joe", "kvt.dk", secret)
        house.write_mailbox("joe", "kvt.dk", [MESSAGE])
        yield house


def try_all(house, rows, *options):
    """Tries (method, user, secret), each in a connection of its own; the
    replies and how long they took."""
    def attempt(row):
        method, user, secret = row
        with house.inetd(*options) as client:
            client.greet()
            started = time.monotonic()
            return (METHODS[method](client, user, secret),
                    time.monotonic() - started)
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        return list(pool.map(attempt, rows))


def all_refused(house, rows, *options):
    for row, (reply, seconds) in zip(rows, try_all(house, rows, *options)):
        equal(reply, REFUSED, f"{row}")
        assert seconds >= 0.9, (row, seconds)


def all_accepted(house, rows, *options):
    for row, (reply, _) in zip(rows, try_all(house, rows, *options)):
        equal(reply, b"+OK logged in", f"{row}")


# ---- what is offered -------------------------------------------------------

def offers(house, *options):
    """The mechanisms, whether there is a stamp, whether there is USER."""
    with house.inetd(*options) as client:
        client.greet()
        capabilities = client.listing("CAPA")
        sasl = [line.split()[1:] for line in capabilities
                if line.startswith(b"SASL")]
        mechanisms = client.listing("AUTH")
        equal(sasl, [mechanisms] if mechanisms else [], "CAPA and AUTH")
        return (mechanisms, b"<" in client.greeting, b"USER" in capabilities)


@case("what needs a plain secret is offered only where some account has one, "
      "or as --challenges says, of which --apop is another name")
def _():
    few = [b"PLAIN", b"LOGIN"]
    with House() as house:
        house.add_user("hal", "kvt.dk", hash_of("right", "$5$"))
        equal(offers(house), (few, False, True))
        equal(offers(house, "--challenges=yes"), (ALL, True, True))
        equal(offers(house, "--apop=yes"), (ALL, True, True))
        house.add_user("joe", "kvt.dk", SECRET)
        equal(offers(house), (ALL, True, True))
        equal(offers(house, "--challenges=no"), (few, False, True))
        equal(offers(house, "--apop=no"), (few, False, True))
        equal(offers(house, "--challenges=auto"), (ALL, True, True))


@case("--require-secure hides and refuses what shows a password, unless "
      "--secure says that the connection is protected")
def _():
    with a_house() as house:
        equal(offers(house, "--require-secure"), (ALL[:3], True, False))
        equal(offers(house, "--require-secure", "--secure"),
              (ALL, True, True))
        equal(offers(house, "--secure"), (ALL, True, True))
        equal(offers(house, "--require-secure", "--challenges=no"),
              ([], False, False))
        with house.inetd("--require-secure") as client:
            client.greet()
            for command in (f"USER {USER}", "AUTH PLAIN", "AUTH LOGIN",
                            "auth login", b"AUTH PLAIN " +
                            encode(f"\0{USER}\0{SECRET}")):
                equal(client.ask(command), NOT_PROTECTED)
            client.err(f"PASS {SECRET}")
            equal(cram(client, USER, SECRET), b"+OK logged in")
            assert not any(line.startswith(b"SASL") and b"PLAIN" in line
                           for line in client.listing("CAPA"))
        with house.inetd("--require-secure") as client:
            client.greet()
            stamp = re.search(rb"<.*>", client.greeting)[0]
            client.ok(f"APOP {USER} " + hashlib.md5(
                stamp + SECRET.encode()).hexdigest())
        with house.inetd("--require-secure", "--secure") as client:
            client.login(USER, SECRET)


@case("--require-secure does not take 127.0.0.1 for protected")
def _():
    with a_house() as house:
        house.start_daemon("--require-secure")
        with house.connect() as client:
            client.greet()
            equal(client.ask(f"USER {USER}"), NOT_PROTECTED)
            equal(METHODS["scram-sha-256"](client, USER, SECRET),
                  b"+OK logged in")


# ---- logging in ------------------------------------------------------------

@case("every mechanism logs in, and the log has its name")
def _():
    with a_house() as house:
        house.add_user("ann", "kvt.dk", "{PLAIN}$,=\\\"%{x}")
        all_accepted(house, [(method, user, secret) for method in METHODS
                             for user, secret in (
                                 (USER, SECRET),
                                 ("ANN%kvt.dk", "$,=\\\"%{x}"))])
        for method in METHODS:
            house.logged(rf"login method={method} user=joe@kvt\.dk addr=-")
        assert SECRET not in house.log()


@case("after each mechanism the mailbox is there, and commands that were sent "
      "along are answered")
def _():
    with a_house() as house:
        for method in METHODS:
            with house.inetd() as client:
                client.greet()
                equal(METHODS[method](client, USER, SECRET),
                      b"+OK logged in", method)
                equal(client.ok("STAT").split()[1], b"1")
                client.err("AUTH PLAIN")
                client.ok("QUIT")
        with house.inetd() as client:
            client.greet()
            client.send(b"AUTH PLAIN " + encode(f"\0{USER}\0{SECRET}") +
                        b"\r\nSTAT\r\nNOOP\r\n")
            equal(client.line(), b"+OK logged in")
            equal(client.line().split()[:2], [b"+OK", b"1"])
            equal(client.line(), b"+OK nothing done")
        with house.inetd() as client:
            exchange = Scram(client.greet(), "SCRAM-SHA-256", USER, SECRET)
            exchange.begin()
            client.send(encode(exchange.last()) + b"\r\n\r\nSTAT\r\n")
            equal(client.line(), b"+ " + encode(exchange.expected))
            equal(client.line(), b"+OK logged in")
            equal(client.line().split()[:2], [b"+OK", b"1"])


@case("initial responses, SCRAM without one, and names that are the same twice")
def _():
    def twice(client):
        return plain(client, USER, SECRET, wanted="JOE@kvt.dk")

    def scram_twice(client):
        return Scram(client, "SCRAM-SHA-1", USER, SECRET,
                     f"n,a={USER},").run()
    with a_house() as house:
        for method in (plain_at_once, scram_slowly):
            with house.inetd() as client:
                equal(method(client.greet(), USER, SECRET), b"+OK logged in")
        for method in (twice, scram_twice):
            with house.inetd() as client:
                equal(method(client.greet()), b"+OK logged in")


@case("accounts with a hash log in by PLAIN and LOGIN only")
def _():
    with a_house() as house:
        text = hash_of("right", "$6$")
        house.add_user("hal", "kvt.dk", text)
        all_accepted(house, [(method, "hal@kvt.dk", "right")
                             for method in ("plain", "login")])
        all_refused(house, [(method, "hal@kvt.dk", secret)
                            for method in ("cram-md5", "scram-sha-1",
                                           "scram-sha-256")
                            for secret in ("right", text)])
        house.logged('reason="method needs a plain-text secret" '
                     r"method=scram-sha-256 user=hal@kvt\.dk")
        all_refused(house, [(method, "hal@kvt.dk", text)
                            for method in ("plain", "login")])


@case("row 23: NULL and *0 of crypt(3) open nothing by AUTH either")
def _():
    with a_house() as house:
        rows = []
        for number, field in enumerate(("{CRYPT}*0", "$9$unknown$hash",
                                        "{CRYPT}x", "*", "!", "x", "")):
            house.add_user(f"u{number}", "kvt.dk", field)
            secret = field.replace("{CRYPT}", "") or "x"
            rows += [(method, f"u{number}@kvt.dk", secret)
                     for method in METHODS]
        all_refused(house, rows)


@case("passwords are UTF-8, and prepared in the same way by every mechanism")
def _():
    stored = "p\u00e6n\u00a0\u00f8l \u20ac \U0001f42e"
    typed = "p\u00e6n \u00f8l\u3000\u20ac\u00a0\U0001f42e\u00ad\u200b"
    with a_house(stored) as house:
        house.add_user("hal", "kvt.dk",
                       hash_of("p\u00e6n \u00f8l \u20ac \U0001f42e", "$6$"))
        ready = "p\u00e6n \u00f8l \u20ac \U0001f42e"
        all_accepted(house, [(method, USER, ready) for method in METHODS])
        all_accepted(house, [(method, user, typed)
                             for method in ("plain", "login")
                             for user in (USER, "hal@kvt.dk")])
        all_refused(house, [(method, USER, ready + "x") for method in METHODS])
        with house.inetd() as client:
            client.login(USER, stored)
        equal(house.attempts([(USER, ready)])[0].reply, REFUSED)


# ---- refusals --------------------------------------------------------------

@case("unknown users and wrong passwords get the same reply after a second, by "
      "every mechanism")
def _():
    with a_house() as house:
        reasons = {USER: "wrong password", "nobody@kvt.dk": "unknown user",
                   "joe@nowhere.dk": "unknown domain"}
        all_refused(house, [(method, user, "wrong") for method in METHODS
                            for user in reasons])
        for user, reason in reasons.items():
            for method in METHODS:
                house.logged(f'login failed reason="{reason}" '
                             f"method={method} user={re.escape(user)} addr=-")
        all_refused(house, [(method, "nobody@kvt.dk", "a secret of nobody")
                            for method in METHODS])


@case("three failures of any kind end the connection")
def _():
    with a_house() as house, house.inetd() as client:
        client.greet()
        equal(plain(client, USER, "wrong"), REFUSED)
        equal(scram_slowly(client, USER, "wrong"), REFUSED)
        equal(cram(client, USER, "wrong"), REFUSED)
        assert client.is_ended()


@case("two failures do not spoil the third try")
def _():
    with a_house() as house, house.inetd() as client:
        client.greet()
        equal(scram_slowly(client, USER, "wrong"), REFUSED)
        equal(login(client, USER, "wrong"), REFUSED)
        equal(METHODS["scram-sha-1"](client, USER, SECRET), b"+OK logged in")


@case("nobody logs in for somebody else, whatever the password")
def _():
    proxy = b"-ERR [AUTH] logging in for somebody else is not possible"
    with a_house() as house, house.inetd() as client:
        client.greet()
        for secret in (SECRET, "wrong"):
            equal(plain(client, USER, secret, "ann@kvt.dk"), proxy)
        equal(client.ask(b"AUTH SCRAM-SHA-256 " + encode(
            f"n,a=ann@kvt.dk,n={USER},r=x")), proxy)
        equal(plain(client, USER, SECRET), b"+OK logged in")


@case("a SCRAM client that does not confirm is not logged in, and may try "
      "again")
def _():
    with a_house() as house, house.inetd() as client:
        client.greet()
        for response in (b"*", b"eA==", b"QUIT", b"x" * 20000):
            exchange = Scram(client, "SCRAM-SHA-256", USER, SECRET)
            exchange.begin()
            equal(exchange.prove()[:2], b"+ ")
            reply = client.ask(response)
            equal(reply, GIVEN_UP if len(response) < 20000
                  else b"-ERR line too long")
            client.err("STAT")
        house.wait_for(lambda: len(re.findall(
            r'login failed reason="given up by the client" '
            r"method=scram-sha-256 user=joe@kvt\.dk addr=-",
            house.log())) == 4, "four lines in the log")
        assert "login method" not in house.log()
        equal(METHODS["scram-sha-256"](client, USER, SECRET),
              b"+OK logged in")


@case("a SCRAM client that goes away instead of confirming has no session")
def _():
    with a_house() as house:
        with house.inetd() as client:
            exchange = Scram(client.greet(), "SCRAM-SHA-256", USER, SECRET)
            exchange.begin()
            equal(exchange.prove()[:2], b"+ ")
        house.logged('session end="connection lost" .* user=- addr=-')
        assert "login method" not in house.log()


@case("a SCRAM client that does not confirm is disconnected in time")
def _():
    with a_house() as house, house.inetd("--login-timeout=2") as client:
        exchange = Scram(client.greet(), "SCRAM-SHA-256", USER, SECRET)
        exchange.begin()
        started = time.monotonic()
        equal(exchange.prove()[:2], b"+ ")
        assert client.is_ended()
        assert 1 < time.monotonic() - started < 20
        house.logged('session end="timeout" .* user=- addr=-')


@case("what was overheard in one connection is worth nothing in another")
def _():
    with a_house() as house:
        with house.inetd() as client:
            exchange = Scram(client.greet(), "SCRAM-SHA-256", USER, SECRET)
            exchange.begin()
            salt, nonce = exchange.salt, exchange.full_nonce
            stamp = challenge_of(client)
            digest = hmac.new(SECRET.encode(), stamp, "md5").hexdigest()
        with house.inetd() as client:
            exchange = Scram(client.greet(), "SCRAM-SHA-256", USER, SECRET)
            exchange.begin()
            assert exchange.salt != salt and exchange.full_nonce != nonce
            exchange.full_nonce = nonce
            client.err(encode(exchange.last()))
            challenge(client, "AUTH CRAM-MD5")
            equal(client.ask(encode(f"{USER} {digest}")), REFUSED)


def challenge_of(client):
    equal(client.ask("*"), GIVEN_UP)
    return challenge(client, "AUTH CRAM-MD5")


# ---- lines -----------------------------------------------------------------

@case("long responses are taken: 500 octets of password in each mechanism, and "
      "12288 octets before one is too long")
def _():
    secret = "x" * 500
    with a_house(secret) as house:
        all_accepted(house, [(method, USER, secret) for method in METHODS])
        with house.inetd() as client:
            client.greet()
            for length, reply in ((12288, b"this is not what"),
                                  (12292, b"line too long"),
                                  (60000, b"line too long")):
                challenge(client, "AUTH PLAIN")
                assert reply in client.err(b"A" * length), length
            equal(plain(client, USER, secret), b"+OK logged in")


@case("rows 5, 30: cancelled, malformed and broken off exchanges leave nothing "
      "behind")
def _():
    with a_house() as house:
        house.start_daemon("--max-per-source=1000")
        with house.connect() as client:
            client.greet()
            for _turn in range(300):
                challenge(client, "AUTH PLAIN")
                equal(client.ask("*"), GIVEN_UP)
                challenge(client, "AUTH SCRAM-SHA-1")
                client.err(b"biwsbj1qb2Us\0")
                client.err("AUTH PLAIN " + "=" * 9)
            equal(plain(client, USER, SECRET), b"+OK logged in")
        before = int(status_of(house.daemon.pid)["VmRSS"][0])
        for _turn in range(100):
            with house.connect() as client:
                client.greet()
                challenge(client, "AUTH LOGIN")
        after = int(status_of(house.daemon.pid)["VmRSS"][0])
        assert after - before < 1000, (before, after)
        with house.connect() as client:
            client.greet()
            equal(login(client, USER, SECRET), b"+OK logged in")


@case("no secret is in the log, whatever is traced")
def _():
    with a_house("Hidden1") as house:
        for method in METHODS:
            with house.inetd("--debug=1ff") as client:
                client.greet()
                equal(METHODS[method](client, USER, "Hidden1"),
                      b"+OK logged in")
        with house.inetd("--debug=1ff") as client:
            equal(plain_at_once(client.greet(), USER, "Hidden2"), REFUSED)
        log = house.log()
        assert "command AUTH PLAIN" in log, log
        assert "Hidden" not in log, log
        assert encode(f"\0{USER}\0Hidden2").decode() not in log, log


tap.main()
