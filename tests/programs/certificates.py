"""Certificates for POP3S: the sample that make-sample-cert makes, and real ones
that renew-hook puts in place while stunnel runs."""

import contextlib
import os
import pwd
import ssl
import stat
import subprocess

import tap
from fetchers import PLAIN, SECRET, USER, crlf, filled_house
from house import IS_ROOT, House
from superserver import CERTIFIED_NAME
from tap import Skip, case, equal
from tunnels import connect, openssl, script, set_up, stunnel_user


def run(*command, expect=0, **environment):
    """What a command prints; it must end with this status."""
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=60, check=False,
        env={"PATH": os.environ["PATH"] + ":/usr/sbin:/sbin", **environment})
    equal(done.returncode, expect, f"{command}: {done.stdout}")
    return done.stdout


def names_in(directory):
    return sorted(path.name for path in directory.iterdir())


# ---- the sample --------------------------------------------------------------

@contextlib.contextmanager
def sampler():
    """A house, and make-sample-cert for it."""
    with House() as house:
        yield house, script(house, "make-sample-cert")


@case("the sample certificate is for the names and addresses that are given, "
      "says what it is, and vouches for nobody else")
def _():
    with sampler() as (house, make):
        run(make, "pop.kvt.dk", "*.example.org", "192.0.2.1", "2001:db8::1")
        text = run("openssl", "x509", "-in", house.root / "pop3s.pem",
                   "-noout", "-text", "-nameopt", "RFC2253")
        assert ("Subject: CN=pop.kvt.dk,O=gnu-pop3d sample certificate\n"
                in text), text
        assert ("DNS:pop.kvt.dk, DNS:*.example.org, IP Address:192.0.2.1, "
                "IP Address:2001:DB8:0:0:0:0:0:1\n" in text), text
        assert "CA:FALSE" in text and "Digital Signature\n" in text, text
        assert "TLS Web Server Authentication\n" in text, text


@case("a name that is too long for the subject is where clients look for it")
def _():
    name = "a" * 60 + ".example.org"
    with sampler() as (house, make):
        run(make, name)
        text = run("openssl", "x509", "-in", house.root / "pop3s.pem",
                   "-noout", "-ext", "subjectAltName")
        assert f"DNS:{name}\n" in text, text


@case("nobody else can read the sample key, whatever the umask, and nothing "
      "but the one file is left")
def _():
    with sampler() as (house, make):
        run("sh", "-c", f"umask 0 && {make} {CERTIFIED_NAME}")
        found = (house.root / "pop3s.pem").stat()
        equal(stat.S_IMODE(found.st_mode), 0o600)
        owner = stunnel_user() or pwd.getpwuid(os.geteuid()).pw_name
        equal(pwd.getpwuid(found.st_uid).pw_name, owner)
        equal([name for name in names_in(house.root) if "pop3s" in name],
              ["pop3s.pem"])


@case("the sample tells what to do next, and warns")
def _():
    with sampler() as (house, make):
        text = run(make, CERTIFIED_NAME)
        assert "It is a SAMPLE." in text and "renew-hook" in text, text
        told = [line.strip() for line in text.splitlines()
                if line.startswith("  openssl x509")]
        run("sh", "-c", f"cd {house.root} && {told[0]}")
        text = (house.root / "sample.pem").read_text()
        assert "CERTIFICATE" in text and "KEY" not in text, text


@case("it is good for as long as asked, from 30 to 365 days")
def _():
    for days in (30, 90, 365):
        with sampler() as (house, make):
            run(make, *(["-d", str(days)] if days != 90 else []), "x.test")
            for more, status in ((days * 86400 - 600, 0),
                                 (days * 86400 + 600, 1)):
                run("openssl", "x509", "-in", house.root / "pop3s.pem",
                    "-noout", "-checkend", str(more), expect=status)


@case("it takes no other time, and no text that is no name")
def _():
    with sampler() as (house, make):
        for words in (["-d", "29", "x.test"], ["-d", "366", "x.test"],
                      ["-d", "-90", "x.test"], ["-d", "x", "x.test"],
                      ["-d", "99999999999999999999", "x.test"], [], [""],
                      ["a b"], ["x.test\nDNS:y"], ["x.test,DNS:y"], ["$(id)"],
                      ["x.test", "/y"], ["-q", "x.test"]):
            run(make, *words, expect=64)
        equal([name for name in names_in(house.root) if "pop3s" in name], [])


@case("it never takes the place of a file, nor of a link to nowhere")
def _():
    with sampler() as (house, make):
        run(make, CERTIFIED_NAME)
        before = (house.root / "pop3s.pem").read_bytes()
        text = run(make, CERTIFIED_NAME, expect=1)
        assert "is there already" in text, text
        equal((house.root / "pop3s.pem").read_bytes(), before)
        other = house.root / "other.pem"
        other.symlink_to(house.root / "nowhere")
        run(make, "-o", other, CERTIFIED_NAME, expect=1)
        equal((house.root / "nowhere").exists(), False)


# ---- an authority ------------------------------------------------------------

class Authority:
    """Issues certificates as an ACME server does: in a chain."""

    def __init__(self, root):
        self.root = root
        self._make("ca", "authority")
        run("openssl", "req", "-x509", "-new", "-key", self.root / "ca.key",
            "-subj", "/CN=authority", "-days", "9", "-out", self.certificate)

    @property
    def certificate(self):
        return self.root / "ca.pem"

    def _make(self, name, subject):
        run("openssl", "req", "-new", "-nodes", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:prime256v1", "-subj", f"/CN={subject}",
            "-keyout", self.root / f"{name}.key", "-out",
            self.root / f"{name}.req")

    def issue(self, name, days=9):
        """The paths of a key and of a full chain."""
        self._make(name, CERTIFIED_NAME)
        names = self.root / "names"
        names.write_text(f"subjectAltName=DNS:{CERTIFIED_NAME}\n")
        leaf, chain = self.root / f"{name}.leaf", self.root / f"{name}.chain"
        run("openssl", "x509", "-req", "-in", self.root / f"{name}.req",
            "-CA", self.certificate, "-CAkey", self.root / "ca.key",
            "-CAcreateserial", "-days", str(days), "-extfile", names, "-out",
            leaf)
        chain.write_text(leaf.read_text() + self.certificate.read_text())
        return self.root / f"{name}.key", chain


def shown(server):
    """The certificate that a new client sees, whoever has made it."""
    return ssl.get_server_certificate(("127.0.0.1", server.port), timeout=30)


def comes_to_show(house, server, certificate):
    """Waits for it.  A stunnel that has opened the port itself closes it for a
    moment, and clients that come just then are turned away."""
    def look():
        try:
            return shown(server) == certificate
        except OSError:
            return False
    house.wait_for(look, "the new certificate")


def leaf_of(chain):
    return run("openssl", "x509", "-in", chain)


@contextlib.contextmanager
def renewing(kind):
    """A server with the sample, an authority, and the hook for them.  The hook
    finds stunnel as it does when installed, but for systemd, which is not
    there: the process id comes from a file."""
    with filled_house(PLAIN) as house, set_up(house, kind) as server:
        authority = Authority(house.root)
        hook = [script(house, "renew-hook")]
        if kind == "systemd":
            pids = house.root / "stunnel.pid"
            pids.write_text(f"{server.process.pid}\n")
            hook += ["-p", pids]
        yield house, server, authority, hook


def renews(kind, call):
    """call(authority) gives arguments and environment for the hook."""
    with renewing(kind) as (house, server, authority, hook):
        pem = house.root / "pop3s.pem"
        before = pem.stat()
        assert "O = gnu-pop3d sample" in run(
            "openssl", "x509", "-in", pem, "-noout", "-subject")
        with connect(server) as old:
            old.login(USER, SECRET)
            chain, arguments, environment = call(authority)
            run(*hook, *arguments, **environment)
            comes_to_show(house, server, leaf_of(chain))
            equal(old.retr(7)[1], crlf(PLAIN[6]), "the old session")
            server.certificate = authority.certificate
            status, text = openssl(server)
            equal(status, 0, text)
            with connect(server) as new:
                new.ok("CAPA")
            old.ok("QUIT")
        after = pem.stat()
        equal((after.st_uid, after.st_gid, stat.S_IMODE(after.st_mode)),
              (before.st_uid, before.st_gid, 0o600))
        equal([name for name in names_in(house.root)
               if name.startswith("pop3s.pem")], ["pop3s.pem"])


def by_arguments(authority):
    key, chain = authority.issue("new")
    return chain, [key, chain], {}


def as_certbot(authority):
    key, chain = authority.issue("new")
    lineage = authority.root / "live"
    lineage.mkdir()
    (lineage / "privkey.pem").symlink_to(key)
    (lineage / "fullchain.pem").symlink_to(chain)
    return chain, [], {"RENEWED_LINEAGE": str(lineage),
                       "RENEWED_DOMAINS": CERTIFIED_NAME}


@case("after the hook of certbot, new clients see the new certificate and its "
      "chain, begun sessions go on, and nobody else can read the key")
def _():
    renews("proxy", as_certbot)


@case("the same by key and chain, as acme.sh and lego call it")
def _():
    renews("proxy", by_arguments)


@case("the same where systemd has opened the socket, and where stunnel starts "
      "gnu-pop3d")
def _():
    renews("systemd", by_arguments)
    renews("exec", by_arguments)


@case("where xinetd starts stunnel, the next client sees the new certificate")
def _():
    renews("xinetd", by_arguments)


@case("where systemd has opened the socket, no client is turned away meanwhile")
def _():
    with renewing("systemd") as (_, server, authority, hook):
        pairs = [authority.issue("one"), authority.issue("two")]
        seen = set()
        shown(server)  # only now is there a stunnel
        for i in range(10):
            with subprocess.Popen([*map(str, hook), *map(str, pairs[i % 2])],
                                  stdout=subprocess.DEVNULL) as process:
                while process.poll() is None:
                    seen.add(shown(server))
            equal(process.returncode, 0)
            seen.add(shown(server))
        assert {leaf_of(chain) for _, chain in pairs} <= seen, seen


@case("the whole chain is sent")
def _():
    with renewing("proxy") as (house, server, authority, hook):
        key, chain = authority.issue("new")
        run(*hook, key, chain)
        comes_to_show(house, server, leaf_of(chain))
        done = subprocess.run(
            ["openssl", "s_client", "-showcerts", "-connect",
             f"127.0.0.1:{server.port}"], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60,
            check=False)
        equal(done.stdout.count(b"BEGIN CERTIFICATE"), 2)


def refuses(why, *arguments, house, server, hook):
    pem = house.root / "pop3s.pem"
    before, sample = pem.read_bytes(), shown(server)
    text = run(*hook, *arguments, expect=1)
    assert why in text, text
    equal(pem.read_bytes(), before, why)
    equal(shown(server), sample, why)
    equal([name for name in names_in(house.root)
           if name.startswith("pop3s.pem")], ["pop3s.pem"])


@case("what does not belong together, has expired, is locked or is no "
      "certificate changes nothing")
def _():
    with renewing("proxy") as (house, server, authority, hook):
        places = {"house": house, "server": server, "hook": hook}
        key, chain = authority.issue("new")
        other, _ = authority.issue("other")
        refuses("not that of the key", other, chain, **places)
        refuses("not that of the key", key, authority.certificate, **places)
        refuses("expired", *authority.issue("old", -1), **places)
        refuses("no key", chain, chain, **places)
        refuses("no certificate", key, key, **places)
        refuses("no key", house.root / "missing", chain, **places)
        locked = house.root / "locked"
        run("openssl", "pkey", "-in", key, "-aes256", "-passout", "pass:x",
            "-out", locked)
        refuses("no key, or one with a password", locked, chain, **places)
        empty = house.root / "empty"
        empty.touch()
        refuses("no certificate", key, empty, **places)
        assert "Reading configuration" in (
            house.root / "stunnel.log").read_text()
        equal((house.root / "stunnel.log").read_text().count(
            "Configuration successful"), 1, "read again")


@case("without arguments it says how it is called")
def _():
    with House() as house:
        hook = script(house, "renew-hook")
        for arguments in ([], ["a"], ["a", "b", "c"], ["-q"]):
            assert "[KEY CHAIN]" in run(hook, *arguments, expect=64)


@case("the first certificate is put in place where there was none, for stunnel "
      "alone")
def _():
    with House() as house:
        hook = script(house, "renew-hook")
        key, chain = Authority(house.root).issue("new")
        run("sh", "-c", f"umask 0 && {hook} {key} {chain}")
        pem = house.root / "pop3s.pem"
        equal(stat.S_IMODE(pem.stat().st_mode), 0o600)
        owner = stunnel_user() or pwd.getpwuid(os.geteuid()).pw_name
        equal(pem.owner(), owner)
        equal(pem.read_text(), key.read_text() + "\n" + chain.read_text())


@case("an owner and a mode that were chosen stay, but for what others may do")
def _():
    if not IS_ROOT:
        raise Skip("giving files away needs root")
    with House() as house:
        hook = script(house, "renew-hook")
        key, chain = Authority(house.root).issue("new")
        pem = house.root / "pop3s.pem"
        for before, after in ((0o640, 0o640), (0o600, 0o600), (0o666, 0o640)):
            pem.touch()
            os.chown(pem, 47110, 47111)
            pem.chmod(before)
            run(hook, key, chain)
            found = pem.stat()
            equal((found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)),
                  (47110, 47111, after))


@case("who writes another process into the pid file gets it no signal")
def _():
    with House() as house:
        hook = script(house, "renew-hook")
        key, chain = Authority(house.root).issue("new")
        with subprocess.Popen(["sleep", "60"]) as other:
            pids = house.root / "pids"
            for text in (str(other.pid), "-1", "0", "", "1 2", "x", "-15 1"):
                pids.write_text(text + "\n")
                text = run(hook, "-p", pids, key, chain, expect=1)
                assert "names no stunnel" in text, text
            equal(other.poll(), None)
            other.kill()


@case("readers of the file always find a whole key and a whole chain")
def _():
    with House() as house:
        hook = script(house, "renew-hook")
        authority = Authority(house.root)
        pairs = [authority.issue("one"), authority.issue("two")]
        pem = house.root / "pop3s.pem"
        whole = {(key.read_bytes() + b"\n" + chain.read_bytes())
                 for key, chain in pairs}
        run(hook, *pairs[0])
        seen = set()
        for i in range(6):
            with subprocess.Popen(
                    [str(hook), *map(str, pairs[i % 2])],
                    stdout=subprocess.DEVNULL) as process:
                while process.poll() is None:
                    seen.add(pem.read_bytes())
            equal(process.returncode, 0)
            seen.add(pem.read_bytes())
        equal(seen, whole)


tap.main()
