"""Update mail through a real Postfix: the password that it sets opens the
mailbox."""

import re

import tap
from house import hash_of
from postfix import Owner
from readers import Mailbox
from sites import site
from tap import case, equal
from updates import Updates


def update(site, way):
    """The pages' user mails changes; the owner's process makes them."""
    said = site.run("CREATE", "kvt.dk", site.owner.name, "-", *way,
                    typed="secret\n")
    site.obey(said)
    site.run("add", "joe@kvt.dk", "-", typed="joe's\n")
    site.house.start_daemon()
    root = site.house.root / "www"
    root.mkdir()
    with site.postfix as postfix, Owner(root) as www:
        site.run("web", "kvt.dk", www.name)
        ours = Updates(site.house)
        change = ours.change("set", "joe", password=hash_of("new", "$6$"),
                             name="Joe Møller", forward="")
        forged = ours.change("set", "joe", name="Forged")
        postfix.send("postmaster@kvt.dk", ["postmaster@kvt.dk"],
                     ours.message(change))
        postfix.send("postmaster@kvt.dk", ["postmaster@kvt.dk"],
                     ours.message(forged, bytes(32)))
        postfix.drain()
        equal(ours.outcomes(), {change["serial"]: "done"})
        equal(Mailbox(site.house.port, "joe@kvt.dk", "new").fetch(), [])
        shown = site.run("show", "joe@kvt.dk")
        assert re.search("(?m)^name +Joe Møller$", shown), shown
        texts = Mailbox(site.house.port, "postmaster@kvt.dk", "secret").fetch()
        equal(len(texts), 1)
        assert forged["serial"].encode() in texts[0], texts
        with site.house.connect() as client:
            client.greet()
            client.ok("USER joe@kvt.dk")
            client.err("PASS joe's")
        site.run("DELETE", "kvt.dk", site.owner.name, "secret")
    equal(list((site.house.root / "pages").iterdir()), [])


@case("by .forward files: a mailed change sets a password, a forged one is mail")
def _():
    with site() as ours:
        update(ours, ())


@case("by a transport: a mailed change sets a password, a forged one is mail")
def _():
    with site() as ours:
        update(ours, ("postfix",))


tap.main()
