"""An update that is killed is finished later: by --recover, by the next login,
by the daemon when it starts."""

import os
import signal
import subprocess

import tap
from house import DAEMON, FROM_LINE, House, children_of
from strace import ENVIRONMENT, injecting
from tap import case, equal

MESSAGES = [b"Subject: %d\n\n" % i + b"%d\n" % i * (2000 * i + 10)
            for i in range(6)]
CALLS = "pwrite64,ftruncate,fsync,fallocate"


def stored(messages):
    return b"".join(FROM_LINE + message + b"\n" for message in messages)


OLD = stored(MESSAGES)
NEW = stored(MESSAGES[1:3] + MESSAGES[4:])
COMMANDS = b"".join(command + b"\r\n" for command in (
    b"USER joe@kvt.dk", b"PASS secret", b"DELE 1", b"DELE 4", b"QUIT"))


def new_house():
    house = House()
    house.add_user("joe", "kvt.dk", "secret")
    house.write_mailbox("joe", "kvt.dk", MESSAGES)
    return house


def kill_at(house, number):
    """A session that dies as it enters its call of that number.  Returns what
    it said, and whether it died."""
    result = subprocess.run(
        injecting(f"signal=KILL:when={number}", CALLS, DAEMON, "-i",
                  "--debug=100", *house.options()),
        input=COMMANDS, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        timeout=60, check=False, env=ENVIRONMENT)
    return result.stdout, result.returncode != 0


def recover(house):
    return subprocess.run([DAEMON, "--recover", "--debug=100",
                           *house.options()], stderr=subprocess.PIPE,
                          timeout=60, check=False)


def journals(house):
    return sum(path.stat().st_size for path in house.state.glob("*.j[01]"))


def half_done():
    """A house whose mailbox is in the middle of an update."""
    for number in range(1, 60):
        house = new_house()
        kill_at(house, number)
        text = house.mailbox("joe", "kvt.dk").read_bytes()
        if text not in (OLD, NEW) and journals(house) > 0:
            return house
        house.__exit__()
    raise AssertionError("no call leaves the mailbox half done")


@case("killed at any call, the mailbox is old or new after --recover")
def _():
    seen = {OLD: 0, NEW: 0}
    for number in range(1, 60):
        with new_house() as house:
            path = house.mailbox("joe", "kvt.dk")
            inode = path.stat().st_ino
            said, died = kill_at(house, number)
            if not died:
                break
            equal(recover(house).returncode, 0, f"--recover, call {number}")
            text = path.read_bytes()
            assert text in seen, f"neither old nor new at call {number}"
            seen[text] += 1
            assert b"updated" not in said or text == NEW, "+OK, but old"
            equal(path.stat().st_ino, inode, "inode")
            equal(journals(house), 0, "octets left in the journal")
    else:
        raise AssertionError("the update makes too many calls")
    assert seen[OLD] > 0 and seen[NEW] > 0, f"both are seen: {seen}"


@case("the next login finishes the update before it looks at the mailbox")
def _():
    with half_done() as house:
        with house.inetd() as client:
            client.login("joe@kvt.dk", "secret")
            equal(len(client.listing("LIST")), 4)
            equal(client.retr(1)[1][:10], b"Subject: 1")
            client.ok("QUIT")
        assert house.mailbox("joe", "kvt.dk").read_bytes() == NEW
        house.logged("an interrupted update was completed")


@case("the daemon finishes it when it starts, mail that came since included")
def _():
    with half_done() as house:
        path = house.mailbox("joe", "kvt.dk")
        late = stored([b"Subject: late\n\nlate\n"])
        with open(path, "ab") as mailbox:
            mailbox.write(late)
        house.start_daemon()
        house.logged("an interrupted update was completed")
        assert path.read_bytes() == NEW + late


@case("the daemon finishes it when a session was killed")
def _():
    with half_done() as house:
        path = house.mailbox("joe", "kvt.dk")
        house.add_user("ann", "kvt.dk", "secret")
        saved = [(file, file.read_bytes())
                 for file in house.state.glob("*.j[01]")]
        for file, _ in saved:
            file.write_bytes(b"")
        house.start_daemon()
        for file, data in saved:
            file.write_bytes(data)
        with house.connect() as client:
            client.login("ann@kvt.dk", "secret")
            os.kill(children_of(house.daemon.pid)[0], signal.SIGKILL)
            house.logged("an interrupted update was completed")
        assert path.read_bytes() == NEW


@case("a mailbox that was rewritten since is left alone, its mail is saved")
def _():
    with half_done() as house:
        path = house.mailbox("joe", "kvt.dk")
        text = path.read_bytes().replace(b"Subject", b"Betreff")
        with open(path, "r+b") as mailbox:
            mailbox.write(text)
        result = recover(house)
        equal(result.returncode, 0, "status")
        assert b"was rewritten by another program" in result.stderr
        equal(path.read_bytes(), text)
        saved = list((house.state / "rescue").iterdir())
        equal(len(saved), 1, "saved files")
        assert saved[0].read_bytes() in NEW
        equal(journals(house), 0, "octets left in the journal")


@case("a full journal deletes nothing and says so, all but a hole still works")
def _():
    with new_house() as house:
        result = subprocess.run(
            injecting("error=ENOSPC", "fallocate", DAEMON, "-i",
                      "--debug=100", *house.options()),
            input=COMMANDS, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, timeout=60, check=False,
            env=ENVIRONMENT)
        assert result.stdout.endswith(
            b"-ERR [SYS/TEMP] mailbox cannot be updated now, "
            b"nothing deleted\r\n"), result.stdout
        equal(house.mailbox("joe", "kvt.dk").read_bytes(), OLD)


# ---- files that were tampered with ------------------------------------------

GARBAGE = [b"\xff" * 4096, b"\0" * 70000, b"NGPO3DJ3" * 500,
           os.urandom(3000)]


@case("row 58: whatever is in the files of the state, the mailbox is whole")
def _():
    for garbage in GARBAGE:
        with new_house() as house:
            path = house.mailbox("joe", "kvt.dk")
            with house.inetd() as client:
                client.login("joe@kvt.dk", "secret")
                ids = client.listing("UIDL")
                client.ok("QUIT")
            files = [file for file in house.state.rglob("*")
                     if file.is_file()]
            assert len(files) >= 4, files
            for file in files:
                file.write_bytes(garbage)
            with house.inetd() as client:
                client.login("joe@kvt.dk", "secret")
                equal(client.listing("UIDL"), ids)
                client.ok("DELE 1")
                client.ok("DELE 4")
                client.ok("QUIT")
            assert path.read_bytes() == NEW


@case("row 58: one octet changed in a journal: new, or left as it is")
def _():
    with half_done() as house:
        path = house.mailbox("joe", "kvt.dk")
        before = path.read_bytes()
        saved = {file: file.read_bytes()
                 for file in house.state.glob("*.j[01]")}
        for place in list(range(0, 120, 8)) + [200, 500, 2000]:
            path.write_bytes(before)
            for file, data in saved.items():
                changed = bytearray(data)
                if place < len(changed):
                    changed[place] ^= 0x10
                file.write_bytes(changed)
            recover(house)
            assert path.read_bytes() in (NEW, before), place


tap.main()
