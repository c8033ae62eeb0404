"""Notices to senders: what they say, when, how often, and who sends them."""

import contextlib
import email
import email.policy
import os
import pathlib
import re
import signal
import time

import tap
from house import (BUILD, DAEMON, GROUP, IS_ROOT, OWNER, House, children_of,
                   status_of)
from strace import injecting
from tap import Skip, case, equal

CONFIG = (BUILD / "config.h").read_text()
SANDBOX = "#define WITH_SANDBOX 1" in CONFIG

# Stands in for sendmail: writes down all that it is given.
PROGRAM = """\
#!/bin/sh
seen=$(mktemp -d {out}/.XXXXXX)
printf '%s\\n' "$@" > $seen/arguments
cat /proc/$$/environ > $seen/environment
while read -r line; do echo "$line"; done < /proc/$$/status > $seen/status
(pwd; umask) > $seen/place
(for fd in /proc/$$/fd/[0-9]; do
    echo "${{fd##*/}} $(readlink $fd)"
done) > $seen/descriptors
cat > $seen/text
echo $$ > $seen/pid
mv $seen {out}/$(date +%s%N)
{end}
"""

EXPECTED = """\
From: <sales@kvt.dk>
To: <Ann.X@example.com>
Subject: Disposition notification
Date: DATE
Message-ID: <NUMBER.mdn@kvt.dk>
In-Reply-To: <1@example.com>
References: <1@example.com>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report;
\treport-type=disposition-notification;
\tboundary="NUMBER"

--NUMBER
Content-Type: text/plain; charset=us-ascii

The mail server of

    sales@kvt.dk

has handed over your message to the recipient's mail program.
That does not mean that it has been read or understood.

    Subject: .one
    Date: Sun, 22 Nov 2026 07:00:00 +0000

--NUMBER
Content-Type: message/disposition-notification

Reporting-UA: kvt.dk; gnu-pop3d {version}
Original-Recipient: rfc822;all@kvt.dk
Final-Recipient: rfc822;sales@kvt.dk
Original-Message-ID: <1@example.com>
Disposition: automatic-action/MDN-sent-automatically; dispatched

--NUMBER
Content-Type: text/rfc822-headers

Message-ID: <1@example.com>
Date: Sun, 22 Nov 2026 07:00:00 +0000
Subject: .one

--NUMBER--
"""

FULL = (b"Return-Path: <Ann.X@Example.com>\n"
        b"X-Original-To: sales@kvt.dk\n"
        b"Delivered-To: joe@kvt.dk\n"
        b"Received: from mx.example.com\n\tby mx.kvt.dk\n"
        b"Message-ID: <1@example.com>\n"
        b"Date: Sun, 22 Nov 2026 07:00:00 +0000\n"
        b"Subject: .one\n"
        b"Original-Recipient: rfc822;all@kvt.dk\n"
        b"Disposition-Notification-To: \"Ann, X.\" <Ann.X@example.com>\n"
        b"\nbody\n")


def asking(number, more=b"", who=b"ann"):
    """A message that asks for a notice."""
    return (b"Return-Path: <%s%d@example.com>\n"
            b"Message-ID: <%d@example.com>\n"
            b"Disposition-Notification-To: <%s%d@example.com>\n"
            b"%s\nbody\n" % (who, number, number, who, number, more))


class Site(House):
    """A house with one user and a program in the place of sendmail."""

    def __init__(self, messages=(), end="", **more):
        super().__init__(**more)
        self.out = self.root / "out"
        self.out.mkdir()
        self.out.chmod(0o777)
        self.program = self.root / "sendmail"
        self.write_program(end)
        self.add_user("joe", "kvt.dk", "secret")
        self.put(messages)

    def write_program(self, end=""):
        self.program.write_text(PROGRAM.format(out=self.out, end=end))
        self.program.chmod(0o755)

    def put(self, messages):
        return self.write_mailbox("joe", "kvt.dk", messages)

    def session(self, *commands, options=(), end="QUIT"):
        """One session that retrieves, and says more."""
        with self.inetd(f"--mdn={self.program}", *options) as client:
            client.login("joe@kvt.dk", "secret")
            for command in commands:
                client.ok(command)
                if command.split()[0] in ("RETR", "TOP"):
                    client.lines()
            if end:
                client.ok(end)

    def seen(self, what):
        """What the program was given, each time it ran."""
        return [(path / what).read_text()
                for path in sorted(self.out.glob("[0-9]*"))]

    def notices(self, count):
        """The texts, when there are count of them."""
        self.wait_for(lambda: self.ends() >= count, f"{count} notices")
        return self.seen("text")

    def ends(self):
        """How many notices were sent or not, by the log."""
        return len(re.findall(r": notice (?:not )?sent .*to=", self.log()))

    def receivers(self, count):
        return [email.message_from_string(text)["To"]
                for text in self.notices(count)]

    @contextlib.contextmanager
    def a_hanging_one(self):
        """A session after which the program hangs: its process id."""
        self.write_program("exec sleep 600")
        self.session("RETR 1")
        self.wait_for(lambda: self.seen("pid"), "the program")
        pid = int(self.seen("pid")[0])
        self.write_program()
        try:
            yield pid
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def is_first(number):
    return f"<ann{number}@example.com>"


# ---- what it says ----------------------------------------------------------

@case("a notice is, octet by octet, what RFC 8098 says")
def _():
    version = re.search(r'PACKAGE_VERSION "(.*)"', CONFIG)[1]
    with Site([FULL]) as site:
        site.session("RETR 1")
        text, = site.notices(1)
        number = re.search(r'boundary="([0-9a-f]{16})"', text)[1]
        date = re.search(r"(?m)^Date: (.*)$", text)[1]
        assert re.fullmatch(
            r"[MTWFS][a-z]{2}, \d\d [A-Z][a-z]{2} 20\d\d \d\d:\d\d:\d\d \+0000",
            date), date
        text = text.replace(f"Message-ID: <{number.lstrip('0')}.",
                            "Message-ID: <NUMBER.")
        equal(text.replace(number, "NUMBER").replace(date, "DATE", 1),
              EXPECTED.format(version=version))
        equal(site.logged(r"notice sent .*"),
              "notice sent to=Ann.X@example.com user=joe@kvt.dk addr=-")


@case("a parser of mail sees a report of three parts")
def _():
    with Site([FULL]) as site:
        site.session("RETR 1")
        message = email.message_from_bytes(
            site.notices(1)[0].encode(), policy=email.policy.default)
        equal(message.get_content_type(), "multipart/report")
        equal(message.get_param("report-type"), "disposition-notification")
        equal(message.defects, [])
        first, second, third = message.iter_parts()
        equal(first.get_content_type(), "text/plain")
        equal(second.get_content_type(), "message/disposition-notification")
        equal(third.get_content_type(), "text/rfc822-headers")
        fields = second.get_payload()[0]
        equal(fields["Final-Recipient"], "rfc822;sales@kvt.dk")
        equal(fields["Original-Message-ID"], "<1@example.com>")
        equal(fields["Disposition"],
              "automatic-action/MDN-sent-automatically; dispatched")


@case("without Message-ID, date and subject the notice has none")
def _():
    with Site([b"Return-Path: <a@b>\nDisposition-Notification-To: a@b\n\nx\n"]
              ) as site:
        site.session("RETR 1")
        text, = site.notices(1)
        for name in ("In-Reply-To", "References", "Original-Message-ID",
                     "Original-Recipient", "    Subject"):
            assert name not in text, name
        equal(text.count("\nDate: "), 1)
        assert text.endswith("\nContent-Type: text/rfc822-headers\n\n\n--" +
                             text.rsplit("--", 2)[1] + "--\n"), text


# ---- who sends it ----------------------------------------------------------

@case("the program gets the notice, an empty sender, one address, and no more")
def _():
    with Site([asking(1)]) as site:
        site.session("RETR 1")
        site.notices(1)
        equal(site.seen("arguments"),
              ["-oi\n-f\n<>\n--\nann1@example.com\n"])
        equal(site.seen("environment"),
              ["PATH=/usr/sbin:/usr/bin:/sbin:/bin\0"])
        equal(site.seen("place"), ["/\n0077\n"])
        first, *others = site.seen("descriptors")[0].splitlines()
        assert first.startswith("0 pipe:"), first
        equal(others, ["1 /dev/null", "2 /dev/null"])


@case("the program runs as the mailbox owner and may have more rights")
def _():
    with Site([asking(1)]) as site:
        site.session("RETR 1")
        site.notices(1)
        status = {line.split(":")[0]: line.split(":", 1)[1].split()
                  for line in site.seen("status")[0].splitlines()}
        equal(status["Uid"], [str(OWNER)] * 4)
        equal(status["Gid"], [str(GROUP)] * 4)
        if IS_ROOT:
            equal(status["Groups"], [str(GROUP)])
        equal(status["NoNewPrivs"], ["0"])
        equal(status["Seccomp"], ["0"])
        equal(int(status["CapPrm"][0], 16), 0)
        equal(int(status["SigBlk"][0], 16), 0, "no signal is blocked")
        ours = ~(3 << 31)  # 32 and 33 belong to libc, as they were inherited
        equal(int(status["SigIgn"][0], 16) & ours, 1 << (signal.SIGTERM - 1),
              "only SIGTERM is ignored")


@case("with --mdn login child and session are shut in as ever")
def _():
    with Site([asking(1)]) as site:
        with site.inetd(f"--mdn={site.program}") as client:
            client.greet()
            client.listing("CAPA")
            child, = children_of(client.process.pid)
            equal(status_of(child)["NoNewPrivs"], [str(int(SANDBOX))])
            equal(status_of(child)["Seccomp"], ["2" if SANDBOX else "0"])
            client.login("joe@kvt.dk", "secret")
            session = status_of(client.process.pid)
            equal(session["NoNewPrivs"], [str(int(SANDBOX))])
            equal(session["Seccomp"], ["2" if SANDBOX else "0"])
            equal(session["Uid"], [str(OWNER)] * 4)


@case("the process for notices is the owner and holds next to nothing")
def _():
    with Site([asking(1)]) as site:
        with site.inetd(f"--mdn={site.program}") as client:
            client.login("joe@kvt.dk", "secret")
            pid, = children_of(client.process.pid)
            site.wait_for(lambda: status_of(pid)["Uid"] == [str(OWNER)] * 4,
                          "it to become the owner")
            status = status_of(pid)
            equal(status["Gid"], [str(GROUP)] * 4)
            equal(status["NoNewPrivs"], ["0"])
            equal(int(status["CapPrm"][0], 16), 0)
            held = {}
            for fd in pathlib.Path(f"/proc/{pid}/fd").iterdir():
                held[fd.name] = os.readlink(fd)
            assert held.pop("0").startswith("socket:"), held
            equal(held, {"1": "/dev/null", "2": str(site.log_path)})
            client.ok("QUIT")
        site.wait_for(lambda: not pathlib.Path(f"/proc/{pid}").exists(),
                      "it to end after the session")


@case("without --mdn nothing is remembered, sent or started")
def _():
    with Site([asking(1)]) as site:
        with site.inetd() as client:
            client.login("joe@kvt.dk", "secret")
            equal(children_of(client.process.pid), [])
            client.retr(1)
            client.ok("QUIT")
        equal([name for name in os.listdir(site.state)
               if name.endswith(".sent")], [])
        site.session("RETR 1")
        equal(site.receivers(1), [is_first(1)])


@case("--mdn takes an absolute path")
def _():
    with Site([asking(1)]) as site:
        done = site.converse(b"QUIT\r\n", "--mdn=sendmail")
        equal(done, b"")
        assert "--mdn: 'sendmail' is not an absolute path" in site.log()


# ---- when ------------------------------------------------------------------

@case("there is none for TOP, nor for what was not retrieved")
def _():
    with Site([asking(1), asking(2), asking(3)]) as site:
        site.session("TOP 1 100", "LIST 2", "RETR 3")
        equal(site.receivers(1), [is_first(3)])


@case("there is none without QUIT, and one when it is fetched again")
def _():
    with Site([asking(1)]) as site:
        site.session("RETR 1", end=None)
        site.session("RETR 1", "NOOP")
        equal(site.receivers(1), [is_first(1)])
        equal(site.log().count('end="connection lost"'), 1)


@case("mail that is retrieved and deleted gets one")
def _():
    with Site([asking(1), asking(2)]) as site:
        site.session("RETR 2", "DELE 2", "RETR 1", "DELE 1")
        equal(site.receivers(2), [is_first(1), is_first(2)])
        equal(site.mailbox("joe", "kvt.dk").read_bytes(), b"")


@case("there is none for mail that was read before, elsewhere")
def _():
    with Site([asking(1, b"Status: RO\n"), asking(2, b"Status: O\n"),
               asking(3)], keeps_status=True) as site:
        site.session("RETR 1", "RETR 2", "RETR 3")
        equal(site.receivers(2), [is_first(2), is_first(3)])


@case("there is none for lists, programs, notices and doubtful requests")
def _():
    never = [
        b"List-Id: <x>\n", b"List-Unsubscribe: <mailto:a@b>\n",
        b"Precedence: bulk\n", b"Auto-Submitted: auto-generated\n",
        b"Content-Type: multipart/report; report-type=delivery-status\n",
        b"Disposition-Notification-Options: a=required,b\n",
        b"Disposition-Notification-To: b@example.com\n",
        b"Return-Path: <b@example.com>\n", b"Message-ID: <2@example.com>\n",
        b"nonsense\n"]
    messages = [asking(i, more) for i, more in enumerate(never)]
    messages += [asking(50).replace(b"Path: <ann50", b"Path: <Ann50"),
                 asking(51).replace(b"Return-Path: <ann51@example.com>",
                                    b"Return-Path: <>"),
                 asking(52).replace(b"Return-Path", b"X-Path"),
                 asking(53, who=b"-oQ"), asking(54, who=b"$(id)|"),
                 asking(55, b"Subject: " + b"x" * 70000 + b"\n"), asking(99)]
    with Site(messages) as site:
        site.session(*(f"RETR {i + 1}" for i in range(len(messages))),
                     options=("--debug=120",))
        equal(site.receivers(1), [is_first(99)])
        equal(site.log().count(": no notice for message "), len(messages) - 2)


@case("behind virtual the notice comes from the address that was written to")
def _():
    with Site() as site:
        done = site.deliver(
            b"From ann1@example.com  Sun Nov 22 07:00:00 2026\n"
            b"Return-Path: <ann1@example.com>\n"
            b"X-Original-To: Sales@kvt.dk\n"
            b"Delivered-To: owner+joe--kvt.dk@mx.test\n"
            b"Received: from x\n"
            b"X-Original-To: boss@kvt.dk\n"
            b"Disposition-Notification-To: ann1@example.com\n\nbody\n",
            "-r", "joe@kvt.dk")
        equal(done.returncode, 0, done.stdout)
        site.session("RETR 1")
        text, = site.notices(1)
        assert "\nFinal-Recipient: rfc822;Sales@kvt.dk\n" in text, text


# ---- how often -------------------------------------------------------------

@case("there is one for a message, however often and wherever it is fetched")
def _():
    with Site([asking(1), asking(2)]) as site:
        site.session("RETR 1", "RETR 1", "RSET", "RETR 1")
        site.session("RETR 1")
        site.session("RETR 1", options=("--uidl=popa3d",))
        site.put([asking(2), asking(3), asking(1)])
        site.session("RETR 3", "RETR 1", options=("--uidl=dovecot",))
        equal(site.receivers(2), [is_first(1), is_first(2)])


@case("there is one for a message that other programs have marked meanwhile")
def _():
    with Site([asking(1)], keeps_status=True) as site:
        site.session("RETR 1", options=("--no-status",))
        site.notices(1)
        site.put([asking(1, b"Status: O\nX-Status: A\nX-UID: 7\n"),
                  asking(2)])
        site.session("RETR 1", "RETR 2")
        equal(site.receivers(2), [is_first(1), is_first(2)])


@case("a session that is killed sends none, and the next one does")
def _():
    with Site([asking(1)]) as site:
        with site.inetd(f"--mdn={site.program}") as client:
            client.login("joe@kvt.dk", "secret")
            client.retr(1)
            client.process.kill()
        site.session("RETR 1")
        equal(site.receivers(1), [is_first(1)])


@case("a notice is not tried again, whatever kills the one who sends it")
def _():
    with Site([asking(1), asking(2)]) as site:
        with site.inetd(f"--mdn={site.program}") as client:
            client.login("joe@kvt.dk", "secret")
            client.retr(1)
            sender, = children_of(client.process.pid)
            os.kill(sender, signal.SIGKILL)
            site.wait_for(lambda: not children_of(client.process.pid),
                          "its end")
            client.ok("QUIT")
        site.logged(r'notice not sent reason="Broken pipe" user=joe@kvt.dk')
        site.session("RETR 1", "RETR 2")
        equal(site.receivers(1), [is_first(2)])


@case("wherever a session is killed at QUIT, there is one at most")
def _():
    for calls, count in ("pwrite64", 2), ("fsync", 2), ("sendto", 4):
        for when in range(1, count + 1):
            with Site([asking(1), asking(2)]) as site:
                site.session("NOOP")  # makes all its files
                site.converse(
                    b"USER joe@kvt.dk\r\nPASS secret\r\nRETR 1\r\nQUIT\r\n",
                    f"--mdn={site.program}", before=injecting(
                        f"signal=KILL:when={when}", calls))
                site.session("RETR 1", "RETR 2")
                site.logged("notice sent to=ann2@")
                times = site.log().count("notice sent to=ann1@")
                assert times <= 1, (calls, when, site.log())


@case("there are 50 in a session at most; the next one has the others")
def _():
    with Site([asking(i) for i in range(52)]) as site:
        everything = [f"RETR {i + 1}" for i in range(52)]
        site.session(*everything)
        site.wait_for(lambda: site.ends() == 50, "50 notices", 50)
        site.session(*everything)
        equal(sorted(site.receivers(52)),
              sorted(is_first(i) for i in range(52)))


# ---- what goes wrong -------------------------------------------------------

@case("a program that is missing, or cannot be run, is logged")
def _():
    with Site([asking(1), asking(2)]) as site:
        site.program.unlink()
        site.session("RETR 1")
        site.logged(re.escape(
            f'notice not sent reason="{site.program}: No such file or '
            'directory" to=ann1@example.com user=joe@kvt.dk addr=-'))
        site.program.write_text("no program\n")
        site.program.chmod(0o755)
        site.session("RETR 2")
        site.logged(r'sendmail: exit status 72" to=ann2@example.com')


@case("a program that fails, or is killed, is logged")
def _():
    with Site([asking(1), asking(2)], "exit 75") as site:
        site.session("RETR 1")
        site.logged(r'sendmail: exit status 75" to=ann1@example.com')
        site.write_program("kill -9 $$")
        site.session("RETR 2")
        site.logged(r'sendmail: killed by signal 9" to=ann2@example.com')


@case("a program that reads nothing and says a lot does no harm")
def _():
    with Site([asking(1), asking(2)]) as site:
        site.program.write_text(
            "#!/bin/sh\n"
            "head -c 10000000 /dev/zero\n"
            "head -c 10000000 /dev/zero >&2\n")
        site.session("RETR 1", "RETR 2")
        site.wait_for(lambda: site.ends() == 2, "two notices")
        equal(site.log().count("notice sent to=ann"), 2)


@case("while a program hangs, the session has ended and the next one goes on")
def _():
    with Site([asking(1), asking(2)]) as site, site.a_hanging_one() as pid:
        started = time.monotonic()
        site.session("RETR 1", "RETR 2", "DELE 2")
        assert time.monotonic() - started < 15
        site.wait_for(lambda: site.ends() == 1, "the second notice")
        equal(site.log().count("notice sent to=ann2@example.com"), 1)
        os.kill(pid, signal.SIGKILL)
        site.logged(r'sendmail: killed by signal 9" to=ann1@example.com')


@case("a program that hangs is killed, and the others are not sent")
def _():
    if b"__asan_init" in DAEMON.read_bytes():
        raise Skip("the clock cannot be moved under the address sanitizer")
    with Site([asking(i) for i in range(3)],
              "exec sleep 600") as site:
        os.environ["LD_PRELOAD"] = str(BUILD / "tests/crash/clock.so")
        try:
            site.session("RETR 1", "RETR 2", "RETR 3")
        finally:
            del os.environ["LD_PRELOAD"]
        site.wait_for(lambda: site.ends() == 3, "the end")
        site.logged(r'sendmail: it took too long" to=ann0@example.com')
        site.logged(r'sendmail: others took too long" to=ann1@example.com')
        site.logged(r'sendmail: others took too long" to=ann2@example.com')


@case("the daemon neither counts nor awaits the process for notices")
def _():
    with Site([asking(1)], "sleep 2") as site:
        site.start_daemon(f"--mdn={site.program}")
        with site.connect() as client:
            client.login("joe@kvt.dk", "secret")
            client.retr(1)
            client.ok("QUIT")
            assert client.is_ended()
        site.wait_for(lambda: children_of(site.daemon.pid) == [],
                      "the session to end")
        site.daemon.send_signal(signal.SIGUSR2)
        site.logged("status children=0 ")
        equal(site.stop_daemon(), 0)
        equal(site.receivers(1), [is_first(1)])
        assert "was killed by signal" not in site.log()


@case("SIGTERM to all its processes does not keep a notice from being sent")
def _():
    with Site([asking(1)], "sleep 2") as site:
        with site.inetd(f"--mdn={site.program}") as client:
            client.login("joe@kvt.dk", "secret")
            client.retr(1)
            sender, = children_of(client.process.pid)
            client.ok("QUIT")
        site.wait_for(lambda: site.seen("pid"), "the program")
        os.kill(sender, signal.SIGTERM)
        os.kill(int(site.seen("pid")[0]), signal.SIGTERM)
        site.notices(1)
        site.logged("notice sent to=ann1@example.com")


@case("what cannot be put on record is not sent, and the session goes on")
def _():
    with Site([asking(1), asking(2), asking(3)]) as site:
        site.session("NOOP")  # makes all its files
        for number, fault, calls in ((1, "error=ENOSPC", "pwrite64"),
                                     (2, "error=EIO", "fsync")):
            said = site.converse(
                b"USER joe@kvt.dk\r\nPASS secret\r\nRETR %d\r\nQUIT\r\n" %
                number, f"--mdn={site.program}",
                before=injecting(fault, calls))
            assert said.splitlines()[-1].startswith(b"+OK"), said
        equal(len(re.findall(
            r'notice not sent reason="[^"]*: cannot note an answer: [^"]*" '
            "user=joe@kvt.dk addr=-", site.log())), 2)
        site.session("RETR 1", "RETR 3")
        equal(site.receivers(2), [is_first(1), is_first(3)])


tap.main()
