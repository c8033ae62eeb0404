"""inotify, as far as a test needs it."""

import contextlib
import ctypes
import os
import struct


class Watch:
    """inotify: which names appear in and vanish from a directory."""

    CREATED, REMOVED = 0x100, 0x200

    def __init__(self, directory):
        library = ctypes.CDLL(None, use_errno=True)
        self.fd = library.inotify_init1(os.O_NONBLOCK)
        assert self.fd >= 0
        assert library.inotify_add_watch(
            self.fd, os.fsencode(directory), self.CREATED | self.REMOVED) >= 0

    def events(self):
        """The (name, mask) pairs since the last call."""
        found = []
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self.fd, 65536):
                while data:
                    _watch, mask, _cookie, length = struct.unpack_from(
                        "iIII", data)
                    name = data[16:16 + length].rstrip(b"\0").decode()
                    found.append((name, mask))
                    data = data[16 + length:]
        return found
