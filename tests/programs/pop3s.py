"""The set-ups of contrib/stunnel as they are installed: real stunnel, xinetd
and sockets of systemd, and TLS clients that check certificate and name."""

import tap
from fetchers import (PLAIN, SECRET, USER, by_number, crlf, curl, fetchmail,
                      filled_house, maildir, mail_in, mpop, perl,
                      poplib_session)
from readers import retrieve
from tap import case, equal
from tunnels import each_kind, openssl, set_up


# ---- TLS ---------------------------------------------------------------------

@each_kind("TLS 1.2 and 1.3 are spoken, and the certificate is the one for "
           "the name")
def _(kind):
    with filled_house(PLAIN) as house, set_up(house, kind) as server:
        for option, version in (("-tls1_2", "TLSv1.2"),
                                ("-tls1_3", "TLSv1.3")):
            status, text = openssl(server, option)
            equal(status, 0, text)
            assert f"Protocol version: {version}\n" in text, text
            assert "Verification: OK\n" in text, text
            assert "+OK" in text, text


OLD = ("-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0")


@each_kind("TLS 1.1 is refused")
def _(kind):
    with filled_house(PLAIN) as house, set_up(house, kind) as server:
        status, text = openssl(server, *OLD)
        equal(status, 1, text)
        assert "alert protocol version" in text, text


@case("a stunnel that is told to speak TLS 1.1 does so with that client")
def _():
    def weaken(text):
        return text.replace("sslVersionMin = TLSv1.2",
                            "sslVersionMin = TLSv1.1\n"
                            "ciphers = DEFAULT@SECLEVEL=0")
    with filled_house(PLAIN) as house:
        with set_up(house, "proxy", change=weaken) as server:
            status, text = openssl(server, *OLD)
            equal(status, 0, text)
            assert "Protocol version: TLSv1.1\n" in text, text


# ---- clients -----------------------------------------------------------------

@each_kind("curl, which checks the certificate, fetches")
def _(kind):
    with filled_house(PLAIN) as house, set_up(house, kind) as server:
        for number in (1, 5, 7):
            equal(curl(server, number), crlf(PLAIN[number - 1]))


@each_kind("fetchmail fetches and deletes")
def _(kind):
    with filled_house(PLAIN) as house, set_up(house, kind) as server:
        found = fetchmail(server, house.root / "got", "fetchall")
        equal([text.split(b"Subject")[1] for text in by_number(found)],
              [text.split(b"Subject")[1] for text in PLAIN])
        equal(house.path.read_bytes(), b"")


@each_kind("mpop fetches and deletes")
def _(kind):
    with filled_house(PLAIN) as house, set_up(house, kind) as server:
        directory = maildir(server)
        mpop(server, f"delivery maildir {directory}", "keep off", "auth user")
        equal(len(mail_in(directory)), len(PLAIN))
        equal(house.path.read_bytes(), b"")


@each_kind("Net::POP3 fetches, and deletes one")
def _(kind):
    with filled_house(PLAIN) as house, set_up(house, kind) as server:
        _, found = perl(server, "login")
        equal([message[2] for message in found],
              [crlf(text) for text in PLAIN])
        assert PLAIN[0] not in house.path.read_bytes(), "not deleted"


@each_kind("poplib fetches what is large, octet by octet")
def _(kind):
    large = b"Subject: large\n\n\xff\0\r.\n" + b"long" * 250000 + b"\n"
    with filled_house([large]) as house, set_up(house, kind) as server:
        session = poplib_session(server)
        session.user(USER)
        session.pass_(SECRET)
        assert retrieve(session, 1) == crlf(large), "it differs"
        session.quit()


tap.main()
