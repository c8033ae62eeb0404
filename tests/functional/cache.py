"""The login cache, --auth-cache: what it spares, what it never does, and who
has its memory."""

import concurrent.futures
import contextlib
import os
import pathlib
import re
import signal
import subprocess
import time

import tap
from house import DAEMON, GROUP, House, IS_ROOT, OWNER, children_of, hash_of
from mechanisms import plain
from tap import case, equal

REFUSED = b"-ERR [AUTH] wrong user name or password"
METHOD = "$6$"


@contextlib.contextmanager
def a_house(*options):
    """A daemon whose log says what was remembered."""
    with House() as house:
        set_secrets(house, joe="secret", ann="other")
        house.write_mailbox("joe", "kvt.dk", [b"Subject: x\n\nx\n"])
        house.start_daemon("--debug=140", *options)
        yield house


def set_secrets(house, **secrets):
    """Writes the passwd file anew."""
    house.add_domain("kvt.dk")
    (house.virtual / "kvt.dk" / "passwd").write_text("".join(
        f"{user}:{secret if secret == 'x' else hash_of(secret, METHOD)}:"
        f"{OWNER}:{GROUP}::.:\n" for user, secret in secrets.items()))


def hits(house):
    return house.log().count("the password is remembered")


def is_remembered(house, user="joe@kvt.dk", password="secret"):
    """Logs in; whether crypt(3) was spared."""
    before = hits(house)
    with house.connect() as client:
        client.login(user, password)
        client.ok("QUIT")
    return hits(house) == before + 1


def refused(house, user="joe@kvt.dk", password="secret"):
    """Tries to log in, in vain; after how many seconds the answer came."""
    with house.connect() as client:
        client.greet()
        client.ok(f"USER {user}")
        started = time.monotonic()
        equal(client.ask(f"PASS {password}"), REFUSED)
        return time.monotonic() - started


def connection_of(house):
    """The process of the only connection, when those before it have gone."""
    house.wait_for(lambda: len(children_of(house.daemon.pid)) == 1,
                   "one connection")
    return children_of(house.daemon.pid)[0]


# ---- what it spares --------------------------------------------------------

@case("without --auth-cache nothing is remembered, and no memory is shared")
def _():
    with a_house() as house:
        equal([is_remembered(house) for _ in range(3)], [False] * 3)
        equal(cache_of(house.daemon.pid), [])


@case("with it, only the first login of a user costs a hash")
def _():
    with a_house("--auth-cache=600") as house:
        equal([is_remembered(house) for _ in range(3)], [False, True, True])
        equal(is_remembered(house, "JOE%kvt.dk"), True)
        equal(is_remembered(house, "ann@kvt.dk", "other"), False)
        with house.connect() as client:
            client.greet()
            plain(client, "joe@kvt.dk", "secret")
        equal(hits(house), 4)
        assert "secret" not in house.log()


@case("a login is remembered no longer than it was asked for")
def _():
    with a_house("--auth-cache=2") as house:
        equal(is_remembered(house), False)
        equal(is_remembered(house), True)
        time.sleep(2.1)
        equal(is_remembered(house), False)


@case("many at once are all let in, and all remembered")
def _():
    with a_house("--auth-cache=600", "-d100", "--max-per-source=100") as house:
        set_secrets(house, **{f"u{i}": "secret" for i in range(40)})

        def log_in(number):
            with house.connect() as client:
                client.login(f"u{number}@kvt.dk", "secret")
                client.ok("QUIT")
        for _ in range(2):
            with concurrent.futures.ThreadPoolExecutor(20) as pool:
                list(pool.map(log_in, range(40)))
        equal(hits(house), 40)


# ---- what it never does ----------------------------------------------------

@case("a password that was changed counts at once, and the old one no more")
def _():
    with a_house("--auth-cache=600") as house:
        is_remembered(house)
        equal(is_remembered(house), True)
        set_secrets(house, joe="new")
        refused(house)
        equal(is_remembered(house, password="new"), False)
        equal(is_remembered(house, password="new"), True)
        refused(house)


@case("users that are locked or removed, and domains, are refused at once")
def _():
    with a_house("--auth-cache=600") as house:
        is_remembered(house)
        set_secrets(house, joe="x", ann="other")
        refused(house)
        house.logged('reason="locked in the passwd file"')
        set_secrets(house, ann="other")
        refused(house)
        house.logged('reason="unknown user"')
        os.rename(house.virtual / "kvt.dk", house.virtual / "kvt.se")
        refused(house)
        house.logged('reason="unknown domain"')
        equal(hits(house), 0)


@case("a wrong password for a user that is remembered is refused as late as "
      "ever, each time")
def _():
    with a_house("--auth-cache=600") as house:
        is_remembered(house)
        for _ in range(2):
            seconds = refused(house, password="wrong")
            assert 0.9 < seconds < 20, seconds
        refused(house, "ann@kvt.dk", "secret")
        equal(hits(house), 0)
        equal(is_remembered(house), True)


@case("another daemon knows nothing of it")
def _():
    with a_house("--auth-cache=600") as house, \
            a_house("--auth-cache=600") as other:
        text = (house.virtual / "kvt.dk" / "passwd").read_text()
        (other.virtual / "kvt.dk" / "passwd").write_text(text)
        is_remembered(house)
        equal([is_remembered(other) for _ in range(2)], [False, True])


@case("a daemon that was ended, by TERM or HUP, has forgotten it all")
def _():
    for number in (signal.SIGTERM, signal.SIGHUP):
        with a_house("--auth-cache=600") as house:
            is_remembered(house)
            equal(is_remembered(house), True)
            house.daemon.send_signal(number)
            equal(house.daemon.wait(20), 0)
            house.start_daemon("--debug=140", "--auth-cache=600")
            equal(is_remembered(house), False)


@case("connections that are killed, wherever they are, take nothing with them")
def _():
    with a_house("--auth-cache=600") as house:
        is_remembered(house)
        for i in range(20):
            with house.connect() as client:
                client.greet()
                connection = connection_of(house)
                client.ok("USER ann@kvt.dk")
                client.send(b"PASS other\r\n")
                time.sleep(0.0003 * i)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(connection, signal.SIGKILL)
            house.wait_for(lambda: not children_of(house.daemon.pid),
                           "the connection to be gone")
        equal(is_remembered(house), True)
        is_remembered(house, "ann@kvt.dk", "other")
        equal(is_remembered(house, "ann@kvt.dk", "other"), True)


# ---- who has its memory ----------------------------------------------------

def cache_of(pid):
    """The flags of each part of the cache that a process has mapped."""
    text = pathlib.Path(f"/proc/{pid}/smaps").read_text()
    parts = re.split(r"(?m)^(?=[0-9a-f]+-[0-9a-f]+ )", text)
    return [set(re.search(r"VmFlags: (.*)", part)[1].split())
            for part in parts if re.match(r"\S+ rw-s .*/dev/zero", part)]


def below(pid):
    """All processes below one."""
    found = children_of(pid)
    return found + [below_it for child in found for below_it in below(child)]


@case("listener and connection have the cache: not for cores, not for children")
def _():
    with a_house("--auth-cache=600") as house, house.connect() as client:
        client.greet()
        client.ok("USER joe@kvt.dk")
        connection = connection_of(house)
        for pid in (house.daemon.pid, connection):
            parts = cache_of(pid)
            assert parts, pid
            for flags in parts:
                assert {"sh", "dc", "dd"} <= flags, (pid, flags)


@case("the login child has none of it")
def _():
    with a_house("--auth-cache=600") as house, house.connect() as client:
        is_remembered(house)
        client.greet()
        client.ok("USER joe@kvt.dk")
        connection = connection_of(house)
        child, = children_of(connection)
        equal(cache_of(child), [])
        client.ok("PASS secret")
        equal(hits(house), 1)


@case("the session has none of it, nor has any process that it has started")
def _():
    with a_house("--auth-cache=600", "--mdn=/bin/true") as house:
        if IS_ROOT:  # or there is no lock keeper
            os.chown(house.spool / "kvt.dk", 0, GROUP + 1)
            (house.spool / "kvt.dk").chmod(0o775)
        is_remembered(house)
        with house.connect() as client:
            client.login("joe@kvt.dk", "secret")
            session = connection_of(house)
            helpers = below(session)
            equal(len(helpers), 2 if IS_ROOT else 1, "receipt, lock keeper")
            for pid in (session, *helpers):
                equal(cache_of(pid), [])
            client.ok("QUIT")
        assert cache_of(house.daemon.pid)
        equal(hits(house), 1)


# ---- the option ------------------------------------------------------------

@case("--check takes --auth-cache for a daemon, and tells inetd mode why not")
def _():
    with House() as house:
        house.add_user("joe", "kvt.dk", "secret")
        for arguments, has_option in ((["-d"], True), (["-i"], False)):
            done = subprocess.run(
                [DAEMON, *arguments, "--auth-cache=60", "--check",
                 *house.options()], capture_output=True, text=True, timeout=60,
                check=False)
            equal("no contradiction" in done.stdout, has_option, done.stdout)
            equal("in inetd mode" in done.stderr, not has_option)


tap.main()
