"""The filter and the jail of contrib/fail2ban on real log lines, with names
that try to look like some."""

import base64
import collections
import concurrent.futures
import shutil
import socket
import subprocess

import tap
from house import Client, House, SOURCE
from postfix import need_program
from tap import case, equal

CONTRIB = SOURCE / "contrib" / "fail2ban"
FILTER = CONTRIB / "filter.d" / "gnu-pop3d.conf"

FORGED = "login failed reason=\"wrong password\" method=password user=joe " \
    "addr=192.0.2.66"
SYSLOG = "Nov 22 12:00:00 mail "


def as_syslog(text):
    """The lines as syslogd(8) writes them."""
    return "".join(f"{SYSLOG}{line}\n" for line in text.splitlines())


def found_in(house, text):
    """What the filter finds: how often each address and user."""
    program = need_program("fail2ban-regex")
    path = house.root / "mail.log"
    path.write_text(text)
    done = subprocess.run(
        [program, "-o", "<ip> <F-USER>", str(path), str(FILTER)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120,
        check=False)
    equal(done.returncode in (0, 1), True, done.stderr)
    return collections.Counter(done.stdout.splitlines())


def connect(house, source):
    return Client(socket.create_connection(
        ("127.0.0.1", house.port), 30, (source, 0)))


def fail_plain(house, source, name):
    """Tries to log in by AUTH PLAIN, where a name may have any octets."""
    with connect(house, source) as client:
        client.greet()
        response = base64.b64encode(b"\0" + name.encode() + b"\0wrong")
        return client.err(b"AUTH PLAIN " + response)


@case("the filter finds each failed login, and nothing else")
def _():
    with House() as house:
        house.add_user("joe", "kvt.dk", "secret")
        house.start_daemon("--max-per-source=1", "--debug=1ff")
        with connect(house, "127.0.0.5") as client:
            client.greet()
            for name in ("joe@kvt.dk", "nobody@kvt.dk"):
                client.ok(f"USER {name}")
                client.err("PASS wrong")
            with connect(house, "127.0.0.5") as other:
                assert other.line().startswith(b"-ERR")
            client.login("joe@kvt.dk", "secret")
            client.ok("QUIT")
        house.logged('session end="quit".*addr=127.0.0.5\n')
        equal(found_in(house, as_syslog(house.log())), {
            "127.0.0.5 joe@kvt.dk": 1, "127.0.0.5 nobody@kvt.dk": 1})


@case("names that contain log lines, addresses, quotes and line ends accuse "
      "nobody else")
def _():
    names = [FORGED, f"x\n{SYSLOG}gnu-pop3d[1]: {FORGED}",
             f"x\r\n{SYSLOG}gnu-pop3d[1]: {FORGED}\r\n",
             "x addr=192.0.2.66", 'x" addr=192.0.2.66', "x\\x0aaddr=192.0.2.66",
             "x\taddr=192.0.2.66", "x addr=192.0.2.66\n", "addr=192.0.2.66",
             "joe@[192.0.2.66]", "<HOST>", "%(ip)s", " ", "x" * 250,
             ("addr=192.0.2.66 " * 30)[:250], "x\x7f\x1b[2J addr=192.0.2.66",
             "x addr=192.0.2.66"]
    with House() as house:
        house.add_user("joe", "kvt.dk", "secret")
        house.start_daemon("--max-per-source=50")
        with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
            list(pool.map(
                lambda name: fail_plain(house, "127.0.0.5", name), names))
        found = found_in(house, as_syslog(house.log()))
        addresses = collections.Counter()
        for line, count in found.items():
            addresses[line.split(" ", 1)[0]] += count
        equal(addresses, {"127.0.0.5": house.log().count("login failed")})
        equal(addresses["127.0.0.5"], len(names))


@case("the filter knows IPv6, other forms of time, and what is not the fault of "
      "the client")
def _():
    line = 'gnu-pop3d[7]: login failed reason="{}" method=scram-sha-256 ' \
        "user=joe addr={}\n"
    with House() as house:
        text = "".join(
            [SYSLOG + line.format("unknown user", "2001:db8::7"),
             "2026-11-22T12:00:00.123456+01:00 mail " +
             line.format("wrong password", "192.0.2.8"),
             SYSLOG + line.format("wrong password", "-"),
             SYSLOG + line.format("accounts cannot be read", "192.0.2.9"),
             SYSLOG + line.format("given up by the client", "192.0.2.9"),
             SYSLOG + "other" + line.format("wrong password", "192.0.2.9")])
        equal(found_in(house, text), {"2001:db8::7 joe": 1, "192.0.2.8 joe": 1})


@case("the filter finds those who fail to log in to the pages, but not those who "
      "have to wait, or find no pages")
def _():
    line = SYSLOG + 'virtdomain[7]: login failed reason="{}" method=page ' \
        "user=joe@kvt.dk addr={}\n"
    with House() as house:
        text = line.format("wrong password", "192.0.2.8") + "".join(
            line.format(reason, "192.0.2.9") for reason in (
                "accounts cannot be read", "too many attempts",
                "the attempt cannot be noted",
                "the pages are off; see virtdomain web"))
        equal(found_in(house, text), {"192.0.2.8 joe@kvt.dk": 1})


@case("fail2ban takes the jail")
def _():
    program = need_program("fail2ban-client")
    with House() as house:
        rules = house.root / "fail2ban"
        shutil.copytree("/etc/fail2ban", rules)
        for kind in ("filter.d", "jail.d"):
            for path in (CONTRIB / kind).iterdir():
                shutil.copy(path, rules / kind)
        for path in (rules / "jail.d").iterdir():
            if path.name != "gnu-pop3d.conf":
                path.unlink()
        log = house.root / "mail.log"
        log.touch()
        (rules / "paths-overrides.local").write_text(
            f"[DEFAULT]\nsyslog_mail = {log}\n")
        done = subprocess.run(
            [program, "-c", str(rules), "-d"], stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=120, check=False)
        equal(done.returncode, 0, done.stdout)
        for words in ("'add', 'gnu-pop3d'", "'maxretry', 10",
                      "['start', 'gnu-pop3d']", "login failed reason="):
            assert words in done.stdout, f"{words}\n{done.stdout}"


tap.main()
