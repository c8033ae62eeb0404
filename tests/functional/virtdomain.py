"""virtdomain on the command line, below --rootdir."""

import concurrent.futures
import os
import re

import tap
from domains import Image
from house import FROM_LINE, GROUP, IS_ROOT, OWNER, House
from tap import Skip, case, equal
from terminal import run_in_terminal

MARK = "# virtdomain: owner=owner way=recipe\n"
MASTER = f"postmaster:HASH:{OWNER}:{GROUP}:Postmaster::\n"


def delivery():
    """The path that was compiled in."""
    with House() as house:
        said = Image(house).create("-n")
    command = re.search(r"which starts (.*)", said)[1]
    assert command.endswith("/sbin/virtdomain MAILBOUNCE"), command
    return command


def block(domain, line):
    return f"# virtdomain {domain}: begin\n{line}\n# virtdomain {domain}: end\n"


@case("CREATE makes a domain with its postmaster, and nothing else")
def _():
    with House() as house:
        image = Image(house)
        image.create()
        tree = image.tree()
        wanted = {
            "etc/virtual/kvt.dk": ["0o40755", OWNER, GROUP],
            "etc/virtual/kvt.dk/passwd":
                ["0o100600", OWNER, GROUP, MARK + MASTER],
            "var/spool/virtual/kvt.dk": ["0o40700", OWNER, GROUP],
            "home/owner/.forward":
                ["0o100600", OWNER, GROUP, f'"|{delivery()}"\n'],
            "home/owner/.forward+postmaster--kvt.dk":
                ["0o100600", OWNER, GROUP, f'"|{delivery()}"\n'],
        }
        for name, found in wanted.items():
            equal(tree.pop(name), found, name)
        equal(tree.pop("etc/postfix/virtual")[3],
              block("kvt.dk", "kvt.dk\tanything"))
        equal(tree.pop("etc/postfix/virtual_regexp")[3], block(
            "kvt.dk",
            r"/^([^+@]+)(\+[^@]*)?@kvt\.dk$/" + "\towner+${1}--kvt.dk"))
        tree.pop("etc/postfix/virtual.db", None)
        equal(sorted(tree), ["etc", "etc/passwd", "etc/postfix", "etc/virtual",
                             "home", "home/owner", "var", "var/spool",
                             "var/spool/virtual"])


@case("what it has made once it does not make again")
def _():
    with House() as house:
        image = Image(house)
        said = image.create()
        assert said.count("\nmade ") >= 8, said
        tree = image.tree()
        hashed = (image.virtual / "kvt.dk/passwd").read_text()
        assert "made " not in image.create()
        equal(image.tree(), tree)
        equal((image.virtual / "kvt.dk/passwd").read_text(), hashed)


@case("DELETE undoes exactly that")
def _():
    with House() as house:
        image = Image(house)
        (image.postfix / "virtual").write_text("# mine\nother.dk x")
        (image.postfix / "virtual_regexp").write_text("# mine\r\n\n")
        (image.virtual / "other.dk").mkdir(parents=True)
        image.spool.mkdir(parents=True)
        before = image.tree()
        image.create()
        assert image.tree() != before
        image.delete()
        after = image.tree()
        after.pop("etc/postfix/virtual.db", None)
        # A last line without end had to get one.
        before["etc/postfix/virtual"][3] += "\n"
        equal(after, before)
        image.run("DELETE", "kvt.dk", "owner", "secret", status=67)


@case("with the word postfix a transport delivers, and there are no .forward")
def _():
    with House() as house:
        image = Image(house)
        said = image.create("postfix")
        tree = image.tree()
        assert "home/owner/.forward" not in tree, tree
        equal(tree["etc/postfix/virtual_domains"][3],
              block("kvt.dk", "kvt.dk\towner"))
        equal(tree["etc/postfix/transport"][3],
              block("kvt.dk", "kvt.dk\tgnu-pop3d-owner:"))
        assert "way=postfix" in tree["etc/virtual/kvt.dk/passwd"][3]
        for words in ("postconf -e 'virtual_mailbox_domains = ",
                      "gnu-pop3d-owner_destination_recipient_limit = 1",
                      "gnu-pop3d-owner unix - n n - - pipe"):
            assert words in said, said
        image.run("CREATE", "kvt.dk", "owner", "x", status=73)
        image.delete()
        equal((image.postfix / "transport").read_text(), "")


@case("lines and comments of others stay, octet for octet")
def _():
    with House() as house:
        image = Image(house)
        path = image.postfix / "virtual_regexp"
        path.write_bytes(b"# a\xff\n/x/\ty\r\n")
        image.create()
        image.run("CREATE", "example.org", "owner", "x")
        path.write_bytes(path.read_bytes() + b"# behind\n")
        image.delete()
        equal(path.read_bytes(), b"# a\xff\n/x/\ty\r\n" + block(
            "example.org", r"/^([^+@]+)(\+[^@]*)?@example\.org$/"
            "\towner+${1}--example.org").encode() + b"# behind\n")


@case("DELETE refuses a wrong password, another owner, and foreign domains")
def _():
    with House() as house:
        image = Image(house)
        image.add_owner("other")
        image.create()
        (image.virtual / "hand.dk").mkdir()
        (image.virtual / "hand.dk/passwd").write_text(
            f"postmaster:secret:{OWNER}:{GROUP}:::\n")
        (image.virtual / "hand.dk/passwd").chmod(0o600)
        before = image.tree()
        for words in (("kvt.dk", "owner", "wrong"),
                      ("kvt.dk", "other", "secret"),
                      ("hand.dk", "owner", "secret")):
            said = image.run("DELETE", *words, status=77)
            assert "nothing was changed" in said, said
        image.run("DELETE", "none.dk", "owner", "secret", status=67)
        equal(image.tree(), before)


@case("CREATE leaves a domain alone that it has not made")
def _():
    with House() as house:
        image = Image(house)
        image.add_owner("other")
        (image.virtual / "kvt.dk").mkdir(parents=True)
        (image.virtual / "kvt.dk/passwd").write_text("x")
        (image.virtual / "kvt.dk/passwd").chmod(0o600)
        before = image.tree()
        image.run("CREATE", "kvt.dk", "owner", "secret", status=73)
        equal(image.tree(), before)
        (image.virtual / "kvt.dk/passwd").unlink()
        (image.postfix / "virtual").write_text("KVT.dk of another hand\n")
        before = image.tree()
        said = image.run("CREATE", "kvt.dk", "owner", "secret", status=73)
        assert f"{image.postfix}/virtual: something else is there" in said, said
        equal(image.tree(), before)


@case(".forward files of the owner stay, and it is said what to do")
def _():
    with House() as house:
        image = Image(house)
        for content in ("|/bin/mine\n", None):
            path = image.home / ".forward"
            if content is None:
                path.unlink()
                path.symlink_to("/etc/hostname")
            else:
                path.write_text(content)
            said = image.create()
            assert "home/owner/.forward, which starts" in said, said
            assert "something else is there; it stays as it is" in said, said
            image.delete()
            if content is None:
                equal(os.readlink(path), "/etc/hostname")
            else:
                equal(path.read_text(), content)


@case("a .forward goes with the last domain of its owner")
def _():
    with House() as house:
        image = Image(house)
        image.create()
        image.run("CREATE", "example.org", "owner", "other")
        assert "serves other domains" in image.delete()
        equal((image.home / ".forward").read_text(), f'"|{delivery()}"\n')
        image.run("DELETE", "example.org", "owner", "other")
        equal(sorted(os.listdir(image.home)), [])


@case("mail of a deleted domain is kept aside, or purged")
def _():
    with House() as house:
        image = Image(house)
        for purge in (False, True):
            image.create()
            mailbox = image.spool / "kvt.dk/joe"
            mailbox.write_text("mail")
            house.own(mailbox)
            said = image.delete(*["--purge"] * purge)
            kept = re.findall(r"kept mail in (.*)\n", said)
            equal(len(kept), 0 if purge else 1)
            if kept:
                equal(open(f"{kept[0]}/joe").read(), "mail")
                equal(os.stat(image.spool / ".deleted").st_mode & 0o777, 0o700)
            assert not (image.spool / "kvt.dk").exists()


@case("a password that was forgotten is not the word postfix")
def _():
    with House() as house:
        image = Image(house)
        before = image.tree()
        equal(image.run("CREATE", "kvt.dk", "owner", "postfix", status=64),
              "virtdomain: the password is missing: CREATE kvt.dk owner - "
              "postfix\n")
        equal(image.tree(), before)


@case("--dry-run tells the steps and changes nothing")
def _():
    with House() as house:
        image = Image(house)
        before = image.tree()
        said = image.create("--dry-run")
        equal(image.tree(), before)
        image.create()
        planned = re.findall(r"(?m)^would make (.*)", said)
        assert len(planned) == 10, said
        before = image.tree()
        said = image.delete("-n")
        equal(said.count("would remove "), 7)
        assert "mail" not in said, said
        mailbox = image.spool / "kvt.dk/postmaster"
        mailbox.write_bytes(MESSAGE)
        spool = f"would remove directory {mailbox.parent}, .*"
        assert re.search(f"{spool}; its mail is kept\n", image.delete("-n"))
        assert re.search(f"{spool}, with its mail\n",
                         image.delete("-n", "--purge"))
        equal(mailbox.read_bytes(), MESSAGE)
        mailbox.unlink()
        equal(image.run("-n", "add", "joe@kvt.dk", "x").splitlines()[-1],
              "would add joe@kvt.dk")
        image.run("-n", "passwd", "postmaster@kvt.dk", "x")
        equal(image.tree(), before)


@case("users are added, changed, listed, shown and removed")
def _():
    with House() as house:
        image = Image(house)
        image.create()
        said = image.run("add", "Joe@KVT.dk", "-", typed="joe's\n")
        assert said.startswith("added joe@kvt.dk\n"), said
        assert "user name  joe@kvt.dk" in said.lower(), said
        equal(image.passwd(),
              MARK + MASTER + f"joe:HASH:{OWNER}:{GROUP}:::\n")
        image.run("add", "joe@kvt.dk", "x", status=73)
        first = (image.virtual / "kvt.dk/passwd").read_text()
        image.run("passwd", "joe@kvt.dk", typed="other\n")
        assert (image.virtual / "kvt.dk/passwd").read_text() != first
        assert image.run("list").endswith("\trecipe\t2\n")
        listed = image.run("list", "kvt.dk").splitlines()
        equal([line.split("\t")[::2] for line in listed],
              [["postmaster@kvt.dk", "-"], ["joe@kvt.dk", "-"]])
        shown = image.run("show", "joe@kvt.dk")
        assert f"mailbox   {image.spool}/kvt.dk/joe, not there yet" in shown
        assert f"uid {OWNER}, gid {GROUP}\n" in shown, shown
        image.run("remove", "joe@kvt.dk")
        equal(image.passwd(), MARK + MASTER)
        for words in (("remove", "joe@kvt.dk"), ("show", "joe@kvt.dk"),
                      ("passwd", "joe@kvt.dk", "x"),
                      ("list", "none.dk"), ("add", "joe@none.dk", "x")):
            image.run(*words, status=67)
        image.run("remove", "postmaster@kvt.dk", status=64)


@case("the mailbox of a removed user stays, or is purged")
def _():
    with House() as house:
        image = Image(house)
        image.create()
        mailbox = image.spool / "kvt.dk/joe"
        for purge in (False, True):
            image.run("add", "joe@kvt.dk", "x")
            mailbox.write_text("mail")
            house.own(mailbox)
            image.run("remove", "joe@kvt.dk", *["--purge"] * purge)
            equal(mailbox.exists(), not purge)


@case("many at the same time lose no line")
def _():
    with House() as house:
        image = Image(house)
        image.create()
        names = [f"user{number}" for number in range(16)]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(
                lambda name: image.run("add", f"{name}@kvt.dk", "x"), names))
        lines = image.passwd().splitlines()
        equal(sorted(line.split(":")[0] for line in lines[2:]), sorted(names))
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(
                lambda name: image.run("remove", f"{name}@kvt.dk"), names))
        equal(image.passwd(), MARK + MASTER)


@case("on a terminal a password is asked for twice, and not shown")
def _():
    with House() as house:
        image = Image(house)
        image.create()
        shown = run_in_terminal(
            [str(word) for word in image.command("add", "joe@kvt.dk")],
            {"PATH": os.environ["PATH"]}, urge=b"hidden word\n")
        assert b"Password: " in shown and b"Again: " in shown, shown
        assert b"hidden" not in shown, shown
        house.virtual, house.spool = image.virtual, image.spool
        with house.inetd() as client:
            client.login("joe@kvt.dk", "hidden word")


@case("a login works with the passwords that were given")
def _():
    with House() as house:
        image = Image(house)
        image.create()
        image.run("add", "joe@kvt.dk", "two words")
        house.virtual, house.spool = image.virtual, image.spool
        for user, password in (("postmaster", "secret"), ("joe", "two words")):
            with house.inetd() as client:
                client.login(f"{user}@kvt.dk", password)


@case("a passwd file of root, in root's directory, is edited as it is")
def _():
    if not IS_ROOT:
        raise Skip("needs root")
    with House() as house:
        image = Image(house)
        directory = image.virtual / "old.dk"
        directory.mkdir(parents=True)
        (image.spool / "old.dk").mkdir(parents=True)
        house.own(image.spool / "old.dk")
        passwd = directory / "passwd"
        passwd.write_text(f"# by hand\nann:x:{OWNER}:{GROUP}:::")
        os.chown(passwd, 0, GROUP)
        passwd.chmod(0o640)
        image.run("add", "joe@old.dk", "x")
        equal(image.passwd("old.dk"), "# by hand\n"
              f"ann:x:{OWNER}:{GROUP}:::\njoe:HASH:{OWNER}:{GROUP}:::\n")
        status = passwd.stat()
        equal((status.st_uid, status.st_gid, oct(status.st_mode)),
              (0, GROUP, "0o100640"))


@case("links that an owner has put in his directories do not lead root")
def _():
    if not IS_ROOT:
        raise Skip("needs root")
    with House() as house:
        image = Image(house)
        image.create()
        victim = image.root / "victim"
        victim.write_text("postmaster:x:1:1:::\n")
        victim.chmod(0o600)
        passwd = image.virtual / "kvt.dk/passwd"
        kept = passwd.read_bytes()
        passwd.unlink()
        passwd.symlink_to(victim)
        image.run("add", "joe@kvt.dk", "x", status=78)
        passwd.unlink()
        passwd.write_bytes(kept)
        house.own(passwd)
        passwd.chmod(0o600)
        (image.virtual / "kvt.dk/passwd.new").symlink_to(victim)
        image.run("add", "joe@kvt.dk", "x")
        equal(victim.read_text(), "postmaster:x:1:1:::\n")
        assert "joe:" in passwd.read_text()


@case("mistakes are told, with a status of sysexits.h")
def _():
    with House() as house:
        image = Image(house)
        before = image.tree()
        for status, words in (
                (64, ("create", "a", "b", "c")),
                (64, ("forward", "joe@kvt.dk", "|/bin/sh")),
                (64, ("forward", "joe@kvt.dk", "-f@x.dk")),
                (64, ("forward", "joe@kvt.dk", "a b@x.dk")),
                (64, ("forward", "joe@kvt.dk", "a@b:c")),
                (64, ("CREATE", "kvt.dk", "owner")),
                (64, ("CREATE", "../kvt.dk", "owner", "x")),
                (64, ("CREATE", "kvt/dk", "owner", "x")),
                (64, ("CREATE", "kvt.dk", "owner", "x", "exim")),
                (67, ("CREATE", "kvt.dk", "nobody-there", "x")),
                (65, ("CREATE", "kvt.dk", "owner", "")),
                (65, ("CREATE", "kvt.dk", "owner", "x" * 201)),
                (65, ("CREATE", "kvt.dk", "owner", "a\nb")),
                (65, ("CREATE", "kvt.dk", "owner", "-")),
                (64, ("add", "joe", "x")), (64, ("add", "a:b@kvt.dk", "x")),
                (64, ("add", ".joe@kvt.dk", "x")),
                (67, ("add", "joe@kvt.dk", "x")),
                (64, ("--rootdir=here", "list")), (64, ("--unknown",))):
            said = image.run(*words, status=status)
            assert said.startswith("virtdomain: ") or "option" in said, said
            equal(image.tree(), before, str(words))
        image.postfix.rmdir()
        said = image.run("CREATE", "kvt.dk", "owner", "x", status=69)
        assert "install Postfix first" in said, said


@case("root is no owner of a domain, nor are users that are not served")
def _():
    with House() as house:
        image = Image(house)
        image.add_owner("toor", 0, 0)
        image.add_owner("daemon", 99, 99)
        for name in ("toor", "daemon"):
            image.run("CREATE", "kvt.dk", name, "x", status=77)


# ---- messages ---------------------------------------------------------------

MESSAGE = FROM_LINE + (b"Delivered-To: owner+joe--kvt.dk@mx\n"
                       b"Subject: hello\n\nhello\nFrom here\n")
KEPT = (b"Delivered-To: joe@kvt.dk\nReturn-Path: <a@example.com>\n"
        b"Subject: hello\n\nhello\n>From here\n\n")


def with_joe(house):
    image = Image(house)
    image.create()
    image.run("add", "joe@kvt.dk", "x")
    return image, image.spool / "kvt.dk/joe"


def deliver(image, *words, user="joe", message=MESSAGE, sender="a@example.com"):
    return image.mail(message, *words, environment={
        "EXTENSION": f"{user}--kvt.dk", "SENDER": sender})


@case("a message goes to the mailbox")
def _():
    with House() as house:
        image, mailbox = with_joe(house)
        equal(deliver(image), (0, ""))
        equal(mailbox.read_bytes(), FROM_LINE + KEPT)
        equal(image.mail(MESSAGE, "-f", "a@example.com", "-r", "joe@kvt.dk"),
              (0, ""))
        equal(mailbox.read_bytes().count(KEPT), 2)
        equal(image.forwarded(), b"")


@case("a message goes where the line says, to the mailbox too if it says so")
def _():
    with House() as house:
        image, mailbox = with_joe(house)
        image.run("forward", "joe@kvt.dk", "a@x.dk", "b+c@y.dk")
        assert "mail      a@x.dk, b+c@y.dk\n" in image.run("show", "joe@kvt.dk")
        equal(deliver(image), (0, ""))
        assert not mailbox.exists()
        equal(image.forwarded(),
              b"-i -f a@example.com -- a@x.dk b+c@y.dk\n" + KEPT)
        image.run("forward", "joe@kvt.dk", "mailbox", "a@x.dk")
        equal(deliver(image, sender=""), (0, ""))
        assert mailbox.read_bytes().startswith(b"From MAILER-DAEMON") or \
            b"Subject: hello" in mailbox.read_bytes()
        assert image.forwarded().startswith(b"-i -f  -- a@x.dk\n")
        image.run("forward", "joe@kvt.dk", "JOE@kvt.dk")
        equal(deliver(image), (0, ""))
        equal(image.forwarded(), b"")
        image.run("forward", "joe@kvt.dk")
        assert "mail      mailbox\n" in image.run("show", "joe@kvt.dk")


@case("a shell in the last field, as older files have it, means the mailbox")
def _():
    with House() as house:
        image, mailbox = with_joe(house)
        passwd = image.virtual / "kvt.dk/passwd"
        text = passwd.read_text()
        for field in ("/bin/sh", "|/bin/touch ran", "-oops@x.dk", "a;b@x.dk"):
            with open(passwd, "w") as file:
                file.write(re.sub(r"(?m)^(joe:.*:)$", rf"\1{field}", text))
            mailbox.unlink(missing_ok=True)
            equal(deliver(image), (0, ""), field)
            equal(mailbox.read_bytes(), FROM_LINE + KEPT, field)
            equal(image.forwarded(), b"", field)


@case("a forward that is not taken makes the mail wait")
def _():
    with House() as house:
        image, _ = with_joe(house)
        image.run("forward", "joe@kvt.dk", "a@x.dk")
        (image.home / "refuse").touch()
        status, said = deliver(image)
        equal((status, said.split()[0]), (75, "4.3.0"))
        (image.home / "refuse").unlink()
        equal(deliver(image), (0, ""))


@case("mail that comes back to its forward is returned as a loop")
def _():
    with House() as house:
        image, _ = with_joe(house)
        image.run("forward", "joe@kvt.dk", "a@x.dk")
        looped = FROM_LINE + (
            b"Delivered-To: owner+joe--kvt.dk@mx\nDelivered-To: a@x.dk\n"
            b"Delivered-To: Joe@kvt.dk\nSubject: x\n\nx\n")
        status, said = deliver(image, message=looped)
        equal((status, said.split()[0]), (67, "5.4.6"))
        equal(image.forwarded(), b"")


@case("mail to unknown users is postmaster's, or bounces with MAILBOUNCE")
def _():
    with House() as house:
        image, _ = with_joe(house)
        master = image.spool / "kvt.dk/postmaster"
        status, said = deliver(image, "MAILBOUNCE", user="nobody")
        equal((status, said.split()[0]), (67, "5.1.1"))
        assert not master.exists()
        equal(deliver(image, user="nobody"), (0, ""))
        assert b"Subject: hello" in master.read_bytes()
        equal(deliver(image, "MAILBOUNCE"), (0, ""))


@case("mistakes in the command that Postfix has do not return mail")
def _():
    with House() as house:
        image, _ = with_joe(house)
        for words in (("MAILBOUNCE", "--nonsense"), ("MAILBOUNC",),
                      ("--lock=hope",), ("--virtual-dir=here",)):
            equal(deliver(image, *words)[0], 75, str(words))
        for words in (("--nonsense", "-r", "joe@kvt.dk"),
                      ("MAILBOUNCE", "--nonsense")):
            equal(image.mail(MESSAGE, *words)[0], 75, str(words))
        if IS_ROOT:
            said = image.run("-r", "joe@kvt.dk", status=75, typed="x")
            assert said.startswith("4.3.5 "), said


tap.main()
