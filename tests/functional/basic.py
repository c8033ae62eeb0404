"""A session from greeting to QUIT, the way every client goes."""

import tap
from house import House
from tap import case, equal

MESSAGES = [b"Subject: one\n\nfirst\n", b"Subject: two\n\n.second\n"]


@case("a virtual user logs in, retrieves, deletes, and only that is gone")
def _():
    with House() as house:
        house.add_user("joe", "kvt.dk", "secret")
        path = house.write_mailbox("joe", "kvt.dk", MESSAGES)
        inode = path.stat().st_ino
        with house.inetd() as client:
            client.login("joe@kvt.dk", "secret")
            equal(client.ok("STAT"), b"+OK 2 48")
            equal(client.retr(2), (25, b"Subject: two\r\n\r\n.second\r\n"))
            client.ok("DELE 1")
            client.ok("QUIT")
            assert client.is_ended()
        assert b"one" not in path.read_bytes()
        assert b"two" in path.read_bytes()
        equal(path.stat().st_ino, inode, "inode")


tap.main()
