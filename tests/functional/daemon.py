"""The standalone daemon: addresses, limits, signals, systemd, and odd ways to
be started."""

import contextlib
import ctypes
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time

import tap
from house import DAEMON, Client, House, IS_ROOT, children_of, free_port
from tap import case, equal

MESSAGES = [b"Subject: one\n\nfirst\n", b"Subject: two\n\nsecond\n"]
BUSY = b"-ERR [SYS/TEMP] too many connections, try again later"
CLONE_NEWNET = 0x40000000


@contextlib.contextmanager
def a_house():
    with House() as house:
        house.add_user("joe", "kvt.dk", "secret")
        house.path = house.write_mailbox("joe", "kvt.dk", MESSAGES)
        yield house


def connect(address, port, source=None):
    return Client(socket.create_connection((address, port), 30, source))


def answers(address, port):
    with contextlib.suppress(OSError):
        with connect(address, port) as client:
            client.login("joe@kvt.dk", "secret")
            equal(client.ok("STAT").split()[1], b"2")
            client.ok("QUIT")
            return True
    return False


def is_open(address, port):
    with contextlib.suppress(OSError):
        socket.create_connection((address, port), 5).close()
        return True
    return False


def finish(house, *arguments, **how):
    """Runs the daemon with arguments that end it: status and output."""
    done = subprocess.run(
        [DAEMON, *house.options(), *arguments], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30,
        check=False, **how)
    return done.returncode, done.stdout.decode()


def exit_status(house, signals=()):
    daemon, house.daemon = house.daemon, None
    for number in signals:
        daemon.send_signal(number)
    return daemon.wait(timeout=30)


def is_gone(pid):
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True
    return stat.rsplit(")", 1)[1].split()[0] == "Z"


def needs_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        raise tap.Skip("no ::1 on this machine") from None


# ---- addresses -------------------------------------------------------------

@case("every -l address is served, IPv4 with and IPv6 in brackets")
def _():
    needs_ipv6()
    with a_house() as house:
        one, two, three = free_port(), free_port(), free_port()
        house.start_daemon("-l", f"127.0.0.2:{two}", f"-l[::1]:{three}",
                           listen=[f"--listen=127.0.0.1:{one}"])
        house.wait_for(lambda: is_open("::1", three), "the last address")
        for address, port in (("127.0.0.1", one), ("127.0.0.2", two),
                              ("::1", three)):
            assert answers(address, port), address
        assert not is_open("127.0.0.1", two)
        house.logged(r"login method=password user=joe@kvt\.dk addr=::1\n")


@case("-p is the port of every -l without one, whatever their order")
def _():
    with a_house() as house:
        port = free_port()
        house.start_daemon("-l", "127.0.0.2", f"-p{port}",
                           listen=["-l", "127.0.0.1"])
        house.wait_for(lambda: is_open("127.0.0.2", port), "the daemon")
        assert answers("127.0.0.1", port)
        assert answers("127.0.0.2", port)


def listening(pid, table):
    text = pathlib.Path(f"/proc/{pid}/net/{table}").read_text()
    return sorted(line.split()[1] for line in text.splitlines()[1:]
                  if line.split()[3] == "0A")


@case("without -l all addresses are served; IPv6 only with --ipv6")
def _():
    if not IS_ROOT:
        raise tap.Skip("needs root for a network namespace of its own")
    for options, expected6 in ((("-p", "1110"), []),
                               (("-p", "1110", "--ipv6"),
                                ["0" * 32 + ":0456"])):
        with a_house() as house:
            def unshare():
                if ctypes.CDLL(None).unshare(CLONE_NEWNET) != 0:
                    os._exit(99)
            with open(house.log_path, "ab") as log:
                house.daemon = subprocess.Popen(
                    [DAEMON, "-d", "--foreground", "--debug=100", *options,
                     *house.options()], stdin=subprocess.DEVNULL, stdout=log,
                    stderr=log, preexec_fn=unshare)
            pid = house.daemon.pid

            def is_ready():
                if house.daemon.poll() == 99:
                    raise tap.Skip("no network namespaces here")
                assert house.daemon.poll() is None, house.log()
                return (listening(pid, "tcp"), listening(pid, "tcp6")) == (
                    ["00000000:0456"], expected6)
            house.wait_for(is_ready, "the sockets")


@case("a port that is taken is told on standard error, with status 69")
def _():
    with a_house() as house, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        for options in (("-d", "--foreground"), ("-d",)):
            status, output = finish(house, *options, "-l", where)
            equal(status, 69, output)
            assert f"cannot listen on {where}: Address already in use" in \
                output, output
            assert "another POP3 server" in output, output


@case("the port can be used again at once after a restart")
def _():
    with a_house() as house:
        port = house.start_daemon()
        where = [f"--listen=127.0.0.1:{port}"]
        for _turn in range(2):
            with connect("127.0.0.1", port) as client:
                client.login("joe@kvt.dk", "secret")
                client.ok("QUIT")
            equal(exit_status(house, [signal.SIGTERM]), 0)
            house.start_daemon(listen=where)
            house.wait_for(lambda: is_open("127.0.0.1", port), "the daemon")


# ---- becoming a daemon -----------------------------------------------------

@case("-d goes to the background, with a pid file that goes away with it")
def _():
    with a_house() as house:
        port, pid_file = free_port(), house.root / "pid"
        done = subprocess.run(
            [DAEMON, "-d", f"--listen=127.0.0.1:{port}",
             f"--pid-file={pid_file}", *house.options()],
            stdin=subprocess.DEVNULL, timeout=20, check=False)
        equal(done.returncode, 0)
        house.wait_for(pid_file.exists, "the pid file")
        house.wait_for(lambda: pid_file.read_text().endswith("\n"), "the pid")
        pid = int(pid_file.read_text())
        try:
            assert answers("127.0.0.1", port)
            equal(os.getsid(pid), pid)
            equal(os.readlink(f"/proc/{pid}/cwd"), "/")
            for fd in range(3):
                equal(os.readlink(f"/proc/{pid}/fd/{fd}"), "/dev/null")
            equal(pid_file.stat().st_mode & 0o022, 0)
        finally:
            os.kill(pid, signal.SIGTERM)
        house.wait_for(lambda: is_gone(pid), "the daemon to end")
        assert not pid_file.exists()


@case("--foreground keeps the process, and a bad pid file ends it with 73")
def _():
    with a_house() as house:
        pid_file = house.root / "pid"
        house.start_daemon(f"--pid-file={pid_file}")
        house.wait_for(pid_file.exists, "the pid file")
        house.wait_for(lambda: pid_file.read_text() ==
                       f"{house.daemon.pid}\n", "the pid")
        status, output = finish(
            house, "-d", "--foreground", f"--listen=127.0.0.1:{free_port()}",
            "--pid-file=/nonexistent/pid")
        equal(status, 73, output)
        assert "/nonexistent/pid: cannot be written" in output, output


@case("a daemon that goes leaves the pid file of its successor alone")
def _():
    with a_house() as house:
        pid_file = house.root / "pid"
        house.start_daemon(f"--pid-file={pid_file}")
        house.wait_for(lambda: pid_file.exists() and pid_file.read_text() ==
                       f"{house.daemon.pid}\n", "the pid")
        pid_file.write_text(f"{house.daemon.pid}1\n")
        successor = pid_file.read_text()
        equal(house.stop_daemon(), 0)
        equal(pid_file.read_text(), successor)


@case("a state directory that others can write is refused with 78")
def _():
    with a_house() as house:
        house.state.chmod(0o777)
        status, output = finish(house, "-d", "--foreground",
                                f"--listen=127.0.0.1:{free_port()}")
        equal(status, 78, output)
        assert str(house.state) in output, output


# ---- limits ----------------------------------------------------------------

@case("-dN serves N sessions; one more is refused with [SYS/TEMP]")
def _():
    with a_house() as house, contextlib.ExitStack() as stack:
        house.start_daemon("-d2")
        sessions = []
        for user in ("ann", "bob"):
            house.add_user(user, "kvt.dk", "secret")
            sessions.append(stack.enter_context(house.connect()))
            sessions[-1].login(f"{user}@kvt.dk", "secret")
        with house.connect() as three:
            equal(three.line(), BUSY)
            assert three.is_ended()
        sessions[1].ok("QUIT")
        assert sessions[1].is_ended()
        house.wait_for(
            lambda: len(children_of(house.daemon.pid)) == 1, "one child")
        assert answers("127.0.0.1", house.port)
        sessions[0].ok("QUIT")
        house.logged('connection refused reason="too many sessions" '
                     "addr=127.0.0.1")


@case("--max-per-source limits one address, no other, and never this host")
def _():
    with a_house() as house:
        port = house.start_daemon("--max-per-source=2")
        source = ("127.0.0.9", 0)
        with connect("127.0.0.1", port, source) as one, \
                connect("127.0.0.1", port, source) as two:
            one.greet()
            two.greet()
            with connect("127.0.0.1", port, source) as three:
                equal(three.line(), BUSY)
                assert three.is_ended()
            with connect("127.0.0.1", port, ("127.0.0.10", 0)) as other:
                other.login("joe@kvt.dk", "secret")
            # stunnel's clients come from here, all of them.
            with house.connect() as a, house.connect() as b, \
                    house.connect() as c:
                for client in (a, b, c):
                    client.greet()
            one.ok("QUIT")
            assert one.is_ended()
            house.wait_for(lambda: connect("127.0.0.1", port, source).line()
                           != BUSY, "room for the source")
        house.logged('connection refused reason="too many sessions from this '
                     'source" addr=127.0.0.9')
        house.logged(r"user=joe@kvt\.dk addr=127\.0\.0\.10\n")


@case("row 47: after 300 rapid connections no child is left over")
def _():
    with a_house() as house:
        house.start_daemon("-d2000", "--max-per-source=400")
        for number in range(300):
            connection = socket.create_connection(
                ("127.0.0.1", house.port), 30)
            if number % 3 == 0:
                connection.sendall(b"QUIT\r\n")
            connection.close()

        def is_idle():
            house.daemon.send_signal(signal.SIGUSR2)
            time.sleep(0.1)
            return re.search(
                r"status children=0 most=2000 sessions=301 pids=none",
                house.log())
        with house.connect() as client:
            client.greet()
        house.wait_for(is_idle, "children=0", 60)
        equal(children_of(house.daemon.pid), [])
        assert answers("127.0.0.1", house.port)


@case("a session that is killed is logged, counted off, and hurts nobody")
def _():
    with a_house() as house:
        house.start_daemon("-d1")
        before = house.path.read_bytes()
        with house.connect() as client:
            client.login("joe@kvt.dk", "secret")
            client.ok("DELE 1")
            child, = children_of(house.daemon.pid)
            os.kill(child, signal.SIGKILL)
            assert client.is_ended()
        house.logged(f"child {child} was killed by signal 9")
        equal(house.path.read_bytes(), before)
        assert answers("127.0.0.1", house.port)


# ---- signals ---------------------------------------------------------------

@case("TERM and HUP stop gracefully: sessions go on to their QUIT")
def _():
    for number in (signal.SIGTERM, signal.SIGHUP):
        with a_house() as house:
            port = house.start_daemon()
            with house.connect() as client, house.connect() as waiting:
                waiting.greet()
                client.login("joe@kvt.dk", "secret")
                client.ok("DELE 1")
                house.daemon.send_signal(number)
                house.logged("stopping, 2 sessions are still open")
                assert not is_open("127.0.0.1", port)
                equal(house.daemon.poll(), None)
                equal(client.ok("STAT").split()[1], b"1")
                client.ok("QUIT")
                waiting.login("joe@kvt.dk", "secret")
                equal(waiting.ok("STAT").split()[1], b"1")
                waiting.ok("QUIT")
            equal(exit_status(house), 0)
            assert b"one" not in house.path.read_bytes()


@case("a second TERM ends the sessions without reply and without deletion")
def _():
    with a_house() as house:
        port = house.start_daemon()
        before = house.path.read_bytes()
        with house.connect() as client, house.connect() as waiting:
            client.login("joe@kvt.dk", "secret")
            client.ok("DELE 1")
            waiting.greet()
            house.daemon.send_signal(signal.SIGTERM)
            house.logged("stopping, 2 sessions are still open")
            assert not is_open("127.0.0.1", port)
            house.daemon.send_signal(signal.SIGTERM)
            assert client.is_ended()
            assert waiting.is_ended()
        equal(exit_status(house), 0)
        equal(house.path.read_bytes(), before)
        house.logged(r'end="stopped".* deleted=0 .*user=joe@kvt\.dk')


@case("an idle daemon ends at once with status 0")
def _():
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        with a_house() as house:
            house.start_daemon()
            equal(exit_status(house, [number]), 0)
            house.logged("stopped after 0 sessions")


@case("USR2 tells children, pids, terminate flag and sessions so far")
def _():
    with a_house() as house:
        house.start_daemon("-d7")
        house.daemon.send_signal(signal.SIGUSR2)
        house.logged("status terminating=no\n")
        house.logged("status children=0 most=7 sessions=0 pids=none\n")
        with house.connect() as one, house.connect() as two:
            one.greet()
            two.greet()
            house.daemon.send_signal(signal.SIGUSR2)
            pids = house.logged(
                r"status children=2 most=7 sessions=2 pids=(\d+ \d+)\n")
            equal(sorted(map(int, pids.split())),
                  children_of(house.daemon.pid))
            house.daemon.send_signal(signal.SIGTERM)
            house.logged("stopping, 2 sessions are still open")
            house.daemon.send_signal(signal.SIGUSR2)
            house.logged("status terminating=yes\n")
            one.ok("QUIT")
            two.ok("QUIT")
        equal(exit_status(house), 0)


@case("USR2 tells of a session its time, commands, user and address")
def _():
    with a_house() as house:
        house.start_daemon()
        with house.connect() as client:
            client.greet()
            child, = children_of(house.daemon.pid)
            os.kill(child, signal.SIGUSR2)
            house.logged(rf"\[{child}\]: status seconds=\d+ commands=\d+ "
                         r"user=- addr=127\.0\.0\.1\n")
            client.login("joe@kvt.dk", "secret")
            client.ok("NOOP")
            client.ok("STAT")
            os.kill(child, signal.SIGUSR2)
            commands = house.logged(
                rf"\[{child}\]: status seconds=\d+ commands=(\d+) "
                r"user=joe@kvt\.dk addr=127\.0\.0\.1\n")
            assert int(commands) >= 2, commands
            os.kill(child, signal.SIGHUP)
            equal(client.ok("STAT").split()[1], b"2")


# ---- systemd ---------------------------------------------------------------

PASS_ON = """
import os, sys
count = int(sys.argv[1])
high = [os.dup(int(fd)) for fd in sys.argv[2:2 + count]]
high = [os.dup2(fd, 100 + i) for i, fd in enumerate(high)]
for i, fd in enumerate(high):
    os.dup2(fd, 3 + i)
os.environ["LISTEN_FDS"] = str(count)
os.environ["LISTEN_PID"] = str(os.getpid() + int(os.environ.get("WRONG", 0)))
os.execv(sys.argv[2 + count], sys.argv[2 + count:])
"""


def start_inherited(house, sockets, *options, wrong=0):
    fds = [one.fileno() for one in sockets]
    with open(house.log_path, "ab") as log:
        house.daemon = subprocess.Popen(
            [sys.executable, "-c", PASS_ON, str(len(fds)), *map(str, fds),
             str(DAEMON), "-d", "--foreground", "--debug=100",
             *house.options(), *options],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=fds,
            env={**os.environ, "WRONG": str(wrong)})


def listening_socket():
    one = socket.socket()
    one.bind(("127.0.0.1", 0))
    one.listen()
    return one


@case("sockets inherited from systemd are served")
def _():
    with a_house() as house:
        with listening_socket() as one, listening_socket() as two:
            ports = [one.getsockname()[1], two.getsockname()[1]]
            start_inherited(house, [one, two])
        for port in ports:
            assert answers("127.0.0.1", port)
        equal(exit_status(house, [signal.SIGTERM]), 0)
        for port in ports:
            assert not is_open("127.0.0.1", port)


@case("sockets meant for another process are left alone")
def _():
    with a_house() as house, listening_socket() as one:
        port = free_port()
        start_inherited(house, [one], "-l", f"127.0.0.1:{port}", wrong=1)
        house.wait_for(lambda: is_open("127.0.0.1", port), "the daemon")
        assert answers("127.0.0.1", port)


@case("an inherited descriptor that does not listen is told, and ends it")
def _():
    with a_house() as house:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            start_inherited(house, [theirs])
            equal(exit_status(house), 69)
        house.logged("inherited descriptor 3 is no listening socket")


@case("NOTIFY_SOCKET, a path or an @ name, hears who is ready, and STOPPING=1")
def _():
    with a_house() as house:
        names = {str(house.root / "notify"): str(house.root / "notify"),
                 f"@pop3d-test-{os.getpid()}": f"\0pop3d-test-{os.getpid()}"}
        for name, address in names.items():
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
                heard.bind(address)
                heard.settimeout(20)
                os.environ["NOTIFY_SOCKET"] = name
                try:
                    house.start_daemon()
                finally:
                    del os.environ["NOTIFY_SOCKET"]
                equal(heard.recv(100),
                      f"MAINPID={house.daemon.pid}\nREADY=1".encode())
                with house.connect() as client:
                    client.greet()
                    house.daemon.send_signal(signal.SIGTERM)
                    equal(heard.recv(100), b"STOPPING=1")
                equal(exit_status(house), 0)


@case("a NOTIFY_SOCKET where nobody listens does no harm")
def _():
    with a_house() as house:
        for name in ("/nonexistent", "@nobody-there", "", "relative",
                     "/" + "x" * 300):
            os.environ["NOTIFY_SOCKET"] = name
            try:
                house.start_daemon()
            finally:
                del os.environ["NOTIFY_SOCKET"]
            assert answers("127.0.0.1", house.port)
            equal(exit_status(house, [signal.SIGTERM]), 0)


# ---- odd ways to be started ------------------------------------------------

@case("row 56: with descriptors 0 to 2 closed the daemon serves all the same")
def _():
    with a_house() as house:
        port = free_port()
        house.daemon = subprocess.Popen(
            [DAEMON, "-d", "--foreground", f"--listen=127.0.0.1:{port}",
             *house.options()], preexec_fn=lambda: os.closerange(0, 3))
        house.wait_for(lambda: is_open("127.0.0.1", port), "the daemon")
        assert answers("127.0.0.1", port)
        for fd in range(3):
            equal(os.readlink(f"/proc/{house.daemon.pid}/fd/{fd}"),
                  "/dev/null")


@case("row 56: inetd mode without any descriptor ends quietly")
def _():
    with a_house() as house:
        for closed in ((0, 3), (0, 1), (1, 2), (2, 3)):
            done = subprocess.run(
                [DAEMON, *house.options()], timeout=20, check=False,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                preexec_fn=lambda closed=closed: os.closerange(*closed))
            equal(done.returncode, 0, f"{closed}")


@case("row 56: standard input may be a file; it is read as a session")
def _():
    with a_house() as house:
        script = house.root / "script"
        script.write_bytes(b"USER joe@kvt.dk\r\nPASS secret\r\nDELE 1\r\n"
                           b"QUIT\r\n")
        with open(script, "rb") as commands:
            done = subprocess.run(
                [DAEMON, "-i", *house.options()], stdin=commands,
                stdout=subprocess.PIPE, timeout=20, check=False)
        equal([line[:3] for line in done.stdout.splitlines()], [b"+OK"] * 5)
        assert b"one" not in house.path.read_bytes()
        equal(finish(house, "-i")[1].count("\n"), 1)


@case("row 56: a huge environment and an empty program name do no harm")
def _():
    with a_house() as house:
        ours, theirs = socket.socketpair()
        environment = {f"V{number}": "x" * 10000 for number in range(100)}
        process = subprocess.Popen(
            [""] + house.options(), executable=DAEMON, stdin=theirs,
            stdout=theirs, env=environment)
        theirs.close()
        with Client(ours, process) as client:
            client.login("joe@kvt.dk", "secret")
            client.ok("QUIT")


@case("no option means inetd mode; -i says so")
def _():
    for options in ((), ("-i",), ("--inetd",)):
        with a_house() as house:
            ours, theirs = socket.socketpair()
            process = subprocess.Popen([DAEMON, *options, *house.options()],
                                       stdin=theirs, stdout=theirs)
            theirs.close()
            with Client(ours, process) as client:
                client.login("joe@kvt.dk", "secret")
                equal(client.ok("STAT").split()[1], b"2")


@case("unknown and malformed options end with 64 and say what is wrong")
def _():
    with a_house() as house:
        for arguments, word in (
                (["--nonsense"], "nonsense"), (["-X"], "X"),
                (["superfluous"], "superfluous"), (["-dx"], "x"),
                (["-d0"], "0"), (["-d", "5"], "5"), (["-p"], "p"),
                (["-p", "0"], "0"), (["-p", "65536"], "65536"),
                (["-p", "pop3"], "pop3"), (["-t", "-1"], "-1"),
                (["-t", "1h"], "1h"), (["--timeout="], "timeout"),
                (["--login-timeout=0"], "login-timeout"),
                (["--max-per-source=0"], "max-per-source"),
                (["--max-login-failures=x"], "max-login-failures"),
                (["--login-delay=-1"], "login-delay"),
                (["--language="], "language"),
                (["--min-uid=0"], "min-uid"), (["--debug=xyz"], "xyz"),
                (["--debug=200"], "200"), (["--debug="], "debug"),
                (["--mail-spool=mail"], "mail-spool"),
                (["--virtual-dir=etc"], "virtual-dir"),
                (["--virtual-spool=spool"], "virtual-spool"),
                (["--state-dir=state"], "state-dir"),
                (["--pid-file=pid"], "pid-file"),
                (["--lock=flock"], "flock"), (["--lock=x"], "x"),
                (["--fsync=maybe"], "maybe"), (["--apop=maybe"], "maybe"),
                (["--default-domain=a/b"], "a/b"),
                (["--language=xx"], "xx"),
                (["--uidl=x"], "uidl"),
                (["-d", "--auth-cache=0"], "auth-cache"),
                (["-d", "--auth-cache=3601"], "3601"),
                (["-d", "--auth-cache=-1"], "-1"),
                (["-d", "--auth-cache=1m"], "1m"),
                (["-d", "--auth-cache="], "auth-cache"),
                (["--auth-cache=60"], "inetd"),
                (["-d", "--auth-cache=60", "-i"], "inetd")):
            status, output = finish(house, *arguments)
            equal(status, 64, f"{arguments} {output}")
            assert word in output and "--help" in output, output
            assert not output.startswith("+OK"), output


@case("--help and --version end with 0")
def _():
    with a_house() as house:
        for option in ("--help", "-h", "--version", "-v"):
            status, output = finish(house, option)
            equal(status, 0)
            assert "gnu-pop3d" in output


@case("--debug=1ff traces both processes to standard error, secrets excepted")
def _():
    with a_house() as house:
        house.start_daemon("--debug=1ff")
        assert answers("127.0.0.1", house.port)
        house.logged(r"connection addr=127\.0\.0\.1\n")
        house.logged(r"command STAT\b")
        house.logged(r"look-up in a virtual domain: found\n")
        house.logged(r"child \d+ ended, status 0\n")
        assert "secret" not in house.log()


# What each bit of the mask logs: gnu-pop3d(8), Debug mask.
BITS = {
    0x10: {r"command USER joe@kvt\.dk\n", r"command PASS\n", r"command STAT\n",
           r"command DELE 1\n", r"command QUIT\n"},
    0x20: {r"opened \S+/joe messages=1\n", r"updating, deleted=1\n"},
    0x40: {r"look-up in a virtual domain: found\n",
           r"look-up in the system: not found\n"},
    0x01: {r"connection addr=127\.0\.0\.1\n", r"child \d+ ended, status 0\n"},
    0x02: {r"signal to stop\n"},
}
ALWAYS = r"login method=|login failed|session end=|sandbox: |stopping,|stopped "


def traced(mask):
    """The lines of a daemon with this mask that are not always there."""
    with House() as house:
        house.add_user("joe", "kvt.dk", "secret")
        house.write_mailbox("joe", "kvt.dk", [b"Subject: 1\n\n1\n"])
        house.start_daemon(f"--debug=1{mask:02x}")
        with house.connect() as client:
            client.greet()
            client.ok("USER no-such-user-here")
            client.err("PASS secret")
            client.login("joe@kvt.dk", "secret")
            client.ok("STAT")
            client.ok("DELE 1")
            client.ok("QUIT")
        house.wait_for(lambda: children_of(house.daemon.pid) == [],
                       "the child's end")
        equal(house.stop_daemon(), 0)
        return [line for line in house.log().splitlines(keepends=True)
                if not re.search(ALWAYS, line)]


@case("each bit of --debug logs what the manual says, and nothing else")
def _():
    for mask in (*BITS, 0x72, 0x8c):
        lines = traced(mask)
        wanted = {pattern for bit, patterns in BITS.items() if bit & mask
                  for pattern in patterns}
        for pattern in wanted:
            assert any(re.search(pattern, line) for line in lines), \
                (hex(mask), pattern, lines)
        others = {pattern for patterns in BITS.values()
                  for pattern in patterns} - wanted
        for pattern in others:
            assert not any(re.search(pattern, line) for line in lines), \
                (hex(mask), pattern, lines)
        if not wanted:
            equal(lines, [], hex(mask))


@case("--debug=00 traces nothing, and nothing goes to standard error")
def _():
    with a_house() as house:
        house.start_daemon("--debug=00")
        assert answers("127.0.0.1", house.port)
        # A build with sanitizers says that it has no sandbox.
        equal([line for line in house.log().splitlines()
               if "sandbox: none" not in line], [])


tap.main()
