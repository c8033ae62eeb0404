"""What the pages of a domain need, and what they mail, killed at the system
calls of virtdomain."""

import re

import tap
from domains import Image
from house import GROUP, IS_ROOT, OWNER, House
from strikes import Deed, strike
from tap import case, equal
from updates import Updates

WEB = 47113


def site(house):
    """A domain with joe; and the user to whom the pages may belong."""
    image = Image(house)
    if IS_ROOT:
        image.add_owner("www", WEB, WEB)
    image.create()
    image.run("add", "joe@kvt.dk", "-", typed="joe's\n")
    return image, "www" if IS_ROOT else "owner"


def users_stay(image, before):
    def judge(place):
        equal(image.passwd(), before, place)
    return judge


@case("web, given again, makes the rest")
def _():
    with House() as house:
        image, user = site(house)
        before = image.passwd()
        state = image.root / "var/lib/virtdomain/kvt.dk"

        def judge(place):
            equal(image.passwd(), before, place)
            if state.exists():  # comes last
                assert (image.virtual / "kvt.dk/updates").exists(), place
        strike(image, Deed(image.command("web", "kvt.dk", user)), judge)


@case("web off, given again, undoes the rest")
def _():
    with House() as house:
        image, user = site(house)
        image.run("web", "kvt.dk", user)
        strike(image, Deed(image.command("web", "kvt.dk", "off")),
               users_stay(image, image.passwd()))


@case("DELETE, given again, undoes the rest of that too")
def _():
    with House() as house:
        image, user = site(house)
        image.run("web", "kvt.dk", user)
        strike(image,
               Deed(image.command("DELETE", "kvt.dk", "owner", "secret")),
               lambda place: None)


@case("apop: the mark is there or not, and the users stay")
def _():
    with House() as house:
        image, _user = site(house)
        mark, _, users = image.passwd().partition("\n")

        def judge(place):
            assert image.passwd() in (f"{mark}\n{users}",
                                      f"{mark} apop=yes\n{users}"), place
        strike(image, Deed(image.command("apop", "kvt.dk", "yes")), judge)


def receive(kind, user, **more):
    """An update is received, cut off, and received again: it is made once."""
    with House() as house:
        image, _user = site(house)
        image.run("web", "kvt.dk", "owner")
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


tap.main()
