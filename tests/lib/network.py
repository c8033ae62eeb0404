"""A network of our own: client - router - server, where packets can vanish
without anybody being told.

    with Network() as network:
        house.start_daemon(listen=[f"--listen={SERVER}:110"],
                           before=network.command("server"))
        client = network.connect("client", 110)
        network.cut()

The three are network namespaces of this machine.
"""

import contextlib
import ctypes
import os
import random
import socket
import subprocess
import threading

from house import IS_ROOT
from postfix import need_program
from tap import Skip

CLIENT, SERVER = "198.51.100.2", "192.0.2.2"
NEAR_CLIENT, NEAR_SERVER = "198.51.100.1", "192.0.2.1"
CLONE_NEWNET = 0x40000000


def connect_within(namespace, address, port):
    """A TCP connection from the network whose file this is."""
    found = []

    def work():  # a thread can be elsewhere than its process
        try:
            with open(namespace) as network:
                if ctypes.CDLL(None, use_errno=True).setns(
                        network.fileno(), CLONE_NEWNET) == -1:
                    raise OSError(ctypes.get_errno(), "setns")
            found.append(socket.create_connection((address, port), 30))
        except OSError as trouble:
            found.append(trouble)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if isinstance(found[0], OSError):
        raise found[0]
    return found[0]


class Network:
    def __init__(self):
        if not IS_ROOT:
            raise Skip("a network of our own needs root")
        need_program("ip")
        self.mark = f"{random.randrange(16 ** 6):06x}"
        self.names = {place: f"pop3d-{place}-{self.mark}"
                      for place in ("client", "router", "server")}

    def __enter__(self):
        try:
            self._build()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for name in self.names.values():
            with contextlib.suppress(subprocess.CalledProcessError):
                self._ip("netns", "del", name)

    @staticmethod
    def _ip(*words):
        subprocess.run([need_program("ip"), *words], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def _build(self):
        for name in self.names.values():
            try:
                self._ip("netns", "add", name)
            except subprocess.CalledProcessError as trouble:
                raise Skip("network namespaces are not allowed") from trouble
        for place, address, near in (("client", CLIENT, NEAR_CLIENT),
                                     ("server", SERVER, NEAR_SERVER)):
            self._connect(place, address, near)
        self.run("router", "sh", "-c",
                 "echo 0 | tee /proc/sys/net/ipv4/conf/*/rp_filter")
        self._forward(True)

    def _connect(self, place, address, near):
        """A cable between the place and the router."""
        name, router = self.names[place], self.names["router"]
        self._ip("-n", name, "link", "add", "eth0", "type", "veth",
                 "peer", "name", place, "netns", router)
        self._ip("-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
        self._ip("-n", router, "addr", "add", f"{near}/24", "dev", place)
        for where, device in ((name, "lo"), (name, "eth0"), (router, place)):
            self._ip("-n", where, "link", "set", device, "up")
        self._ip("-n", name, "route", "add", "default", "via", near)

    def command(self, place):
        return [need_program("ip"), "netns", "exec", self.names[place]]

    def run(self, place, *command):
        subprocess.run([*self.command(place), *command], check=True,
                       stdout=subprocess.DEVNULL)

    def connect(self, place, port):
        """A connection to the server from this place."""
        return connect_within(f"/run/netns/{self.names[place]}", SERVER, port)

    # ---- trouble ----

    def _forward(self, does):
        self.run("router", "sh", "-c",
                 f"echo {int(does)} > /proc/sys/net/ipv4/ip_forward")

    def cut(self):
        """From now on the router drops all packets between the two."""
        self._forward(False)

    def lose_replies(self):
        """From now on it drops those to the client only."""
        self._ip("-n", self.names["router"], "route", "add", "blackhole",
                 f"{CLIENT}/32")


SYS_PIDFD_GETFD = 438


def socket_of(pid, descriptor):
    """The same socket as that of another process, to look at its options."""
    pidfd = os.pidfd_open(pid)
    try:
        fd = ctypes.CDLL(None, use_errno=True).syscall(
            SYS_PIDFD_GETFD, pidfd, descriptor, 0)
        if fd == -1:
            raise OSError(ctypes.get_errno(), "pidfd_getfd")
        return socket.socket(fileno=fd)
    finally:
        os.close(pidfd)
