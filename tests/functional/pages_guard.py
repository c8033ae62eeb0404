"""What the pages keep up against a user, or a guest, who tries hard."""

import ctypes
import os
import pathlib
import re
import subprocess
import threading
import time

import tap
from house import IS_ROOT, VIRTDOMAIN, House, become_owner, hash_of
from pages import SCRIPT, Browser, MailedSite, Site
from tap import Skip, case, equal

JOE = "joe@kvt.dk"
NEW = hash_of("new one", "$6$")


def slow_hash(secret):
    """It takes a second or more, so that the file changes meanwhile."""
    library = ctypes.PyDLL("libcrypt.so.1")
    library.crypt.restype = ctypes.c_char_p
    return library.crypt(secret, b"$6$rounds=4000000$salt").decode()


def site_of(house, stored="secret"):
    site = Site(house, "kvt.dk")
    site.add_user("joe", stored)
    return site


def replace(site, before, after):
    path = site.virtual / "kvt.dk/passwd"
    other = path.with_name("passwd.other")
    other.write_text(path.read_text().replace(before, after))
    other.chmod(path.stat().st_mode & 0o777)
    os.chown(other, path.stat().st_uid, path.stat().st_gid)
    other.rename(path)


@case("a login that is under way when the password changes opens nothing")
def _():
    with House() as house:
        slow = slow_hash(b"secret")
        site = site_of(house, slow)
        browser = Browser(site)
        fields = {**browser.get("/").hidden("/login"), "address": JOE,
                  "password": "secret"}
        answers = []
        login = threading.Thread(target=lambda: answers.append(
            browser.post("/login", fields)))
        login.start()
        time.sleep(0.5)
        replace(site, slow, NEW)
        login.join()
        assert answers[0].status in (303, 403), answers[0].text
        assert not browser.is_logged_in()
        browser.log_in(JOE, "new one")
        assert browser.is_logged_in()


@case("the page that waits for a change does not keep the session alive")
def _():
    if not IS_ROOT:
        raise Skip("the pages have a user of their own only as root")
    with House() as house:
        site = MailedSite(house)
        browser = Browser(site)
        browser.log_in(JOE, "secret")
        answer = browser.submit("/account", "/account/forwards",
                                forwards="x@example.org")
        path, _, query = answer.header("Location")[len(SCRIPT):].partition("?")
        waiting = site.call("GET", path, query, cookies=browser.cookies)
        assert waiting.header("Refresh"), waiting.headers
        assert "virtdomain" not in waiting.cookies, waiting.cookies
        site.arrive()
        done = site.call("GET", path, query, cookies=browser.cookies)
        equal(done.header("Refresh"), None)
        assert "virtdomain" in done.cookies, done.cookies


@case("of two passwords that differ neither is shown again")
def _():
    with House() as house:
        browser = Browser(site_of(house))
        browser.log_in(JOE, "secret")
        answer = browser.submit("/account", "/account/password", old="secret",
                                password="correct horse 7",
                                again="correct horse 8")
        equal(answer.status, 422)
        assert "correct horse" not in answer.text


@case("a server in between makes a client on this machine one that is not")
def _():
    with House() as house:
        site = site_of(house)
        plain = {"HTTPS": None, "REMOTE_ADDR": "127.0.0.1"}
        equal(site.call("GET", "/", **plain).status, 200)
        for name in ("X_FORWARDED_FOR", "FORWARDED", "X_REAL_IP",
                     "X_FORWARDED_PROTO", "VIA"):
            equal(site.call("GET", "/", **plain,
                            **{f"HTTP_{name}": "192.0.2.7"}).status, 403, name)


@case("a hash that takes hours does not have them")
def _():
    with House() as house:
        site = site_of(house)
        body = {"CONTENT_LENGTH": "100"}  # for which it waits
        with subprocess.Popen(
                [VIRTDOMAIN], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                env=site.environment("POST", "/login", "", b"", None, body),
                preexec_fn=become_owner(site.uid, site.gid)) as process:
            limits = pathlib.Path(f"/proc/{process.pid}/limits")
            house.wait_for(
                lambda: re.search(r"Max cpu time +20 +20 ", limits.read_text()),
                "the limit")
            process.stdin.close()
            assert process.stdout.read().startswith(b"Status: 400")


tap.main()
