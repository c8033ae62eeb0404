"""The pages, killed at their system calls: what they write is whole, and the
same form sent again comes to the same end."""

import re
import urllib.parse

import tap
from house import GROUP, IS_ROOT, OWNER, VIRTDOMAIN, House
from pages import Browser, ImageSite
from strikes import Deed, strike
from tap import case, equal

JOE = "joe@kvt.dk"
NOTES = re.compile(r"(\d+ [a-z0-9]+\n)*")


def logged_in(site):
    browser = Browser(site)
    browser.log_in(JOE, "secret")
    return browser


def deed(browser, path, **fields):
    """The form at this path, as a web server hands it over."""
    hidden = browser.get("/nowhere" if path == "/logout" else
                         "/login" if path == "/login" else "/account")
    body = urllib.parse.urlencode(
        {**hidden.hidden(path), **fields}).encode()
    return Deed([VIRTDOMAIN], body, (OWNER, GROUP) if IS_ROOT else None,
                browser.site.environment("POST", path, "", body,
                                         browser.cookies, {}))


def judge_notes(site):
    """What the pages remember is always whole lines."""
    def judge(place):
        for name in ("attempts", "ended"):
            path = site.state / "kvt.dk" / name
            assert NOTES.fullmatch(
                path.read_text() if path.exists() else ""), (place, name)
    return judge


def no_drafts(image):
    assert not re.search(r"\.(new|lock)\b", repr(sorted(image.tree())))


@case("a change is made as a whole or not at all, and once")
def _():
    with House() as house:
        site = ImageSite(house)
        before = site.passwd()
        after = before.replace("::\n", "::x@example.org\n", 2)
        after = re.sub(r"^(postmaster:.*)x@example\.org$", r"\1", after,
                       flags=re.MULTILINE)

        def judge(place):
            assert site.passwd() in (before, after), place

        strike(site.image, deed(logged_in(site), "/account/forwards",
                                forwards="x@example.org"),
               judge, statuses=(0,))
        equal(site.passwd(), after)
        no_drafts(site.image)


@case("a log-out that was cut off can be repeated, and ends the session")
def _():
    with House() as house:
        site = ImageSite(house)
        browser = logged_in(site)
        strike(site.image, deed(browser, "/logout"), judge_notes(site),
               statuses=(0,))
        assert not browser.is_logged_in()
        no_drafts(site.image)


@case("a login that was cut off is an attempt at most, and can be repeated")
def _():
    with House() as house:
        site = ImageSite(house)
        name = "var/lib/virtdomain/kvt.dk/attempts"

        def forgive(_, found):
            lines = found[name][3].splitlines()
            assert len(lines) <= 1, lines
            found[name][3] = ""

        strike(site.image, deed(Browser(site), "/login", address=JOE,
                                password="secret"),
               judge_notes(site), statuses=(0,), forgive=forgive)
        no_drafts(site.image)


tap.main()
