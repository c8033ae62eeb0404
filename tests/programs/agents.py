"""Other delivery agents write into the same mailbox beside ours, while POP3
sessions delete: all of them see each other's locks."""

import random
import re

import tap
from deliverers import maildrop, procmail, virtual
from house import House
from postfix import Owner
from readers import Mailbox, body_of, in_parts, number_of, read_while
from tap import case, equal

USER = "joe@kvt.dk"
SECRET = "secret"


def message(number, rng):
    lines = rng.choices(
        [b"text", b"", b".", b"..dots", b"\xe6\xf8\xe5", b"x" * 5000],
        k=rng.randrange(1, 40))
    return (b"From: a@client.test\nX-Number: %d\n\n" % number +
            b"\n".join(lines) + b"\nend\n")


def deliver_while_read(agents, total):
    """Each agent is one process after the other; none waits for the next."""
    with House() as house, Owner(house.root) as owner:
        house.add_user("joe", "kvt.dk", SECRET, owner.uid, owner.gid)
        path = house.write_mailbox("joe", "kvt.dk", [], owner.uid, owner.gid)
        inode = path.stat().st_ino
        ways = [agent(house, owner, path) for agent in agents]
        rng = random.Random(5)
        messages = [message(i, rng) for i in range(total)]
        house.start_daemon("--max-per-source=50")

        def work(numbers):
            for i in numbers:
                ways[i % len(ways)](messages[i])
        texts = read_while(
            Mailbox(house.port, USER, SECRET),
            lambda: in_parts(total, len(ways), work))
        equal(sorted(number_of(text) for text in texts), list(range(total)),
              "numbers of the messages")
        for text in texts:
            sent = messages[number_of(text)].split(b"\n\n", 1)[1]
            equal(body_of(text), sent.replace(b"\n", b"\r\n"))
        equal(path.stat().st_ino, inode, "inode")
        equal(list(path.parent.glob("joe.*")), [], "locks left behind")
        equal(re.findall("changed|rewritten|replaced", house.log()), [])


@case("procmail delivers while POP3 sessions delete: nothing lost or torn")
def _():
    deliver_while_read([procmail], 100)


@case("maildrop delivers while POP3 sessions delete: nothing lost or torn")
def _():
    deliver_while_read([maildrop], 100)


@case("procmail, maildrop and virtual deliver at the same time while POP3 "
      "sessions delete: nothing lost or torn")
def _():
    deliver_while_read([procmail, maildrop, virtual], 102)


tap.main()
