"""What a browser does with the pages of virtdomain, by hand: cookies, forms and
redirects, over HTTPS with a certificate that is checked.

    client = Visitor(server)                # a server of webserver.py
    page = client.get("/virtdomain/")
    page = client.submit(page, page.form("password"), password="secret")
"""

import contextlib
import html.parser
import http.client
import http.cookies
import socket
import ssl
import typing
import urllib.parse

# What the lines of contrib/web call the web server.
NAME = "mail.kvt.dk"


class Form(typing.NamedTuple):
    method: str
    action: str
    fields: dict
    buttons: set


class _Reader(html.parser.HTMLParser):
    """The forms of a page, with what stands in their fields, and links."""

    def __init__(self, text):
        super().__init__()
        self.forms = []
        self.links = []
        self.area = None
        self.choice = None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag == "form":
            self.forms.append(Form(attributes.get("method", "get").lower(),
                                   attributes.get("action", ""), {}, set()))
        elif tag == "a" and "href" in attributes:
            self.links.append(attributes["href"])
        elif tag == "button" and "name" in attributes:
            self.forms[-1].buttons.add(attributes["name"])
        elif tag == "select":
            self.choice = attributes["name"]
            self.forms[-1].fields[self.choice] = ""
        elif tag == "option" and "selected" in attributes:
            self.forms[-1].fields[self.choice] = attributes["value"]
        elif tag in ("input", "textarea") and self.forms:
            name = attributes.get("name")
            if attributes.get("type") in ("checkbox", "radio") and \
                    "checked" not in attributes or name is None:
                return
            self.forms[-1].fields[name] = attributes.get("value", "")
            self.area = name if tag == "textarea" else None

    def handle_endtag(self, tag):
        if tag == "textarea":
            self.area = None

    def handle_data(self, data):
        if self.area is not None:
            self.forms[-1].fields[self.area] += data


class Answer:
    def __init__(self, path, response):
        self.path = path
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()
        self.text = self.body.decode(errors="backslashreplace")
        read = _Reader(self.text)
        self.forms, self.links = read.forms, read.links

    def form(self, name):
        """The form with a field or a button of this name."""
        for form in self.forms:
            if name in form.fields:
                return form
        raise AssertionError(f"no form with {name} in {self.path}\n{self.text}")


class Visitor:
    """Somebody with a cookie jar, who checks the certificate."""

    def __init__(self, server):
        self.server = server
        self.cookies = http.cookies.SimpleCookie()
        self.more = {}  # headers
        self.context = ssl.create_default_context(cafile=server.certificate)

    def ask(self, method, path, body=None, name=NAME, **headers):
        """One request; path is from the root of the server."""
        with contextlib.closing(_Connection(
                name, self.server.port, self.context)) as connection:
            sent = {"Cookie": "; ".join(
                f"{key}={morsel.value}"
                for key, morsel in self.cookies.items()), **headers}
            connection.request(method, path, body, {
                key: value for key, value in sent.items() if value})
            answer = Answer(path, connection.getresponse())
        for line in answer.headers.get_all("Set-Cookie", ()):
            self.cookies.load(line)
        for key in [key for key, morsel in self.cookies.items()
                    if not morsel.value or morsel["max-age"] == "0"]:
            del self.cookies[key]
        return answer

    def get(self, path, **headers):
        return self.follow(self.ask("GET", path, **headers))

    def follow(self, answer):
        for _ in range(5):
            if answer.status not in (301, 302, 303):
                return answer
            to = urllib.parse.urljoin(answer.path, answer.headers["Location"])
            to = urllib.parse.urlsplit(to)
            answer = self.ask("GET", to.path + (f"?{to.query}" if to.query
                                                else ""))
        raise AssertionError(f"redirected for ever, to {answer.path}")

    def submit(self, answer, form, **values):
        """Sends a form of this page, with these values of fields, and of the
        button."""
        unknown = set(values) - set(form.fields) - form.buttons
        assert not unknown, (unknown, form)
        path = urllib.parse.urljoin(answer.path, form.action)
        body = urllib.parse.urlencode({**form.fields, **values})
        return self.follow(self.ask(
            "POST", path, body,
            Origin=f"https://{NAME}:{self.server.port}",
            **{"Content-Type": "application/x-www-form-urlencoded"}))


class _Connection(http.client.HTTPSConnection):
    """To 127.0.0.1, whatever the name of the server."""

    def __init__(self, name, port, context):
        super().__init__(name, port, timeout=60, context=context)

    def connect(self):
        plain = socket.create_connection(("127.0.0.1", self.port), 60)
        self.sock = self._context.wrap_socket(plain, server_hostname=self.host)
