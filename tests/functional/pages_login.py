"""Logging in to the pages and out, and what a session cookie opens."""

import concurrent.futures
import re
import time

import tap
from house import IS_ROOT, House
from pages import SCRIPT, Browser, Site
from tap import Skip, case, equal

JOE = "joe@kvt.dk"
WRONG = "The address or the password is wrong."


def site_of(house):
    site = Site(house, "kvt.dk", "other.dk")
    site.add_user("joe", "secret")
    site.add_user("joe", "secret", "other.dk")
    return site


def fail(site, address=JOE, password="wrong"):
    return Browser(site).submit("/", "/login", address=address,
                                password=password)


def opens(site, cookie):
    """Whether a session cookie opens the pages."""
    return site.call("GET", "/", cookies={
        "virtdomain": cookie}).status == 303


@case("who knows the password is logged in, postmaster among the users")
def _():
    with House() as house:
        site = site_of(house)
        for address, password, place in (
                (JOE, "secret", "/account"), ("JOE@KVT.dk", "secret", "/account"),
                ("postmaster@kvt.dk", "master's", "/users")):
            browser = Browser(site)
            browser.log_in(address, password)
            equal(browser.get("/").header("Location"), SCRIPT + place)


@case("a wrong password, an unknown user or domain, and no address are told "
      "alike")
def _():
    with House() as house:
        site = site_of(house)
        texts = set()
        for address, password in (
                (JOE, "wrong"), (JOE, ""), ("ann@kvt.dk", "secret"),
                ("joe@unknown.dk", "secret"), ("joe", "secret"), ("", ""),
                ("@kvt.dk", "secret"), ("joe@", "secret"),
                ("joe%kvt.dk", "secret"), ("s-joe@kvt.dk", "secret"),
                ("joe@kvt.dk@kvt.dk", "secret"),
                ("../joe@kvt.dk", "secret"), ("joe@../kvt.dk", "secret"),
                ("joe@kvt.dk/..", "secret"), (JOE, "s" * 600),
                ("j" * 400 + "@kvt.dk", "secret")):
            answer = fail(site, address, password)
            equal(answer.status, 403, address)
            assert WRONG in answer.text
            equal(sorted(answer.cookies), ["virtdomain-form"])
            texts.add(re.sub(r'(value|name="next" value)="[^"]*"', "",
                             answer.text))
        equal(len(texts), 1)


@case("the session cookie is for our pages alone, HTTPS alone, and no script")
def _():
    with House() as house:
        site = site_of(house)
        answer = Browser(site).log_in(JOE, "secret")
        found = [value.split("; ")[1:] for name, value in answer.headers
                 if value.startswith("virtdomain=")]
        equal(found, [[f"Path={SCRIPT}", "HttpOnly", "SameSite=Strict",
                       "Secure"]])


@case("a session ends 15 minutes after its last use, and after 8 hours")
def _():
    with House() as house:
        site = site_of(house)
        for began, used, is_open in (
                (0, 0, True), (890, 890, True), (905, 905, False),
                (28700, 890, True), (28700, 905, False), (28810, 0, False),
                (-100, 0, False), (0, -100, False)):
            equal(opens(site, site.cookie(JOE, "secret", began=began,
                                          used=used)), is_open, (began, used))


@case("each use begins the 15 minutes anew, never the 8 hours")
def _():
    with House() as house:
        site = site_of(house)
        before = site.cookie(JOE, "secret", began=1000, used=800)
        answer = site.call("GET", "/", cookies={"virtdomain": before})
        after = answer.cookies["virtdomain"].split("=")
        equal(after[:2], before.split("=")[:2])
        assert 0 <= time.time() - int(after[2]) < 60, after


@case("a cookie in which anything was changed opens nothing")
def _():
    with House() as house:
        site = site_of(house)
        good = site.cookie(JOE, "secret", began=5)
        assert opens(site, good)
        parts = good.split("=")
        for number, value in ((0, "cd" * 16), (1, str(int(parts[1]) + 1)),
                              (2, str(int(parts[2]) - 1)), (3, "0" * 64),
                              (4, "ann@kvt.dk"), (4, "postmaster@kvt.dk"),
                              (4, "joe@other.dk"), (4, "joe@kvt.dkx"),
                              (4, "joe"), (4, ""), (3, ""), (3, parts[3][:-1])):
            forged = list(parts)
            forged[number] = value
            assert not opens(site, "=".join(forged)), forged
        for forged in ("", "=", "====", "x" * 8000, good + "=", good + "x",
                       "=" + good, good[:-1], "%00"):
            assert not opens(site, forged), forged


@case("a cookie that was made with another secret or password opens nothing")
def _():
    with House() as house:
        site = site_of(house)
        assert not opens(site, site.cookie(JOE, "secret", secret="00" * 32))
        assert not opens(site, site.cookie(JOE, "other"))
        assert not opens(site, site.cookie("ann@kvt.dk", ""))
        assert not opens(site, site.cookie("joe@unknown.dk", "secret"))


@case("a session of one domain is none of another, with the same user, "
      "password and secret")
def _():
    with House() as house:
        site = site_of(house)
        browser = Browser(site)
        browser.log_in(JOE, "secret")
        cookie = browser.cookies["virtdomain"]
        assert not opens(site, cookie.replace("kvt.dk", "other.dk"))
        assert opens(site, cookie)


@case("a session that was logged out is over, wherever its cookie was copied; "
      "others go on")
def _():
    with House() as house:
        site = site_of(house)
        browser, other = Browser(site), Browser(site)
        for one in (browser, other):
            one.log_in(JOE, "secret")
        stolen = browser.cookies["virtdomain"]
        answer = browser.post("/logout", browser.get("/x").hidden("/logout"))
        equal(answer.header("Location"), SCRIPT + "/?out=yes")
        assert "virtdomain" not in browser.cookies
        assert "You are logged out." in browser.get("/", "out=yes").text
        assert not opens(site, stolen)
        assert other.is_logged_in()


@case("a new password ends all sessions, and so does a new secret")
def _():
    with House() as house:
        site = site_of(house)
        passwd = house.virtual / "kvt.dk/passwd"
        browser = Browser(site)
        browser.log_in(JOE, "secret")
        assert browser.is_logged_in()
        passwd.write_text(passwd.read_text().replace(":secret:", ":new:"))
        assert not browser.is_logged_in()
        browser.log_in(JOE, "new")
        (house.virtual / "kvt.dk/secret").write_text("77" * 32 + "\n")
        assert not browser.is_logged_in()


@case("when too many have logged out to remember them all, all sessions of the "
      "domain end, and new ones begin")
def _():
    with House() as house:
        site = site_of(house)
        now = int(time.time())
        (site.state / "kvt.dk/ended").write_text("".join(
            f"{now + 9000} {number:032x}\n" for number in range(8192)))
        house.own(site.state / "kvt.dk/ended")
        browser, other = Browser(site), Browser(site)
        other.cookies["virtdomain"] = site.cookie(JOE, "secret", began=9)
        assert other.is_logged_in()
        browser.log_in(JOE, "secret")
        browser.post("/logout", browser.get("/x").hidden("/logout"))
        assert not other.is_logged_in()
        lines = (site.state / "kvt.dk/ended").read_text().splitlines()
        equal([line.split()[1] for line in lines], ["all"])
        time.sleep(1.1)
        browser.log_in(JOE, "secret")
        assert browser.is_logged_in()


@case("what is over is forgotten, and lines that are none do no harm")
def _():
    with House() as house:
        site = site_of(house)
        now = int(time.time())
        path = site.state / "kvt.dk/attempts"
        path.write_text(f"{now - 1} joe\nnonsense\n\n {now + 9}\n"
                        f"{now + 9} \n-1 joe\n{now + 300} ann\n"
                        f"{now + 999999} joe\n{'x' * 500}\n{now + 5} cut")
        house.own(path)
        equal(fail(site).status, 403)
        lines = path.read_text().splitlines()
        equal(len(lines), 2, lines)
        equal(lines[0], f"{now + 300} ann")
        assert re.fullmatch(r"\d+ joe", lines[1]), lines


@case("after 10 failures of a user that user waits, with the right password "
      "too; others do not")
def _():
    with House() as house:
        site = site_of(house)
        for _ in range(10):
            equal(fail(site).status, 403)
        answer = fail(site, password="secret")
        equal(answer.status, 429)
        assert 500 < int(answer.header("Retry-After")) <= 600
        assert "Try again in 10 minutes." in answer.text
        assert "virtdomain" not in answer.cookies
        Browser(site).log_in("postmaster@kvt.dk", "master's")


@case("after 30 failures a domain waits; another domain does not notice")
def _():
    with House() as house:
        site = site_of(house)
        for number in range(30):
            equal(fail(site, f"user{number}@kvt.dk").status, 403)
        for address in (JOE, "postmaster@kvt.dk", "nobody@kvt.dk"):
            equal(fail(site, address).status, 429)
        equal(len((site.state / "kvt.dk/attempts").read_text().splitlines()),
              30)
        Browser(site).log_in("joe@other.dk", "secret")
        equal(fail(site, "joe@unknown.dk").status, 403)
        equal(sorted(path.name for path in site.state.iterdir()),
              ["kvt.dk", "other.dk"])


@case("ten minutes after the first failure there is one attempt again")
def _():
    with House() as house:
        site = site_of(house)
        now = int(time.time())
        path = site.state / "kvt.dk/attempts"
        path.write_text(f"{now + 2} joe\n" + f"{now + 400} joe\n" * 9)
        house.own(path)
        equal(fail(site).status, 429)
        time.sleep(2.1)
        equal(fail(site).status, 403)
        equal(fail(site).status, 429)


@case("attempts at the same time are counted each; those that succeed do not "
      "count")
def _():
    with House() as house:
        site = site_of(house)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _: fail(site).status, range(16)))
        equal(sorted(found), [403] * 10 + [429] * 6)
        for _ in range(12):
            Browser(site).log_in("postmaster@kvt.dk", "master's")
        equal(len((site.state / "kvt.dk/attempts").read_text().splitlines()),
              10)


@case("a domain whose pages are off says so, and nobody can log in")
def _():
    with House() as house:
        site = site_of(house)
        cookie = site.cookie(JOE, "secret")
        (site.state / "kvt.dk").rename(site.state / "away")
        answer = fail(site, password="secret")
        equal(answer.status, 503)
        assert "virtdomain web" in answer.text
        assert not opens(site, cookie)
        (site.state / "away").rename(site.state / "kvt.dk")
        (house.virtual / "kvt.dk/secret").rename(site.state / "secret")
        equal(fail(site, password="secret").status, 503)
        assert not opens(site, cookie)


@case("without HTTPS there is no session, but on this machine, or where it is "
      "allowed")
def _():
    with House() as house:
        site = site_of(house)
        cookies = {"virtdomain": site.cookie(JOE, "secret")}
        for status, more in (
                (403, {}), (403, {"HTTPS": "off"}),
                (403, {"HTTP_X_FORWARDED_PROTO": "https"}),
                (403, {"REMOTE_ADDR": "127.0.0.1",
                       "HTTP_X_FORWARDED_FOR": "192.0.2.1"}),
                (403, {"VIRTDOMAIN_PLAIN": "no"}),
                (303, {"VIRTDOMAIN_PLAIN": "yes"}),
                (303, {"REMOTE_ADDR": "127.0.0.1"}),
                (303, {"REMOTE_ADDR": "::1"})):
            answer = site.call("GET", "/", cookies=cookies,
                               **{"HTTPS": None, **more})
            equal(answer.status, status, more)
            equal("virtdomain" in answer.cookies, status == 303, more)
            assert "Secure" not in str(answer.headers)


@case("the pages do not run as root")
def _():
    if not IS_ROOT:
        raise Skip("not root")
    with House() as house:
        site = site_of(house)
        site.uid = site.gid = 0
        equal(site.call("GET", "/").status, 500)


@case("a language is chosen by form or by the browser, and stays")
def _():
    with House() as house:
        browser = Browser(site_of(house))
        answer = browser.submit("/", "/language", language="en", next="/")
        equal(answer.status, 303)
        equal(answer.header("Location"), SCRIPT + "/")
        equal(answer.cookies["virtdomain-language"], "en")
        assert '<html lang="en">' in browser.get("/").text
        answer = browser.submit("/", "/language", language="da", next="/")
        equal(answer.cookies["virtdomain-language"], "da")
        browser.more = {"HTTP_ACCEPT_LANGUAGE": "fr"}
        assert '<html lang="da">' in browser.get("/").text
        browser.cookies.clear()
        assert '<html lang="fr">' in browser.get("/").text
        for language in ("xx", "", "../en", "e" * 5000):
            answer = browser.submit("/", "/language", language=language)
            assert "virtdomain-language" not in answer.cookies


@case("the choice of a language leads back to the page with its query")
def _():
    with House() as house:
        browser = Browser(site_of(house))
        query = "domain=kvt.dk&since=5&x=%C3%A6"
        answer = browser.get("/pending/" + "0" * 32, query)
        equal(answer.hidden("/language")["next"],
              "/pending/" + "0" * 32 + "?" + query)
        answer = browser.post("/language", {**answer.hidden("/language"),
                                            "language": "en"})
        equal(answer.header("Location"),
              f"{SCRIPT}/pending/{'0' * 32}?{query}")


@case("the choice of a language leads to one of our pages only")
def _():
    with House() as house:
        browser = Browser(site_of(house))
        for place, found in (("/login", "/login"), ("/logout", "/"),
                             ("//evil.example/", "/"), ("evil", "/"),
                             ("https://evil.example", "/"), ("", "/"),
                             ("/\r\nX: y", "/"), ("//evil?/login", "/"),
                             ("/login?q=%C3%A6&x", "/login?q=%C3%A6&x"),
                             ("/login?\r\nX: y", "/login?%0D%0AX%3A%20y")):
            answer = browser.submit("/", "/language", language="en",
                                    next=place)
            equal(answer.header("Location"), SCRIPT + found, place)


tap.main()
