"""The client's side of SASL: what proves a secret, step by step."""

import base64
import hashlib
import hmac
import os
import re

from tap import equal

DIGESTS = {"SCRAM-SHA-1": "sha1", "SCRAM-SHA-256": "sha256"}


def encode(text):
    octets = text if isinstance(text, bytes) else text.encode()
    return base64.b64encode(octets)


def challenge(client, line):
    """Sends a line and decodes the challenge that comes back."""
    reply = client.ask(line)
    assert reply.startswith(b"+ "), reply
    return base64.b64decode(reply[2:], validate=True)


def plain(client, user, secret, wanted=""):
    equal(challenge(client, "AUTH PLAIN"), b"")
    return client.ask(encode(f"{wanted}\0{user}\0{secret}"))


def plain_at_once(client, user, secret):
    return client.ask(b"AUTH PLAIN " + encode(f"\0{user}\0{secret}"))


def login(client, user, secret):
    equal(challenge(client, "AUTH LOGIN"), b"Username:")
    equal(challenge(client, encode(user)), b"Password:")
    return client.ask(encode(secret))


def cram(client, user, secret):
    stamp = challenge(client, "AUTH CRAM-MD5")
    assert re.fullmatch(rb"<[^<>@\s]+@[^<>@\s]+>", stamp), stamp
    digest = hmac.new(secret.encode(), stamp, "md5").hexdigest()
    return client.ask(encode(f"{user} {digest}"))


class Scram:
    """One SCRAM exchange, RFC 5802 section 3, step by step."""

    def __init__(self, client, mechanism, user, secret, header="n,,"):
        self.client, self.secret, self.header = client, secret, header
        self.mechanism, self.digest = mechanism, DIGESTS[mechanism]
        self.nonce = base64.b64encode(os.urandom(15)).decode()
        name = user.replace("=", "=3D").replace(",", "=2C")
        self.bare = f"n={name},r={self.nonce}"

    def begin(self, at_once=True):
        first = encode(self.header + self.bare)
        if at_once:
            answer = challenge(
                self.client, f"AUTH {self.mechanism} ".encode() + first)
        else:
            equal(challenge(self.client, f"AUTH {self.mechanism}"), b"")
            answer = challenge(self.client, first)
        self.server = answer.decode()
        fields = dict(field.split("=", 1) for field in self.server.split(","))
        assert fields["r"].startswith(self.nonce), fields
        assert len(fields["r"]) > len(self.nonce) + 16, fields
        equal(fields["i"], "4096")
        self.full_nonce = fields["r"]
        self.salt = base64.b64decode(fields["s"], validate=True)
        equal(len(self.salt), 16)

    def hmac(self, key, text):
        octets = text if isinstance(text, bytes) else text.encode()
        return hmac.new(key, octets, self.digest).digest()

    def last(self):
        """The client's last message; expected becomes the server's."""
        without = f"c={encode(self.header).decode()},r={self.full_nonce}"
        message = f"{self.bare},{self.server},{without}"
        salted = hashlib.pbkdf2_hmac(
            self.digest, self.secret.encode(), self.salt, 4096)
        key = self.hmac(salted, "Client Key")
        stored = hashlib.new(self.digest, key).digest()
        proof = bytes(a ^ b for a, b in zip(key, self.hmac(stored, message)))
        signature = self.hmac(self.hmac(salted, "Server Key"), message)
        self.expected = b"v=" + encode(signature)
        return f"{without},p={encode(proof).decode()}"

    def prove(self):
        """Sends the last message; the line that comes back."""
        return self.client.ask(encode(self.last()))

    def run(self, at_once=True):
        self.begin(at_once)
        reply = self.prove()
        if not reply.startswith(b"+ "):
            return reply
        equal(base64.b64decode(reply[2:], validate=True), self.expected)
        return self.client.ask("")


def scram(mechanism, **more):
    return lambda client, user, secret: Scram(
        client, mechanism, user, secret, **more).run()


def scram_slowly(client, user, secret):
    return Scram(client, "SCRAM-SHA-256", user, secret, "y,,").run(False)
