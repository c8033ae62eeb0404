"""The pages of virtdomain in all their languages: long words fit on a phone,
and the Nu HTML checker has nothing to say."""

import re

import tap
from browser import Browser, need_other, validate
from house import SOURCE
from postfix import need_program
from tap import case, equal
from webpages import USERS, domain_pages, log_in

COOKIE = "virtdomain-language"
PATHS = ("", "users", "new", "users/joe", "account", "client")


def languages(client):
    """The tags that the log-in page offers: all that there are."""
    text = client.get("/virtdomain/").text
    found = re.findall(r'<option value="([\w-]+)" lang="\1"', text)
    equal(sorted(found), sorted(
        path.stem for path in (SOURCE / "src/web/languages").glob("*.def")))
    return found


@case("in every language all pages are HTML without an error, and say which "
      "language it is")
def _():
    need_program("java")
    need_other("vnu-jar/build/dist/vnu.jar")
    with domain_pages("nginx") as ours:
        folder = ours.house.root / "html"
        folder.mkdir()
        client = ours.server.client()
        tags = languages(client)
        log_in(client, "postmaster", USERS["postmaster"])
        for tag in tags:
            client.cookies[COOKIE] = tag
            for path in PATHS:
                page = client.get(f"/virtdomain/{path}")
                assert f'<html lang="{tag}"' in page.text, page.text
                (folder / f"{tag}-{path.replace('/', '-')}.html").write_bytes(
                    page.body)
        equal(validate(folder), [])


@case("in every language the pages fit on a phone")
def _():
    with domain_pages("nginx-owner") as ours, Browser(ours.server) as browser:
        browser.look_like("phone", "light")
        tags = languages(ours.server.client())
        browser.log_in("postmaster", USERS["postmaster"])
        for tag in tags:
            browser.page.add_cookie({"name": COOKIE, "value": tag,
                                     "path": "/virtdomain"})
            for path in PATHS:
                browser.open(path)
                browser.keep(f"{path.replace('/', '-') or 'start'}-{tag}")
                equal(browser.find("html").get_attribute("lang"), tag)
                equal(browser.overflow(), [], f"{tag}, {path}")


tap.main()
