"""The system below a directory, as virtdomain --rootdir sees it.

    with House() as house:
        image = Image(house)
        image.run("CREATE", "kvt.dk", "owner", "secret")
        image.run("add", "joe@kvt.dk", "-", typed="joe's\\n")
        equal(image.tree(), ...)

Without root, the owner is who runs the test.
"""

import re
import shutil
import subprocess

from house import GROUP, OWNER, VIRTDOMAIN, become_owner
from tap import equal

# Words in front of hashes, so that files can be compared.
HASH = re.compile(r":\$[^:\n]+:")
SECRET = re.compile(r"(?m)^[0-9a-f]{64}$")


SENDMAIL = """#!/bin/sh
[ ! -e {home}/refuse ] || exit 75
{{ echo "$@"; cat; }} >> {home}/sent
"""


class Image:
    def __init__(self, house, root=None):
        self.house = house
        self.root = root or house.root / "image"
        self.postfix = self.root / "etc/postfix"
        self.virtual = self.root / "etc/virtual"
        self.spool = self.root / "var/spool/virtual"
        self.home = self.root / "home/owner"
        self.postfix.mkdir(parents=True)
        self.add_owner("owner")
        self.sendmail = house.root / "sendmail"
        self.sendmail.write_text(SENDMAIL.format(home=self.home))
        self.sendmail.chmod(0o755)

    def add_owner(self, name, uid=OWNER, gid=GROUP):
        home = self.root / "home" / name
        home.mkdir(parents=True)
        self.house.own(home, uid, gid)
        with open(self.root / "etc/passwd", "a") as file:
            file.write(f"{name}:x:{uid}:{gid}::/home/{name}:/bin/sh\n")

    # ---- running -----------------------------------------------------------

    def command(self, *words):
        return [VIRTDOMAIN, f"--rootdir={self.root}", *map(str, words)]

    def run(self, *words, typed="", status=0):
        """Runs virtdomain, which must end with this status; what it says on
        both outputs."""
        done = subprocess.run(
            self.command(*words), input=typed, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
        equal(done.returncode, status, f"{words}: {done.stdout}")
        return done.stdout

    def mail(self, message, *words, environment=None):
        """Hands a message over as Postfix does; (status, output)."""
        done = subprocess.run(
            self.command("--sendmail", self.sendmail, *words), input=message,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
            preexec_fn=become_owner(), check=False,
            env={"PATH": "/usr/bin:/bin", **(environment or {})})
        return done.returncode, done.stdout.decode()

    def forwarded(self):
        """What our sendmail was called with, and the messages, since then."""
        try:
            text = (self.home / "sent").read_bytes()
        except FileNotFoundError:
            return b""
        (self.home / "sent").unlink()
        return text

    def create(self, *more):
        return self.run("CREATE", "kvt.dk", "owner", "-", *more,
                        typed="secret\n")

    def delete(self, *more):
        return self.run("DELETE", "kvt.dk", "owner", "-", *more,
                        typed="secret\n")

    # ---- looking -----------------------------------------------------------

    def passwd(self, domain="kvt.dk"):
        text = (self.virtual / domain / "passwd").read_text()
        return HASH.sub(":HASH:", text)

    def tree(self):
        """Each path with mode, owner and content; databases without."""
        found = {}
        for path in sorted(self.root.rglob("*")):
            name = str(path.relative_to(self.root))
            status = path.lstat()
            found[name] = [oct(status.st_mode), status.st_uid, status.st_gid]
            if path.is_file() and path.suffix != ".db":
                text = HASH.sub(":HASH:", path.read_text())
                found[name].append(SECRET.sub("SECRET", text))
        return found

    # ---- going back --------------------------------------------------------

    def keep(self):
        """Remembers all of it, for put_back()."""
        self.copy = self.house.root / "kept"
        shutil.rmtree(self.copy, ignore_errors=True)
        subprocess.run(["cp", "-a", self.root, self.copy], check=True)

    def put_back(self):
        shutil.rmtree(self.root)
        subprocess.run(["cp", "-a", self.copy, self.root], check=True)
