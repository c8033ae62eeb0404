"""Which recipients Postfix takes, by the lines of contrib/postfix, and whose
mailbox they become."""

import contextlib
import re
import signal
import sys

import tap
from house import House
from postfix import EXAMPLES, FIRST, SECOND, Owner, Postfix
from readers import Mailbox
from tap import case, equal

# Domains whose names have "--" in them, one for each way.
ODD_FIRST, ODD_SECOND = "xn--kvt-1na.dk", "a--b.example"
THIRD = "example.net"   # by the transport, of another owner
MORE = """
virtual_alias_domains = {first} {odd_first}
virtual_alias_maps = inline:{{
    sales@{second}=joe@{second} info@{first}=joe@{first} }}, {first_map}
virtual_mailbox_domains = {second} {odd_second} {third}
"""
REGEXP = "regexp:${config_directory}/virtual_regexp"


def uncommented(pattern):
    """A line that main.cf.example has in a comment."""
    text = (EXAMPLES / "main.cf.example").read_text()
    return re.search(rf"(?m)^#{pattern}", text)[1].replace(
        "/etc/postfix", "${config_directory}")


@contextlib.contextmanager
def site(first_map=REGEXP, more=""):
    """A Postfix, and an owner of a third domain."""
    with contextlib.ExitStack() as stack:
        house = stack.enter_context(House())
        owner = stack.enter_context(Owner(house.root))
        (house.root / "other").mkdir()
        other = stack.enter_context(Owner(house.root / "other"))
        postfix = Postfix(house, owner, MORE.format(
            first=FIRST, odd_first=ODD_FIRST, second=SECOND,
            odd_second=ODD_SECOND, third=THIRD, first_map=first_map) +
            more + uncommented(r"(transport_maps = .*\n)") +
            uncommented(r"(gnu-pop3d-other_.*\n)"))
        for domain in (FIRST, SECOND, ODD_FIRST, ODD_SECOND):
            for user in ("joe", "a--b"):
                house.add_user(user, domain, "secret", owner.uid, owner.gid)
        house.add_user("joe", THIRD, "secret", other.uid, other.gid)
        for path in house.spool.iterdir():
            path.chmod(0o700)
        owner.write(".forward",
                    postfix.example("forward+user--domain.example"))
        add_service(postfix, other)
        postfix.update(FIRST, ODD_FIRST)
        stack.enter_context(postfix)
        house.start_daemon()
        yield house, postfix


def add_service(postfix, other):
    """A second service, for other, as the comments in main.cf.example say."""
    etc = postfix.root / "etc"
    (etc / "transport").write_text(uncommented(r"\t(example\.net\t.*\n)"))
    postfix.postmap("transport")
    service = postfix.example("master.cf.example").replace(
        postfix.owner.name, other.name)
    with open(etc / "master.cf", "a") as master:
        master.write(service.replace("\ngnu-pop3d ", "\ngnu-pop3d-other "))


def arrived(house, user, domain):
    """How many messages are there for a user, and for whom they were."""
    texts = Mailbox(house.port, f"{user}@{domain}", "secret").fetch()
    return [re.findall(rb"(?m)^X-Original-To: (.*)\r$", text)[0].decode()
            for text in texts]


MESSAGE = b"From: a@client.test\nSubject: hello\n\nhello\n"
ALIASES = {
    f"joe@{FIRST}": ("joe", FIRST),
    f"joe+list@{FIRST}": ("joe", FIRST),
    f"JOE+A+b@{FIRST}": ("joe", FIRST),
    f"a--b@{FIRST}": ("a--b", FIRST),
    f"info@{FIRST}": ("joe", FIRST),
    f"joe@{ODD_FIRST}": ("joe", ODD_FIRST),
    f"a--b@{ODD_FIRST}": ("a--b", ODD_FIRST),
    f"joe@{SECOND}": ("joe", SECOND),
    f"joe+list@{SECOND}": ("joe", SECOND),
    f"Joe+A+b@{SECOND}": ("joe", SECOND),
    f"a--b@{SECOND}": ("a--b", SECOND),
    f"sales@{SECOND}": ("joe", SECOND),
    f"joe@{ODD_SECOND}": ("joe", ODD_SECOND),
    f"a--b@{ODD_SECOND}": ("a--b", ODD_SECOND),
    f"joe@{THIRD}": ("joe", THIRD),
}


def check_all(house, postfix):
    """Sends one message to all."""
    postfix.send("a@client.test", list(ALIASES), MESSAGE)
    postfix.drain()
    expected = {}
    for address, place in ALIASES.items():
        expected.setdefault(place, []).append(address.lower())
    for place, addresses in expected.items():
        equal(sorted(text.lower() for text in arrived(house, *place)),
              sorted(addresses), place)


def refused(postfix, *addresses):
    for address in addresses:
        code, text = postfix.refusal(address)
        equal((code, text.split()[0]), (550, "5.1.1"), address)


@case("by a regexp and the transport, each user gets his mail under all his "
      "addresses, once, in domains with -- in their names and of two owners")
def _():
    with site() as (house, postfix):
        with open(postfix.root / "etc/virtual_regexp", "a") as table:
            table.write(postfix.example("virtual_regexp.example").replace(
                r"@kvt\.dk", "@" + ODD_FIRST).replace(
                    "--kvt.dk", f"--{ODD_FIRST}"))
        check_all(house, postfix)
        refused(postfix, f"nobody@{SECOND}", f"joex@{SECOND}",
                f"a--b@{THIRD}")


@case("by the tables of list-users the same, and unknown users are refused "
      "while the client is there, in domains of both ways")
def _():
    with site(uncommented(r"virtual_alias_maps = (hash:.*)"),
              uncommented(r"(propagate_.*\n)")) as (house, postfix):
        check_all(house, postfix)
        refused(postfix, f"nobody@{FIRST}", f"joex@{FIRST}",
                f"nobody+joe@{FIRST}",
                f"nobody@{SECOND}", f"a--b@{THIRD}")


@case("bounces reach users of both ways, with an empty sender")
def _():
    with site() as (house, postfix):
        postfix.send("", [f"joe@{FIRST}", f"joe@{SECOND}"], MESSAGE)
        postfix.drain()
        for domain in (FIRST, SECOND):
            text, = Mailbox(house.port, f"joe@{domain}", "secret").fetch()
            equal(text.split(b"\r\n")[0], b"Return-Path: <>", domain)


@case("mail that virtual cannot store waits with 4.2.0, by both ways, and "
      "arrives when it can")
def _():
    with site() as (house, postfix):
        domains = (FIRST, SECOND)
        for domain in domains:
            (house.spool / domain).chmod(0o500)
        postfix.send("a@client.test", [f"joe@{domain}" for domain in domains],
                     MESSAGE)
        found = r"dsn=4\.2\.0, status=(\w+)"
        house.wait_for(lambda: len(re.findall(found, postfix.log())) == 2,
                       "two deferrals")
        equal(re.findall(found, postfix.log()), ["deferred"] * 2)
        for domain in domains:
            (house.spool / domain).chmod(0o700)
        postfix.flush()
        postfix.drain()
        for domain in domains:
            equal(arrived(house, "joe", domain), [f"joe@{domain}"])


def end(*_):
    sys.exit(1)  # through the contexts


signal.signal(signal.SIGTERM, end)
tap.main()
