"""Each language has all reply texts, and each text can be sent."""

import re
import unicodedata

import tap
from catalogue import (DIRECTORY, Language, read_languages, reply_names,
                       statuses)
from tap import case, equal

# Of a line of 512 octets; the rest is for status, blanks, CR LF and, in the
# greeting, the stamp.
MOST_OCTETS = 200
# What the daemon must speak at least.
DEMANDED = {"da", "de", "en", "es", "fr", "nb", "pl", "pt", "ru", "sv", "tr",
            "uk"}


def text_faults(text):
    """Why a text cannot be sent as it is."""
    result = []
    if len(text.encode()) > MOST_OCTETS:
        result.append("too long")
    if text != text.strip() or text == "" or "  " in text:
        result.append("blanks")
    if any(unicodedata.category(sign) in ("Cc", "Cf", "Co", "Cn", "Zl", "Zp")
           for sign in text):
        result.append("control characters")
    # A conversion, an escape, and the mark of the APOP stamp.
    result += [f"has {sign}" for sign in "%\\<>" if sign in text]
    if text.startswith("["):
        result.append("looks like a response code")
    if text != unicodedata.normalize("NFC", text):
        result.append("not in normal form C")
    return result


def faults(language, names):
    result = [f"lacks {name}" for name in names
              if name not in language.texts]
    result += [f"{name} is no reply" for name in language.texts
               if name not in names]
    for name, text in language.texts.items():
        result += [f"{name}: {fault}" for fault in text_faults(text)]
    return [f"{language.tag}: {fault}" for fault in result]


@case("every language has a text for every reply, and none that is no reply")
def _():
    languages, names = read_languages(), reply_names()
    assert len(names) > 30, names
    assert DEMANDED <= {language.tag for language in languages}
    equal([fault for language in languages
           for fault in faults(language, names)], [])


@case("no text has a conversion, a line end, or a response code; all are short")
def _():
    equal(text_faults("Türkçe, до свидания"), [])
    for text in ("", " x", "x ", "x  y", "50 %", "%s", "x\r", "x\ny", "x\\n",
                 "x\u2028", "\ufeffx", "<x", "[AUTH] x", "o\u0308",
                 "x" * 201, "ж" * 101):
        assert text_faults(text), repr(text)


@case("a language file that lacks a text, or has one too much, is caught")
def _():
    source = (DIRECTORY / "fr.def").read_text(encoding="utf-8")
    names = reply_names()
    equal(faults(Language(source), names), [])
    equal(faults(Language(re.sub(r".*REPLY_NOTHING.*\n", "", source)), names),
          ["fr: lacks NOTHING"])
    equal(faults(Language(source.replace("REPLY_NOTHING", "REPLY_THING")),
                 names), ["fr: lacks NOTHING", "fr: THING is no reply"])


@case("the longest line of each language has at most 512 octets")
def _():
    stamp = 255
    for language in read_languages():
        for name, status in statuses().items():
            line = f"{status} {language.texts[name]}\r\n".encode()
            most = 512 - stamp - 1 if name == "GREETING" else 512 - 36
            assert len(line) <= most, (language.tag, name)


@case("every reply has a status, and only a known response code")
def _():
    found = statuses()
    equal(sorted(found), sorted(reply_names()))
    codes = {"+OK", "-ERR"} | {f"-ERR [{code}]" for code in (
        "AUTH", "IN-USE", "LOGIN-DELAY", "SYS/PERM", "SYS/TEMP")}
    equal({status for status in found.values() if status not in codes}, set())


@case("every text is in the file as the C compiler reads it, quotes and all")
def _():
    for path in sorted(DIRECTORY.glob("*.def")):
        source = path.read_text(encoding="utf-8")
        language = Language(source)
        equal(len(language.texts), source.count("[REPLY_"), str(path))
        equal(language.tag, path.stem)
        assert language.name and not text_faults(language.name), path


@case("a tag is known once, and is a language tag")
def _():
    tags = [tag for language in read_languages()
            for tag in (language.tag, language.alias) if tag is not None]
    equal(len(set(tags)), len(tags), str(tags))
    for tag in tags:
        assert re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", tag), tag


@case("English is ASCII, and no other language was left in English")
def _():
    languages = {language.tag: language for language in read_languages()}
    english = languages.pop("en").texts
    assert all(text.isascii() for text in english.values())
    for tag, language in languages.items():
        same = {name for name, text in language.texts.items()
                if text == english[name]}
        # An octet is an octet in French.
        assert same <= {"OCTETS"}, f"{tag}: {same}"


@case("language files keep to 80 columns and to the layout of their neighbours")
def _():
    for path in sorted(DIRECTORY.iterdir()):
        equal(path.suffix, ".def", str(path))
        source = path.read_text(encoding="utf-8")
        assert re.match(r"/\* .* \*/\n\{\n\t\.tag = ", source), path
        assert source.endswith("\n\t},\n},\n"), path
        for line in source.splitlines():
            assert len(line.expandtabs(8)) <= 80, f"{path}: {line}"
            equal(line, line.rstrip(), str(path))


tap.main()
