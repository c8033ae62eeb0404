"""Which test points show the rows of our catalogue: reads the results of make
check below the directories given, prints a table, and ends with 1 if a row has
no point that passed or has one that failed.  Who is not root may skip some."""

import os
import pathlib
import re
import sys

NAMES = pathlib.Path(__file__).with_name("rows")
POINT = re.compile(
    r"^(PASS|FAIL|SKIP|ERROR|XFAIL|XPASS): (tests/\S+) (.*)", re.MULTILINE)
ROWS = re.compile(r"\brows? (\d+(?:, \d+)*)(?: and (\d+))?:")


def names():
    lines = NAMES.read_text().splitlines()
    return {int(number): text for number, text in
            (line.split(" ", 1) for line in lines if line[0] != "#")}


def points(directory):
    """All (row, result, test file, sentence)."""
    for path in sorted(directory.rglob("*.trs")):
        log = path.with_suffix(".log").read_text(errors="replace")
        for result, test, text in POINT.findall(log):
            match = ROWS.search(text)
            if match is None:
                continue
            sentence = text[match.end():].strip()
            numbers = match.group(1).split(", ") + [match.group(2) or ""]
            for number in filter(None, numbers):
                yield int(number), result, test, sentence


def collect(directories):
    """row: {result: [(test file, sentence), ...]}"""
    found = {}
    for directory in directories:
        for row, result, test, sentence in points(pathlib.Path(directory)):
            found.setdefault(row, {}).setdefault(result, []).append(
                (test, sentence))
    return found


def line_of(row, text, results):
    """The line of a row, and whether it is good."""
    passed = results.get("PASS", [])
    failed = sum(len(results.get(kind, []))
                 for kind in ("FAIL", "ERROR", "XPASS"))
    skips = "SKIP" in results and os.geteuid() != 0
    word = "FAILED" if failed else "ok" if passed else \
        "skips" if skips else "NONE"
    shown = sorted(set(test for test, _ in passed)) or ["no test has passed"]
    return (f"{row:3} {word:6} {text:50.50} {len(passed):4}  "
            f"{', '.join(shown)}", word in ("ok", "skips"))


def main(directories):
    found = collect(directories)
    bad = 0
    for row, text in names().items():
        line, is_good = line_of(row, text, found.get(row, {}))
        print(line)
        bad += not is_good
    strange = sorted(set(found) - set(names()))
    if strange:
        print(f"rows that are not in the catalogue: {strange}")
    print(f"{len(names()) - bad} rows are shown, {bad} are not")
    return bad > 0 or bool(strange)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
