"""How all pages of virtdomain look in a real browser: the cases for one size of
its window, light and dark.

    looks.add_cases("phone")
    looks.main()
"""

import contextlib
import functools

import tap
from browser import COLOURS, ENTER, TAB, Browser, need_other
from tap import case
from webpages import SEEN, USERS, domain_pages

stack = contextlib.ExitStack()


@functools.cache
def started():
    """The pages and a browser, for all cases."""
    need_other("axe-core/axe.min.js")
    ours = stack.enter_context(domain_pages("apache-suexec"))
    return ours, stack.enter_context(Browser(ours.server))


def look_at_refusals(browser):
    """What comes of forms that are not right, and of a suggestion."""
    browser.log_in("postmaster", USERS["postmaster"])
    browser.open("new")
    browser.tab_to("user")
    browser.press("A B", TAB, "Name", TAB, "no address at all", TAB, "1234",
                  ENTER)
    browser.wait_for(lambda: browser.all("[aria-invalid]"), "the refusal")
    browser.check("new-wrong", 422)
    browser.tab_to("Suggest a password")
    browser.press(ENTER)
    browser.wait_for(lambda: browser.all("meter") and
                     not browser.all("[aria-invalid]"), "a suggestion")
    browser.check("new-suggested")
    browser.forget()
    browser.open()
    browser.tab_to("address")
    browser.press("joe@kvt.dk", TAB, "wrong", ENTER)
    browser.wait_for(lambda: browser.all("[role=alert]"), "the refusal")
    browser.check("log-in-wrong", 403)


def look_at_all(size, colour):
    _, browser = started()
    browser.look_like(size, colour)
    now = None
    browser.forget()
    for name, path, status, user in SEEN:
        if user != now:
            browser.forget()
            browser.log_in(user, USERS[user])
            now = user
        browser.open(path)
        browser.check(name, status)
    browser.forget()
    look_at_refusals(browser)


def add_cases(size):
    for colour in COLOURS:
        @case(f"on a {size}, {colour}: axe-core finds no serious fault in any "
              "page, none is wider than the window, and the browser says "
              "nothing of them")
        def _(colour=colour):
            look_at_all(size, colour)


def main():
    with stack:
        tap.main()
