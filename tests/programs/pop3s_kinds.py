"""POP3S without systemd, on a machine of its own, as the files of
contrib/stunnel tell."""

import tap
from tap import case
from written import (a_machine, connect, from_comment, has_no_rights, is_served,
                     is_up, login, make_certificate, processes, renews, shell)

# CAP_NET_BIND_SERVICE.
MAY_BIND = 1 << 10


@case("proxy: what its file tells works as written; stunnel may open the port "
      "and nothing else, and keeps it when the certificate is renewed")
def _():
    with a_machine("proxy", sysconfdir="/etc") as machine:
        make_certificate(machine)
        shell(machine, from_comment(machine, "proxy"))
        machine.wait_for(lambda: is_up(machine, 995), "stunnel")
        login(connect(machine)).close()
        has_no_rights(machine, MAY_BIND)
        renews(machine, "/etc/gnu-pop3d/renew-hook")


@case("with setuid of stunnel in place of that, the port would be lost then")
def _():
    with a_machine("proxy", sysconfdir="/etc") as machine:
        make_certificate(machine)
        rules = machine.path("/etc/gnu-pop3d/pop3s-proxy.conf")
        rules.write_text("setuid = stunnel4\nsetgid = stunnel4\n"
                         + rules.read_text())
        machine.run("install", "-d", "-o", "stunnel4",
                    "/run/gnu-pop3d-pop3s")
        machine.run("stunnel", "/etc/gnu-pop3d/pop3s-proxy.conf")
        machine.wait_for(lambda: is_up(machine, 995), "stunnel")
        [pid] = processes(machine, "stunnel")
        machine.run("kill", "-HUP", str(pid))
        machine.wait_for(lambda: not is_up(machine, 995), "the loss")


@case("exec and stls: what their files tell works as written, side by side, "
      "and with both the certificate is renewed")
def _():
    with a_machine("exec stls", sysconfdir="/etc") as machine:
        make_certificate(machine)
        for kind, port in (("exec", 995), ("stls", 110)):
            shell(machine, from_comment(machine, kind))
            machine.wait_for(lambda port=port: is_up(machine, port), kind)
            login(connect(machine, port)).close()
        for port in (995, 110):
            # Each renewal is for both.
            machine.wait_for(lambda port=port: is_served(machine, port), "it")
            renews(machine, "/etc/gnu-pop3d/renew-hook", port)


@case("xinetd: it serves what is installed, and each client sees the present "
      "certificate")
def _():
    with a_machine("xinetd", sysconfdir="/etc") as machine:
        make_certificate(machine)
        machine.run("systemctl", "start", "xinetd")
        machine.wait_for(lambda: is_up(machine, 995), "xinetd")
        login(connect(machine)).close()
        renews(machine, "/etc/gnu-pop3d/renew-hook")
        journal = machine.journal("-t", "gnu-pop3d")
        assert "addr=127.0.0.1" in journal, journal


tap.main()
