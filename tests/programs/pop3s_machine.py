"""POP3S where systemd listens, on a machine of its own, as the README tells."""

import hashlib
import re

import tap
from tap import case, equal
from written import (a_machine, blocks, chapter, connect, from_comment,
                     has_no_rights, is_up, login, make_certificate, processes,
                     renews, shell)


@case("the README's way from nothing to POP3S works as written, with systemd")
def _():
    with a_machine("systemd") as machine:
        setting_up, reading = blocks(chapter(6))[:2]
        head, tail = setting_up.split("make install\n")
        equal(head, "apt-get install stunnel4\n./configure --enable-pop3s\n"
              "make\n")
        shell(machine, tail)
        text = shell(machine, reading)
        assert "Hello, joe." in text, text
        journal = machine.journal("-t", "gnu-pop3d")
        assert re.search(r"login method=\S+ user=joe@kvt\.dk addr=127\.0\.0\.1",
                         journal), journal
        has_no_rights(machine, 0)
        machine.path("/sample.pem").write_text(
            machine.run("openssl", "x509", "-in",
                        "/usr/local/etc/gnu-pop3d/pop3s.pem").stdout)
        renews(machine, "/usr/local/etc/gnu-pop3d/renew-hook")
        [pid] = processes(machine, "stunnel")
        machine.run("kill", "-KILL", str(pid))
        machine.wait_for(lambda: processes(machine, "stunnel") not in
                         ([], [pid]), "another stunnel")
        login(connect(machine)).close()


@case("beside it, a second daemon serves port 110 to everybody and takes no "
      "password in the clear there; they share the session locks")
def _():
    with a_machine("systemd", sysconfdir="/etc") as machine:
        make_certificate(machine)
        shell(machine, from_comment(machine, "systemd"))
        machine.run("gnu-pop3d", "--daemon", "--listen=0.0.0.0:110",
                    "--require-secure")
        with login(connect(machine)) as protected, \
                machine.client(110) as clear:
            stamp = re.search(rb"<.*>", clear.greet().greeting)[0]
            assert b"encrypted" in clear.err("USER joe@kvt.dk")
            assert b"USER" not in clear.listing("CAPA")
            proof = hashlib.md5(stamp + b"secret").hexdigest()
            reply = clear.ask(f"APOP joe@kvt.dk {proof}")
            assert b"[IN-USE]" in reply, f"{reply} {machine.journal()}"
            protected.ok("QUIT")


@case("without a certificate the socket is not opened, and systemctl says so")
def _():
    with a_machine("systemd", sysconfdir="/etc") as machine:
        done = machine.run("systemctl", "start", "gnu-pop3d-pop3s.socket",
                           check=False)
        assert done.returncode != 0 and "Assertion failed" in done.stderr, done
        make_certificate(machine)
        machine.run("systemctl", "start", "gnu-pop3d-pop3s.socket")
        assert is_up(machine, 995)


tap.main()
