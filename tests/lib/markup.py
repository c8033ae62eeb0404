"""A page of virtdomain, taken apart, and checked on the way.

    page = Markup(answer.text)
    page.shown()                            # what a person reads
    page.form("/users/joe").fields["name"]  # as a browser would send it

It must be well-formed, with elements that our pages are made of, no scripts, no
styles, single ids, one h1, a label for each field, and links and forms that
stay with us.
"""

import html.parser

from pages import SCRIPT
from tap import equal

EMPTY = {"meta", "link", "input"}
ELEMENTS = EMPTY | {
    "html", "head", "title", "body", "a", "header", "footer", "main", "nav",
    "p", "ul", "li", "h1", "h2", "form", "label", "select", "option", "div",
    "textarea", "button", "table", "caption", "thead", "tbody", "tr", "th",
    "td", "dl", "dt", "dd", "meter", "strong"}


class Form:
    def __init__(self, path, method):
        self.path, self.method = path, method
        self.fields, self.buttons = {}, []


class Markup(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.described = [], set(), set()
        self.links, self.forms, self.rows = [], [], []
        self.texts, self.labels, self.fields = [], set(), set()
        self.meters, self.area = [], None
        assert text.startswith("<!DOCTYPE html>\n"), text[:99]
        self.feed(text)
        self.close()
        equal(self.open, [], "elements that stay open")
        equal(text.count("<h1>"), 1, "h1")
        equal(self.fields - self.labels, set(), "fields without label")
        equal((self.described | self.labels) - self.ids, set(),
              "ids that are not there")

    # ---- what stands in it -------------------------------------------------

    def shown(self):
        """All text, blanks made one."""
        return " ".join(" ".join(self.texts).split())

    def form(self, path):
        found = [form for form in self.forms if form.path == path]
        equal(len(found), 1, f"forms for {path}")
        return found[0]

    # ---- how it is read ----------------------------------------------------

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        equal(len(values), len(attributes), f"attributes of {tag}")
        assert tag in ELEMENTS, f"<{tag}>"
        for name in values:
            assert not name.startswith("on") and name != "style", (tag, name)
        if "id" in values:
            assert values["id"] not in self.ids, values["id"]
            self.ids.add(values["id"])
        self.described |= set(values.get("aria-describedby", "").split())
        if tag not in EMPTY:
            self.open.append(tag)
        if tag == "meter" or (tag in ("input", "textarea", "select")
                              and values.get("type") != "hidden"):
            self.fields.add(values["id"])
        getattr(self, f"_{tag}", lambda _: None)(values)

    def handle_endtag(self, tag):
        equal(self.open.pop(), tag, "elements nest")
        if tag == "textarea":
            name, parts = self.area
            self.forms[-1].fields[name] = "".join(parts).removeprefix("\n")
            self.area = None

    def handle_data(self, data):
        if self.area is not None:
            self.area[1].append(data)
        if self.rows and "tbody" in self.open and data.strip():
            self.rows[-1].append(data)
        self.texts.append(data)

    def _a(self, values):
        path = values["href"]
        assert path.startswith((SCRIPT + "/", "#")), path
        self.links.append(path.removeprefix(SCRIPT))

    def _tr(self, _):
        self.rows.append([])

    def _label(self, values):
        self.labels.add(values["for"])

    def _meter(self, values):
        self.meters.append(int(values["value"]))

    def _form(self, values):
        path = values["action"]
        assert path.startswith(SCRIPT + "/"), path
        self.forms.append(Form(path.removeprefix(SCRIPT), values["method"]))

    def _input(self, values):
        if values.get("type") != "checkbox":
            self.forms[-1].fields[values["name"]] = values.get("value", "")

    def _textarea(self, values):
        self.area = (values["name"], [])

    def _button(self, values):
        if "name" in values:
            self.forms[-1].buttons.append((values["name"], values["value"]))
