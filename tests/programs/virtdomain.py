"""virtdomain with a real Postfix: from nothing to a domain with a user, by what
the program says, and back."""

import tap
from readers import Mailbox
from sites import site
from tap import case, equal

MESSAGE = b"From: a@client.test\nSubject: hello\n\nhello\n"


def check(site, way):
    create = ("CREATE", "kvt.dk", site.owner.name, "-", *way)
    said = site.run(*create, typed="secret\n")
    assert site.obey(said) >= 3, said
    # All is there now, so nothing is left to say.
    again = site.run(*create, typed="secret\n")
    equal(site.obey(again), 0, again)
    site.run("add", "joe@kvt.dk", "-", typed="joe's\n")
    with site.postfix as postfix:
        site.house.start_daemon()
        postfix.send("a@client.test",
                     ["joe@kvt.dk", "Postmaster@kvt.dk", "joe+x@KVT.dk"],
                     MESSAGE)
        postfix.drain()
        for user, password, count in (("joe", "joe's", 2),
                                      ("postmaster", "secret", 1)):
            texts = Mailbox(site.house.port, f"{user}@kvt.dk", password).fetch()
            equal(len(texts), count, user)
            assert texts[0].endswith(b"hello\r\n"), texts
        site.run("passwd", "joe@kvt.dk", "-", typed="new\n")
        Mailbox(site.house.port, "joe@kvt.dk", "new").fetch()
        site.run("add", "ann@kvt.dk", "-", typed="x\n")
        site.run("forward", "ann@kvt.dk", "joe@kvt.dk", "mailbox")
        postfix.send("a@client.test", ["ann@kvt.dk"], MESSAGE)
        postfix.drain()
        for user, password, count in (("ann", "x", 1), ("joe", "new", 3)):
            equal(len(Mailbox(site.house.port, f"{user}@kvt.dk",
                              password).fetch()), count, user)
        site.run("forward", "joe@kvt.dk", "ann@kvt.dk")
        site.run("forward", "ann@kvt.dk", "joe@kvt.dk")
        postfix.send("a@client.test", ["ann@kvt.dk"], MESSAGE)
        site.house.wait_for(lambda: "dsn=5.4.6" in postfix.log(), "the loop")
        postfix.drain()
        postfix.send("a@client.test", ["nobody@kvt.dk"], MESSAGE)
        site.house.wait_for(lambda: "dsn=5.1.1" in postfix.log(), "a bounce")
        postfix.drain()
        said = site.run("DELETE", "kvt.dk", site.owner.name, "secret")
        assert "kept mail in" in said, said
        # Postfix looks every now and then whether a table is new.
        postfix.reload()
        site.house.wait_for(
            lambda: postfix.refusal("joe@kvt.dk")[0] == 550,
            "mail for the domain to be refused")
    equal(list(site.owner.home.iterdir()), [])
    assert not (site.house.virtual / "kvt.dk").exists()


@case("by the owner's .forward files: made, added, delivered, read, deleted")
def _():
    with site() as ours:
        check(ours, ())


@case("by a transport of Postfix: made, added, delivered, read, deleted")
def _():
    with site() as ours:
        check(ours, ("postfix",))


tap.main()
