"""The pages of virtdomain under each web server of contrib/web: who may write
the files changes them, who may not mails the change."""

import tap
from tap import case, equal
from webpages import (DOMAIN, USERS, change_password, domain_pages, log_in,
                      log_out)
from webserver import AS_OWNER, AS_WWW_DATA, AUTOCONFIG

OLD = USERS["joe"]
NEW = "something else, 17"
PLACE = f"joe@{DOMAIN}"


def is_in(page):
    return page.status == 200 and PLACE in page.text


def waits(ours, client, page):
    """The change is mailed; the page says so, loads itself anew, and has the
    outcome when it is in."""
    assert page.path.startswith("/virtdomain/pending/"), page.path
    assert "on its way" in page.text, page.text
    assert page.headers["Refresh"], page.headers
    assert ours.checks("joe", OLD), "changed by nobody"
    equal(ours.deliver(), 1)
    page = client.get(page.path)
    equal(page.headers["Refresh"], None)
    return page


def check(kind):
    with domain_pages(kind) as ours:
        client = ours.server.client()
        equal(log_in(client, "joe", "a wrong one").status, 403)
        equal(log_in(client, "nobody", OLD).status, 403)
        assert is_in(log_in(client, "joe", OLD))
        other = ours.server.client()
        assert is_in(log_in(other, "joe", OLD))
        page = change_password(client, OLD, NEW)
        if not ours.is_direct:
            page = waits(ours, client, page)
        assert "The change is made." in page.text, page.text
        assert ours.checks("joe", NEW) and not ours.checks("joe", OLD)
        assert not is_in(other.get("/virtdomain/account"))
        equal(log_in(client, "joe", OLD).status, 403)
        assert is_in(log_in(client, "joe", NEW))
        stolen = dict(client.cookies)
        log_out(client)
        client.cookies.update(stolen)
        assert not is_in(client.get("/virtdomain/account"))
        found = client.ask("GET", f"/mail/config-v1.1.xml?emailaddress={PLACE}",
                           name=AUTOCONFIG)
        assert "<hostname>pop.kvt.dk</hostname>" in found.text, found.text


def add_cases(kinds, sentence):
    for kind in kinds:
        @case(f"{kind}: {sentence}")
        def _(kind=kind):
            check(kind)


add_cases(AS_WWW_DATA, "a user logs in and changes the password, which is "
          "mailed and waited for; all sessions of the old one are over, and a "
          "cookie is worth nothing after log-out")
add_cases(AS_OWNER, "the same, and the change is made at once")

tap.main()
