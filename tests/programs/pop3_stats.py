"""contrib/pop3-stats counts what our programs have really logged, once each,
also when logrotate has moved the log; contrib/logging is taken by logrotate
and rsyslog."""

import os
import re
import socket
import subprocess

import tap
from house import (GROUP, IS_ROOT, OWNER, SOURCE, VIRTDOMAIN, VIRTUAL,
                   House)
from postfix import need_program
from tap import Skip, case, equal

SCRIPT = SOURCE / "contrib" / "pop3-stats"
LOGGING = SOURCE / "contrib" / "logging"
MESSAGE = b"From: a@example.org\n\nhello\n"
SYSLOG = "Nov 22 12:00:00 mail "
# Reads standard input as Prometheus does, and prints the samples.
PARSER = """
import sys
from prometheus_client.parser import text_string_to_metric_families
for family in text_string_to_metric_families(sys.stdin.read()):
    print("family", family.name, family.type)
    for sample in family.samples:
        print(sample.name, *sample.labels.values(), "=", sample.value)
"""
# A /dev with a log of our own.
SEPARATE_LOG = """
mkdir "$0/dev" && for file in null zero urandom; do
    touch "$0/dev/$file" && mount --bind "/dev/$file" "$0/dev/$file" || exit 99
done
ln -s "$0/socket" "$0/dev/log" && mount --rbind "$0/dev" /dev &&
exec setpriv --reuid="$1" --regid="$2" --clear-groups sh -c '
    shift 2; "$@" -r joe@kvt.dk <"$0"; "$@" -r nobody@kvt.dk <"$0"; true
    ' "$0/message" "$@"
"""


def stats(*arguments, text="", status=0, environment=None, script=SCRIPT):
    done = subprocess.run(
        [need_program("perl"), str(script), *map(str, arguments)], input=text,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60,
        check=False, env={"PATH": os.environ["PATH"], **(environment or {})})
    equal(done.returncode, status, done.stderr)
    return done.stdout


def samples(output):
    """What Prometheus' own parser makes of it: { name and labels: value }."""
    done = subprocess.run(
        ["/usr/bin/python3", "-c", PARSER], input=output, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)
    if "No module named" in done.stderr:
        raise Skip("python3-prometheus-client is not installed")
    equal(done.returncode, 0, done.stderr)
    found = {}
    for line in done.stdout.splitlines():
        if " = " in line:
            name, value = line.split(" = ")
            found[name.removeprefix("gnu_pop3d_")] = float(value)
    return found


def counted(found):
    """Without zeros and the histogram."""
    return {name: value for name, value in found.items()
            if value and not name.startswith("session_seconds")}


def session(house, deletes):
    with house.inetd() as client:
        client.login("joe@kvt.dk", "secret")
        client.retr(1)
        for number in range(1, deletes + 1):
            client.ok(f"DELE {number}")
        client.ok("QUIT")


def furnish(house):
    house.add_user("joe", "kvt.dk", "secret")
    house.write_mailbox("joe", "kvt.dk", [MESSAGE] * 5)


@case("what our daemon logs is counted, in whatever form the log has times")
def _():
    with House() as house:
        furnish(house)
        session(house, 2)
        with house.inetd("--max-login-failures=9") as client:
            client.greet()
            client.ok("USER joe@kvt.dk")
            client.err("PASS wrong")
            client.err("APOP nobody@kvt.dk " + "0" * 32)
        text = house.log()
        octets = [int(number) for number in re.findall(r"octets=(\d+)", text)]
        equal(len(octets), 2)
        expected = {
            "logins_total password": 1, "failures_total wrong password": 1,
            "failures_total unknown user": 1, "sessions_total quit": 1,
            "sessions_total connection lost": 1,
            "octets_total": sum(octets), "retrieved_total": 1,
            "deleted_total": 2}
        for prefix in ("", SYSLOG, "Nov  2 12:00:00 mail ",
                       "2026-11-22T12:00:00.123456+01:00 mail ",
                       "2026-11-22T12:00:00+0100 mail "):
            log = "".join(prefix + line + "\n" for line in text.splitlines())
            equal(counted(samples(stats(text=log))), expected, log)


@case("sessions go into classes of seconds, each in those above it too")
def _():
    line = 'gnu-pop3d[7]: session end="quit" retrieved=1 deleted=0 left=2 ' \
        "octets=100 seconds={} commands=3 user=joe addr=192.0.2.7\n"
    text = "".join(line.format(seconds) for seconds in (0, 1, 3, 31, 9999))
    found = samples(stats(text=text.rstrip("\n")))
    equal({name.split()[1]: value for name, value in found.items()
           if name.startswith("session_seconds_bucket")},
          {"0": 1, "1": 2, "2": 2, "5": 3, "10": 3, "30": 3, "60": 4,
           "300": 4, "600": 4, "1800": 4, "+Inf": 5})
    equal((found["session_seconds_sum"], found["session_seconds_count"],
           found["octets_total"]), (10034, 5, 500))


def count_deliveries(program):
    """Of one that takes a message, and one that does not."""
    if not IS_ROOT:
        raise Skip("only root can give virtual a system log of our own")
    with House() as house:
        furnish(house)
        (house.root / "message").write_bytes(MESSAGE)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
            log.bind(str(house.root / "socket"))
            (house.root / "socket").chmod(0o777)
            done = subprocess.run(
                ["unshare", "-m", "sh", "-c", SEPARATE_LOG, str(house.root),
                 str(OWNER), str(GROUP), str(program),
                 f"--virtual-dir={house.virtual}",
                 f"--virtual-spool={house.spool}"],
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
                check=False)
            equal(done.returncode, 0, done.stdout)
            log.settimeout(20)
            lines = [log.recv(4096).decode() for _ in range(2)]
        # <PRIORITY>TIME PROGRAM[PID]: TEXT, to which syslogd adds the host.
        text = "".join(
            re.sub(r"^<\d+>(.{15}) ", r"\1 mail ", line) + "\n"
            for line in lines)
        equal(counted(samples(stats(text=text))),
              {"deliveries_total 0": 1, "deliveries_total 67": 1})


@case("what virtual logs is counted, by its exit status")
def _():
    count_deliveries(VIRTUAL)


@case("what virtdomain logs of messages is counted in the same way")
def _():
    count_deliveries(VIRTDOMAIN)


@case("lines that came often count as often; lines of others do not count")
def _():
    refused = 'gnu-pop3d[7]: connection refused reason="too many sessions"'
    login = "gnu-pop3d[7]: login method=apop user=joe addr=192.0.2.7\n"
    equal(counted(samples(stats(text=(
        f"{SYSLOG}{refused} addr=192.0.2.7\n"
        f"{SYSLOG}{refused} repeated=12 addr=192.0.2.7\n"
        f"{SYSLOG}gnu-pop3d[7]: mailbox trouble: locked user=joe addr=-\n"
        f"{SYSLOG}gnu-pop3d[7]: child 8 was killed by signal 9\n"
        f"{SYSLOG}postfix/smtpd[9]: from x {login}"
        f"{SYSLOG}postfix/smtpd[9]: {login}"
        f"{SYSLOG}not{login}"
        f'{SYSLOG}gnu-pop3d[7]: login failed reason="unknown user" '
        'method=plain user=x\\x0agnu-pop3d[7]:\\x20login addr=-\n')))),
          {"refused_total too many sessions": 13, "failures_total unknown user":
           1, "mailbox_troubles_total": 1, "killed_total": 1})


class Log:
    """A log that is read again and again, with a state file."""

    def __init__(self, house):
        self.path = house.root / "pop3d.log"
        self.state = house.root / "state.json"
        self.path.touch()

    def write(self, count, end="\n"):
        with open(self.path, "a") as log:
            for number in range(count):
                log.write(f"{SYSLOG}gnu-pop3d[7]: login method=apop user=joe "
                          f"addr=192.0.2.7{end if number == count - 1 else chr(10)}")

    def logins(self):
        output = stats(f"--state={self.state}", self.path)
        return samples(output).get("logins_total apop", 0)


@case("with a state file each line counts once, half ones when they are whole")
def _():
    with House() as house:
        log = Log(house)
        equal(log.logins(), 0)
        log.write(3)
        equal((log.logins(), log.logins()), (3, 3))
        log.write(2, end="")
        equal(log.logins(), 4)
        log.path.write_bytes(log.path.read_bytes() + b"\n")
        equal((log.logins(), log.logins()), (5, 5))


def rotate(house, log):
    """Runs logrotate with our lines, but for the log and what is sent HUP."""
    text = (LOGGING / "logrotate.conf").read_text()
    assert "/var/log/pop3d.log {" in text and "\t\tpkill -HUP" in text
    config = house.root / "logrotate.conf"
    marker = house.root / "rotated"
    config.write_text(re.sub(r"\t\tpkill .*", f"\t\ttouch {marker}",
                             text.replace("/var/log/pop3d.log", str(log.path))))
    done = subprocess.run(
        [need_program("logrotate"), "-f", "-v", "-s",
         str(house.root / "logrotate.state"), str(config)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, text=True,
        check=False)
    equal(done.returncode, 0, done.stdout)
    assert "error" not in done.stdout.lower(), done.stdout
    assert marker.exists(), done.stdout
    marker.unlink()
    log.path.touch()


@case("counters survive logrotate with our lines, and count the rest of the "
      "old log")
def _():
    with House() as house:
        log = Log(house)
        log.write(3)
        equal(log.logins(), 3)
        log.write(2)
        rotate(house, log)
        log.write(1)
        equal(log.logins(), 6)
        log.write(4)
        rotate(house, log)
        equal((log.logins(), log.logins()), (10, 10))
        equal(sorted(path.name for path in house.root.glob("pop3d.log.*")),
              ["pop3d.log.1", "pop3d.log.2.gz"])


@case("a log that was cut to nothing is read from its beginning")
def _():
    with House() as house:
        log = Log(house)
        log.write(3)
        equal(log.logins(), 3)
        os.truncate(log.path, 0)
        log.write(1)
        equal(log.logins(), 4)


@case("the output file is replaced as a whole; a bad state file is left alone")
def _():
    with House() as house:
        log = Log(house)
        log.write(1)
        output = house.root / "pop3.prom"
        equal(stats(f"--output={output}", log.path), "")
        equal(samples(output.read_text())["logins_total apop"], 1)
        equal(output.stat().st_mode & 0o777, 0o644)
        log.state.write_text("[]")
        stats(f"--state={log.state}", log.path, status=1)
        equal(log.state.read_text(), "[]")
        equal(sorted(path.name for path in house.root.glob("*.new")), [])


@case("as a plugin of munin it describes each graph, and has its values")
def _():
    with House() as house:
        furnish(house)
        session(house, 1)
        log = Log(house)
        log.path.write_text(house.log())
        environment = {"logfile": str(log.path),
                       "MUNIN_PLUGSTATE": str(house.root)}
        values = {}
        for graph in ("logins", "failures", "sessions", "traffic", "messages",
                      "deliveries"):
            link = house.root / f"gnu_pop3d_{graph}"
            link.symlink_to(SCRIPT)
            described = stats("config", script=link, environment=environment)
            assert re.match(r"graph_title \S.*\ngraph_category mail\n",
                            described), described
            for line in stats(script=link,
                              environment=environment).splitlines():
                name, value = re.fullmatch(
                    r"([a-z_][a-z0-9_]*)\.value (\d+)", line).groups()
                values[name] = int(value)
                for words in (f"{name}.label ", f"{name}.type DERIVE\n"):
                    assert words in described, described
        assert values.pop("octets") > 0
        equal(values, {"logins_password": 1, "sessions_quit": 1,
                       "retrieved": 1, "deleted": 1})


@case("rsyslog takes our lines")
def _():
    program = need_program("rsyslogd")
    with House() as house:
        config = house.root / "rsyslog.conf"
        for text, status in (
                ((LOGGING / "rsyslog.conf").read_text(), 0),
                ((LOGGING / "rsyslog.conf").read_text() + "if then\n", 1)):
            config.write_text(text + "*.* /var/log/all\n")
            done = subprocess.run(
                [program, "-N1", "-f", str(config)], stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, timeout=60, text=True, check=False)
            equal(done.returncode, status, done.stdout)


tap.main()
