"""contrib/list-users: who can get mail, for mail servers."""

import os
import pwd

import tap
from house import House
from receiver import list_users
from tap import case, equal

OWNER = os.getuid() or pwd.getpwnam("nobody").pw_uid
NAME = pwd.getpwuid(OWNER).pw_name


def listed(text, *options, domain="kvt.dk"):
    with House() as house:
        house.add_domain(domain, OWNER, OWNER)
        (house.virtual / domain / "passwd").write_bytes(text)
        return list_users(house, *options).splitlines()


def line(user, rest="x", uid=OWNER):
    return f"{user}:{rest}:{uid}:{uid}:::\n".encode()


@case("addresses come in small letters, each with the owner of its mailbox, "
      "once, whether the user is locked or not")
def _():
    text = line("joe", "secret") + line("ANN", "!") + line("Joe", "other")
    equal(listed(text + b"tom:hash\r\nlast:hash"),
          [f"{user}@kvt.dk\t{NAME}" for user in ("joe", "ann", "tom", "last")])


@case("what gnu-pop3d does not serve is not listed")
def _():
    equal(listed(b"# joe:x\n\nsix:x:1:1::\neight:x:1:1::::\n" +
                 line("no", uid=0) + line("no", uid="x") + line("a/b") +
                 line("no.lock") + line(".no") + line("n..o") + line("n o") +
                 line("no", uid=4123456789) + line("")), [])
    equal(listed(line("joe"), domain="kvt dk"), [])
    equal(listed(line("joe"), domain="KVT.dk"), [])


@case("-e prints the address that local(8) of Postfix delivers to")
def _():
    equal(listed(line("a-b"), "-e", domain="xn--kvt-1na.dk"),
          [f"a-b@xn--kvt-1na.dk\t{NAME}+a-b--xn--kvt-1na.dk"])


@case("without domains there are no addresses, and no error")
def _():
    with House() as house:
        equal(list_users(house), "")


@case("of the domains that are named, and no others")
def _():
    with House() as house:
        for domain in ("kvt.dk", "example.org", "example.net"):
            house.add_domain(domain, OWNER, OWNER)
            (house.virtual / domain / "passwd").write_bytes(line("joe"))
        equal(list_users(house, "kvt.dk", "example.org"),
              f"joe@kvt.dk\t{NAME}\njoe@example.org\t{NAME}\n")


tap.main()
