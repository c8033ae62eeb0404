"""virtdomain web and apop: who may read what for the pages of a domain."""

import contextlib
import os
import re
import stat
import subprocess

import tap
from domains import Image
from house import GROUP, IS_ROOT, OWNER, VIRTDOMAIN, House, become_owner
from tap import Skip, case, equal

WEB = 47113  # the user of the web server, and his group
FILES = ("passwd", "secret", "updates")


@contextlib.contextmanager
def made(*users):
    if users and not IS_ROOT:
        raise Skip("the pages have a user of their own only as root")
    with House() as house:
        image = Image(house)
        for number, user in enumerate(users):
            image.add_owner(user, WEB + number, WEB + number)
        image.create()
        image.run("add", "joe@kvt.dk", "-", typed="joe's\n")
        yield image


def look(path):
    status = path.lstat()
    return oct(stat.S_IMODE(status.st_mode)), status.st_uid, status.st_gid


def state(image):
    return image.root / "var/lib/virtdomain"


def is_shut(image):
    """As CREATE makes it."""
    kvt = image.virtual / "kvt.dk"
    equal(look(kvt), ("0o755", OWNER, GROUP))
    equal(look(kvt / "passwd"), ("0o600", OWNER, GROUP))
    equal([path.name for path in kvt.iterdir()], ["passwd"])
    assert not (state(image) / "kvt.dk").exists()


def is_open_for(image, uid):
    kvt = image.virtual / "kvt.dk"
    equal(look(kvt), ("0o2755", OWNER, uid))
    for name in FILES:
        equal(look(kvt / name), ("0o640", OWNER, uid), name)
    equal(look(state(image) / "kvt.dk"), ("0o700", uid, uid))


@case("web lets the user of a web server read, and off undoes it")
def _():
    with made("www") as image:
        said = image.run("web", "kvt.dk", "www")
        equal(said.count("made "), 5, said)
        is_open_for(image, WEB)
        equal(look(state(image)), ("0o755", os.geteuid(), os.getegid()))
        kvt = image.virtual / "kvt.dk"
        secret = (kvt / "secret").read_text()
        assert re.fullmatch("[0-9a-f]{64}\n", secret), secret
        equal((kvt / "updates").read_text(), "")
        image.run("web", "kvt.dk", "off")
        is_shut(image)
        image.run("web", "kvt.dk", "www")
        assert (kvt / "secret").read_text() != secret


@case("web for the owner gives nothing to others")
def _():
    with made() as image:
        image.run("web", "kvt.dk", "owner")
        kvt = image.virtual / "kvt.dk"
        equal(look(kvt), ("0o755", OWNER, GROUP))
        for name in FILES:
            equal(look(kvt / name), ("0o600", OWNER, GROUP), name)
        equal(look(state(image) / "kvt.dk"), ("0o700", OWNER, GROUP))
        image.run("web", "kvt.dk", "off")
        is_shut(image)


@case("what web has made once it does not make again, nor does a dry run")
def _():
    with made() as image:
        before = image.tree()
        said = image.run("-n", "web", "kvt.dk", "owner")
        equal(said.count("would make "), 4, said)
        equal(image.tree(), before)
        image.run("web", "kvt.dk", "owner")
        tree = image.tree()
        equal(image.run("web", "kvt.dk", "owner"), "")
        said = image.run("-n", "web", "kvt.dk", "off")
        equal(said.count("would remove "), 3, said)
        equal(image.tree(), tree)


@case("another user gets the domain, and nothing of the one before")
def _():
    with made("www", "other") as image:
        image.run("web", "kvt.dk", "www")
        (state(image) / "kvt.dk/sessions").write_text("x")
        secret = (image.virtual / "kvt.dk/secret").read_text()
        image.run("-n", "web", "kvt.dk", "other")
        equal((image.virtual / "kvt.dk/secret").read_text(), secret)
        image.run("web", "kvt.dk", "other")
        is_open_for(image, WEB + 1)
        equal(list((state(image) / "kvt.dk").iterdir()), [])
        # Who was let in before can sign nothing any more.
        assert (image.virtual / "kvt.dk/secret").read_text() != secret


@case("the pages cannot keep themselves from being shut out")
def _():
    with made("www") as image:
        image.run("web", "kvt.dk", "www")
        (state(image) / "kvt.dk/directory").mkdir()
        image.run("web", "kvt.dk", "off", status=74)
        kvt = image.virtual / "kvt.dk"
        equal(look(kvt), ("0o755", OWNER, GROUP))
        equal(look(kvt / "passwd"), ("0o600", OWNER, GROUP))
        equal([path.name for path in kvt.iterdir()], ["passwd"])


@case("the owner is not in the group of the pages, whatever his files have")
def _():
    with made("www") as image:
        image.run("web", "kvt.dk", "www")
        kvt = image.virtual / "kvt.dk"
        image.run("show", "joe@kvt.dk")
        text = (kvt / "passwd").read_text().replace(
            f":{OWNER}:{GROUP}:", f":{OWNER}:{WEB}:")

        def write():
            become_owner()()
            os.umask(0)
            (kvt / "new").write_text(text)
            (kvt / "new").chmod(0o600)
            (kvt / "new").rename(kvt / "passwd")
            kvt.chmod(0o755)
        subprocess.run(["true"], preexec_fn=write, check=True)
        equal(look(kvt / "passwd"), ("0o600", OWNER, WEB))
        # His line names a gid that is not the owner's.
        image.run("show", "joe@kvt.dk", status=67)


@case("DELETE undoes it too")
def _():
    with made("www") as image:
        image.run("web", "kvt.dk", "www")
        (state(image) / "kvt.dk/sessions").write_text("x")
        image.delete()
        equal(list(image.virtual.iterdir()), [])
        equal(list(state(image).iterdir()), [])


@case("the owner's files keep the group of the pages when he changes them")
def _():
    with made("www") as image:
        image.run("web", "kvt.dk", "www")
        for who in (None, become_owner()):
            done = subprocess.run(
                [VIRTDOMAIN, f"--virtual-dir={image.virtual}",
                 f"--virtual-spool={image.spool}", "passwd", "joe@kvt.dk",
                 "-"], input="new\n", stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, preexec_fn=who, text=True,
                timeout=60, check=False)
            equal(done.returncode, 0, done.stdout)
            is_open_for(image, WEB)


@case("users of the domain can still log in, and none with the group of pages")
def _():
    with made("www") as image:
        image.run("web", "kvt.dk", "www")
        with open(image.virtual / "kvt.dk/passwd", "a") as file:
            file.write(f"eve:{{PLAIN}}x:{OWNER}:{WEB}:::\n")
        said = image.run("list", "kvt.dk")
        assert "joe@kvt.dk" in said and "eve@kvt.dk" not in said, said
        assert "names a gid that is not the owner's" in said, said
        house = image.house
        house.virtual, house.spool = image.virtual, image.spool
        house.start_daemon()
        for user, password, is_right in (("joe@kvt.dk", "joe's", True),
                                         ("eve@kvt.dk", "x", False)):
            with house.connect() as client:
                client.greet()
                client.ok(f"USER {user}")
                (client.ok if is_right else client.err)(f"PASS {password}")


@case("web refuses root, nobody, foreign domains and links")
def _():
    with made() as image:
        image.run("web", "kvt.dk", "nobody-of-that-name", status=67)
        with open(image.root / "etc/passwd", "a") as file:
            file.write("root:x:0:0::/root:/bin/sh\n")
        image.run("web", "kvt.dk", "root", status=77)
        image.run("web", "other.dk", "owner", status=67)
        image.run("web", "kvt.dk", status=64)
        (image.virtual / "foreign.dk").mkdir()
        (image.virtual / "foreign.dk/passwd").write_text("")
        (image.virtual / "foreign.dk/passwd").chmod(0o600)
        image.run("web", "foreign.dk", "owner", status=77)
        is_shut(image)
        kvt = image.virtual / "kvt.dk"
        (kvt / "secret").symlink_to("passwd")
        said = image.run("web", "kvt.dk", "owner", status=73)
        assert "nothing was changed" in said, said
        assert not (kvt / "updates").exists()
        (kvt / "secret").unlink()
        (kvt / "passwd").rename(image.home / "passwd")
        (kvt / "passwd").symlink_to(image.home / "passwd")
        image.run("web", "kvt.dk", "owner", status=73)
        equal(look(image.home / "passwd"), ("0o600", OWNER, GROUP))


@case("apop marks the domain, and passwords are kept as they are")
def _():
    with made() as image:
        before = image.passwd()
        image.run("-n", "apop", "kvt.dk", "yes")
        equal(image.passwd(), before)
        said = image.run("apop", "kvt.dk", "yes")
        equal(said.count("made "), 1, said)
        mark, _, rest = before.partition("\n")
        equal(image.passwd(), f"{mark} apop=yes\n{rest}")
        assert "made " not in image.run("apop", "kvt.dk", "yes")
        image.run("passwd", "joe@kvt.dk", "-", typed="my own\n")
        image.run("add", "ann@kvt.dk", "-", typed="a:b\n", status=65)
        assert "\njoe:{PLAIN}my own:" in image.passwd(), image.passwd()
        image.run("apop", "kvt.dk", "no")
        image.run("add", "ann@kvt.dk", "-", typed="a:b\n")
        assert "\nann:HASH:" in image.passwd(), image.passwd()
        assert image.passwd().startswith(f"{mark}\n"), image.passwd()
        image.run("apop", "kvt.dk", "maybe", status=64)
        image.run("apop", "other.dk", "yes", status=67)
        # It is still ours.
        image.run("apop", "kvt.dk", "yes")
        image.create()
        image.delete()


tap.main()
