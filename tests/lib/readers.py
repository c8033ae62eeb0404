"""POP3 sessions by poplib, alone and many at once, that check what they get.

    mailbox = Mailbox(house.port, "joe@kvt.dk", "secret")
    texts = mailbox.fetch()
    readers = [Reader(mailbox) for _ in range(3)]    # threads
"""

import poplib
import re
import threading
import time

from tap import equal

poplib._MAXLINE = 8 * 1000 * 1000  # its own limit is 2048 octets in a line


def retrieve(session, number):
    """A message with CRLF ends, its size compared with what is announced."""
    reply, lines, octets = session.retr(number)
    text = b"".join(line + b"\r\n" for line in lines)
    equal(octets, len(text), "octets received")
    equal(int(reply.split()[1]), len(text), "size in the reply to RETR")
    return text


def number_of(text):
    """The number that a test has given to a message."""
    return int(re.search(rb"(?m)^X-Number: (\d+)\r?$", text)[1])


def body_of(text):
    return text.split(b"\r\n\r\n", 1)[1]


class Mailbox:
    """A mailbox as a client knows it."""

    def __init__(self, port, user, secret, patience=30):
        """patience: seconds to wait for the end of other sessions, and for a
        reply."""
        self.port, self.user, self.secret = port, user, secret
        self.patience = patience

    def login(self):
        """A session; waits for another one on the same mailbox to end."""
        deadline = time.monotonic() + self.patience
        while time.monotonic() < deadline:
            session = poplib.POP3("127.0.0.1", self.port, self.patience)
            session.user(self.user)
            try:
                session.pass_(self.secret)
                return session
            except poplib.error_proto as refusal:
                session.close()
                assert b"[IN-USE]" in refusal.args[0], refusal
                time.sleep(0.02)
        raise AssertionError("somebody holds the mailbox for ever")

    def fetch(self):
        """All messages; LIST, RETR and STAT must agree about their sizes."""
        session = self.login()
        sizes = [int(line.split()[1]) for line in session.list()[1]]
        texts = [retrieve(session, i + 1) for i in range(len(sizes))]
        equal([len(text) for text in texts], sizes, "sizes in LIST and RETR")
        equal(session.stat(), (len(sizes), sum(sizes)), "STAT")
        session.quit()
        return texts


class Reader(threading.Thread):
    """Fetches and deletes, again and again, until stop()."""

    def __init__(self, mailbox):
        super().__init__()
        self.mailbox = mailbox
        self.texts = []  # what was fetched and is deleted
        self.ends = threading.Event()
        self.failure = None
        self.start()

    def run(self):
        try:
            while not self.ends.is_set():
                self.fetch_once()
                time.sleep(0.1)
        except Exception as failure:  # told by stop()
            self.failure = failure

    def fetch_once(self):
        """Takes all messages but the last, so that there is one to move."""
        session = self.mailbox.login()
        count = session.stat()[0]
        texts = [retrieve(session, i + 1) for i in range(count)]
        for i in range(count - 1):
            session.dele(i + 1)
        session.quit()
        self.texts += texts[:-1]

    def stop(self):
        """Ends the thread; returns what it has taken."""
        self.ends.set()
        self.join()
        if self.failure is not None:
            raise self.failure
        return self.texts


def in_parts(count, parts, work):
    """Runs work(numbers) in threads, each with a part of the numbers below
    count; fails if one of them fails."""
    failures = []

    def run(numbers):
        try:
            work(numbers)
        except Exception as failure:  # told below
            failures.append(failure)
    threads = [threading.Thread(target=run, args=(range(i, count, parts),))
               for i in range(parts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def read_while(mailbox, work, count=3):
    """Runs work() while readers take turns on the mailbox.  Returns all
    messages, those that were taken and those that are left in it."""
    readers = [Reader(mailbox) for _ in range(count)]
    try:
        work()
    finally:
        for reader in readers:
            reader.ends.set()
        taken = [reader.stop() for reader in readers]
    assert any(taken), "no reader has taken anything: nothing was tested"
    return sum(taken, []) + mailbox.fetch()
