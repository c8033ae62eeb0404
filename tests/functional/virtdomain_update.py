"""Update mail: signed, fresh, once, or ordinary mail to postmaster."""

import concurrent.futures
import contextlib
import os
import time

import tap
from domains import Image
from house import GROUP, OWNER, House, hash_of
from tap import case, equal
from updates import Updates, lines_of, signed

HASHED = hash_of("new", "$6$")


@contextlib.contextmanager
def site():
    with House() as house:
        image = Image(house)
        image.create()
        image.run("add", "joe@kvt.dk", "-", typed="joe's\n")
        image.run("web", "kvt.dk", "owner")
        yield Updates(image)


def is_ordinary(ours, message):
    """It changes nothing, and is postmaster's as it was sent."""
    before = (ours.directory / "passwd").read_text()
    done = ours.outcomes()
    ours.receive(message)
    equal((ours.directory / "passwd").read_text(), before)
    equal(ours.outcomes(), done)
    text = ours.delivered()
    body = message.partition(b"\n\n")[2]
    assert body.replace(b"\r\n", b"\n").strip(b"\n") in text, text


def is_done(ours, change, message=None):
    said = ours.receive(message or ours.message(change))
    equal(ours.outcome(change), "done", said)
    equal(ours.delivered(), b"")


@case("an update sets name, forwards and password of a user")
def _():
    with site() as ours:
        is_done(ours, ours.change("set", "joe", name="Joe Møller",
                                  forward="mailbox,a@example.org",
                                  password=HASHED))
        equal(ours.line("joe"), f"joe:{HASHED}:{OWNER}:{GROUP}:Joe Møller::"
                                "mailbox,a@example.org")
        is_done(ours, ours.change("set", "joe", name="", forward=""))
        equal(ours.line("joe"), f"joe:{HASHED}:{OWNER}:{GROUP}:::")


@case("an update adds a user, and removes one")
def _():
    with site() as ours:
        is_done(ours, ours.change("add", "ann", password=HASHED, name="Ann",
                                  forward="b@example.org"))
        equal(ours.line("ann"),
              f"ann:{HASHED}:{OWNER}:{GROUP}:Ann::b@example.org")
        is_done(ours, ours.change("remove", "joe"))
        equal(ours.line("joe"), None)
        is_done(ours, ours.change("add", "joe", password=HASHED))
        equal(ours.line("joe"), f"joe:{HASHED}:{OWNER}:{GROUP}:::")


@case("with CRLF at its line ends, and empty lines behind, it is the same")
def _():
    with site() as ours:
        change = ours.change("set", "joe", name="Joe")
        message = ours.message(change) + b"\n\n"
        is_done(ours, change, message.replace(b"\n", b"\r\n"))
        equal(ours.line("joe").split(":")[4], "Joe")


@case("the longest values arrive")
def _():
    with site() as ours:
        forward = ",".join(f"{n:02}{'x' * 20}@example.org" for n in range(20))
        is_done(ours, ours.change("set", "joe", forward=forward))
        is_done(ours, ours.change("set", "joe", name=40 * "ø "))
        equal(ours.line("joe").split(":")[4:], [40 * "ø ", "", forward])


@case("OWNER+postmaster, without a domain, is that of his only domain")
def _():
    with site() as ours:
        change = ours.change("set", "joe", name="Joe")
        hers = {"EXTENSION": "postmaster"}
        equal(ours.image.mail(ours.message(change), environment=hers), (0, ""))
        equal(ours.outcome(change), "done")
        equal(ours.delivered(), b"")
        letter = b"Subject: hello\n\nhello\n"
        equal(ours.image.mail(letter, environment=hers), (0, ""))
        assert letter in ours.delivered(), ours.delivered()
        # What does not say which of two is nobody's.
        ours.image.run("CREATE", "other.dk", "owner", "x")
        status, said = ours.image.mail(letter, environment=hers)
        equal((status, said[:6]), (67, "5.1.1 "))
        # The address before it was rewritten may tell.
        hers["ORIGINAL_RECIPIENT"] = "postmaster@other.dk"
        equal(ours.image.mail(letter, environment=hers), (0, ""))
        assert letter in (ours.image.spool / "other.dk/postmaster").read_bytes()


@case("a serial that is none is ordinary mail")
def _():
    with site() as ours:
        change = ours.change("set", "joe", name="Joe")
        for serial in ("a b" + "c" * 29, "A" * 32, "x" * 32, "a" * 31):
            change["serial"] = serial
            is_ordinary(ours, ours.message(change))


@case("more than is remembered waits, until what is old can be forgotten")
def _():
    with site() as ours:
        path = ours.directory / "updates"

        def fill(when):
            path.write_text("".join(f"{when} {number:032x} conflict\n"
                                    for number in range(2 ** 20 // 52 + 1)))
        change = ours.change("set", "joe", name="Joe")
        fill(int(time.time()))
        ours.receive(ours.message(change), status=75)
        equal(ours.line("joe").split(":")[4], "")
        fill(int(time.time()) - 3 * 3600)
        is_done(ours, change)
        equal(len(ours.outcomes()), 1)


@case("another signature, or none, is ordinary mail")
def _():
    with site() as ours:
        change = ours.change("set", "joe", name="Joe")
        is_ordinary(ours, ours.message(change, os.urandom(32)))
        is_ordinary(ours, ours.wrap(lines_of(change)))
        forged = ours.message(change).replace(b"user=joe", b"user=ann")
        is_ordinary(ours, forged)
        forged = ours.message(change).replace(b"\nseen=", b"\nname=\nseen=")
        is_ordinary(ours, forged)


@case("the secret of another domain signs nothing")
def _():
    with site() as ours:
        ours.image.run("CREATE", "other.dk", "owner", "x")
        ours.image.run("web", "other.dk", "owner")
        other = Updates(ours.image, "other.dk")
        change = ours.change("set", "joe", name="Joe")
        is_ordinary(ours, ours.message(change, other.secret))
        change["domain"] = "other.dk"
        is_ordinary(ours, ours.message(change))


@case("an update of more than an hour ago, or ahead, is ordinary mail")
def _():
    with site() as ours:
        for seconds in (-3700, 3700):
            change = ours.change("set", "joe", name="Joe",
                                 time=int(time.time()) + seconds)
            is_ordinary(ours, ours.message(change))
        for seconds in (-3500, 3500):
            is_done(ours, ours.change("set", "joe", name=f"Joe {seconds}",
                                      time=int(time.time()) + seconds))


@case("an update is made once: sent again, it is ordinary mail")
def _():
    with site() as ours:
        change = ours.change("add", "ann", password=HASHED)
        is_done(ours, change)
        is_ordinary(ours, ours.message(change))
        is_done(ours, ours.change("remove", "ann"))
        is_ordinary(ours, ours.message(change))
        equal(ours.line("ann"), None)


@case("an update that is cut off anywhere is ordinary mail")
def _():
    with site() as ours:
        change = ours.change("set", "joe", name="Joe")
        body = ours.body(change)
        lines = body.splitlines(keepends=True)
        for count in range(1, len(lines)):
            is_ordinary(ours, ours.wrap("".join(lines[:count])))
        is_ordinary(ours, ours.wrap(body[:-10]))
        is_ordinary(ours, ours.wrap("\n" + body))
        is_ordinary(ours, ours.wrap(""))


@case("another subject, or another first line, is ordinary mail")
def _():
    with site() as ours:
        body = ours.body(ours.change("set", "joe", name="Joe"))
        for subject in ("Re: *** Virtual domain update ***",
                        "*** virtual domain update ***", "hello", ""):
            is_ordinary(ours, ours.wrap(body, subject))
        is_ordinary(ours, ours.wrap("hello\n" + body))
        twice = ours.wrap(body).replace(
            b"Subject:", b"Subject: *** Virtual domain update ***\nSubject:")
        is_ordinary(ours, twice)


@case("a signed update with lines that are not understood is ordinary mail")
def _():
    with site() as ours:
        change = ours.change("set", "joe", name="Joe")
        text = lines_of(change)
        for odd in (text + "more=x\n", text.replace("kind=set", "kind=own"),
                    text.replace("user=joe\n", ""),
                    text.replace("name=Sm9l", "name=Sm9"),
                    text.replace("name=Sm9l", "name=Sm9l="),
                    text.replace("time=", "time=-"),
                    text.replace("seen=", "seen=0"),
                    text.replace("serial=", "serial=0"),
                    text[:text.index("seen=")]):
            is_ordinary(ours, ours.wrap(signed(odd, ours.secret)))
        is_ordinary(ours, ours.wrap(ours.body(change) + "Kind regards\n"))
        is_ordinary(ours, ours.wrap(ours.body(change) + 60000 * "\n"))


@case("mail to other users is never an update")
def _():
    with site() as ours:
        change = ours.change("set", "joe", name="Joe")
        for user in ("joe", "nobody"):
            ours.receive(ours.message(change), user=user)
            equal(ours.outcome(change), None)
        assert b"trans=UPDATE" in ours.delivered("joe")
        assert b"trans=UPDATE" in ours.delivered()
        equal(ours.line("joe").split(":")[4], "")


@case("without a secret, or without the file of outcomes, all is mail")
def _():
    with site() as ours:
        message = ours.message(ours.change("set", "joe", name="Joe"))
        (ours.directory / "updates").unlink()
        ours.receive(message)
        assert b"trans=UPDATE" in ours.delivered()
        ours.image.run("web", "kvt.dk", "off")
        ours.receive(message)
        assert b"trans=UPDATE" in ours.delivered()
        equal(ours.line("joe").split(":")[4], "")


@case("a secret that others can read or write is none")
def _():
    with site() as ours:
        for mode in (0o644, 0o604, 0o620):
            (ours.directory / "secret").chmod(mode)
            is_ordinary(ours,
                        ours.message(ours.change("set", "joe", name="Joe")))


@case("who saw another line is told of a conflict, and nothing is lost")
def _():
    with site() as ours:
        first = ours.change("set", "joe", name="Joe")
        second = ours.change("set", "joe", forward="a@example.org")
        third = ours.change("remove", "joe")
        is_done(ours, first)
        for change in (second, third):
            ours.receive(ours.message(change))
            equal(ours.outcome(change), "conflict")
        equal(ours.line("joe").split(":")[4:], ["Joe", "", ""])
        equal(ours.delivered(), b"")


@case("what cannot be is refused, and the outcome says why")
def _():
    with site() as ours:
        before = ours.image.passwd()
        for outcome, change in (
                ("exists", ours.change("add", "joe", password=HASHED)),
                ("no-user", ours.change("remove", "ann", seen=64 * "0")),
                ("no-user", ours.change("set", "ann", name="Ann",
                                        seen=64 * "0")),
                ("forbidden", ours.change("remove", "postmaster")),
                ("forbidden", ours.change("set", "joe",
                                          password="{PLAIN}new")),
                ("unsound", ours.change("set", "joe", password="new")),
                ("unsound", ours.change("set", "joe", name="a:b")),
                ("unsound", ours.change("set", "joe", name="a\nann:x")),
                ("unsound", ours.change("set", "joe", forward="|/bin/sh")),
                ("unsound", ours.change("set", "joe", forward="a@b,,c@d")),
                ("unsound", ours.change("add", "ann")),
                ("unsound", ours.change("add", "../ann", password=HASHED)),
                ("too-long", ours.change("add", "ann", password=HASHED,
                                         forward=",".join(
                                             30 * ["a" * 18 + "@example.org"])
                                         ))):
            ours.receive(ours.message(change))
            equal(ours.outcome(change), outcome, str(change))
            equal(ours.image.passwd(), before)


@case("in a domain that wants APOP a password may come as it is")
def _():
    with site() as ours:
        ours.image.run("apop", "kvt.dk", "yes")
        is_done(ours, ours.change("set", "joe", password="{PLAIN}my own"))
        equal(ours.line("joe").split(":")[1], "{PLAIN}my own")


@case("an update that was begun, and cut off, is made when it comes again")
def _():
    with site() as ours:
        updates, passwd = ours.directory / "updates", ours.directory / "passwd"
        for kind, user, more in (("set", "joe", {"name": "Joe"}),
                                 ("add", "ann", {"password": HASHED}),
                                 ("remove", "ann", {})):
            change = ours.change(kind, user, **more)
            before = passwd.read_text()
            updates.write_text(
                f"{change['time']} {change['serial']} begun\n")
            is_done(ours, change)
            made = passwd.read_text()
            assert made != before
            # As if it had been cut off behind the change.
            updates.write_text(
                f"{change['time']} {change['serial']} begun\n")
            is_done(ours, change)
            equal(passwd.read_text(), made)


@case("one that was begun is a conflict when another came in between")
def _():
    with site() as ours:
        change = ours.change("set", "joe", name="Joe")
        (ours.directory / "updates").write_text(
            f"{change['time']} {change['serial']} begun\n")
        is_done(ours, ours.change("set", "joe", name="Joseph"))
        ours.receive(ours.message(change))
        equal(ours.outcome(change), "conflict")
        equal(ours.line("joe").split(":")[4], "Joseph")


@case("outcomes are forgotten after two hours")
def _():
    with site() as ours:
        now = int(time.time())
        (ours.directory / "updates").write_text(
            f"{now - 7300} {32 * 'a'} done\n"
            f"{now - 7100} {32 * 'b'} conflict\nodd\n")
        change = ours.change("set", "joe", name="Joe")
        is_done(ours, change)
        equal(ours.outcomes(),
              {32 * "b": "conflict", change["serial"]: "done"})


@case("of many updates, and commands, at the same time no line is lost")
def _():
    with site() as ours:
        added = [ours.change("add", f"user{n}", password=HASHED)
                 for n in range(12)]
        racing = [ours.change("set", "joe", name=f"Joe {n}")
                  for n in range(6)]
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            typed = [pool.submit(ours.image.run, "add", f"typed{n}@kvt.dk",
                                 "-", typed="x\n") for n in range(4)]
            list(pool.map(lambda change: ours.receive(ours.message(change)),
                          [*added, *racing]))
            equal([future.exception() for future in typed], 4 * [None])
        equal([ours.outcome(change) for change in added], 12 * ["done"])
        equal(sorted(ours.outcome(change) for change in racing),
              5 * ["conflict"] + ["done"])
        for n in range(12):
            equal(ours.line(f"user{n}"),
                  f"user{n}:{HASHED}:{OWNER}:{GROUP}:::")
        for n in range(4):
            assert ours.line(f"typed{n}"), n
        winner = [change["name"] for change in racing
                  if ours.outcome(change) == "done"]
        equal(ours.line("joe").split(":")[4], winner[0])


@case("an update that cannot be made now is tried again")
def _():
    with site() as ours:
        change = ours.change("set", "joe", name="Joe")
        ours.directory.chmod(0o555)
        try:
            if os.geteuid() != 0:
                raise tap.Skip("the owner needs to be another one")
            said = ours.receive(ours.message(change), status=75)
        finally:
            ours.directory.chmod(0o755)
        assert said.startswith("4.3.0 "), said
        is_done(ours, change)


tap.main()
