"""All of virtdomain at once: a domain is made, mail comes in by SMTP and goes
out by POP3, a password is changed in a browser, and the domain is deleted."""

import poplib

import tap
from browser import ENTER, TAB, Browser
from readers import Mailbox
from tap import case, equal
from webpages import DOMAIN, USERS, DomainPages, domain_pages

MESSAGE = b"From: a@client.test\nSubject: hello\n\nhello\n"
OLD = USERS["joe"]
NEW = "something else, 17"


def fetch(ours, password):
    """joe's messages; None if the password is refused."""
    try:
        return Mailbox(ours.house.port, f"joe@{DOMAIN}", password).fetch()
    except AssertionError as refusal:
        if not isinstance(refusal.__context__, poplib.error_proto):
            raise
        return None


def send(ours, postfix):
    postfix.send("a@client.test", [f"joe@{DOMAIN}"], MESSAGE)
    postfix.drain()


def change(ours, browser):
    """joe's password, in the browser."""
    browser.log_in("joe", OLD)
    browser.open("account")
    browser.tab_to("old")
    browser.press(OLD, TAB, NEW, TAB, NEW, ENTER)
    if not ours.is_direct:
        browser.wait_for(lambda: "/pending/" in browser.page.current_url,
                         "the page that waits")
    browser.wait_for(lambda: "The change is made." in browser.text(),
                     "the outcome")


def delete(ours, postfix, browser):
    said = ours.site.run("DELETE", DOMAIN, ours.owner.name, "-",
                         typed=USERS["postmaster"] + "\n")
    assert "kept mail in" in said, said
    equal([path for path in (ours.house.virtual / DOMAIN,
                             ours.house.spool / DOMAIN,
                             ours.house.root / "pages" / DOMAIN)
           if path.exists()], [])
    equal(list(ours.owner.home.iterdir()), [])
    equal(fetch(ours, NEW), None)
    postfix.reload()
    ours.house.wait_for(
        lambda: postfix.refusal(f"joe@{DOMAIN}")[0] == 550,
        "mail for the domain to be refused")
    browser.open("account")
    assert f"joe@{DOMAIN}" not in browser.text(), browser.text()


def check(kind):
    with domain_pages(kind, DomainPages.posted) as ours:
        assert ours.site.obey(ours.said) >= 3, ours.said
        with ours.site.postfix as postfix, Browser(ours.server) as browser:
            ours.house.start_daemon()
            send(ours, postfix)
            equal([text.endswith(b"hello\r\n") for text in fetch(ours, OLD)],
                  [True])
            change(ours, browser)
            equal(fetch(ours, OLD), None)
            send(ours, postfix)
            equal(len(fetch(ours, NEW)), 2)
            delete(ours, postfix, browser)


@case("made, mail in by SMTP and out by POP3, the password changed in the "
      "browser by a program that runs as the owner, read with the new one "
      "only, deleted")
def _():
    check("nginx-owner")


@case("the same by a program that runs as www-data and mails the change, while "
      "the page waits for the outcome")
def _():
    check("lighttpd")


tap.main()
