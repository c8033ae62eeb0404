"""Programs that stand between a client and gnu-pop3d: xinetd, stunnel and
HAProxy.

    with xinetd(house, logging_server(house)) as server:
        ...                                     # POP3 on server.port
    with stunnel(house, f"connect = 127.0.0.1:{port}") as server:
        ...                                     # and server.certificate
    with haproxy(house, "send-proxy-v2") as server:
        ...                                     # the same, to house.port

run the program in the foreground and wait until it listens.
"""

import os
import pathlib
import pwd
import re
import subprocess

from house import DAEMON, free_port
from postfix import need_program
from tap import equal

# What a certificate is for, besides 127.0.0.1.
CERTIFIED_NAME = "pop3s.test"


def is_listening(port):
    return any(
        re.search(rf":{port:04X} 0+:0000 0A", table.read_text())
        for table in pathlib.Path("/proc/net").glob("tcp*"))


def logging_server(house):
    """A script that runs the daemon in inetd mode with its arguments, and its
    log in the house: under a superserver standard error is the client."""
    script = house.root / "gnu-pop3d-logged"
    options = " ".join(house.options())
    script.write_text(
        "#!/bin/sh\n"
        f"exec '{DAEMON.resolve()}' --inetd --debug=100 {options} \"$@\" "
        f"2>>'{house.log_path}'\n")
    script.chmod(0o755)
    return script


class Superserver:
    """One program in front of the daemon; whoever starts it gives it the
    certificate that it shows, if any."""

    def __init__(self, house, command, port, certificate=None):
        self.house = house
        self.root = house.root
        self.certificate = certificate
        self.starttls = False
        self.output = house.root / (os.path.basename(command[0]) + ".out")
        with open(self.output, "ab") as output:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output,
                stderr=output)
        self.port = port

    def __enter__(self):
        try:
            self.house.wait_for(self.is_ready, "a superserver to listen")
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(self.output.read_text())
        return is_listening(self.port)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def xinetd_service(house, port, service):
    """xinetd with one service on port, which these lines describe."""
    program = need_program("xinetd")
    rules = house.root / "xinetd.conf"
    user = pwd.getpwuid(os.geteuid()).pw_name
    rules.write_text(f"""\
defaults
{{
	log_type	= FILE {house.root}/xinetd.log
}}
""" + re.sub(r"(?m)^(\tuser\t\t= ).*$", rf"\g<1>{user}", service))
    return Superserver(house, [
        program, "-f", str(rules), "-dontfork",
        "-pidfile", str(house.root / "xinetd.pid")], port)


def xinetd(house, server, arguments=""):
    """xinetd with one service, which starts server for each connection."""
    port = free_port()
    return xinetd_service(house, port, f"""\
service pop3-test
{{
	type		= UNLISTED
	socket_type	= stream
	protocol	= tcp
	bind		= 127.0.0.1
	port		= {port}
	wait		= no
	user		= {pwd.getpwuid(os.geteuid()).pw_name}
	server		= {server}
	server_args	= {arguments}
	instances	= 100
	cps		= 0 0
	disable		= no
}}
""")


def make_certificate(house, name="cert", names=(CERTIFIED_NAME,)):
    """A certificate for 127.0.0.1 and these names that vouches for itself, and
    its key."""
    certificate = house.root / f"{name}.pem"
    key = house.root / f"{name}.key"
    done = subprocess.run(
        [need_program("openssl"), "req", "-x509", "-nodes", "-days", "2",
         "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-subj", f"/CN={names[0]}", "-addext", "subjectAltName=" + ",".join(
             ["IP:127.0.0.1", *(f"DNS:{name}" for name in names)]),
         "-keyout", str(key), "-out", str(certificate)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    equal(done.returncode, 0, done.stdout)
    key.chmod(0o600)
    return certificate, key


def stunnel(house, service):
    """stunnel with one service, which these lines describe."""
    program = need_program("stunnel")
    certificate, key = make_certificate(house)
    port = free_port()
    rules = house.root / "stunnel.conf"
    rules.write_text(f"""\
foreground = yes
pid =
syslog = no
output = {house.root}/stunnel.log
[pop3s]
accept = 127.0.0.1:{port}
cert = {certificate}
key = {key}
sslVersionMin = TLSv1.2
{service}
""")
    return Superserver(house, [program, str(rules)], port, certificate)


def haproxy(house, options, bind=""):
    """HAProxy in front of the daemon, with options for the server's line."""
    program = need_program("haproxy")
    port = free_port()
    rules = house.root / "haproxy.cfg"
    rules.write_text(f"""\
defaults
	mode tcp
	timeout connect 30s
	timeout client 60s
	timeout server 60s
listen pop3
	bind 127.0.0.1:{port} {bind}
	server pop3d 127.0.0.1:{house.port} {options}
""")
    return Superserver(house, [program, "-db", "-f", str(rules)], port)


def haproxy_in_tls(house, options):
    """The same, with TLS towards the client."""
    certificate, key = make_certificate(house)
    both = house.root / "both.pem"
    both.write_text(certificate.read_text() + key.read_text())
    both.chmod(0o600)
    server = haproxy(house, options, f"ssl crt {both}")
    server.certificate = certificate
    return server
