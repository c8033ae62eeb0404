"""virtdomain, killed at its system calls: a passwd file is the old one or the
new one, and a command that is given again does what was left to do."""

import os
import re

import tap
from disturb import Traced, error, need_registers
from domains import Image
from house import House
from strikes import Deed, strike
from tap import case, equal


def strike_command(image, words, judge):
    strike(image, Deed(image.command(*words)), judge)


@case("add: the passwd file is the old one or the new one")
def _():
    with House() as house:
        image = Image(house)
        image.create()
        before = image.passwd()

        def judge(place):
            now = image.passwd()
            assert now == before or re.fullmatch(
                re.escape(before) + r"joe:HASH:\d+:\d+:::\n", now), (place, now)
        strike_command(image, ("add", "joe@kvt.dk", "secret"), judge)


@case("remove: the passwd file is the old one or the new one")
def _():
    with House() as house:
        image = Image(house)
        image.create()
        without = image.passwd()
        image.run("add", "joe@kvt.dk", "secret")
        both = image.passwd()

        def judge(place):
            assert image.passwd() in (both, without), place
        strike_command(image, ("remove", "joe@kvt.dk"), judge)


@case("CREATE, given again, makes the rest")
def _():
    with House() as house:
        image = Image(house)
        (image.postfix / "virtual").write_text("# of others\n")

        def judge(place):
            text = (image.postfix / "virtual").read_text()
            assert text == "# of others\n" or text.endswith(": end\n"), place
            if "kvt.dk" in text:  # mail is let in last
                assert (image.home / ".forward").exists(), place
                assert image.passwd().count("\n") == 2, place
        strike_command(image, ("CREATE", "kvt.dk", "owner", "secret"), judge)


@case("DELETE, given again, undoes the rest")
def _():
    with House() as house:
        image = Image(house)
        (image.postfix / "virtual").write_text("# of others\n")
        image.create()

        def judge(place):
            if not (image.virtual / "kvt.dk/passwd").exists():
                equal((image.postfix / "virtual").read_text(),
                      "# of others\n", place)
                assert not (image.spool / "kvt.dk").exists(), place
        strike_command(image, ("DELETE", "kvt.dk", "owner", "secret"), judge)


@case("add, with any call that fails: done, or told, and nothing is torn")
def _():
    need_registers()
    with House() as house:
        image = Image(house)
        image.create()
        image.keep()
        before = image.passwd()
        words = ("add", "joe@kvt.dk", "secret")
        places = Deed(image.command(*words)).places()
        told = 0
        for number, place in enumerate(places):
            image.put_back()
            fault = error(("ENOSPC", "EIO", "EACCES")[number % 3])
            done = Traced(image.command(*words), *place.options(), *fault)
            now = image.passwd()
            if done.status == 0:
                assert "\njoe:" in now, (str(place), done.output)
            else:
                told += 1
                assert now == before or "\njoe:" in now, (str(place), now)
                # Before main() can speak: the loader, and EX_OSERR.
                assert done.errors or done.status in (71, 127), \
                    (str(place), done.status)
            assert not [name for name in os.listdir(image.virtual / "kvt.dk")
                        if name != "passwd"] or done.status != 0, str(place)
        assert told > 5, told


tap.main()
