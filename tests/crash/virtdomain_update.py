"""Update mail, received by a virtdomain that is killed at its system calls, and
received again: each change is made once."""

import re

import tap
from disturb import error, need_registers
from domains import Image
from house import GROUP, IS_ROOT, OWNER, House
from strikes import Deed, strike
from tap import case, equal
from updates import Updates


def site(house):
    """A domain with joe, whose pages are the owner's."""
    image = Image(house)
    image.create()
    image.run("add", "joe@kvt.dk", "-", typed="joe's\n")
    image.run("web", "kvt.dk", "owner")
    return image


def receive(kind, user, **more):
    """An update is received, cut off, and received again: it is made once."""
    with House() as house:
        image = site(house)
        ours = Updates(image)
        # Somebody else's change of another user must stay.
        image.run("add", "ann@kvt.dk", "-", typed="x\n")
        change = ours.change(kind, user, **more)
        before = (ours.directory / "passwd").read_text()
        line = ours.line(user)
        message = ours.message(change)
        serial = change["serial"]

        def judge(place):
            now = (ours.directory / "passwd").read_text()
            if now != before:  # it was begun before it was made
                assert ours.outcome(change) in ("begun", "done"), place
                others = [text for text in now.splitlines()
                          if not text.startswith(f"{user}:")]
                equal(others, [text for text in before.splitlines()
                               if text != line], place)
            if ours.outcome(change) == "done":
                assert now != before, place

        def forgive(left, found):
            # Received again when it was done, it is ordinary mail.
            if f"{serial} done" in left["etc/virtual/kvt.dk/updates"][3]:
                mail = found.pop("var/spool/virtual/kvt.dk/postmaster", None)
                assert mail is None or serial in mail[3], mail

        command = image.command("-r", "postmaster@kvt.dk")
        strike(image, Deed(command, message,
                           (OWNER, GROUP) if IS_ROOT else None),
               judge, statuses=(0,), forgive=forgive)
        equal(ours.outcome(change), "done")
        assert not re.search(r"\.(new|lock)\b", repr(sorted(image.tree())))


@case("an update that sets fields is made once, wherever it was cut off")
def _():
    receive("set", "joe", name="Joe", forward="a@example.org")


@case("an update that adds is made once, wherever it was cut off")
def _():
    receive("add", "bob", password="$6$salt$hash")


@case("an update that removes is made once, wherever it was cut off")
def _():
    receive("remove", "joe")


@case("an update, with any call that fails: made once, or told and tried again")
def _():
    need_registers()
    with House() as house:
        image = site(house)
        image.keep()
        ours = Updates(image)
        before = image.passwd()
        change = ours.change("add", "bob", password="$6$salt$hash")
        deed = Deed(image.command("-r", "postmaster@kvt.dk"),
                    ours.message(change), (OWNER, GROUP) if IS_ROOT else None)
        told = 0
        for number, place in enumerate(deed.places()):
            image.put_back()
            fault = error(("ENOSPC", "EIO", "EMFILE")[number % 3])
            done = deed.run(*place.options(), *fault)
            now = image.passwd()
            if done.status == 0:
                assert "\nbob:" in now, (str(place), done.errors)
                equal(ours.outcome(change), "done", str(place))
                continue
            told += 1
            # Before main() can speak: the loader, EX_OSERR, a sanitizer.
            assert done.status in (71, 75, 127) or \
                b"ASan runtime" in done.errors, (str(place), done.errors)
            left = ours.outcome(change)
            assert now == before or left in ("begun", "done"), str(place)
            equal(deed.run().status, 0, str(place))
            equal(ours.outcome(change), "done", str(place))
            equal(image.passwd().count("\nbob:"), 1, str(place))
            # It comes again as mail only if no more than its last fsync(2) has
            # failed.
            equal((image.spool / "kvt.dk/postmaster").exists(),
                  left == "done", str(place))
        assert told > 5, told


tap.main()
