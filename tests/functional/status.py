"""Status: headers, as the sessions of one user leave them."""

import tap
from house import FROM_LINE, House
from tap import case, equal


def texts(*fields):
    """Messages with these lines in their headers."""
    return [b"Subject: %d\n%s\nbody\n" % (i, field)
            for i, field in enumerate(fields)]


def stored(messages):
    return b"".join(FROM_LINE + message + b"\n" for message in messages)


def left_by(commands, fields, user="joe@kvt.dk", options=()):
    """The mailbox after a session of these commands."""
    with House(keeps_status=True) as house:
        house.add_user("joe", "kvt.dk", "secret")
        path = house.write_mailbox("joe", "kvt.dk", texts(*fields))
        with house.inetd(*options) as client:
            client.login(user, "secret")
            for command in commands:
                client.ok(command)
                if command.startswith("RETR"):
                    client.lines()
            client.ok("QUIT")
        return path.read_bytes()


@case("what is retrieved gets R and O, what stays behind it O")
def _():
    equal(left_by(["RETR 2"], [b"", b"", b""]),
          stored(texts(b"", b"Status: RO\n", b"Status: O \n")))


@case("where the header has room nothing moves")
def _():
    equal(left_by(["RETR 1"], [b"Status:    \n", b"Status:    \n"]),
          stored(texts(b"Status: RO \n", b"Status: O  \n")))


@case("a session that is left without QUIT changes nothing")
def _():
    with House(keeps_status=True) as house:
        house.add_user("joe", "kvt.dk", "secret")
        path = house.write_mailbox(
            "joe", "kvt.dk", texts(b"", b"Status:    \n"))
        before = path.read_bytes()
        with house.inetd() as client:
            client.login("joe@kvt.dk", "secret")
            client.retr(1)
        equal(path.read_bytes(), before)


@case("--no-status, and s- before the name, leave headers alone")
def _():
    fields = [b"", b"Status:    \n"]
    for user, options in (("joe@kvt.dk", ["--no-status"]),
                          ("s-joe@kvt.dk", [])):
        equal(left_by(["RETR 1", "RETR 2"], fields, user, options),
              stored(texts(*fields)))


@case("LAST begins at what an earlier session has retrieved")
def _():
    with House(keeps_status=True) as house:
        house.add_user("joe", "kvt.dk", "secret")
        house.write_mailbox("joe", "kvt.dk", texts(b"", b"", b""))
        with house.inetd() as client:
            client.login("joe@kvt.dk", "secret")
            client.retr(2)
            client.ok("QUIT")
        with house.inetd() as client:
            client.login("joe@kvt.dk", "secret")
            equal(client.ask("LAST"), b"+OK 2")


@case("ids stay the same when headers are added; sizes tell of them")
def _():
    with House(keeps_status=True) as house:
        house.add_user("joe", "kvt.dk", "secret")
        house.write_mailbox("joe", "kvt.dk", texts(b"", b"X-A: b\n", b""))
        seen = []
        for _ in range(3):
            with house.inetd() as client:
                client.login("joe@kvt.dk", "secret")
                seen.append((client.listing("UIDL"), client.listing("LIST")))
                sizes = [int(line.split()[1]) for line in seen[-1][1]]
                equal([len(client.retr(i + 1)[1]) for i in range(3)], sizes)
                client.ok("QUIT")
        equal(seen[0][0], seen[1][0])
        equal(seen[1], seen[2])
        assert seen[0][1] != seen[1][1]


tap.main()
