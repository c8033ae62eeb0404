"""What is measured.  Each function takes the bench and gives tables."""

import os
import pathlib
import statistics
import subprocess
import sys

import instructions
from deliverers import environment_of
from house import VIRTUAL, become_owner
from others import SECRET
from peers import Dear, Remembering, start
from postfix import Owner
from tap import Skip

BIG = 1920         # the user with the large mailbox
MANY = 1921        # with 50 MB in 2000 messages
LARGE = 1922       # with five messages of 60 MB
EMPTY = 1923
DELETING = 1924
GROWING = 1930


class Table:
    """One measurement.  columns name what each result has; is_rate: more is
    better.  aims are what is compared: the column, and what stands above."""

    def __init__(self, title, columns, results, unit, is_rate=False):
        self.title = title
        self.columns = columns
        self.results = {name: result if isinstance(result, tuple)
                        else (result,) for name, result in results.items()}
        self.unit = unit
        self.is_rate = is_rate

    def base(self):
        return self.results.get("limit") or self.results.get("gnu-pop3d")

    def ratio(self, result, i):
        """How many times the work of the base it is: 1 is as good."""
        base = self.base()
        if base is None or i >= len(base) or not base[i] or not result[i]:
            return None
        return base[i] / result[i] if self.is_rate else result[i] / base[i]

    def lines(self):
        width = max(map(len, self.results), default=0) + 2
        yield f"{self.title}, {self.unit}"
        yield " " * width + "".join(f"{c:>20}" for c in self.columns)
        for name, result in self.results.items():
            cells = ""
            for i, number in enumerate(result):
                ratio = self.ratio(result, i)
                text = f"{number:,.0f}" if number >= 100 else f"{number:.3g}"
                cells += f"{text + ('' if ratio is None else f' ({ratio:.2f})'):>20}"
            yield f"{name:<{width}}{cells}"
        yield ""


# ---- polling -----------------------------------------------------------------

def poll_rates(bench, port, user):
    """Sessions in a second of one client, and of 16."""
    seconds = 1 if bench.is_quick else 4
    result = ()
    for clients in (1, 16):
        done = bench.tool(
            "client", "poll", port, user, SECRET, clients, seconds)
        result += (done["sessions"] / done["all"] * 1e6,)
    return result


def poll(bench):
    """Connect, log in, STAT, QUIT, again and again."""
    small = bench.make_mailbox(10, 20000)
    for number in range(16):
        bench.put(number, small)

    port = bench.servers[0].port + 1
    bare = subprocess.Popen(
        [bench.path("limit"), "serve", str(port)])
    try:
        results = bench.repeat(
            lambda server: poll_rates(bench, server.port, server.user),
            lambda: poll_rates(bench, port, "u%u"))
    finally:
        bare.kill()
        bare.wait()
    yield Table("poll: connect, log in, STAT, QUIT", ("1 client", "16 clients"),
                results, "sessions/s (bare forking server = 1)", True)


def remembering(bench):
    """The same, of ourselves alone, with a hash that takes some 10 ms."""
    cheap = bench.servers[0]
    servers = [cheap]
    for kind in (Dear, Remembering):
        servers.append(start(kind, bench.path("limit")))
    bench.servers, others = servers, bench.servers
    try:
        for number in range(16):
            bench.put(number, bench.make_mailbox(10, 20000))
        results = bench.repeat(
            lambda server: poll_rates(bench, server.port, server.user))
    finally:
        bench.servers = others
        for server in servers[1:]:
            server.stop()
    yield Table("poll, by what a login costs", ("1 client", "16 clients"),
                results, "sessions/s (cheap hash = 1)", True)


# ---- opening -----------------------------------------------------------------

def large(bench, is_read=False):
    return bench.make_mailbox(*((1000, 10**7) if bench.is_quick
                                else (100000, 10**9)), is_read)


def opening(bench):
    """The mailbox of 1 GB for the first time, and then once more."""
    source = large(bench)
    bench.put(BIG, source)
    bench.put(EMPTY, os.devnull)

    def first(server):
        server.forget(BIG)
        times = bench.session(server, BIG, "STAT", "QUIT")
        return (times["login"] + times["STAT"],)  # some read it there

    def limits():
        return bench.limit("read", source)
    yield Table("first open of 1 GB, 100,000 messages", ("login+STAT",),
                ms(bench.repeat(first, limits)), "ms (plain read = 1)")

    def again(server):
        empty = bench.session(server, EMPTY, "STAT", "QUIT")
        times = bench.session(server, BIG, "STAT", "LIST", "UIDL", "QUIT")
        return (empty["login"] + empty["STAT"],
                times["login"] + times["STAT"], times["LIST"], times["UIDL"])
    bench.repeat(again)  # ids are made by the first
    yield Table("the same mailbox again",
                ("empty: login+STAT", "login+STAT", "LIST", "UIDL"),
                ms(bench.repeat(again)), "ms (gnu-pop3d = 1)")

    def appended(server):
        with open(server.mailbox(BIG), "ab") as mailbox:
            mailbox.write(b"From a@b Sun Nov 22 07:00:00 2026\n"
                          b"Subject: one more\n\nOne more.\n\n")
        times = bench.session(server, BIG, "STAT", "QUIT")
        return (times["login"] + times["STAT"],)
    yield Table("one message appended to it", ("login+STAT",),
                ms(bench.repeat(appended)), "ms (gnu-pop3d = 1)")

    def first_ids(server):
        server.forget(BIG)
        return (bench.session(server, BIG, "UIDL", "QUIT")["UIDL"],)
    yield Table("first UIDL, nothing remembered", ("UIDL",),
                ms(bench.repeat(first_ids, limits)), "ms (plain read = 1)")


def ms(results):
    return {name: tuple(number / 1000 for number in
                        (result if isinstance(result, tuple) else (result,)))
            for name, result in results.items()}


# ---- fetching ----------------------------------------------------------------

def fetching(bench):
    """RETR of everything, one by one and pipelined."""
    many = bench.make_mailbox(*((200, 5 * 10**6) if bench.is_quick
                                else (2000, 50 * 10**6)))
    few = bench.make_mailbox(5, 3 * (10**6 if bench.is_quick else 10**8))
    bench.put(MANY, many)
    bench.put(LARGE, few)
    count = 200 if bench.is_quick else 2000

    def rate(path, microseconds):
        return path.stat().st_size / microseconds

    def fetch(server):
        one = bench.session(server, MANY, f"RETR 1-{count}", "QUIT")
        all_at_once = bench.session(server, MANY, f"+RETR 1-{count}", "QUIT")
        five = bench.session(server, LARGE, "RETR 1-5", "QUIT")
        return (rate(many, one[f"RETR 1-{count}"]),
                rate(many, all_at_once[f"+RETR 1-{count}"]),
                rate(few, five["RETR 1-5"]))

    def limits():
        times = rate(many, bench.limit("send", many))
        return (times, times, rate(few, bench.limit("send", few)))
    yield Table("RETR of everything",
                ("50 MB one by one", "pipelined", "5 x 60 MB"),
                bench.repeat(fetch, limits),
                "MB/s (read, CR LF, write = 1)", True)


# ---- deleting ----------------------------------------------------------------

def deleting(bench):
    """QUIT of 1 GB with marked messages: until its reply, and until the end of
    the connection.  Each on a fresh copy.  All messages are read: the same work
    for all, for no Status: header is to be added."""
    source = large(bench, is_read=True)
    count = 1000 if bench.is_quick else 100000
    work = (("one in the middle", f"DELE {count // 2}"),
            ("first 10 %", f"+DELE 1-{count // 10}"),
            ("all", f"+DELE 1-{count}"))

    def bare(kind):
        copy, size = bench.root / "shift", source.stat().st_size
        result = ()
        for at, length in ((size // 2, 10000), (0, size // 10), (0, size)):
            subprocess.run(["cp", source, copy], check=True)
            os.sync()
            result += (bench.limit(kind, copy, at, length),)
        return result

    def quits(server):
        reply = ()
        end = ()
        for _, command in work:
            server.put(DELETING, source)
            os.sync()
            times = bench.session(server, DELETING, "STAT", command, "QUIT")
            reply += (times["QUIT"],)
            end += (times["QUIT"] + times["end"],)
        return reply + end

    safely = []

    def limits():
        times = bare("shift")
        safely.append(bare("journal"))
        return times + times
    results = bench.repeat(quits, limits)
    results = ms({**results, "by way of a journal": bench.median(safely) * 2})
    for title, part in (("until the reply", slice(0, 3)),
                        ("until all is done", slice(3, 6))):
        yield Table(f"DELE in 1 GB, QUIT {title}", [name for name, _ in work],
                    {name: result[part] for name, result in results.items()},
                    "ms (shift in place and fsync = 1)")


# ---- doing nothing -----------------------------------------------------------

def memory_of(server):
    """PSS and page tables of all its processes, in KB."""
    pss = tables = 0
    for pid in server.processes():
        try:
            rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
            status = pathlib.Path(f"/proc/{pid}/status").read_text()
        except OSError:
            continue
        pss += number_in(rollup, "Pss:")
        tables += number_in(status, "VmPTE:")
    return pss, tables


def number_in(text, name):
    for line in text.splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    return 0


def memory_with(server, bench, count):
    """The same while a client has count sessions."""
    client = subprocess.Popen(
        [bench.path("client"), "idle", str(server.port), server.user, SECRET,
         str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        if not client.stdout.readline():
            return None
        return memory_of(server)
    finally:
        client.communicate(timeout=60)


def idle(bench):
    """Sessions that are logged in and silent."""
    count = 50 if bench.is_quick else 500
    small = bench.make_mailbox(10, 20000)
    for number in range(count):
        bench.put(number, small)
    results = {}
    for server in bench.servers:
        before = memory_of(server)
        after = memory_with(server, bench, count)
        if after is not None:
            results[server.name] = tuple(
                (b - a) / count for a, b in zip(before, after))
    yield Table(f"{count} idle sessions, each",
                ("PSS", "page tables"), results, "KB (gnu-pop3d = 1)")


# ---- delivering --------------------------------------------------------------

AWK = """\
#!/bin/sh
exec awk -v path="$1" '
BEGIN { print "From a@client.test Sun Nov 22 07:00:00 2026" >> path }
/^From / && body { $0 = ">" $0 }
$0 == "" { body = 1 }
{ print >> path }
END { print "" >> path; close(path); system("sync " path) }'
"""


def delivering(bench):
    """Messages of 10 KB, a process for each."""
    count = 20 if bench.is_quick else 300
    ours = bench.servers[0]
    message = bench.root / "message"
    text = bench.make_mailbox(1, 10000).read_bytes()
    message.write_bytes(text.split(b"\n", 1)[1])
    spool = bench.root / "delivered"
    spool.mkdir(exist_ok=True)
    awk = bench.root / "awk"
    awk.write_text(AWK)
    awk.chmod(0o755)
    with Owner(spool) as owner:
        os.chown(spool, owner.uid, owner.gid)
        owner.write("procmailrc", f"DEFAULT={spool}/procmail\nSHELL=/bin/sh\n"
                                  f":0:\n{spool}/procmail\n")
        owner.write("mailfilter", f'to "{spool}/maildrop"\n')
        ours.house.add_user("d", "owner.test", "x", owner.uid, owner.gid)
        commands = {
            "limit": [bench.path("limit"), "append", spool / "limit"],
            "virtual": [VIRTUAL, f"--virtual-dir={ours.house.virtual}",
                        f"--virtual-spool={ours.house.spool}",
                        "-f", "a@client.test", "-r", "d@owner.test"],
            "procmail": ["/usr/bin/procmail", "-m", owner.home / "procmailrc"],
            "maildrop": ["/usr/bin/maildrop", owner.home / "mailfilter"],
            "awk": [awk, spool / "awk"]}
        results = deliver(bench, owner, message, commands, count)
    yield Table("delivery of 10 KB, a process each", ("rate",), results,
                "messages/s (exec, append, fsync = 1)", True)


def deliver(bench, owner, message, commands, count):
    """Messages in a second of each command, the median."""
    found = {}
    for _ in range(bench.rounds):
        for name, command in commands.items():
            if not os.path.exists(command[0]):
                continue
            done = subprocess.run(
                [bench.path("limit"), "run", str(count), message,
                 *map(str, command)], check=True, capture_output=True,
                preexec_fn=become_owner(owner.uid, owner.gid), text=True,
                env=environment_of(owner), cwd=owner.home)
            found.setdefault(name, []).append(
                count / int(done.stdout.split()[1]) * 1e6)
    return {name: (statistics.median(rates),)
            for name, rates in found.items()}


# ---- growing -----------------------------------------------------------------

def growing(bench):
    """Polls of mailboxes from one message to 100,000, unchanged since the last
    session: the cost of a session as its mailbox grows."""
    sizes = (1, 10, 100, 1000) if bench.is_quick else \
        (1, 10, 100, 1000, 10000, 100000)
    for i, size in enumerate(sizes):
        bench.put(GROWING + i, bench.make_mailbox(size, 2000 * size))

    def polls(server):
        result = ()
        for i in range(len(sizes)):
            bench.session(server, GROWING + i, "STAT", "QUIT")
            times = bench.session(server, GROWING + i, "STAT", "QUIT")
            result += (sum(times.values()),)
        return result
    yield Table("poll as the mailbox grows",
                tuple(f"{size:,}" for size in sizes),
                ms(bench.repeat(polls)), "ms (gnu-pop3d = 1)")


# ---- counting ----------------------------------------------------------------

def counting(bench):
    """Instructions: no time at all, and the same in each run."""
    try:
        yield Table("instructions of a session",
                    ("poll, small", "MB scanned", "MB for ids",
                     "MB retrieved"), {"gnu-pop3d": instructions.count(bench)},
                    "thousands")
    except Skip as why:
        print(f"counting: {why}", file=sys.stderr)


ALL = {"poll": poll, "remembering": remembering,
       "opening": opening, "fetching": fetching,
       "deleting": deleting, "idle": idle, "delivering": delivering,
       "growing": growing, "counting": counting}
