"""What the pages of a domain need, made and undone by virtdomain, killed at its
system calls."""

import tap
from domains import Image
from house import IS_ROOT, House
from strikes import Deed, strike
from tap import case, equal

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


tap.main()
