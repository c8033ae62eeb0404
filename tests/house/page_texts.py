"""Each language has all texts of the pages, and each text is used."""

import re
import unicodedata

import tap
from catalogue import PAGES, page_names, read_languages
from house import SOURCE
from tap import case, equal


def text_faults(text, english):
    """Why a text cannot stand in a page for the English one."""
    result = []
    if text != text.strip() or text == "" or "  " in text:
        result.append("blanks")
    if any(unicodedata.category(sign) in ("Cc", "Cf", "Co", "Cn", "Zl", "Zp")
           for sign in text):
        result.append("control characters")
    if any(sign in text for sign in "<>\\"):
        result.append("markup or an escape")
    if text != unicodedata.normalize("NFC", text):
        result.append("not in normal form C")
    if re.findall(r"[{}]+", text) != re.findall(r"[{}]+", english):
        result.append("other places for values")
    # What people type, or look for.
    result += [f"lacks {word}" for word in
               ("mailbox", "APOP", "virtdomain web", "https",
                "joe@example.org", "8", "15", "200", "@", "1234")
               if word in english and word not in text]
    return result


def faults(language, english, names):
    result = [f"lacks {name}" for name in names
              if name not in language.texts]
    result += [f"{name} is no text" for name in language.texts
               if name not in names]
    result += [f"{name}: {fault}" for name in names
               if name in language.texts and name in english.texts
               for fault in text_faults(
                   language.texts[name], english.texts[name])]
    return [f"{language.tag}: {fault}" for fault in result]


def find_english(languages):
    english, = (language for language in languages if language.tag == "en")
    return english


@case("every language has each text of the pages, with its values, and no "
      "other")
def _():
    languages, names = read_languages(PAGES), page_names()
    assert len(names) > 100, names
    equal([fault for language in languages for fault in faults(
        language, find_english(languages), names)], [])


@case("the pages speak the languages of the replies, by the same names")
def _():
    equal([(language.tag, language.alias, language.name)
           for language in read_languages(PAGES)],
          [(language.tag, language.alias, language.name)
           for language in read_languages()])


@case("every text is used")
def _():
    used = {name for path in (SOURCE / "src/web").glob("*.c")
            for name in re.findall(r"\bTEXT_(\w+)", path.read_text())}
    equal([name for name in page_names() if name not in used], [])


@case("forged texts are caught")
def _():
    english = "Port {}, like 1234"
    equal(text_faults("Порт {}, 1234", english), [])
    for text in ("", " {} 1234", "1234", "{} {} 1234", "{} 123", "<b>{}1234",
                 "{ } 1234", "{}\n1234", "e\u0301 {} 1234", "{}  1234"):
        assert text_faults(text, english), text


tap.main()
