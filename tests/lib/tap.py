"""Test Anything Protocol for our Python tests.

A test file is a list of functions under @case("what is true, as a sentence")
and ends with tap.main().  A case fails by any exception, assert among them,
and is skipped, with the reason, by raising Skip.
"""

import sys
import traceback

_cases = []


class Skip(Exception):
    """Why a case cannot run here."""


def case(sentence):
    def register(function):
        _cases.append((sentence, function))
        return function
    return register


def equal(found, expected, what=""):
    """Like assert found == expected, but tells both."""
    if found != expected:
        raise AssertionError(
            f"{what}\nfound:    {found!r:.2000}\nexpected: {expected!r:.2000}")


def _report(number, sentence, function):
    try:
        function()
    except Skip as reason:
        print(f"ok {number} - {sentence} # SKIP {reason}")
    except Exception:  # every failure of a case is reported and counted
        for line in traceback.format_exc().splitlines():
            print(f"# {line}")
        print(f"not ok {number} - {sentence}")
    else:
        print(f"ok {number} - {sentence}")
    sys.stdout.flush()


def main():
    print(f"1..{len(_cases)}")
    for number, (sentence, function) in enumerate(_cases, 1):
        _report(number, sentence, function)
