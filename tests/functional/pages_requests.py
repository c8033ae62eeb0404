"""Requests that no browser makes: too long, cut off, damaged, misdirected."""

import re

import tap
from house import House
from pages import SCRIPT, Browser, Site
from tap import case, equal

FORM = "application/x-www-form-urlencoded"


def ask(path, query="", **more):
    with House() as house:
        return Site(house, "kvt.dk").call("GET", path, query, **more)


def statuses(*calls):
    """The statuses of (method, path, query, body, more)."""
    with House() as house:
        site = Site(house, "kvt.dk")
        return [site.call(method, path, query, body, **more).status
                for method, path, query, body, more in calls]


@case("every answer forbids scripts, frames and keeping, and says its type")
def _():
    for answer in (ask("/"), ask("/nowhere"), ask("/", "%")):
        equal(answer.header("Content-Security-Policy"),
              "default-src 'none'; style-src 'self'; img-src 'self'; "
              "form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
        equal(answer.header("X-Content-Type-Options"), "nosniff")
        equal(answer.header("Referrer-Policy"), "same-origin")
        equal(answer.header("Cache-Control"), "no-store")
        equal(answer.header("Content-Type"), "text/html; charset=utf-8")
        equal(int(answer.header("Content-Length")), len(answer.body))
        assert "<script" not in answer.text and " style=" not in answer.text
        assert not re.search(r" on\w+=", answer.text)


@case("the style sheet may be kept, has no cookie, and needs no HTTPS")
def _():
    for more in ({}, {"HTTPS": None}):
        answer = ask("/style.css", "v=1", **more)
        equal(answer.status, 200)
        equal(answer.header("Content-Type"), "text/css; charset=utf-8")
        equal(answer.header("Cache-Control"), "public, max-age=3600")
        equal(answer.cookies, {})
        assert "prefers-color-scheme: dark" in answer.text
        assert '"\\26A0' in answer.text and "://" not in answer.text


@case("a path that leads elsewhere leads nowhere")
def _():
    for path in ("/..", "/../", "/../../etc/passwd", "/users/..",
                 "/users/../account", "/users/%2e%2e", "/users/..%2f..",
                 "/users/x/y", "/users/.x", "/users/x.lock", "//", "//login",
                 "/login/", "/login//", "/./login", "/LOGIN", "/login\\",
                 "/style.css/x", "/pending/", "/pending/x", "/pending/..",
                 "/pending/" + "0" * 32, "/*", "/users/*", "/users/<b>",
                 "/pending/" + "a" * 100, "/" + "a" * 2046, "/users/" + "a/" * 900):
        answer = ask(path)
        assert answer.status in (303, 404), (path, answer.status)
        if answer.status == 303:
            equal(answer.header("Location"), SCRIPT + "/?over=yes", path)
    equal([ask(path).status for path in
           ("/a\x01", "/\x7f", "/a\r\nX: y", "login", "/" + "a" * 2047)],
          [400, 400, 400, 400, 414])


@case("octets that are no UTF-8 are refused, in path, query and body")
def _():
    equal(statuses(
        ("GET", b"/\xff", "", None, {}), ("GET", "/", b"q=\xe6", None, {}),
        ("GET", "/", "q=%E6", None, {}),
        ("POST", "/login", "", b"address=%ED%A0%80", {}),
        ("POST", "/login", "", b"address=\xc3(", {})), [400] * 5)


@case("a body that is cut off, too long, or not measured is refused")
def _():
    body = b"address=joe%40kvt.dk&password=x"
    equal(statuses(
        ("POST", "/login", "", body, {"CONTENT_LENGTH": "1000"}),
        ("POST", "/login", "", b"", {"CONTENT_LENGTH": "1"}),
        ("POST", "/login", "", body, {"CONTENT_LENGTH": None}),
        ("POST", "/login", "", body, {"CONTENT_LENGTH": ""}),
        ("POST", "/login", "", body, {"CONTENT_LENGTH": "-1"}),
        ("POST", "/login", "", body, {"CONTENT_LENGTH": "0x10"}),
        ("POST", "/login", "", b"a=" + b"x" * 70000, {}),
        ("POST", "/login", "", body, {"CONTENT_LENGTH": "9" * 30}),
        ("POST", "/login", "", body, {"CONTENT_TYPE": "text/plain"}),
        ("POST", "/login", "", body, {"CONTENT_TYPE": None})),
        [400, 400, 411, 411, 400, 400, 413, 400, 415, 415])


@case("a body longer than it was said to be is read no further")
def _():
    with House() as house:
        browser = Browser(Site(house, "kvt.dk"))
        token = browser.get("/").hidden("/login")["token"]
        body = f"token={token}&address=joe".encode()
        answer = browser.site.call(
            "POST", "/login", body=body + b"&password=x<y&token=z",
            cookies=browser.cookies, CONTENT_LENGTH=str(len(body)))
        equal(answer.status, 403)
        assert 'value="joe"' in answer.text and "x&lt;y" not in answer.text


@case("a field twice is refused, whichever comes first")
def _():
    with House() as house:
        site = Site(house, "kvt.dk")
        site.add_user("joe", "secret")
        browser = Browser(site)
        token = browser.get("/").hidden("/login")["token"]
        fields = [("token", token), ("address", "joe@kvt.dk"),
                  ("password", "secret")]
        for field in fields:
            equal(browser.post("/login", [field, *fields]).status, 400)
            equal(browser.post("/login", [*fields, field]).status, 400)
        equal(browser.post("/login", fields).status, 303)


@case("a query or cookie that is too long, and too many fields, do no harm")
def _():
    equal(statuses(
        ("GET", "/", "q=" + "x" * 2046, None, {}),
        ("GET", "/", "q=" + "x" * 2047, None, {}),
        ("GET", "/", "&".join(f"a{i}=" for i in range(64)), None, {}),
        ("GET", "/", "&".join(f"a{i}=" for i in range(65)), None, {}),
        ("GET", "/", "&" * 2000, None, {}),
        ("GET", "/", "", None, {"HTTP_COOKIE": "a=" + "x" * 60000}),
        ("GET", "/", "", None, {"HTTP_COOKIE": "a=1; " * 1500}),
        ("GET", "/", "", None, {"HTTP_ACCEPT_LANGUAGE": "en," * 20000})),
        [200, 414, 200, 400, 200, 200, 200, 200])


@case("other methods are refused; HEAD is GET without the page")
def _():
    with House() as house:
        site = Site(house, "kvt.dk")
        for method in ("PUT", "DELETE", "OPTIONS", "TRACE", "get", "", "x" * 9999):
            answer = site.call(method, "/")
            equal(answer.status, 405, method)
            equal(answer.header("Allow"), "GET, HEAD, POST")
        head = site.call("HEAD", "/")
        equal((head.status, head.body), (200, b""))
        assert int(head.header("Content-Length")) > 1000
        equal([site.call("GET", "/logout").status,
               site.call("GET", "/language").status,
               site.call("POST", "/style.css", body=b"").status,
               site.call("POST", "/", body=b"").status], [405] * 4)


@case("a script name that could lead a browser elsewhere is refused")
def _():
    for script in ("//evil.example", "/x\r\nX-Bad: y", "x", "/x/", '/"><b>',
                   "/x?y"):
        answer = ask("/", SCRIPT_NAME=script)
        equal(answer.status, 400, script)
        assert "evil" not in str(answer.headers) + answer.text
        assert "X-Bad" not in str(answer.headers) and "<b>" not in answer.text
    for script in ("", "/cgi-bin/virtdomain", "/~joe/virtdomain.cgi"):
        answer = ask("/", SCRIPT_NAME=script)
        equal(answer.status, 200)
        assert f'action="{script}/login"' in answer.text


@case("markup in anything that is shown again is text there")
def _():
    bad = "\"'><b>&lt;x</b>"
    shown = "&quot;&#39;&gt;&lt;b&gt;&amp;lt;x&lt;/b&gt;"
    with House() as house:
        browser = Browser(Site(house, "kvt.dk"))
        answer = browser.submit("/", "/login", address=bad, password=bad)
        equal(answer.text.count(shown), 1)
        assert "<b>" not in answer.text
        answer = browser.get("/" + bad)
        equal(answer.status, 404)
        equal(answer.text.count(f'value="/{shown}"'), 1)
        assert "<b>" not in answer.text
        for query in ("over", "out", "done", "domain", "since"):
            for value in ("%3Cb%3E", "<b>", "\"><b>"):
                answer = browser.get("/", f"{query}={value}")
                equal(answer.status, 200)
                assert "<b>" not in answer.text


@case("no password is shown again")
def _():
    with House() as house:
        browser = Browser(Site(house, "kvt.dk"))
        answer = browser.submit("/", "/login", address="joe@kvt.dk",
                                password="hidden-in-here")
        equal(answer.status, 403)
        assert "hidden-in-here" not in answer.text + str(answer.headers)


tap.main()
