"""1,000 messages of mixed shape, delivered by virtual and fetched again: every
size that is told is the number of octets sent, and every text is what was
delivered, after the changes that virtual(8) documents."""

import random

import tap
from house import House, FROM_LINE
from tap import case, equal

SEED = 20261122
COUNT = 1000
LONG_LINE = 1000000
ADDED = b"Return-Path: <s@x.org>\nDelivered-To: joe@kvt.dk\n"


# ---- making messages -------------------------------------------------------

def octets_of(choice, length, without=b""):
    return bytes(octet for octet in choice.randbytes(length)
                 if octet not in without)


def plain(choice):
    return choice.randbytes(choice.randrange(40)).hex().encode()


LINES = [
    plain, plain,
    lambda choice: b"." * choice.randrange(1, 5),
    lambda choice: b"." + plain(choice),
    lambda choice: b"From " + plain(choice),
    lambda choice: b"From a@b Sun Nov 22 07:00:00 2026",
    lambda choice: b">" * choice.randrange(1, 3) + b"From x",
    lambda choice: b"",
    lambda choice: octets_of(choice, 60, b"\r\n\0"),
    lambda choice: b"\0" * choice.randrange(1, 9) + plain(choice),
    lambda choice: plain(choice) + b"\r" + plain(choice),
    lambda choice: b"\r" + plain(choice),
    lambda choice: octets_of(choice, choice.randrange(200), b"\n"),
    lambda choice: b"x" * choice.choice((79, 80, 81, 510, 511, 512, 1023)),
    lambda choice: b"Status: RO",
]


def long_line(choice):
    block = octets_of(choice, 1000, b"\r\n")
    return (block * (LONG_LINE // len(block) + 1))[:LONG_LINE]


def body(choice, number):
    lines = [choice.choice(LINES)(choice)
             for _line in range(choice.randrange(30))]
    if number % 50 == 7:
        lines.insert(choice.randrange(len(lines) + 1), long_line(choice))
    if number % 50 == 8:
        # Lines that end where the buffers of 32 and 64 KiB do.
        lines.insert(0, b"y" * (choice.choice((32768, 65536)) -
                                choice.randrange(400)))
        lines.insert(1, b".dot")
    text = b"".join(line + choice.choice((b"\n", b"\n", b"\r\n"))
                    for line in lines)
    if number % 3 == 0:
        text += plain(choice) + choice.choice((b"x", b"."))  # no line end
    return text


def header(choice, number):
    text = b"Subject: message %d\n" % number
    if number % 4 == 0:
        text += b"X-Bits: " + octets_of(choice, 30, b"\r\n") + b"\n folded\n"
    if number % 5 == 0:
        text += b"From the header\n"
    return text.replace(b"\n", b"\r\n") if number % 7 == 0 else text


def message(choice, number):
    if number % 100 == 99:
        return header(choice, number)  # no body at all
    end = b"\r\n" if number % 7 == 0 else b"\n"
    return header(choice, number) + end + body(choice, number)


# ---- what must come of them ------------------------------------------------

def stored(text):
    """The documented changes: CR LF to LF, a final line end, >From."""
    if not text.endswith(b"\n"):
        text = text[:-1] + b"\n" if text.endswith(b"\r") else text + b"\n"
    text = text.replace(b"\r\n", b"\n")
    head, blank, rest = text.partition(b"\n\n")
    lines = [b">" + line if line.startswith(b"From ") else line
             for line in rest.split(b"\n")]
    return ADDED + head + blank + b"\n".join(lines)


def sent(text):
    """As stored, in lines that end in CR LF: also those whose text ends in
    CR CR LF, of which one CR belongs to the line end already."""
    return text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def check(client, expected):
    sizes = [int(row.split()[1]) for row in client.listing("LIST")]
    equal(len(sizes), len(expected))
    for number, text in enumerate(expected, 1):
        announced, got = client.retr(number)
        equal(announced, sizes[number - 1], f"message {number}")
        equal(len(got), announced, f"message {number}")
        if got != text:
            where = next((i for i, pair in enumerate(zip(got, text))
                          if pair[0] != pair[1]), min(len(got), len(text)))
            equal(got[where - 40:where + 40], text[where - 40:where + 40],
                  f"message {number} at {where}")
            raise AssertionError(f"message {number} differs in length")
    equal(client.ok("STAT"), b"+OK %d %d" % (len(sizes), sum(sizes)))
    return sizes


@case(f"row 18: {COUNT} messages of mixed shape come as they were delivered")
def _():
    choice = random.Random(SEED)
    messages = [message(choice, number) for number in range(COUNT)]
    expected = [sent(stored(text)) for text in messages]
    assert any(len(text) > LONG_LINE for text in messages)
    with House() as house:
        house.add_user("joe", "kvt.dk", "secret")
        for text in messages:
            done = house.deliver(text, "-r", "joe@kvt.dk", "-f", "s@x.org")
            equal((done.returncode, done.stdout), (0, b""))
        with house.inetd() as client:
            client.login("joe@kvt.dk", "secret")
            check(client, expected)
            ids = [row.split()[1] for row in client.listing("UIDL")]
            equal(len(set(ids)), COUNT)
            for number in range(1, COUNT + 1, 2):
                client.ok(f"DELE {number}")
            client.ok("QUIT")
        with house.inetd() as client:
            client.login("joe@kvt.dk", "secret")
            check(client, expected[1::2])
            equal([row.split()[1] for row in client.listing("UIDL")],
                  ids[1::2])


@case("row 16: dots are stuffed at every place where a buffer may end")
def _():
    with House() as house:
        house.add_user("joe", "kvt.dk", "secret")
        messages = [b"Subject: x\n\n" + b"z" * length + b"\n.\n..\n.x\n" +
                    b"\n" * (length % 3) + b".\n"
                    for base in (32768, 65536)
                    for length in range(base - 60, base + 6)]
        house.write_mailbox("joe", "kvt.dk", messages)
        with house.inetd() as client:
            client.login("joe@kvt.dk", "secret")
            check(client, [sent(text) for text in messages])


@case("row 42: mailboxes of any size near a multiple of 4096 read the same")
def _():
    with House() as house:
        house.add_user("joe", "kvt.dk", "secret")
        path = house.write_mailbox("joe", "kvt.dk", [])
        head = FROM_LINE + b"Subject: one\n\none\n\n" + FROM_LINE
        for pages in (1, 2, 16, 64, 65):
            for end in (b"", b"\n", b"\n\n"):
                for size in range(pages * 4096 - 2, pages * 4096 + 3, 2):
                    text = b"Subject: two\n\n"
                    text += b"x" * (size - len(head + text + end))
                    path.write_bytes(head + text + end)
                    equal(path.stat().st_size, size)
                    with house.inetd() as client:
                        client.login("joe@kvt.dk", "secret")
                        check(client, [b"Subject: one\r\n\r\none\r\n",
                                       sent(text + b"\n")])


@case("row 41: a long line whose rest begins with From_ is one line")
def _():
    with House() as house:
        house.add_user("joe", "kvt.dk", "secret")
        messages = [b"Subject: x\n\n" + b"w" * length + FROM_LINE + b"\nend\n"
                    for length in (511, 512, 1024, 4095, 4096, 65535, 65536,
                                   262143, 262144)]
        house.write_mailbox("joe", "kvt.dk", messages)
        with house.inetd() as client:
            client.login("joe@kvt.dk", "secret")
            check(client, [sent(text) for text in messages])


tap.main()
