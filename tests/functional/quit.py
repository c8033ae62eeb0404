"""QUIT while the disk is slow: the reply comes when the outcome is certain, the
rest of the work after it."""

import tap
from house import FROM_LINE, House
from strace import injecting
from tap import case, equal

SLOW = "delay_enter=2000000"  # 2 s for each fsync(2)
MESSAGES = [b"Subject: %d\n\ntext\n" % i for i in range(3)]
NEW = b"".join(FROM_LINE + message + b"\n" for message in MESSAGES[1:])


def is_unfinished(house):
    return any(path.stat().st_size > 0 for path in house.state.glob("*.j[01]"))


@case("messages are said to be deleted as soon as that is certain, and who "
      "comes back at once waits for the end")
def _():
    with House() as house:
        house.add_user("joe", "kvt.dk", "secret")
        path = house.write_mailbox("joe", "kvt.dk", MESSAGES)
        house.start_daemon(before=injecting(SLOW, "fsync"))
        with house.connect() as client:
            client.login("joe@kvt.dk", "secret")
            client.ok("DELE 1")
            equal(client.ask("QUIT"), b"+OK mailbox updated, goodbye")
            assert is_unfinished(house), "all was done before the reply"
            with house.connect() as again:
                again.login("joe@kvt.dk", "secret")
                assert not is_unfinished(house), "it did not wait"
                equal(again.ok("STAT").split()[1], b"2")
                equal(path.read_bytes(), NEW)
            assert client.is_ended()
        found = house.logged(r'session end="(\w+)" .* deleted=(\d+) left=(\d+)')
        equal(found, ("quit", "1", "2"))


@case("what fails after that is logged, and completed at the next login")
def _():
    with House() as house:
        house.add_user("joe", "kvt.dk", "secret")
        path = house.write_mailbox("joe", "kvt.dk", MESSAGES)
        house.start_daemon(before=injecting("error=EIO:when=2", "ftruncate"))
        with house.connect() as client:
            client.login("joe@kvt.dk", "secret")
            client.ok("DELE 1")
            equal(client.ask("QUIT"), b"+OK mailbox updated, goodbye")
            assert client.is_ended()
        house.logged("the update will be completed later: Input/output error")
        assert is_unfinished(house)
        house.stop_daemon()  # its system calls fail for all processes
        with house.inetd() as again:
            again.login("joe@kvt.dk", "secret")
            equal(path.read_bytes(), NEW)


tap.main()
