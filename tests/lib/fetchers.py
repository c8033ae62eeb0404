"""Mail clients as our tests run them, and the mail that they fetch.

    with filled_house(PLAIN) as house:
        house.start_daemon()
        found = fetchmail(house, house.root / "got", "fetchall")

A server is whatever has a port on 127.0.0.1 and a root, a directory for the
files of a client: a House with its daemon, or a Superserver.  Where it has a
certificate too, the client speaks POP3S, or STLS if server.starttls says so,
and believes in that one only.
"""

import os
import poplib
import re
import ssl
import subprocess

from house import House
from postfix import need_program
from superserver import CERTIFIED_NAME
from tap import Skip, equal

USER = "joe@kvt.dk"
SECRET = "sec ret!"


# ---- mail --------------------------------------------------------------------

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


def by_number(messages):
    return sorted(messages, key=lambda text: int(
        re.search(rb"(?m)^Subject: number (\d+)", text)[1]))


def filled_house(messages, secret=SECRET):
    """A house with mail for USER in house.path."""
    house = House()
    house.add_user("joe", "kvt.dk", secret)
    house.path = house.write_mailbox("joe", "kvt.dk", messages)
    return house


# ---- running -----------------------------------------------------------------

def run(*command, expect=0, **more):
    """Runs a program to its end; what it has printed."""
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL, timeout=60, check=False, **more)
    equal(done.returncode, expect, f"{command[0]}: {done.stdout!r:.1500}")
    return done.stdout


def private(path, text):
    path.write_text(text)
    path.chmod(0o600)
    return path


def certificate_of(server):
    """None where the client speaks without TLS."""
    return getattr(server, "certificate", None)


def begins_in_the_clear(server):
    """Whether it has to say STLS first."""
    return getattr(server, "starttls", False)


# ---- fetchmail ---------------------------------------------------------------

def fetchmail_tls(server):
    """fetchmail looks only for names in a certificate, not for addresses."""
    if certificate_of(server) is None:
        return 'sslproto ""'
    begin = ("sslproto TLS1.2+" if begins_in_the_clear(server) else "ssl")
    return (f'{begin} sslcertck sslcertfile "{server.certificate}" '
            f'sslcommonname "{CERTIFIED_NAME}"')


def fetchmail(server, target, options="", user=USER, protocol="protocol pop3",
              expect=0):
    """Runs fetchmail once; the messages that it gave to its MDA."""
    program = need_program("fetchmail")
    target.mkdir(exist_ok=True)
    before = set(target.iterdir())
    rules = private(server.root / "fetchmailrc", f"""\
set no bouncemail
set no spambounce
set invisible
poll 127.0.0.1 service {server.port} timeout 20 {protocol}
  user "{user}" password "{SECRET}" {fetchmail_tls(server)}
  no rewrite pass8bits
  {options}
  mda "cat > {target}/$$"
""")
    run(program, "-f", str(rules), "--nodetach", "--nosyslog",
        "--pidfile", str(server.root / "fetchmail.pid"),
        "--idfile", str(server.root / "fetchids"), expect=expect,
        env={**os.environ, "FETCHMAILHOME": str(server.root), "LC_ALL": "C"})
    return [path.read_bytes() for path in set(target.iterdir()) - before]


# ---- mpop --------------------------------------------------------------------

def mpop_tls(server):
    if certificate_of(server) is None:
        return ["tls off"]
    starttls = "on" if begins_in_the_clear(server) else "off"
    return ["tls on", f"tls_starttls {starttls}",
            f"tls_trust_file {server.certificate}"]


def mpop(server, *settings):
    rules = private(server.root / "mpoprc", "\n".join([
        "account default", "host 127.0.0.1", f"port {server.port}",
        *mpop_tls(server), f"user {USER}", f'password "{SECRET}"',
        "received_header off", f"uidls_file {server.root}/uidls",
        *settings, ""]))
    run(need_program("mpop"), "-C", str(rules), "--quiet")


def maildir(server):
    directory = server.root / "maildir"
    for name in ("cur", "new", "tmp"):
        (directory / name).mkdir(parents=True, exist_ok=True)
    return directory


def mail_in(directory):
    return by_number(path.read_bytes() for path in directory.glob("new/*"))


# ---- curl --------------------------------------------------------------------

def curl(server, path, *options, expect=0):
    scheme = "pop3"
    if certificate_of(server) is not None:
        if begins_in_the_clear(server):
            options = ("--ssl-reqd", *options)
        else:
            scheme = "pop3s"
        options = ("--cacert", str(server.certificate), *options)
    return run(
        need_program("curl"), "--silent", "--user", f"{USER}:{SECRET}",
        "--max-time", "30", *options,
        f"{scheme}://127.0.0.1:{server.port}/{path}", expect=expect)


def curl_knows(feature):
    return feature in run(need_program("curl"), "--version").decode().split()


# ---- Perl --------------------------------------------------------------------

PERL = r"""
use strict; use warnings; use Net::POP3;
my ($port, $method, $user, $secret, $deletes, $certificate, $stls) = @ARGV;
binmode STDOUT;
my @tls = $certificate ? (SSL => !$stls, SSL_ca_file => $certificate) : ();
my $pop = Net::POP3->new("127.0.0.1", Port => $port, Timeout => 30, @tls)
    or die "no connection: $@";
!$stls or $pop->starttls(@tls) or die "no TLS: $@";
my $count = $pop->$method($user, $secret);
defined $count && length $count or die "refused: ", $pop->message;
my $list = $pop->list; my $ids = $pop->uidl;
my ($total, $size) = $pop->popstat;
$count = $total if $method eq "auth"; # which tells only that it succeeded
print "$count $total $size\n";
for my $i (1 .. $count) {
    my $text = join "", @{$pop->get($i)};
    my $top = join "", @{$pop->top($i, 1)};
    $pop->uidl($i) eq $ids->{$i} or die "uidl $i";
    $pop->list($i) == $list->{$i} or die "list $i";
    print "$list->{$i} $ids->{$i} ", length $text, " ", length $top, "\n";
    print $text, $top;
}
$pop->delete($_) or die "delete $_" for 1 .. $deletes;
$pop->quit or die "quit";
"""


def need_perl_module(program, module):
    probe = subprocess.run(
        [program, f"-M{module}", "-e", "1"], stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    if probe.returncode != 0:
        raise Skip(f"Perl's {module} is not installed")


def perl(server, method, deletes=1):
    """What Net::POP3 has seen: the totals, then each message as (size, id,
    text, top).  It deletes so many of the first messages."""
    program = need_program("perl")
    if method == "auth":
        need_perl_module(program, "Authen::SASL")
        need_perl_module(program, "Digest::HMAC_MD5")
    tls = []
    if certificate_of(server) is not None:
        need_perl_module(program, "IO::Socket::SSL")
        tls = [str(server.certificate), str(int(begins_in_the_clear(server)))]
    output = run(program, "-e", PERL, str(server.port), method, USER, SECRET,
                 str(deletes), *tls)
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


# ---- Python ------------------------------------------------------------------

def poplib_session(server):
    """Connected, not logged in; to be read by readers.retrieve()."""
    if certificate_of(server) is None:
        return poplib.POP3("127.0.0.1", server.port, 30)
    context = ssl.create_default_context(cafile=server.certificate)
    assert context.check_hostname and context.verify_mode == ssl.CERT_REQUIRED
    if begins_in_the_clear(server):
        session = poplib.POP3("127.0.0.1", server.port, 30)
        session.stls(context)
        return session
    return poplib.POP3_SSL(
        "127.0.0.1", server.port, timeout=30, context=context)
