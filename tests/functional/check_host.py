"""gnu-pop3d --check: options, users, ports, the kernel, the mail system and
certificates."""

import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import time

import checking
from checking import check, faulty, run, script, sound_house
from house import BUILD, GROUP, IS_ROOT, OWNER, become_owner, free_port
from tap import Skip, case, equal

LOCAL = "--listen=127.0.0.1:0"  # a port that is always free


def one(level, text, remedy):
    return lambda _: [(level, text, remedy)]


# ---- options ---------------------------------------------------------------

faulty("--inetd beside -d", "-d", "--inetd")(one(
    "wrong", "--inetd beside -d, -p or --listen: only the last one counts",
    "leave --inetd out for a daemon, or the others for inetd"))

faulty("--secure and --require-secure where everybody can connect",
       "--listen=0.0.0.0:0", "--secure", "--require-secure")(one(
           "wrong", "--secure: clients from everywhere count as protected, "
           "and --require-secure keeps nobody from anything",
           "--listen=127.0.0.1, if stunnel is in front; else leave --secure "
           "out"))

faulty("the same where only stunnel can connect is no fault",
       LOCAL, "--secure", "--require-secure")(lambda _: [])

faulty("the same in inetd mode is no fault",
       "--secure", "--require-secure")(lambda _: [])

faulty("--secure without --require-secure", "--secure")(one(
    "warning", "--secure: has no effect without --require-secure",
    "leave --secure out"))

NOBODY = ("wrong", "--require-secure: nobody can log in; no connection counts "
          "as protected, and no other method can succeed",
          "--secure or --proxy-from, or plain-text passwords and "
          "--challenges=auto")

faulty("--require-secure, and no way to be secure nor to do without it",
       "--require-secure", "--challenges=no")(one(*NOBODY))


@faulty("--require-secure where all passwords are hashed", "--require-secure")
def _(house):
    house.passwd.write_text("".join(
        f"{user}:$1$salt$tnK9bwTKFK1N3ZyYuNnSE0:{OWNER}:{GROUP}::.:\n"
        for user in ("ann", "joe")))
    return [NOBODY]


faulty("--require-secure with plain-text passwords is no fault",
       "--require-secure")(lambda _: [])


@faulty("--challenges=yes without plain-text passwords", "--challenges=yes")
def _(house):
    house.passwd.write_text(
        f"joe:$1$salt$tnK9bwTKFK1N3ZyYuNnSE0:{OWNER}:{GROUP}::.:\n")
    house.mailbox("ann", "kvt.dk").unlink()
    return [("warning", "--challenges=yes: APOP, CRAM-MD5 and SCRAM are "
             "offered, and no account has the plain-text password for them",
             "--challenges=auto")]


faulty("--timeout below 600", "-t", "599")(one(
    "warning", "--timeout: less than 600 s is against RFC 1939 section 3",
    "--timeout=600"))
faulty("--timeout of 600, and none, are no fault", "-t", "600")(lambda _: [])

faulty("--ipv6 beside --listen", LOCAL, "--ipv6")(one(
    "warning", "--ipv6: counts for nothing beside --listen",
    "--listen='[::]'"))

faulty("--max-per-source above -d", LOCAL, "-d20", "--max-per-source=21")(one(
    "warning", "--max-per-source: is above the number of -d, so one address "
    "may take all sessions", "-d with more, or --max-per-source with less"))

faulty("--max-per-source as high as -d is no fault",
       LOCAL, "-d20", "--max-per-source=20")(lambda _: [])

faulty("--believe-remote-host with a daemon", LOCAL,
       "--believe-remote-host")(one(
           "warning", "--believe-remote-host: the daemon never looks at "
           "REMOTE_HOST", "leave --believe-remote-host out; --proxy-from is "
           "for daemons"))

faulty("--foreground without a daemon", "--foreground")(one(
    "warning", "--foreground and --pid-file: have no effect without -d", "-d"))

faulty("a virtual domain that is the default domain",
       "--default-domain=kvt.dk")(one(
           "warning", "--default-domain: its users are those of the system, "
           "so its passwd file is never read", "leave --default-domain out, "
           "or remove the directory of the domain"))

faulty("--fsync=no", "--fsync=no")(one(
    "warning", "--fsync=no: mail may be lost or come back when the power "
    "fails", "--fsync=yes"))


def from_users(network):
    return one("wrong", f"--proxy-from: users can connect from {network} by "
               "themselves, and be anybody",
               "--proxy-from with the addresses of the proxies only")


for NETWORK in ("0.0.0.0/0", "::/0", "192.0.2.0/24", "10.0.0.0/7",
                "2001:db8::/32"):
    faulty(f"--proxy-from={NETWORK}, where users are",
           f"--proxy-from={NETWORK}")(from_users(NETWORK))

faulty("proxies at single or private addresses are no fault",
       "--proxy-from=127.0.0.1,10.1.0.0/16,fd00::/8,192.0.2.7,::1,2001:db8::1")(
           lambda _: [])


# ---- users and ports -------------------------------------------------------

faulty("a login user who does not exist", "--login-user=no-such-user")(one(
    "wrong", "login user: no-such-user does not exist, or its uid or gid is 0",
    "useradd --system --home-dir /nonexistent --shell /usr/sbin/nologin "
    "no-such-user"))

faulty("a login user who is root", "--login-user=root")(one(
    "wrong", "login user: root does not exist, or its uid or gid is 0",
    "useradd --system --home-dir /nonexistent --shell /usr/sbin/nologin root"))

faulty("an address to listen on that is none", "--listen=localhost")(one(
    "wrong", "--listen: 'localhost' is no numeric address",
    "--listen=192.0.2.1:110 or --listen='[2001:db8::1]:110'"))

faulty("an address to listen on that is not ours",
       "--listen=192.0.2.77:0")(one(
           "wrong", "192.0.2.77:0: cannot listen there: Cannot assign "
           "requested address", "ip address"))


def taken(family, address, listen):
    with sound_house() as house, socket.socket(family) as other:
        other.bind((address, 0))
        other.listen()
        port = other.getsockname()[1]
        result = check(house, *listen(port))
        name = pathlib.Path("/proc/self/comm").read_text().strip()
        equal(result.unlike_kernels(), [
            ("wrong", f"{result.items[0][1].rsplit(': ', 1)[0]}: port {port} "
             f"is taken by {name}, pid {os.getpid()}",
             "stop it, or take another port: -p")], result.text)
        equal(result.status, 78)
        return result.items[0][1]


@case("a port that is taken, and by whom")
def _():
    text = taken(socket.AF_INET, "127.0.0.1",
                 lambda port: [f"--listen=127.0.0.1:{port}"])
    assert text.startswith("127.0.0.1:"), text


@case("the same where all addresses are meant, or one of IPv6 has them all")
def _():
    text = taken(socket.AF_INET, "127.0.0.1", lambda port: [f"-p{port}"])
    assert text.startswith("all IPv4 addresses: "), text
    text = taken(socket.AF_INET6, "::", lambda port: [f"-p{port}"])
    assert text.startswith("all IPv4 addresses: "), text


@case("a daemon of ours at another address does not hide who has the port")
def _():
    with sound_house() as house, socket.socket() as other:
        port = house.start_daemon()
        other.bind(("127.0.0.2", port))
        other.listen()
        result = check(house, f"--listen=127.0.0.1:{port}",
                       f"--listen=127.0.0.2:{port}")
        assert (f"127.0.0.1:{port}: gnu-pop3d listens there, pid "
                f"{house.daemon.pid}" in result.fine), result.text
        equal([item[1].rsplit(", ", 1)[1] for item in result.unlike_kernels()],
              [f"pid {os.getpid()}"], result.text)


@case("a port that systemd has, which may be ours")
def _():
    program = ("import socket, sys\nopen('/proc/self/comm', 'w').write("
               "'systemd')\nlistening = socket.create_server(('127.0.0.1', 0))"
               "\nprint(listening.getsockname()[1], flush=True)\n"
               "sys.stdin.read()")
    with sound_house() as house, subprocess.Popen(
            [sys.executable, "-c", program], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True) as other:
        port = other.stdout.readline().strip()
        result = check(house, f"--listen=127.0.0.1:{port}")
        equal(result.unlike_kernels(), [
            ("warning", f"127.0.0.1:{port}: systemd listens on port {port}, "
             "for whom is not known", "systemctl list-sockets; it must start "
             "gnu-pop3d, or be stopped")])
        other.stdin.close()


@case("a port that is free")
def _():
    with sound_house() as house:
        port = free_port()
        result = check(house, f"--listen=127.0.0.1:{port}")
        assert f"127.0.0.1:{port}: port {port} is free" in result.fine, \
            result.text


@case("a low port without root")
def _():
    if not IS_ROOT:
        raise Skip("becomes another user")
    least = int(pathlib.Path(
        "/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())
    if least < 2:
        raise Skip("this system gives all ports to everybody")
    with sound_house() as house:
        result = check(house, "--listen=127.0.0.1:1",
                       f"--virtual-dir={house.mail}", "--state-dir=/nowhere",
                       preexec_fn=become_owner())
        assert ("wrong", "127.0.0.1:1: port 1 needs root",
                "start it as root, or take a port from 1024 on: -p") \
            in result.items, result.text


# ---- the kernel ------------------------------------------------------------

def without(calls, error, *options):
    if shutil.which("strace") is None:
        raise Skip("strace is not installed")
    with sound_house() as house:
        return check(house, *options, before=[
            shutil.which("strace"), "-q", "-o", "/dev/null", "-e",
            f"inject={calls}:error={error}"])


def is_sandboxed():
    with sound_house() as house:
        return "built with" not in run(
            house, "--sandbox=yes", "--check").stderr


@case("a kernel without landlock, or without seccomp")
def _():
    if not is_sandboxed():
        raise Skip("this build has no sandbox")
    assert ("warning", "kernel: has no landlock, or it is switched off",
            "a kernel from 5.13 on, with landlock in the list of its option "
            "lsm=") in without(
                "landlock_create_ruleset", "EOPNOTSUPP").items
    assert ("warning", "kernel: no filter of system calls, by this kernel, "
            "processor or C library", "a kernel with "
            "CONFIG_SECCOMP_FILTER=y") in without("prctl", "EINVAL").items


@case("--sandbox=no")
def _():
    if not is_sandboxed():
        raise Skip("this build has no sandbox")
    with sound_house() as house:
        result = check(house, "--sandbox=no")
        equal(result.items, [("warning", "--sandbox=no: is for diagnosis only",
                              "--sandbox=yes")])


# ---- the mail system -------------------------------------------------------

def postconf(house, virtual, local):
    script(house, "postconf", 'test "$1" = -h || exit 1\ncase $2 in\n'
           f"virtual_mailbox_lock) echo '{virtual}';;\n"
           f"mailbox_delivery_lock) echo '{local}';;\nesac\n")


@faulty("Postfix without a lock in common")
def _(house):
    postconf(house, "flock", "fcntl, dotlock")
    return [("wrong", "Postfix, virtual_mailbox_lock: locks by flock, "
             "gnu-pop3d by dotlock fcntl; mail can be lost",
             "postconf 'virtual_mailbox_lock = fcntl, dotlock' && postfix "
             "reload")]


@faulty("the same for mailboxes of the system", "--lock=fcntl")
def _(house):
    postconf(house, "fcntl", "flock, dotlock")
    return [("wrong", "Postfix, mailbox_delivery_lock: locks by dotlock "
             "flock, gnu-pop3d by fcntl; mail can be lost",
             "postconf 'mailbox_delivery_lock = fcntl, dotlock' && postfix "
             "reload")]


@faulty("one lock in common with Postfix is enough")
def _(house):
    postconf(house, "fcntl", "dotlock")
    return []


def untold(house):
    return [("warning", f"Postfix: {house.root}/bin/postconf does not tell how "
             "it locks", f"{house.root}/bin/postconf mailbox_delivery_lock")]


@faulty("a postconf that fails")
def _(house):
    script(house, "postconf", "echo fcntl\nexit 1\n")
    return untold(house)


@faulty("a postconf that writes without end")
def _(house):
    script(house, "postconf", "while :; do echo fcntl; done\n")
    return untold(house)


@case("a postconf that hangs is given five seconds, and killed")
def _():
    with sound_house() as house:
        path = script(house, "postconf",
                      f"echo $$ > {house.root}/pid\nexec /bin/sleep 1000\n")
        started = time.monotonic()
        result = check(house)
        assert 4 < time.monotonic() - started < 30, time.monotonic() - started
        equal(result.unlike_kernels(), [(
            "warning", f"Postfix: {path} does not tell how it locks",
            f"{path} mailbox_delivery_lock")])
        pid = (house.root / "pid").read_text().strip()
        assert not pathlib.Path(f"/proc/{pid}").exists(), "it still runs"


@case("the real postconf is understood")
def _():
    if shutil.which("postconf", path="/usr/sbin:/usr/bin") is None:
        raise Skip("Postfix is not installed")
    with sound_house() as house:
        result = check(house, env={"PATH": "/usr/sbin:/usr/bin"})
        for name in ("virtual_mailbox_lock", "mailbox_delivery_lock"):
            assert (f"Postfix, {name}: locks in common: dotlock fcntl"
                    in result.fine), result.text


EXIM = """address_file transport:
driver = appendfile
no_body_only
{}use_fcntl_lock
no_use_flock_lock
{}use_lockfile

maildir_home transport:
driver = appendfile
maildir_format
no_use_fcntl_lock
no_use_lockfile

remote_smtp transport:
driver = smtp
"""


def exim(house, *signs):
    script(house, "exim4", 'test "$1 $2" = "-bP transports" || exit 1\n'
           f"/bin/cat <<'END'\n{EXIM.format(*signs)}END\n")


@faulty("Exim without a lock in common")
def _(house):
    exim(house, "no_", "no_")
    return [("wrong", "Exim, transport address_file: locks by nothing, "
             "gnu-pop3d by dotlock fcntl; mail can be lost",
             "use_lockfile and use_fcntl_lock in that transport")]


@faulty("one lock in common with Exim is enough")
def _(house):
    exim(house, "no_", "")
    return []


# ---- certificates ----------------------------------------------------------

CA = """[ca]
default_ca = sample
[sample]
database = index
serial = serial
new_certs_dir = .
default_md = sha256
policy = names
[names]
organizationName = supplied
commonName = supplied
"""


class Stunnel:
    """/etc/stunnel, for the check alone."""

    def __init__(self, house):
        if not IS_ROOT or not pathlib.Path("/etc/stunnel").is_dir():
            raise Skip("needs root and stunnel")
        if shutil.which("openssl") is None:
            raise Skip("openssl is not installed")
        self.house = house
        self.directory = house.root / "stunnel"
        self.directory.mkdir()
        self.certificate = self.directory / "pop3.pem"

    def openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], check=True, timeout=60,
                       cwd=self.directory, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)

    def make(self, days, organisation="Example"):
        """A certificate that ends in so many days and an hour."""
        end = time.gmtime(time.time() + days * 86400 + 3600)
        for name, text in (("ca", CA), ("index", ""), ("serial", "01")):
            (self.directory / name).write_text(text)
        self.openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj",
                     f"/O={organisation}/CN=pop3.example.org", "-keyout",
                     "key", "-out", "request")
        self.openssl("ca", "-batch", "-selfsign", "-config", "ca", "-keyfile",
                     "key", "-in", "request", "-out", "pop3.pem", "-startdate",
                     "20200101000000Z", "-enddate",
                     time.strftime("%Y%m%d%H%M%SZ", end))
        self.configure(f"; comment\n[pop3s]\naccept = 995\n"
                       f"  CERT\t= {self.certificate}  \n"
                       "certificates = nothing\n")

    def configure(self, text):
        (self.directory / "pop3s.conf").write_text(text)

    def check(self, path="/usr/bin", place="/etc/stunnel"):
        return check(self.house, env={"PATH": path}, before=[
            "/usr/bin/unshare", "-m", "/bin/sh", "-c",
            f"{make_room(self.house, place)} && /bin/mount --bind "
            f'{self.directory} {place} && exec "$@"', "sh"])


def make_room(house, place):
    """Makes a directory that is not there, for this mount namespace."""
    top = pathlib.Path(place)
    while not top.is_dir():
        top = top.parent
    if str(top) == place:
        return "true"
    layers = house.root / "layers"
    layers.mkdir()
    return (f"/bin/mount -t tmpfs none {layers} && "
            f"/bin/mkdir {layers}/upper {layers}/work && "
            f"/bin/mount -t overlay none -o lowerdir={top},"
            f"upperdir={layers}/upper,workdir={layers}/work {top} && "
            f"/bin/mkdir -p {place}")


def certificate_items(days, organisation="Example", place="/etc/stunnel"):
    with sound_house() as house:
        stunnel = Stunnel(house)
        stunnel.make(days, organisation)
        result = stunnel.check(str(pathlib.Path(
            shutil.which("openssl")).parent), place)
        return result.status, stunnel.certificate, \
            [item for item in result.unlike_kernels()
             if "Postfix" not in item[1]], result.fine


RENEW = ("renew it, then stunnel must read it again, as renew-hook does, or "
         "systemctl reload stunnel4")


@case("a certificate that is good for long")
def _():
    status, path, items, fine = certificate_items(90)
    equal((status, items), (0, []))
    assert f"{path}: valid for 90 days" in fine, fine


@case("the same of a set-up of ours")
def _():
    made = dict(re.findall(r"(?m)^(prefix|sysconfdir) = (.*)",
                           (BUILD / "Makefile").read_text()))
    place = made["sysconfdir"].replace("${prefix}", made["prefix"])
    status, path, items, fine = certificate_items(
        90, place=f"{place}/gnu-pop3d")
    equal((status, items), (0, []))
    assert f"{path}: valid for 90 days" in fine, fine


@case("a certificate that is about to expire")
def _():
    status, path, items, _ = certificate_items(13)
    equal((status, items), (0, [(
        "warning", f"{path}: the certificate expires in 13 days", RENEW)]))


@case("a certificate that has expired")
def _():
    status, path, items, _ = certificate_items(-1)
    equal((status, items), (78, [(
        "wrong", f"{path}: the certificate has expired", RENEW)]))


@case("the sample certificate")
def _():
    status, path, items, _ = certificate_items(
        90, "gnu-pop3d sample certificate")
    equal((status, items), (0, [(
        "warning", f"{path}: is the sample certificate, which no client can "
        "trust", "use one of a certificate authority, see README, chapter "
        "6")]))


@case("a certificate that is not there, and one that is none")
def _():
    with sound_house() as house:
        stunnel = Stunnel(house)
        stunnel.configure(f"cert = {house.root}/none\n"
                          f"cert = {house.log_path}\n")
        path = str(pathlib.Path(shutil.which("openssl")).parent)
        items = [item for item in stunnel.check(path).unlike_kernels()
                 if "Postfix" not in item[1]]
        equal(items, [
            ("wrong", f"{house.root}/none: there is no such file for a "
             "certificate", "mend the line cert = in the file of stunnel"),
            ("warning", f"{house.log_path}: openssl cannot read a certificate "
             "in it", f"openssl x509 -noout -in {house.log_path}")])


@case("without openssl it is said that nothing was looked at")
def _():
    with sound_house() as house:
        stunnel = Stunnel(house)
        stunnel.make(1)
        result = stunnel.check(str(house.root / "bin"))
        equal(result.unlike_kernels(), [])
        assert (f"{stunnel.certificate}: not looked at, there is no openssl"
                in result.fine), result.text


checking.main()
