"""The pages of virtdomain for who has a keyboard only, and for who lets no
script run."""

import tap
from browser import ENTER, TAB, Browser
from tap import case, equal
from webpages import DOMAIN, USERS, domain_pages

OLD = USERS["joe"]
NEW = "something else, 17"
SCRIPT = "data:text/html,<title>off</title><script>document.title='on'</script>"


def change_and_leave(browser, old, new):
    """Changes the own password by keys, logs out, and in again with it."""
    browser.tab_to("My account")
    browser.press(ENTER)
    browser.tab_to("old")
    browser.press(old, TAB)
    browser.tab_on("password")
    browser.press(new, TAB)
    browser.tab_on("again")
    browser.press(new, ENTER)
    browser.wait_for(lambda: "The change is made." in browser.text(),
                     "the change")
    browser.log_out()
    browser.log_in("joe", new)
    browser.log_out()


@case("by Tab and Enter alone a user logs in, changes the password, logs out "
      "and in again; the first key leads to a link that skips the menu")
def _():
    with domain_pages("nginx-owner") as ours, Browser(ours.server) as browser:
        browser.open()
        browser.press(TAB)
        equal(browser.focused(), "Skip to the content")
        browser.press(ENTER, TAB)
        equal(browser.focused(), "address")
        browser.log_in("joe", OLD)
        change_and_leave(browser, OLD, NEW)
        assert ours.checks("joe", NEW) and not ours.checks("joe", OLD)


@case("without JavaScript the same works, and postmaster adds a user with a "
      "password that was suggested")
def _():
    with domain_pages("apache-suexec") as ours, \
            Browser(ours.server) as browser:
        browser.without_scripts()
        browser.page.get(SCRIPT)
        equal(browser.page.title, "off")
        browser.log_in("joe", OLD)
        change_and_leave(browser, OLD, NEW)
        browser.log_in("postmaster", USERS["postmaster"])
        browser.open("new")
        browser.tab_to("user")
        browser.press("eve")
        browser.tab_to("Suggest a password")
        browser.press(ENTER)
        browser.wait_for(lambda: browser.field("password"), "a password")
        password = browser.field("password")
        browser.tab_to("Add a user")
        browser.press(ENTER)
        browser.wait_for(lambda: f"User eve@{DOMAIN}" in browser.text(),
                         "the new user")
        assert ours.checks("eve", password), password


tap.main()
