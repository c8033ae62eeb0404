"""Mail clients fetch from the standalone daemon: what each of them stores is
what stands in the mailbox, octet by octet."""

import os
import poplib
import pty
import re
import select
import subprocess
import time
from contextlib import contextmanager

import tap
from house import House, hash_of
from postfix import need_program
from tap import case, equal

USER = "joe@kvt.dk"
SECRET = "sec ret!"


def head(number):
    return (b"From: a@client.test\nTo: joe@kvt.dk\nSubject: number %d\n"
            b"Date: Sun, 22 Nov 2026 07:00:00 +0000\n"
            b"Message-ID: <%d@client.test>\n" % (number, number))


def numbered(*rests, first=1):
    return [head(i) + rest for i, rest in enumerate(rests, first)]


# What every client keeps as it is.
PLAIN = numbered(
    b"\nhello\n",
    b"\n",
    b"\n.\n..\n.hidden\n...\n \n",
    b"\n\n\nempty lines around\n\n\n",
    b"Content-Type: text/plain; charset=utf-8\n\nsm\xc3\xb8rrebr\xc3\xb8d\n"
    b"\xe6\xf8\xe5\xff\x80\n",
    b"X-Folded: one\n two\n\tthree\n\n>From quoted\nFrom: no line\n"
    b"\tfrom tab\ntrailing  \n",
    b"\n" + b"".join(b"line %d\n" % i for i in range(3000)),
    b"\n" + b"x" * 998 + b"\n" + b"y" * 500 + b"\n",
)
# What the better ones keep too.
HARD = PLAIN + numbered(
    b"\nbare\rcr, nul \0, escape \x1b[2J\n",
    b"\n" + b"long" * 50000 + b"\n",
    first=len(PLAIN) + 1,
)


def crlf(message):
    return message.replace(b"\n", b"\r\n")


@contextmanager
def serving(messages, secret=SECRET, **options):
    """A house with mail for USER and the daemon on house.port."""
    with House() as house:
        house.add_user("joe", "kvt.dk", secret)
        house.path = house.write_mailbox("joe", "kvt.dk", messages)
        house.start_daemon(
            *(f"--{name}={value}" for name, value in options.items()))
        yield house


def run(*command, expect=0, **more):
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL, timeout=60, check=False, **more)
    equal(done.returncode, expect, f"{command[0]}: {done.stdout!r:.1500}")
    return done.stdout


def private(path, text):
    path.write_text(text)
    path.chmod(0o600)
    return path


# ---- fetchmail ---------------------------------------------------------------

def fetchmail(house, target, options="", user=USER, server="protocol pop3",
              expect=0):
    """Runs fetchmail once; the messages that it gave to its MDA."""
    program = need_program("fetchmail")
    target.mkdir(exist_ok=True)
    before = set(target.iterdir())
    rules = private(house.root / "fetchmailrc", f"""\
set no bouncemail
set no spambounce
set invisible
poll 127.0.0.1 service {house.port} timeout 20 {server}
  user "{user}" password "{SECRET}" sslproto "" no rewrite pass8bits
  {options}
  mda "cat > {target}/$$"
""")
    run(program, "-f", str(rules), "--nodetach", "--nosyslog",
        "--pidfile", str(house.root / "fetchmail.pid"),
        "--idfile", str(house.root / "fetchids"), expect=expect,
        env={**os.environ, "FETCHMAILHOME": str(house.root), "LC_ALL": "C"})
    return [path.read_bytes() for path in set(target.iterdir()) - before]


def by_number(messages):
    return sorted(messages, key=lambda text: int(
        re.search(rb"(?m)^Subject: number (\d+)", text)[1]))


@case("fetchmail fetches and deletes all, octet by octet")
def _():
    with serving(PLAIN) as house:
        found = fetchmail(house, house.root / "got", "fetchall")
        equal(by_number(found), PLAIN)
        equal(house.path.read_bytes(), b"", "mailbox")
        house.logged(rf"deleted={len(PLAIN)} left=0 .* user={USER}")


@case("fetchmail with uidl and keep fetches nothing the second time, and only "
      "the new message the third time")
def _():
    with serving(PLAIN) as house:
        before = house.path.read_bytes()
        def fetch(**more):
            return fetchmail(house, house.root / "got", "keep",
                             server="protocol pop3 uidl", **more)
        equal(by_number(fetch()), PLAIN)
        equal(fetch(expect=1), [], "second time")
        equal(house.path.read_bytes(), before, "mailbox")
        equal(house.deliver(head(99) + b"\nnew\n", "-r", USER).returncode, 0)
        equal([text[-5:] for text in fetch()], [b"\nnew\n"], "third time")


@case("fetchmail logs in by APOP")
def _():
    with serving(PLAIN[:2]) as house:
        found = fetchmail(house, house.root / "got", server="protocol apop")
        equal(by_number(found), PLAIN[:2])
        house.logged(f"login method=apop user={USER}")


@case("fetchmail logs in to an account with a hash")
def _():
    with serving(PLAIN[:2], hash_of(SECRET, "$6$")) as house:
        found = fetchmail(house, house.root / "got", user="joe%kvt.dk")
        equal(by_number(found), PLAIN[:2])
        house.logged(f"login method=password user={USER}")


# ---- mpop --------------------------------------------------------------------

def mpop(house, *settings):
    rules = private(house.root / "mpoprc", "\n".join([
        "account default", "host 127.0.0.1", f"port {house.port}",
        "tls off", f"user {USER}", f'password "{SECRET}"',
        "received_header off", f"uidls_file {house.root}/uidls",
        *settings, ""]))
    run(need_program("mpop"), "-C", str(rules), "--quiet")


def maildir(house):
    directory = house.root / "maildir"
    for name in ("cur", "new", "tmp"):
        (directory / name).mkdir(parents=True, exist_ok=True)
    return directory


def mail_in(directory):
    return by_number(path.read_bytes() for path in directory.glob("new/*"))


@case("mpop delivers to a maildir octet by octet and deletes, logging in with "
      "the plain password, and by APOP")
def _():
    for method, name in (("user", "password"), ("apop", "apop")):
        with serving(PLAIN) as house:
            directory = maildir(house)
            mpop(house, f"auth {method}", f"delivery maildir {directory}")
            equal(mail_in(directory), PLAIN)
            equal(house.path.read_bytes(), b"", "mailbox")
            house.logged(f"login method={name} user={USER}")


@case("mpop with keep fetches nothing the second time, with and without "
      "pipelining")
def _():
    for pipelining in ("on", "off"):
        with serving(PLAIN) as house:
            directory = maildir(house)
            for _ in range(2):
                mpop(house, "auth user", "keep on",
                     f"pipelining {pipelining}",
                     f"delivery maildir {directory}")
                equal(mail_in(directory), PLAIN)


@case("mpop delivers to an mbox in which every message is as it was")
def _():
    with serving(PLAIN) as house:
        target = house.root / "mbox"
        mpop(house, "auth user", f"delivery mbox {target}")
        found = re.split(rb"(?m)^From .*\n", target.read_bytes())[1:]
        # mpop quotes once more what is quoted already.
        equal([text[:-1].replace(b"\n>>From ", b"\n>From ")
               for text in found], PLAIN)


# ---- curl --------------------------------------------------------------------

def curl(house, path, *options, expect=0):
    return run(
        need_program("curl"), "--silent", "--user", f"{USER}:{SECRET}",
        "--max-time", "30", *options,
        f"pop3://127.0.0.1:{house.port}/{path}", expect=expect)


def curl_fetches_all(house):
    equal(curl(house, ""), b"".join(
        b"%d %d\r\n" % (i, len(crlf(message)))
        for i, message in enumerate(HARD, 1)), "LIST")
    for i, message in enumerate(HARD, 1):
        assert curl(house, str(i)) == crlf(message), f"message {i} differs"


@case("curl lists and retrieves by APOP, which it takes when there is a stamp, "
      "from an account with a plain secret")
def _():
    with serving(HARD) as house:
        curl_fetches_all(house)
        house.logged(f"login method=apop user={USER}")
        assert "method=password" not in house.log(), house.log()


@case("curl lists and retrieves by password from an account with a hash, "
      "since no stamp is offered where nobody could use it")
def _():
    with serving(HARD, hash_of(SECRET, "$6$")) as house:
        curl_fetches_all(house)
        house.logged(f"login method=password user={USER}")
        assert "method=apop" not in house.log(), house.log()


@case("curl reaches an account with a hash beside plain ones by --apop=no")
def _():
    with serving(PLAIN, hash_of(SECRET, "$6$"), apop="no") as house:
        house.add_user("ann", "kvt.dk", "plain")
        equal(curl(house, "1"), crlf(PLAIN[0]))


@case("curl sends any command: TOP, UIDL, DELE")
def _():
    with serving(PLAIN) as house:
        equal(curl(house, "", "--request", "TOP 3 2"),
              crlf(head(3) + b"\n.\n..\n"))
        equal(len(curl(house, "", "--request", "UIDL").split(b"\r\n")),
              len(PLAIN) + 1)
        curl(house, "1", "--request", "DELE", "--list-only")
        assert PLAIN[0] not in house.path.read_bytes(), "not deleted"
        assert PLAIN[1] in house.path.read_bytes(), "too much deleted"


@case("curl is told when the password is wrong")
def _():
    with serving(PLAIN) as house:
        curl(house, "1", "--user", f"{USER}:wrong", expect=67)


# ---- Perl --------------------------------------------------------------------

PERL = r"""
use strict; use warnings; use Net::POP3;
my ($port, $method, $user, $secret) = @ARGV;
binmode STDOUT;
my $pop = Net::POP3->new("127.0.0.1", Port => $port, Timeout => 30)
    or die "no connection";
my $count = $pop->$method($user, $secret);
defined $count or die "refused: ", $pop->message;
my $list = $pop->list; my $ids = $pop->uidl;
my ($total, $size) = $pop->popstat;
print "$count $total $size\n";
for my $i (1 .. $count) {
    my $text = join "", @{$pop->get($i)};
    my $top = join "", @{$pop->top($i, 1)};
    $pop->uidl($i) eq $ids->{$i} or die "uidl $i";
    $pop->list($i) == $list->{$i} or die "list $i";
    print "$list->{$i} $ids->{$i} ", length $text, " ", length $top, "\n";
    print $text, $top;
}
$pop->delete(1) or die "delete";
$pop->quit or die "quit";
"""


def perl(house, method):
    """What Net::POP3 has seen: the totals, then each message."""
    output = run(need_program("perl"), "-e", PERL, str(house.port), method,
                 USER, SECRET)
    totals, output = output.split(b"\n", 1)
    found = []
    while output:
        line, output = output.split(b"\n", 1)
        size, uidl, length, top = line.split()
        length, top = int(length), int(top)
        found.append((int(size), uidl, output[:length],
                      output[length:length + top]))
        output = output[length + top:]
    return totals, found


def top_of(message, lines):
    header, body = message.split(b"\n\n", 1)
    return header + b"\n\n" + b"".join(body.splitlines(True)[:lines])


@case("Perl's Net::POP3 logs in by password and by APOP, lists, gets, tops and "
      "deletes")
def _():
    for method, name in (("login", "password"), ("apop", "apop")):
        with serving(PLAIN) as house:
            sizes = [len(crlf(message)) for message in PLAIN]
            totals, found = perl(house, method)
            equal(totals, b"%d %d %d" % (len(PLAIN), len(PLAIN), sum(sizes)))
            equal([size for size, _, _, _ in found], sizes)
            equal(len({uidl for _, uidl, _, _ in found}), len(PLAIN))
            equal([text for _, _, text, _ in found], PLAIN)
            equal([top for _, _, _, top in found],
                  [top_of(message, 1) for message in PLAIN])
            house.logged(f"login method={name} user={USER}")
            house.logged("deleted=1 ")
            assert PLAIN[0] not in house.path.read_bytes(), "not deleted"


# ---- Python ------------------------------------------------------------------

def poplib_session(house):
    poplib._MAXLINE = 1000000  # its own limit is 2048
    return poplib.POP3("127.0.0.1", house.port, 30)


def retrieved(session, number):
    _, lines, octets = session.retr(number)
    text = b"".join(line + b"\r\n" for line in lines)
    equal(octets, len(text), "octets")
    return text


@case("Python's poplib lists, retrieves, tops and deletes, and finds the same "
      "ids in the next session")
def _():
    with serving(HARD) as house:
        session = poplib_session(house)
        session.user(USER)
        session.pass_(SECRET)
        sizes = [len(crlf(message)) for message in HARD]
        equal(session.stat(), (len(HARD), sum(sizes)))
        equal(session.list()[1], [
            b"%d %d" % pair for pair in enumerate(sizes, 1)])
        for i, message in enumerate(HARD, 1):
            assert retrieved(session, i) == crlf(message), f"message {i}"
        equal(session.top(3, 2)[1], head(3).splitlines() + [b"", b".", b".."])
        ids = [line.split()[1] for line in session.uidl()[1]]
        session.dele(2)
        session.quit()
        session = poplib_session(house)
        session.user(USER)
        session.pass_(SECRET)
        equal([line.split()[1] for line in session.uidl()[1]],
              ids[:1] + ids[2:])
        session.quit()


@case("when one of two messages with the same header is deleted, Python's "
      "poplib does not find the other under the id of the first")
def _():
    with serving([head(1) + b"\none\n", head(1) + b"\ntwo\n"]) as house:
        session = poplib_session(house)
        session.apop(USER, SECRET)
        ids = [line.split()[1] for line in session.uidl()[1]]
        session.dele(1)
        session.quit()
        session = poplib_session(house)
        session.apop(USER, SECRET)
        equal([line.split()[1] for line in session.uidl()[1]], ids[1:])
        session.quit()


@case("Python's poplib logs in by APOP")
def _():
    with serving(PLAIN) as house:
        session = poplib_session(house)
        session.apop(USER, SECRET)
        equal(session.stat()[0], len(PLAIN))
        session.quit()
        house.logged(f"login method=apop user={USER}")


@case("Python's poplib logs in with a password in UTF-8, plain, by APOP and "
      "against a hash")
def _():
    secret = "pæne øl € 🐮"
    with serving(PLAIN, secret) as house:
        house.add_user("ann", "kvt.dk", hash_of(secret, "$6$"))
        for user, method in ((USER, "pass"), (USER, "apop"),
                             ("ann@kvt.dk", "pass")):
            session = poplib_session(house)
            if method == "apop":
                session.apop(user, secret)
            else:
                session.user(user)
                session.pass_(secret)
            session.quit()
        equal(len(re.findall("login method", house.log())), 3, "logins")


@case("Python's poplib sees CAPA and the refusal of a wrong password")
def _():
    with serving(PLAIN) as house:
        session = poplib_session(house)
        capabilities = session.capa()
        for name in ("TOP", "UIDL", "USER", "PIPELINING", "RESP-CODES"):
            assert name in capabilities, (name, capabilities)
        session.user(USER)
        try:
            session.pass_("wrong")
        except poplib.error_proto as refusal:
            assert refusal.args[0].startswith(b"-ERR [AUTH]"), refusal
        else:
            raise AssertionError("accepted")
        session.quit()


# ---- mutt --------------------------------------------------------------------

def run_in_terminal(command, environment, seconds=40):
    """Runs a program on a terminal of its own; returns what it has shown."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe(command[0], command, environment)
    shown, deadline = b"", time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            shown += os.read(terminal, 65536)
        except OSError:  # the program has ended
            break
    else:
        os.kill(pid, 9)
    os.close(terminal)
    equal(os.waitpid(pid, 0)[1], 0, f"{command[0]}: {shown!r:.3000}")
    return shown


def mutt(house, *settings):
    """Runs mutt, which does nothing without a terminal, with settings."""
    rules = private(house.root / "muttrc", "\n".join([
        f"set pop_host = 'pop://127.0.0.1:{house.port}'",
        f"set pop_user = '{USER}'", f"set pop_pass = '{SECRET}'",
        "set pop_last = no", "set ssl_starttls = no", "set quit = yes",
        "set ssl_force_tls = no",
        "set mark_old = no", "set mbox_type = mbox", "set folder = ''",
        f"set tmpdir = '{house.root}'", "set confirmappend = no",
        "set confirmcreate = no", "set wait_key = no", "set move = no",
        "set header_cache = ''", "set message_cachedir = ''",
        "set copy = no", "set record = ''", *settings, ""]))
    return run_in_terminal(
        [need_program("mutt"), "-n", "-F", str(rules)],
        {**os.environ, "HOME": str(house.root), "TERM": "xterm",
         "LC_ALL": "C.UTF-8"})


def stored_by_mutt(path):
    """Messages of an mbox without what mutt has added to their headers."""
    found = []
    for text in re.split(rb"(?m)^From .*\n", path.read_bytes())[1:]:
        header, body = text.split(b"\n\n", 1)
        lines = [line for line in header.split(b"\n") if not line.startswith(
            (b"Status: ", b"Content-Length: ", b"Lines: "))]
        found.append(b"\n".join(lines) + b"\n\n" + body[:-1])
    return found


@case("mutt's fetch-mail takes all messages by APOP and by password, octet by "
      "octet, and deletes them")
def _():
    for method, name in (("apop", "apop"), ("user", "password")):
        with serving(PLAIN) as house:
            target = house.root / "inbox"
            target.touch()
            mutt(house, f"set spoolfile = '{target}'",
                 f"set pop_authenticators = {method}", "set pop_delete = yes",
                 "push <fetch-mail><exit>")
            equal(stored_by_mutt(target), PLAIN)
            equal(house.path.read_bytes(), b"", "mailbox")
            house.logged(f"login method={name} user={USER}")


@case("mutt opens the mailbox as a folder, and copies and deletes a message "
      "in it")
def _():
    with serving(PLAIN) as house:
        target = house.root / "copy"
        mutt(house, f"set spoolfile = 'pop://127.0.0.1:{house.port}/'",
             "set pop_authenticators = user", "set delete = yes",
             f"push <first-entry><copy-message>{target}<enter>"
             "<delete-message><quit>")
        equal(stored_by_mutt(target), PLAIN[:1])
        assert PLAIN[0] not in house.path.read_bytes(), "not deleted"
        assert PLAIN[1] in house.path.read_bytes(), "too much deleted"


tap.main()
