"""The reply texts, read from the files of src/pop3/languages; and those of the
pages, from src/web/languages."""

import re

from house import SOURCE

DIRECTORY = SOURCE / "src/pop3/languages"
PAGES = SOURCE / "src/web/languages"
TEXT = re.compile(r'\[(?:REPLY|TEXT)_(\w+)\] =\s((?:\s*"[^"\n]*")+),\n')


class Language:
    """tag, alias and name as in the file; texts by name, GREETING and so
    on."""

    def __init__(self, source):
        def field(name):
            found = re.findall(rf'^\t\.{name} = "(.*)",$', source,
                               re.MULTILINE)
            return found[0] if found else None
        self.tag, self.alias = field("tag"), field("alias")
        self.name = field("name")
        self.texts = {name: "".join(re.findall(r'"([^"]*)"', parts))
                      for name, parts in TEXT.findall(source)}


def read_languages(directory=DIRECTORY):
    """All of them, in the order of their files."""
    return [Language(path.read_text(encoding="utf-8"))
            for path in sorted(directory.glob("*.def"))]


def reply_names():
    """The names of all replies, in the order of pop3/reply.h."""
    header = (SOURCE / "src/pop3/reply.h").read_text()
    return [name for name in re.findall(r"^\tREPLY_(\w+),?$", header,
                                        re.MULTILINE) if name != "COUNT"]


def page_names():
    """The names of all texts of pages, in the order of web/texts.h."""
    header = (SOURCE / "src/web/texts.h").read_text()
    return [name for name in re.findall(r"^\tTEXT_(\w+),?", header,
                                        re.MULTILINE)
            if name not in ("NONE", "COUNT")]


def statuses():
    """Status and response code of each reply, by name."""
    source = (SOURCE / "src/pop3/reply.c").read_text()
    return dict(re.findall(r'\[REPLY_(\w+)\] = "([^"]*)"', source))
