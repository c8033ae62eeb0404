"""The pages of a postmaster: the users of the domain."""

import base64
import concurrent.futures
import os
import re
import time
import urllib.parse

import tap
from catalogue import PAGES, read_languages
from domains import Image
from house import GROUP, IS_ROOT, OWNER, House
from markup import Markup
from pages import SCRIPT, Browser, Site
from tap import Skip, case, equal

EVIL = "<script>alert(1)</script>\"'&"
POSTMASTER_PATHS = ("/users", "/new", "/users/joe", "/users/joe/remove",
                    "/users/joe/password", "/users/nobody",
                    "/users/postmaster")


class Postmaster(Browser):
    """A browser in which postmaster is logged in, and that reads pages."""

    def __init__(self, site, domain="kvt.dk", password="master's", **more):
        super().__init__(site, **more)
        self.log_in(f"postmaster@{domain}", password)

    def see(self, path, query="", status=200):
        answer = self.get(path, query)
        equal(answer.status, status, answer.text)
        return Markup(answer.text)

    def follow(self, answer):
        """Where a redirect leads to; else what was answered."""
        if answer.status == 303:
            path = answer.header("Location").removeprefix(SCRIPT)
            answer = self.get(*path.split("?", 1))
        return answer

    def send(self, page, action, status=200, **fields):
        """Sends a form of a page that was seen; the page that follows."""
        answer = self.follow(
            self.post(action, {**page.form(action).fields, **fields}))
        equal(answer.status, status, answer.text)
        return Markup(answer.text)

    def add(self, user, status=200, **fields):
        fields.setdefault("password", "xK4#pQz8t!Wm")
        return self.send(self.see("/new"), "/new", status, user=user, **fields)


def small_site(house):
    site = Site(house, "kvt.dk")
    site.add_user("joe", "joe's")
    return site


def line_of(site, user, domain="kvt.dk"):
    """The fields of the line of a user; None if there is none."""
    for line in site.passwd(domain).splitlines():
        if line.split(":")[0] == user:
            return line.split(":")
    return None


# ---- the list --------------------------------------------------------------


@case("the list has each user with name, mailbox, last read and forwards")
def _():
    with House() as house:
        site = small_site(house)
        house.add_line("kvt.dk", f"ann:x:{OWNER}:{GROUP}:Ann Ø:.:"
                       "a@b.dk,mailbox")
        path = house.write_mailbox("ann", "kvt.dk", [b"A: b\n\n" + b"x" * 20000])
        os.utime(path, (1000000000, 1000000000))
        page = Postmaster(site, TZ="UTC").see("/users")
        equal(page.rows[1:], [
            ["ann", "Ann Ø", "21 kB", "2001-09-09 01:46", "a@b.dk, mailbox"],
            ["joe", "–", "–", "mailbox"],
            ["postmaster", "–", "–", "mailbox"]])
        assert "Users: 3" in page.shown(), page.shown()
        assert "/users/ann" in page.links, page.links


@case("a search looks at user names, names and forwards, in any case")
def _():
    with House() as house:
        site = Site(house, "kvt.dk")
        for user, name, forward in (
                ("ann", "Bo Berg", ""), ("carl", "Dora", "x@eve.dk"),
                ("fritz", "Gerd", "")):
            house.add_line("kvt.dk",
                           f"{user}:x:{OWNER}:{GROUP}:{name}:.:{forward}")
        browser = Postmaster(site)
        for wanted, found in (
                ("AN", ["ann"]), ("berg", ["ann"]), ("EVE.dk", ["carl"]),
                ("kvt.dk", ["ann", "carl", "fritz", "postmaster"]),
                ("r", ["ann", "carl", "fritz", "postmaster"]),
                ("dora", ["carl"]), ("nobody", []), ("%", []), (":", [])):
            page = browser.see("/users", urllib.parse.urlencode({"q": wanted}))
            equal([row[0] for row in page.rows[1:]], found, wanted)
            assert f"Users found: {len(found)}" in page.shown()
            equal(page.form("/users").fields, {"q": wanted})


@case("a search that is too long, and a page that is not there, are refused")
def _():
    with House() as house:
        browser = Postmaster(Site(house, "kvt.dk"))
        browser.see("/users", "q=" + "x" * 101, status=400)
        for page in ("0", "2", "-1", "x", "1x", "99999999999999999999"):
            browser.see("/users", f"page={page}", status=404)
        browser.see("/users", "page=1")


@case("a thousand users are shown 200 at a time, sorted, each once")
def _():
    with House() as house:
        site = Site(house, "kvt.dk")
        with open(house.virtual / "kvt.dk/passwd", "a") as file:
            for i in range(1000):
                number = i * 7 % 1000
                file.write(f"u{number:03}:x:{OWNER}:{GROUP}:No {i}:.:\n")
        browser = Postmaster(site)
        names, path = [], "/users"
        while path is not None:
            page = browser.see(*path.split("?", 1))
            assert len(page.rows) <= 201 and "Users: 1001" in page.shown()
            names += [row[0] for row in page.rows[1:]]
            links = [link for link in page.links if "page=" in link]
            number = len(names) // 200 + 1
            path = next((link for link in links
                         if f"page={number}&" in link), None)
        equal(names, ["postmaster"] + [f"u{i:03}" for i in range(1000)])
        found = browser.see("/users", "q=u99").rows[1:]
        equal([row[0] for row in found], [f"u{i}" for i in range(990, 1000)])


# ---- adding ----------------------------------------------------------------


@case("a user who is added can log in, with name and forwards")
def _():
    with House() as house:
        site = small_site(house)
        page = Postmaster(site).add(
            "Ann", name="Ann Ø", forwards="a@b.dk\r\n mailbox, c@d.dk",
            password="plumber cactus ferry violin")
        assert "The change is made." in page.shown(), page.shown()
        line = line_of(site, "ann")
        equal([line[0], *line[2:]], ["ann", str(OWNER), str(GROUP), "Ann Ø",
                                     "", "a@b.dk,mailbox,c@d.dk"])
        assert line[1].startswith("$"), line
        Browser(site).log_in("ann@kvt.dk", "plumber cactus ferry violin")
        with house.inetd() as client:
            client.login("ann@kvt.dk", "plumber cactus ferry violin")


@case("what cannot be is marked, and what was typed stays in the form")
def _():
    with House() as house:
        site = small_site(house)
        browser, before = Postmaster(site), site.passwd()
        good = {"user": "ann", "name": "Ann", "forwards": "a@b.dk",
                "password": "xK4#pQz8t!Wm"}
        for field, value, said in (
                ("user", "", "cannot be a user name"),
                ("user", "a b", "cannot be a user name"),
                ("user", "../x", "cannot be a user name"),
                ("user", "ann.lock", "cannot be a user name"),
                ("user", "ånn", "cannot be a user name"),
                ("user", "x" * 65, "cannot be a user name"),
                ("user", "joe", "such a user already"),
                ("user", "JOE", "such a user already"),
                ("name", "a:b", "cannot stand in a name"),
                ("name", "a\nroot:x", "cannot stand in a name"),
                ("name", "x" * 256, "too long"),
                ("name", "ø" * 128, "too long"),
                ("forwards", "|/bin/sh", "neither a mail address"),
                ("forwards", '"|/bin/sh"', "neither a mail address"),
                ("forwards", "/etc/passwd", "neither a mail address"),
                ("forwards", ":include:/x", "neither a mail address"),
                ("forwards", "-oQ/tmp@b.dk", "neither a mail address"),
                ("forwards", "a@b.dk x", "the word mailbox: x"),
                ("forwards", "a@b.dk:x", "neither a mail address"),
                ("forwards", " ".join(f"a{i}@b.dk" for i in range(33)),
                 "more addresses"),
                ("forwards", "\n".join("x" * 60 + f"{i}@b.dk"
                                       for i in range(20)), "more addresses"),
                ("password", "", "fewer than 8"),
                ("password", "joe", "fewer than 8"),
                ("password", "password1", "many people use"),
                ("password", "x" * 201, "200 octets"),
                ("password", "xK4#p\tQz8t!Wm", "cannot be stored")):
            page = browser.add(status=422, **{**good, field: value})
            assert said in page.shown(), (field, value, page.shown())
            fields = page.form("/new").fields
            for name, typed in {**good, field: value}.items():
                if (name, typed) != ("password", "x" * 201):
                    equal(fields[name], typed, field)
            assert f"{field}-error" in page.described, page.described
        equal(site.passwd(), before)


@case("suggesting and judging show a password, and change nothing")
def _():
    with House() as house:
        site = small_site(house)
        browser, before = Postmaster(site), site.passwd()
        for path in ("/new", "/users/joe/password"):
            page = browser.see(path)
            equal(page.form(path).buttons,
                  [("what", "suggest"), ("what", "judge")])
            seen = set()
            for _ in range(3):
                page = browser.send(page, path, what="suggest")
                password = page.form(path).fields["password"]
                assert re.fullmatch(r"([a-z]{6}-){3}[0-9]{2}", password)
                equal(page.meters, [4])
                seen.add(password)
            equal(len(seen), 3)
            for password, meter, said in (
                    ("joe@kvt.dk", 0, "own name"), ("12345678", 0, "sequence"),
                    ("gardenhose", 1, "longer"),
                    ("plumber cactus ferry", 4, "strong")):
                page = browser.send(page, path, what="judge", user="joe",
                                    password=password)
                equal(page.meters, [meter], password)
                equal(page.form(path).fields["password"], password)
                assert said in page.shown(), (password, page.shown())
            # On /new nothing but the password is marked.
            assert not page.described & {"user-error", "name-error"}
        equal(site.passwd(), before)


# ---- changing --------------------------------------------------------------


@case("name and forwards are changed, and what stays is not touched")
def _():
    with House() as house:
        site = small_site(house)
        house.add_line("kvt.dk", f"ann:{{PLAIN}}a:{OWNER}:{GROUP}:Ann:.:/bin/sh")
        browser, path = Postmaster(site), "/users/ann"
        browser.send(browser.see(path), path, name="Ann B")
        equal(line_of(site, "ann")[1:], ["{PLAIN}a", str(OWNER), str(GROUP),
                                         "Ann B", ".", "/bin/sh"])
        page = browser.send(browser.see(path), path, forwards="x@y.dk")
        equal(line_of(site, "ann")[4:], ["Ann B", ".", "x@y.dk"])
        assert "The change is made." in page.shown(), page.shown()
        page = browser.send(browser.see(path), path, name="", forwards="")
        equal(line_of(site, "ann")[4:], ["", ".", ""])
        equal(page.form(path).fields["forwards"], "mailbox")


@case("a wrong name or forward is marked, and what was typed stays")
def _():
    with House() as house:
        site = small_site(house)
        browser, before, path = Postmaster(site), site.passwd(), "/users/joe"
        for name, forwards, marked in (
                ("a:b", "x@y.dk", {"name-error"}),
                ("Joe", "|sh", {"forwards-error"}),
                ("a\tb", "|sh", {"name-error", "forwards-error"})):
            page = browser.send(browser.see(path), path, 422, name=name,
                                forwards=forwards)
            fields = page.form(path).fields
            equal((fields["name"], fields["forwards"]), (name, forwards))
            equal({id for id in page.described if "error" in id}, marked)
        equal(site.passwd(), before)


@case("a password that is set opens the account, and ends its sessions")
def _():
    with House() as house:
        site = small_site(house)
        browser, joe = Postmaster(site), Browser(site)
        joe.log_in("joe@kvt.dk", "joe's")
        path = "/users/joe/password"
        page = browser.see("/users/joe")
        browser.send(page, path, 422, password="secret")
        assert joe.is_logged_in()
        browser.send(page, path, password="plumber cactus ferry violin")
        assert not joe.is_logged_in()
        Browser(site).log_in("joe@kvt.dk", "plumber cactus ferry violin")


@case("postmaster's own password is not set there, without the present one")
def _():
    with House() as house:
        site = small_site(house)
        browser, before = Postmaster(site), site.passwd()
        page = browser.see("/users/postmaster")
        assert "/account" in page.links, page.links
        equal([form.path for form in page.forms if "password" in form.fields],
              [])
        path = "/users/postmaster/password"
        # The token is right: it is that of the path.
        token = browser.get(path).hidden("/users/postmaster")
        answer = browser.post(path, {
            **token, "password": "plumber cactus ferry violin"})
        assert answer.status in (303, 403), answer.status
        equal(site.passwd(), before)


@case("a line of two fields can have another password, and no name")
def _():
    with House() as house:
        site = small_site(house)
        house.add_line("kvt.dk", "old:$1$x$y")
        browser = Postmaster(site)
        page = browser.send(browser.see("/users/old"), "/users/old", 422,
                            name="Old")
        assert "short form" in page.shown(), page.shown()
        browser.send(page, "/users/old/password",
                     password="plumber cactus ferry violin")
        equal(len(line_of(site, "old")), 2)
        Browser(site).log_in("old@kvt.dk", "plumber cactus ferry violin")


# ---- removing --------------------------------------------------------------


@case("a user is removed after a second question, and the mailbox stays")
def _():
    with House() as house:
        site = small_site(house)
        path = house.write_mailbox("joe", "kvt.dk", [b"A: b\n\nx\n"])
        browser, before = Postmaster(site), site.passwd()
        page = browser.see("/users/joe/remove")
        assert "Remove joe@kvt.dk?" in page.shown(), page.shown()
        equal(site.passwd(), before)
        page = browser.send(page, "/users/joe/remove")
        equal([row[0] for row in page.rows[1:]], ["postmaster"])
        equal(line_of(site, "joe"), None)
        assert path.exists()
        browser.see("/users/joe", status=404)


@case("postmaster stays")
def _():
    with House() as house:
        site = small_site(house)
        browser, before = Postmaster(site), site.passwd()
        page = browser.see("/users/postmaster")
        assert "/users/postmaster/remove" not in page.links
        browser.see("/users/postmaster/remove", status=403)
        fields = page.form("/users/postmaster").fields
        equal(browser.post("/users/postmaster/remove", fields).status, 403)
        equal(site.passwd(), before)


# ---- others at the same time -----------------------------------------------


@case("what somebody else has changed meanwhile is shown, and nothing is lost")
def _():
    with House() as house:
        site = small_site(house)
        first, second = Postmaster(site), Postmaster(site)
        page, path = first.see("/users/joe"), "/users/joe"
        second.send(second.see(path), path, name="Second", forwards="s@y.dk")
        page = first.send(page, path, 422, name="First", forwards="f@y.dk")
        equal(line_of(site, "joe")[4:], ["Second", ".", "s@y.dk"])
        for said in ("Somebody else changed", "is now: Second",
                     "goes now to: s@y.dk"):
            assert said in page.shown(), page.shown()
        fields = page.form(path).fields
        equal((fields["name"], fields["forwards"]), ("First", "f@y.dk"))
        first.send(page, path)
        equal(line_of(site, "joe")[4:], ["First", ".", "f@y.dk"])


@case("a mistake in between does not hide what somebody else has changed")
def _():
    with House() as house:
        site = small_site(house)
        first, second = Postmaster(site), Postmaster(site)
        for path, wrong in (("/users/joe", {"name": "a:b"}),
                            ("/users/joe/password", {"password": "short"}),
                            ("/users/joe/password", {"what": "suggest"})):
            page = first.see("/users/joe")
            second.send(second.see("/users/joe"), "/users/joe",
                        name=f"Second {len(site.passwd())}")
            page = first.send(page, path, 200 if "what" in wrong else 422,
                              **wrong)
            before = site.passwd()
            page = first.send(page, path, 422, name="First",
                              password="xK4#pQz8t!Wm")
            assert "Somebody else changed" in page.shown(), page.shown()
            equal(site.passwd(), before)
            first.send(page, path)


@case("a password and a removal meet conflicts as well")
def _():
    with House() as house:
        site = small_site(house)
        first, second = Postmaster(site), Postmaster(site)
        page = first.see("/users/joe")
        remove = first.see("/users/joe/remove")
        second.send(second.see("/users/joe"), "/users/joe", name="Second")
        before = site.passwd()
        page = first.send(page, "/users/joe/password", 422,
                          password="plumber cactus ferry violin")
        assert "Somebody else changed" in page.shown(), page.shown()
        equal(page.form("/users/joe/password").fields["password"],
              "plumber cactus ferry violin")
        remove = first.send(remove, "/users/joe/remove", 422)
        assert "Somebody else changed" in remove.shown(), remove.shown()
        equal(site.passwd(), before)
        first.send(page, "/users/joe/password")
        first.send(first.see("/users/joe/remove"), "/users/joe/remove")
        equal(line_of(site, "joe"), None)


@case("a user who is gone, or there already, meanwhile")
def _():
    with House() as house:
        site = small_site(house)
        first, second = Postmaster(site), Postmaster(site)
        page, new = first.see("/users/joe"), first.see("/new")
        second.send(second.see("/users/joe/remove"), "/users/joe/remove")
        second.add("ann")
        before = site.passwd()
        for path in ("/users/joe", "/users/joe/password"):
            found = first.send(page, path, 404, name="x",
                               password="xK4#pQz8t!Wm")
            assert "no such user" in found.shown(), found.shown()
        found = first.send(new, "/new", 422, user="ann",
                           password="xK4#pQz8t!Wm")
        assert "such a user already" in found.shown(), found.shown()
        equal(site.passwd(), before)


@case("a seen that is forged changes nothing")
def _():
    with House() as house:
        site = small_site(house)
        browser, before = Postmaster(site), site.passwd()
        page = browser.see("/users/joe")
        remove = browser.see("/users/joe/remove")
        right = page.form("/users/joe").fields["seen"]
        other = browser.see("/users/postmaster").form(
            "/users/postmaster").fields["seen"]
        for seen, status in (
                ("", 400), ("x" * 64, 400), ("0" * 63, 400), ("0" * 65, 400),
                (right.upper(), 400 if right.upper() != right else 200),
                ("0" * 64, 422), (right[:-1] + "x", 400), (other, 422)):
            for form, path in ((page, "/users/joe"),
                               (page, "/users/joe/password"),
                               (remove, "/users/joe/remove")):
                browser.send(form, path, status, seen=seen, name="Forged",
                             password="plumber cactus ferry violin")
        fields = page.form("/users/joe").fields
        del fields["seen"]
        equal(browser.post("/users/joe", fields).status, 400)
        equal(site.passwd(), before)


@case("two who write at the same time: each line is there, whole, in the end")
def _():
    with House() as house:
        site = small_site(house)
        browsers = [Postmaster(site) for _ in range(2)]

        def work(number):
            browser = browsers[number]
            for i in range(6):
                browser.add(f"u{number}{i}", name=f"No {number}{i}")
                path = f"/users/u{number}{i}"
                browser.send(browser.see(path), path, forwards="x@y.dk")
                if i % 2:
                    browser.send(browser.see(path + "/remove"),
                                 path + "/remove")

        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            list(pool.map(work, range(2)))
        lines = site.passwd().splitlines()
        equal(sorted((line.split(":")[0], *line.split(":")[4:])
                     for line in lines if line.startswith("u")),
              [(f"u{number}{i}", f"No {number}{i}", "", "x@y.dk")
               for number in range(2) for i in (0, 2, 4)])
        equal(len(lines), 8)


@case("of two who change the same line at the same time only one does")
def _():
    with House() as house:
        site = small_site(house)
        browsers = [Postmaster(site) for _ in range(2)]
        for turn in range(4):
            fields = [browser.see("/users/joe").form("/users/joe").fields
                      for browser in browsers]

            def change(number):
                return browsers[number].post("/users/joe", {
                    **fields[number], "name": f"turn {turn} of {number}"})

            with concurrent.futures.ThreadPoolExecutor(2) as pool:
                answers = list(pool.map(change, range(2)))
            equal(sorted(answer.status for answer in answers), [303, 422])
            winner = [answer.status for answer in answers].index(303)
            equal(line_of(site, "joe")[4], f"turn {turn} of {winner}")


# ---- who may ---------------------------------------------------------------


@case("a user reaches none of it, and nobody without login does")
def _():
    with House() as house:
        site = small_site(house)
        master = Postmaster(site)
        before = site.passwd()
        form = master.see("/users/joe").form("/users/joe").fields
        joe, nobody = Browser(site), Browser(site)
        joe.log_in("joe@kvt.dk", "joe's")
        for path in POSTMASTER_PATHS:
            equal(joe.get(path).status, 403, path)
            assert "postmaster@" not in joe.get(path).text
            answer = nobody.get(path)
            equal((answer.status, answer.header("Location")),
                  (303, SCRIPT + "/?over=yes"), path)
        for path in POSTMASTER_PATHS[1:]:
            fields = {**form, "user": "new", "name": "Forged",
                      "password": "plumber cactus ferry violin"}
            equal(joe.post(path, fields).status, 403, path)
            assert nobody.post(path, fields).status in (303, 403), path
        equal(site.passwd(), before)


@case("a user who is postmaster of another domain sees and changes only that")
def _():
    with House() as house:
        site = Site(house, "kvt.dk", "example.org")
        site.add_user("joe", "joe's")
        site.add_user("eve", "eve's", "example.org")
        here, there = Postmaster(site), Postmaster(site, "example.org")
        before = site.passwd()
        fields = here.see("/users/joe").form("/users/joe").fields
        equal([row[0] for row in there.see("/users").rows[1:]],
              ["eve", "postmaster"])
        for path in ("/users/joe", "/users/joe@kvt.dk", "/users/joe/remove"):
            there.see(path, status=404)
        # A token of the one domain is none in the other.
        equal(there.post("/users/joe", fields).status, 403)
        token = there.see("/users/eve").form("/users/eve").fields
        for path in ("/users/joe", "/users/joe/password",
                     "/users/joe/remove"):
            assert there.post(path, {**token, "seen": fields["seen"],
                                     "domain": "kvt.dk"}).status >= 403
        there.add("joe", name="Another", domain="kvt.dk")
        equal(site.passwd(), before)
        equal(line_of(site, "joe", "example.org")[4], "Another")


@case("users who do not exist, and names that are none, have no page")
def _():
    with House() as house:
        browser = Postmaster(small_site(house))
        for name in ("nobody", "joe.lock", "..", "...", "%2e%2e", "JOE", "j*e",
                     "joe/x", "joe/", "joe/remove/", "", "x" * 65, ".joe",
                     "joe:x", "<b>", "joe@kvt.dk"):
            for rest in ("", "/remove"):
                browser.see(f"/users/{name}{rest}", status=404)
        browser.see("/users/joe\n", status=400)


@case("there is a page for every name that a user may have")
def _():
    with House() as house:
        site = small_site(house)
        browser = Postmaster(site)
        for name in ("new", "remove", "password", "users", "-", "+", "_", "1",
                     "a.b+c-d_e", "x" * 64):
            browser.add(name)
            page = browser.see(f"/users/{name}")
            assert f"{name}@kvt.dk" in page.shown(), page.shown()


# ---- what must not be believed ---------------------------------------------


@case("what is typed comes back as text, in every field of every form")
def _():
    with House() as house:
        site = small_site(house)
        browser = Postmaster(site)
        evil = {name: EVIL for name in ("user", "name", "forwards", "password")}
        for path, form in (("/new", "/new"),
                           ("/users/joe", "/users/joe"),
                           ("/users/joe", "/users/joe/password")):
            page = browser.see(path)
            given = page.form(form).fields
            wanted = {name: value for name, value in evil.items()
                      if name in given}
            page = browser.send(page, form, what="judge", **wanted)\
                if form != "/users/joe" else browser.send(
                    page, form, 422, **wanted)
            for name, value in wanted.items():
                equal(page.form(form).fields[name], value, form)
        page = browser.see("/users", urllib.parse.urlencode({"q": EVIL}))
        equal(page.form("/users").fields["q"], EVIL)
        for query in ("done", "page", "q", EVIL):
            browser.get("/users", urllib.parse.urlencode({query: EVIL}))


@case("a name with markup is stored and shown as text")
def _():
    with House() as house:
        site = small_site(house)
        browser = Postmaster(site)
        page = browser.send(browser.see("/users/joe"), "/users/joe", name=EVIL)
        equal(page.form("/users/joe").fields["name"], EVIL)
        equal(line_of(site, "joe")[4], EVIL)
        for path in ("/users", "/users/joe/remove"):
            assert EVIL in browser.see(path).shown(), path


@case("lines of the passwd file that were made by hand do no harm")
def _():
    with House() as house:
        site = small_site(house)
        ids = f"{OWNER}:{GROUP}"
        for line in (f"ann:x:{ids}:{EVIL}:.:", f"bob:x:{ids}::.:{EVIL}",
                     f"{EVIL}:x:{ids}:::", f"cid:{EVIL}:{ids}:::",
                     f"dan:x:{ids}:::x@{EVIL},y@z.dk", f"eve:{EVIL}",
                     f"fay:x:{ids}:\x01\x7f:.:", f"gus:x:{ids}:{'x' * 300}::",
                     f"hal:x:0:0:root:.:", f"<b>:x:{ids}:::", ":::", "x",
                     f"ivy:x:{ids}:x:{EVIL}:{EVIL}"):
            house.add_line("kvt.dk", line)
        browser = Postmaster(site)
        page = browser.see("/users")
        names = [row[0] for row in page.rows[1:]]
        assert {"ann", "bob", "cid", "dan", "eve", "ivy"} <= set(names), names
        assert not set(names) & {EVIL, "<b>", "hal", "x", ""}, names
        equal([row[1] for row in page.rows if row[:1] == ["ann"]], [EVIL])
        for name in names:
            browser.see(f"/users/{name}")
            if name != "postmaster":
                browser.see(f"/users/{name}/remove")
        equal(browser.see("/users/dan").form("/users/dan").fields["forwards"],
              "y@z.dk")


@case("octets that are no UTF-8 leave as question marks, and stay in the file")
def _():
    with House() as house:
        site = small_site(house)
        path = house.virtual / "kvt.dk/passwd"
        line = f"ann:x:{OWNER}:{GROUP}:J\xf8rn\x7f:.:".encode("latin-1")
        path.write_bytes(path.read_bytes() + line + b"\n")
        browser = Postmaster(site)
        assert "J?rn?" in browser.see("/users").shown()
        page = browser.see("/users/ann")
        equal(page.form("/users/ann").fields["name"], "J?rn?")
        browser.send(page, "/users/ann", forwards="x@y.dk")
        equal(path.read_bytes().splitlines()[-1], line + b"x@y.dk")


@case("what the pages show is stored nowhere")
def _():
    with House() as house:
        browser = Postmaster(small_site(house))
        for path in ("/users", "/new", "/users/joe", "/users/joe/remove",
                     "/client"):
            equal(browser.get(path).header("Cache-Control"), "no-store", path)


@case("the pages are whole in every language, with the name of the language")
def _():
    with House() as house:
        site = small_site(house)
        languages = read_languages(PAGES)
        assert len(languages) >= 12, languages
        for language in languages:
            browser = Postmaster(
                site, HTTP_ACCEPT_LANGUAGE=f"{language.tag}, en;q=0.5")
            for path in ("/users", "/new", "/users/joe", "/users/joe/remove",
                         "/client"):
                answer = browser.get(path)
                equal(answer.status, 200, path)
                assert f'<html lang="{language.tag}"' in answer.text, path
                Markup(answer.text)
            page = browser.send(browser.see("/new"), "/new", 422,
                                password="password1")
            for name in ("USER_LOCAL_WRONG", "PASSWORD_COMMON_WORD",
                         "STRENGTH_NONE", "ERROR_BELOW"):
                assert language.texts[name] in page.shown(), name


# ---- by mail ---------------------------------------------------------------

WEB = 47111
OUTBOX = """#!/bin/sh
cat > "$(mktemp {}/XXXXXX)"
"""


class Mailed:
    """A domain whose pages run as a user who can change nothing."""

    def __init__(self, house):
        if not IS_ROOT:
            raise Skip("needs root: the pages must run as another user")
        self.image = Image(house)
        self.image.create()
        self.image.run("add", "joe@kvt.dk", "-", typed="joe's\n")
        self.image.add_owner("www", WEB, WEB)
        self.image.run("web", "kvt.dk", "www")
        house.virtual, house.spool = self.image.virtual, self.image.spool
        self.site = Site(house, uid=WEB, gid=WEB)
        self.site.state = self.image.root / "var/lib/virtdomain"
        self.outbox = house.root / "outbox"
        self.outbox.mkdir()
        house.own(self.outbox, WEB, WEB)
        self.site.sendmail.write_text(OUTBOX.format(self.outbox))
        self.site.sendmail.chmod(0o755)
        self.browser = Postmaster(self.site, password="secret")

    def send(self, page, action, **fields):
        """Sends a form; where the page waits, path and query."""
        answer = self.browser.post(
            action, {**page.form(action).fields, **fields})
        equal(answer.status, 303, answer.text)
        location = answer.header("Location").removeprefix(SCRIPT)
        assert location.startswith("/pending/"), location
        return location.split("?", 1)

    def deliver(self):
        """Hands over all mail that was sent; how many messages."""
        found = sorted(self.outbox.iterdir())
        for path in found:
            equal(self.image.mail(path.read_bytes(), "MAILBOUNCE",
                                  "-r", "postmaster@kvt.dk"), (0, ""))
            path.unlink()
        return len(found)


@case("where the pages may change nothing, the change is mailed, and its page "
      "waits for the outcome")
def _():
    with House() as house:
        ours = Mailed(house)
        browser, site = ours.browser, ours.site
        before = site.passwd()
        waits = ours.send(browser.see("/new"), "/new", user="ann", name="Ann",
                          forwards="a@b.dk",
                          password="plumber cactus ferry violin")
        assert "on its way" in browser.see(*waits).shown()
        equal(site.passwd(), before)
        equal(ours.deliver(), 1)
        assert "change is made" in browser.see(*waits).shown()
        equal(line_of(site, "ann")[4:], ["Ann", "", "a@b.dk"])
        path = "/users/ann"
        ours.send(browser.see(path), path, name="Ann Ø", forwards="")
        equal(ours.deliver(), 1)
        equal(line_of(site, "ann")[4:], ["Ann Ø", "", ""])
        waits = ours.send(browser.see(path), path + "/password",
                          password="xK4#pQz8t!Wm")
        equal(ours.deliver(), 1)
        assert "change is made" in browser.see(*waits).shown()
        Browser(site).log_in("ann@kvt.dk", "xK4#pQz8t!Wm")
        ours.send(browser.see(path + "/remove"), path + "/remove")
        equal(ours.deliver(), 1)
        equal(site.passwd(), before)


@case("of two changes on their way to the same user the second is refused")
def _():
    with House() as house:
        ours = Mailed(house)
        page = ours.browser.see("/users/joe")
        waits = [ours.send(page, "/users/joe", name=name)
                 for name in ("First", "Second")]
        equal(ours.deliver(), 2)
        shown = sorted(ours.browser.see(*wait).shown() for wait in waits)
        assert "Somebody else changed" in shown[0] + shown[1], shown
        assert "change is made" in shown[0] + shown[1], shown
        assert line_of(ours.site, "joe")[4] in ("First", "Second")


@case("what can never be is not mailed, nor is the password itself")
def _():
    with House() as house:
        ours = Mailed(house)
        browser = ours.browser
        browser.add("joe", status=422)
        browser.add("ann", status=422, name="a:b")
        page = browser.see("/users/joe")
        browser.send(page, "/users/joe", 422, forwards="|sh")
        browser.send(page, "/users/joe", 400, seen="")
        equal(list(ours.outbox.iterdir()), [])
        ours.send(page, "/users/joe/password",
                  password="plumber cactus ferry violin")
        sent, = ours.outbox.iterdir()
        octets = sent.read_bytes()
        encoded = base64.b64encode(b"plumber cactus ferry violin")[:30]
        assert b"plumber" not in octets and encoded not in octets, octets
        ours.deliver()
        # A conflict that can be seen is shown at once, with what was typed.
        page = browser.send(page, "/users/joe", 422, name="Late")
        equal(page.form("/users/joe").fields["name"], "Late")
        equal(list(ours.outbox.iterdir()), [])


# ---- APOP ------------------------------------------------------------------


@case("where the domain wants APOP, a password is stored as it is, and that "
      "is said")
def _():
    with House() as house:
        site = small_site(house)
        path = house.virtual / "kvt.dk/passwd"
        mark = "# virtdomain: owner=x way=recipe apop=yes\n"
        path.write_text(mark + path.read_text())
        browser = Postmaster(site)
        for page in ("/new", "/users/joe"):
            assert "uses APOP" in browser.see(page).shown(), page
        browser.add("ann", password="plumber cactus ferry")
        equal(line_of(site, "ann")[1], "{PLAIN}plumber cactus ferry")
        page = browser.add("bob", 422, password="plumber:cactus:ferry")
        assert "cannot be stored" in page.shown(), page.shown()
        equal(line_of(site, "bob"), None)


# ---- the mail program ------------------------------------------------------


@case("the settings for the mail program, for the user and for postmaster")
def _():
    with House() as house:
        site = small_site(house)
        joe = Browser(site)
        joe.log_in("joe@kvt.dk", "joe's")
        for page in (Markup(joe.get("/client").text),
                     Postmaster(site).see("/users/joe")):
            for said in ("Server mail.example.org", "Protocol POP3",
                         "Port 995", "Encryption TLS (SSL)",
                         "User name joe@kvt.dk", "Protocol SMTP"):
                assert said in page.shown(), (said, page.shown())
            link = "/autoconfig/mail/config-v1.1.xml?emailaddress=joe%40kvt.dk"
            assert link in page.links, page.links


@case("mail programs find the settings by themselves, without login")
def _():
    with House() as house:
        site = small_site(house)
        path = "/autoconfig/mail/config-v1.1.xml"
        for address in ("joe@kvt.dk", "nobody@KVT.dk", "@kvt.dk", "a@b@kvt.dk"):
            query = urllib.parse.urlencode({"emailaddress": address})
            answer = site.call("GET", path, query, HTTPS=None)
            equal(answer.status, 200, address)
            equal(answer.header("Content-Type"), "text/xml; charset=utf-8")
            for said in ("<domain>kvt.dk</domain>", 'type="pop3"',
                         "<hostname>mail.example.org</hostname>",
                         "<username>%EMAILADDRESS%</username>"):
                assert said in answer.text, answer.text
            assert "joe" not in answer.text and answer.cookies == {}
        for address in ("", "joe", "joe@other.dk", "joe@", "joe@..", "joe@../x",
                        "joe@x.kvt.dk", "joe@kvt.dk.", f"joe@{EVIL}"):
            query = urllib.parse.urlencode({"emailaddress": address})
            equal(site.call("GET", path, query).status, 404, address)
        for host, status in (
                ("kvt.dk", 200), ("KVT.dk:8443", 200), ("x.kvt.dk", 404),
                ("Autoconfig.kvt.dk", 200), ("autoconfig.", 404), ("", 404),
                ("autoconfig.autoconfig.kvt.dk", 404), ("..", 404),
                ("mail.kvt.dk", 404), (EVIL, 404), (None, 404),
                ("x" * 5000, 404)):
            answer = site.call("GET", path, HTTP_HOST=host)
            equal(answer.status, status, host)
            equal(status == 200, "<domain>kvt.dk</domain>" in answer.text)
        equal(site.call("GET", path, "emailaddress=joe", HTTP_HOST="kvt.dk")
              .status, 404)
        equal(site.call("POST", path, body=b"").status, 405)
        for server, status in (("Mail.KVT.dk", 200), ("<b>", 500)):
            answer = site.call("GET", path, "emailaddress=joe@kvt.dk",
                               VIRTDOMAIN_SERVER=server)
            equal(answer.status, status, server)


tap.main()
