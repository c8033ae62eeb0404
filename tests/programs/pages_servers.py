"""The pages of virtdomain under each web server of contrib/web, one after the
other: who may write the files changes them, who may not mails the change."""

import contextlib
import functools

import tap
from tap import case, equal
from webpages import (DOMAIN, USERS, change_password, log_in, log_out,
                      made_domain)
from webserver import AS_OWNER, AS_WWW_DATA, AUTOCONFIG

PLACE = f"joe@{DOMAIN}"
TRICKS = ("/virtdomain/../../../../etc/passwd",
          "/virtdomain/..%2f..%2f..%2f..%2fetc%2fpasswd",
          "/virtdomain/%2e%2e/%2e%2e/etc/passwd",
          "/virtdomain/users/..%2f..%2fpasswd", "/virtdomain/users/%00",
          "/virtdomain/style.css/../../etc/passwd", "/virtdomain/%0d%0aX:%20y",
          "/virtdomain/%ff", "/virtdomain/" + "a" * 3000,
          "/..%2fetc/passwd", "/virtdomain//etc/passwd")
stack = contextlib.ExitStack()
passwords = [USERS["joe"]]  # all that joe has had


@functools.cache
def made():
    """The domain, for all cases."""
    return stack.enter_context(made_domain())


def is_in(page):
    return page.status == 200 and PLACE in page.text


def waits(ours, client, page):
    """The change is mailed; the page says so, loads itself anew, and has the
    outcome when it is in."""
    assert page.path.startswith("/virtdomain/pending/"), page.path
    assert "on its way" in page.text, page.text
    assert page.headers["Refresh"], page.headers
    assert ours.checks("joe", passwords[-2]), "changed by nobody"
    equal(ours.deliver(), 1)
    page = client.get(page.path)
    equal(page.headers["Refresh"], None)
    return page


def change(ours):
    """joe's password; of two sessions, the other one ends."""
    old = passwords[-1]
    new = f"something else, {len(passwords)}7"
    client, other = ours.server.client(), ours.server.client()
    equal(log_in(client, "joe", "a wrong one").status, 403)
    equal(log_in(client, "nobody", old).status, 403)
    assert is_in(log_in(client, "joe", old))
    assert is_in(log_in(other, "joe", old))
    page = change_password(client, old, new)
    passwords.append(new)
    if not ours.is_direct:
        page = waits(ours, client, page)
    assert "The change is made." in page.text, page.text
    assert ours.checks("joe", new) and not ours.checks("joe", old)
    assert not is_in(other.get("/virtdomain/account"))


def leave(ours):
    """Only the new password counts, and not after the log-out."""
    client = ours.server.client()
    equal(log_in(client, "joe", passwords[-2]).status, 403)
    assert is_in(log_in(client, "joe", passwords[-1]))
    stolen = dict(client.cookies)
    log_out(client)
    client.cookies.update(stolen)
    assert not is_in(client.get("/virtdomain/account"))


def tricks(ours):
    """Paths that lead out of the pages lead nowhere."""
    client = ours.server.client()
    for path in TRICKS:
        page = client.ask("GET", path)
        assert page.status in (400, 403, 404, 414), (path, page.status)
        assert "root:" not in page.text and "postmaster:" not in page.text


def check(kind):
    ours = made()
    with ours.under(kind):
        change(ours)
        leave(ours)
        tricks(ours)
        found = ours.server.client().ask(
            "GET", f"/mail/config-v1.1.xml?emailaddress={PLACE}",
            name=AUTOCONFIG)
        assert "<hostname>pop.kvt.dk</hostname>" in found.text, found.text


def add_cases(kinds, sentence):
    for kind in kinds:
        @case(f"{kind}: {sentence}")
        def _(kind=kind):
            check(kind)


add_cases(AS_WWW_DATA, "a user logs in and changes the password, which is "
          "mailed and waited for; other sessions are over then, and a cookie "
          "is worth nothing after log-out; paths lead nowhere else")
add_cases(AS_OWNER, "the same, and the change is made at once")


@case("virtdomain web off closes the pages: nobody gets in, and they say why")
def _():
    ours = made()
    with ours.under("lighttpd"):
        ours.site.run("web", DOMAIN, "off")
        page = log_in(ours.server.client(), "joe", passwords[-1])
        assert page.status == 503 and "virtdomain web" in page.text, page.text


with stack:
    tap.main()
