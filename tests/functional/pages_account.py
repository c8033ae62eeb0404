"""What users change of themselves, directly and by mail, and forms that others
have made."""

import concurrent.futures
import re
import threading
import time

import tap
from house import IS_ROOT, House
from pages import SCRIPT, Browser, MailedSite, Site
from tap import Skip, case, equal

JOE = "joe@kvt.dk"
NEW = "quiet-harbour-4731-lamp"


def site_of(house):
    site = Site(house, "kvt.dk", "other.dk")
    site.add_user("joe", "secret")
    site.add_user("ann", "secret")
    site.add_user("joe", "secret", "other.dk")
    return site


def logged_in(site, address=JOE, password="secret", **more):
    browser = Browser(site, **more)
    browser.log_in(address, password)
    return browser


def set_forwards(browser, forwards, **more):
    return browser.submit("/account", "/account/forwards", forwards=forwards,
                          **more)


def set_password(browser, old="secret", new=NEW, again=None, **more):
    return browser.submit("/account", "/account/password", old=old,
                          password=new, again=new if again is None else again,
                          **more)


def is_done(answer, place="/account?done=yes"):
    equal((answer.status, answer.header("Location")),
          (303, SCRIPT + place), answer.text)


def line_of(site, user, domain="kvt.dk"):
    return [line for line in site.passwd(domain).splitlines()
            if line.startswith(user + ":")][0].split(":")


# ---- the page ---------------------------------------------------------------

@case("a user sets where the own mail goes, and all other lines stay")
def _():
    with House() as house:
        site = site_of(house)
        before = site.passwd()
        browser = logged_in(site)
        is_done(set_forwards(browser, "mailbox\r\nx@example.org\r\n"))
        equal(line_of(site, "joe")[6], "mailbox,x@example.org")
        equal(site.passwd().replace("mailbox,x@example.org", ""), before)
        answer = browser.get("/account", "done=yes")
        assert "The change is made." in answer.text
        assert "x@example.org\nmailbox</textarea>" in answer.text
        is_done(set_forwards(browser, ""))
        equal(site.passwd(), before)


@case("a command, a path, markup and more than there is room for are refused "
      "as forwards, and shown again as text")
def _():
    with House() as house:
        site = site_of(house)
        browser = logged_in(site)
        before = site.passwd()
        for bad in ("|/bin/sh", '"|/bin/sh"', "/etc/passwd", ":include:/x",
                    "x@example.org:0:0", "-f@example.org", "<b>x</b>@a.dk",
                    "x@a.dk\r\nroot:x:0:0", "\"><script>", "x@a.dk y",
                    "a@b.dk\r\n" * 33, "x" * 1100 + "@example.org"):
            answer = set_forwards(browser, bad)
            equal(answer.status, 422, bad)
            assert 'id="forwards-error"' in answer.text
            assert "<b>" not in answer.text and "<script" not in answer.text
            equal(site.passwd(), before)


@case("a user sets the own password with the present one, stays logged in, and "
      "is logged out elsewhere")
def _():
    with House() as house:
        site = site_of(house)
        browser, elsewhere = logged_in(site), logged_in(site)
        is_done(set_password(browser))
        stored = line_of(site, "joe")[1]
        assert stored.startswith("$"), stored
        equal([line_of(site, user)[1] for user in ("ann", "postmaster")],
              ["secret", "master's"])
        assert browser.is_logged_in() and not elsewhere.is_logged_in()
        logged_in(site, password=NEW)
        equal(Browser(site).submit("/", "/login", address=JOE,
                                   password="secret").status, 403)


@case("a wrong present password, two that differ, and a bad new one set "
      "nothing and say where it is wrong")
def _():
    with House() as house:
        site = site_of(house)
        browser = logged_in(site)
        before = site.passwd()
        for field, more in (("old", {"old": "wrong"}), ("old", {"old": ""}),
                            ("again", {"again": NEW + "x"}),
                            ("again", {"again": ""}),
                            ("password", {"new": "short"}),
                            ("password", {"new": ""}),
                            ("password", {"new": "password1"}),
                            ("password", {"new": "x" * 201})):
            answer = set_password(browser, **more)
            equal(answer.status, 422, more)
            assert f'id="{field}-error"' in answer.text, more
            equal(answer.text.count('-error"'), 2, more)
            equal(site.passwd(), before)


@case("guessing the present password is bounded as logging in is")
def _():
    with House() as house:
        site = site_of(house)
        browser = logged_in(site)
        for number in range(10):
            equal(set_password(browser, old=f"guess{number}").status, 422)
        equal(set_password(browser, old="secret").status, 429)
        equal(line_of(site, "joe")[1], "secret")


@case("a password is judged and suggested without being set, and without the "
      "present one")
def _():
    with House() as house:
        site = site_of(house)
        browser = logged_in(site)
        before = site.passwd()
        answer = set_password(browser, old="", new="abc", what="judge")
        equal(answer.status, 200)
        assert "<meter" in answer.text
        found = set()
        for _ in range(3):
            answer = set_password(browser, old="", new="", what="suggest")
            made = re.findall(r'name="(?:password|again)"[^>]* value="([^"]*)"',
                              answer.text)
            equal(len(made), 2)
            equal(made[0], made[1])
            found.add(made[0])
        equal(len(found), 3)
        equal(site.passwd(), before)
        is_done(set_password(browser, new=found.pop()))


@case("in a domain that wants APOP the password is stored as it is, and the "
      "page says so")
def _():
    with House() as house:
        site = site_of(house)
        passwd = house.virtual / "kvt.dk/passwd"
        passwd.write_text("# virtdomain: owner=owner way=recipe apop=yes\n"
                          + passwd.read_text())
        browser = logged_in(site)
        assert "APOP" in browser.get("/account").text
        is_done(set_password(browser))
        equal(line_of(site, "joe")[1], "{PLAIN}" + NEW)
        equal(set_password(browser, old=NEW, new="with:colon-8123").status, 422)


@case("a user sees the own account only, postmaster's pages not at all")
def _():
    with House() as house:
        browser = logged_in(site_of(house))
        for path in ("/users", "/new", "/users/joe", "/users/ann",
                     "/users/ann/remove", "/users/nobody"):
            equal(browser.get(path).status, 403, path)
        assert "ann" not in browser.get("/account").text


# ---- forms of others --------------------------------------------------------

@case("without the token of this form, session and key nothing is done")
def _():
    with House() as house:
        site = site_of(house)
        browser, other = logged_in(site), logged_in(site)
        before = site.passwd()
        page = browser.get("/account")
        good = page.hidden("/account/forwards")
        other_page = other.get("/account")
        stranger = logged_in(site, "joe@other.dk").get("/account")
        for token in (None, "", "0" * 64, good["token"][:-1],
                      good["token"] + "0", good["token"].upper(),
                      page.hidden("/account/password")["token"],
                      page.hidden("/logout")["token"],
                      Browser(site).get("/").hidden("/login")["token"],
                      other_page.hidden("/account/forwards")["token"],
                      stranger.hidden("/account/forwards")["token"]):
            fields = {**good, "forwards": "x@evil.example", "token": token}
            if token is None:
                del fields["token"]
            answer = browser.post("/account/forwards", fields)
            equal(answer.status, 403, token)
            assert "too old" in answer.text
            equal(site.passwd(), before)
        is_done(browser.post("/account/forwards", {**good, "forwards": ""}))


@case("a form that another site has sent is refused, token or not")
def _():
    with House() as house:
        site = site_of(house)
        for refused, more in (
                (True, {"HTTP_ORIGIN": "https://evil.example"}),
                (True, {"HTTP_ORIGIN": "null"}),
                (True, {"HTTP_SEC_FETCH_SITE": "cross-site"}),
                (True, {"HTTP_SEC_FETCH_SITE": "same-site"}),
                (False, {"HTTP_ORIGIN": "https://mail.example.org"}),
                (False, {"HTTP_SEC_FETCH_SITE": "same-origin"})):
            browser = logged_in(site)
            browser.more = more
            answer = set_forwards(browser, "")
            equal(answer.status, 403 if refused else 303, more)


@case("the login form too needs the cookie that came with it")
def _():
    with House() as house:
        site = site_of(house)
        browser, other = Browser(site), Browser(site)
        fields = {**other.get("/").hidden("/login"), "address": JOE,
                  "password": "secret"}
        equal(browser.post("/login", fields).status, 403)
        browser.get("/")
        equal(browser.post("/login", fields).status, 403)
        equal(other.post("/login", fields).status, 303)


@case("the token of a session is of no use to the one who comes after it")
def _():
    with House() as house:
        site = site_of(house)
        browser = logged_in(site)
        old = browser.get("/account").hidden("/account/forwards")
        browser.submit("/account", "/logout")
        browser.log_in(JOE, "secret")
        answer = browser.post("/account/forwards",
                              {**old, "forwards": "x@example.org"})
        equal(answer.status, 403)


@case("without a session a form leads to the login, and does nothing")
def _():
    with House() as house:
        site = site_of(house)
        before = site.passwd()
        browser = logged_in(site)
        fields = browser.get("/account").hidden("/account/forwards")
        browser.cookies.pop("virtdomain")
        answer = browser.post("/account/forwards",
                              {**fields, "forwards": "x@example.org"})
        is_done(answer, "/?over=yes")
        equal(site.passwd(), before)
        assert "Log in first." in browser.get("/", "over=yes").text


@case("what a form says of user and domain changes nobody else")
def _():
    with House() as house:
        site = site_of(house)
        others = [line_of(site, "ann"), line_of(site, "postmaster"),
                  site.passwd("other.dk")]
        is_done(set_forwards(logged_in(site), "x@example.org", user="ann",
                             domain="other.dk", name="x"))
        equal(others, [line_of(site, "ann"), line_of(site, "postmaster"),
                       site.passwd("other.dk")])
        equal(line_of(site, "joe")[4], "")


# ---- at the same time -------------------------------------------------------

@case("who has seen an older line is told, and nothing is lost")
def _():
    with House() as house:
        site = site_of(house)
        browser, other = logged_in(site), logged_in(site)
        old = browser.get("/account").hidden("/account/forwards")
        is_done(set_forwards(other, "first@example.org"))
        answer = browser.post("/account/forwards",
                              {**old, "forwards": "second@example.org"})
        equal(answer.status, 422)
        assert "Somebody else changed this meanwhile." in answer.text
        for address in ("first@example.org", "second@example.org"):
            assert address in answer.text
        equal(line_of(site, "joe")[6], "first@example.org")
        again = answer.hidden("/account/forwards")
        is_done(browser.post("/account/forwards",
                             {**again, "forwards": "second@example.org"}))


@case("a mistake that is corrected does not hide what others did meanwhile")
def _():
    with House() as house:
        site = site_of(house)
        browser, other = logged_in(site), logged_in(site)
        old = browser.get("/account").hidden("/account/forwards")
        is_done(set_forwards(other, "first@example.org"))
        answer = browser.post("/account/forwards", {**old, "forwards": "bad"})
        equal(answer.status, 422)
        answer = browser.post("/account/forwards", {
            **answer.hidden("/account/forwards"),
            "forwards": "second@example.org"})
        equal(answer.status, 422)
        equal(line_of(site, "joe")[6], "first@example.org")


@case("a form without what was seen, or with nonsense for it, is refused")
def _():
    with House() as house:
        site = site_of(house)
        browser = logged_in(site)
        before = site.passwd()
        for seen, status in (("", 400), ("x", 400), ("0" * 63, 400),
                             ("G" * 64, 400), ("0" * 64, 422)):
            answer = set_forwards(browser, "x@example.org", seen=seen)
            equal(answer.status, status, seen)
        equal(site.passwd(), before)


@case("two users at the same time: no line is lost")
def _():
    with House() as house:
        site = site_of(house)
        users = ("joe", "ann", "postmaster")

        def change(user):
            browser = logged_in(site, f"{user}@kvt.dk",
                                "master's" if user == "postmaster" else "secret")
            for number in range(5):
                is_done(set_forwards(browser, f"{user}{number}@example.org"))

        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            list(pool.map(change, users))
        equal([line_of(site, user)[6] for user in users],
              [f"{user}4@example.org" for user in users])
        equal(len(site.passwd().splitlines()), 3)


@case("of two who change the same line at the same time one is told")
def _():
    with House() as house:
        site = site_of(house)
        browsers = [logged_in(site) for _ in range(4)]
        forms = [browser.get("/account").hidden("/account/forwards")
                 for browser in browsers]
        start = threading.Barrier(4)

        def change(number):
            start.wait(30)
            return browsers[number].post("/account/forwards", {
                **forms[number],
                "forwards": f"a{number}@example.org"}).status

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            found = list(pool.map(change, range(4)))
        equal(sorted(found), [303, 422, 422, 422])
        equal(line_of(site, "joe")[6],
              f"a{found.index(303)}@example.org")


# ---- by mail ----------------------------------------------------------------

def mailed_site(house):
    if not IS_ROOT:
        raise Skip("only root can run the pages as another user")
    return MailedSite(house)


def pending(answer):
    equal(answer.status, 303, answer.text)
    place = answer.header("Location").removeprefix(SCRIPT)
    assert re.fullmatch(
        r"/pending/[0-9a-f]{32}\?domain=kvt\.dk&since=\d+", place), place
    return place.split("?", 1)


@case("where the pages may not write, a change is mailed, and shown when it is "
      "made")
def _():
    with House() as house:
        site = mailed_site(house)
        browser = logged_in(site)
        before = site.passwd()
        place = pending(set_forwards(browser, "x@example.org"))
        waiting = browser.get(*place)
        equal(waiting.status, 200)
        equal(waiting.header("Refresh"), "3")
        assert "on its way" in waiting.text
        equal(site.passwd(), before)
        equal(site.arrive(), 1)
        equal(line_of(site, "joe")[6], "x@example.org")
        done = browser.get(*place)
        equal(done.header("Refresh"), None)
        assert "The change is made." in done.text


@case("a password that was mailed is a hash, and ends the session when it is "
      "set")
def _():
    with House() as house:
        site = mailed_site(house)
        browser = logged_in(site)
        place = pending(set_password(browser))
        mail = b"".join(path.read_bytes() for path in site.box.iterdir())
        assert mail and NEW.encode() not in mail
        assert browser.is_logged_in()
        equal(site.arrive(), 1)
        assert not browser.is_logged_in()
        assert "The change is made." in browser.get(*place).text
        logged_in(site, password=NEW)


@case("a change that was mailed and comes too late is told as a conflict")
def _():
    with House() as house:
        site = mailed_site(house)
        browser = logged_in(site)
        form = browser.get("/account").hidden("/account/forwards")
        places = [pending(browser.post("/account/forwards", {
            **form, "forwards": f"{name}@example.org"})) for name in "ab"]
        equal(site.arrive(), 2)
        texts = [browser.get(*place).text for place in places]
        equal(sum("The change is made." in text for text in texts), 1)
        equal(sum("Somebody else changed" in text for text in texts), 1)


@case("the page that waits grows slower, and tells nobody anything without the "
      "serial")
def _():
    with House() as house:
        browser = Browser(site_of(house))
        now = int(time.time())
        for since, refresh in ((now - 60, "10"), (now - 9999, "60"),
                               ("x", "20"), ("", "20"), (now + 99, "20")):
            answer = browser.get("/pending/" + "0" * 32,
                                 f"domain=kvt.dk&since={since}")
            equal((answer.status, answer.header("Refresh")), (200, refresh))
        for path, query in (("/pending/" + "0" * 32, ""),
                            ("/pending/" + "0" * 32, "domain=../kvt.dk"),
                            ("/pending/" + "0" * 31, "domain=kvt.dk"),
                            ("/pending/" + "x" * 32, "domain=kvt.dk")):
            equal(browser.get(path, query).status, 404)


@case("mail that is not taken changes nothing, and the page says so")
def _():
    with House() as house:
        site = mailed_site(house)
        browser = logged_in(site)
        before = site.passwd()
        site.sendmail.write_text("#!/bin/sh\nexit 75\n")
        answer = set_forwards(browser, "x@example.org")
        equal(answer.status, 422)
        assert "cannot be made now" in answer.text
        equal(site.passwd(), before)


tap.main()
