"""Two daemons in networks of their own, one spool and one state directory, and
HAProxy in front with the lines of contrib/haproxy.  nfs.py has the same without
HAProxy on a file system that is shared by NFS."""

import concurrent.futures
import contextlib
import pathlib
import random
import re
import subprocess

import tap
from house import GROUP, OWNER, SOURCE, VIRTUAL, Client, House, children_of
from network import (CLIENT, NEAR_CLIENT, NEAR_SERVER, SERVER, Network,
                     connect_within)
from postfix import need_program
from superserver import Superserver
from tap import case, equal

LINES = SOURCE / "contrib/haproxy/haproxy.cfg.example"
USER, DOMAIN, SECRET = "joe@kvt.dk", "kvt.dk", "secret"
IN_USE = b"-ERR [IN-USE] mailbox is in use, try again later"
HERE = "127.0.0.1"  # where clients are, for HAProxy
# The network has one machine on each side of the router.
MACHINES = {"client": (CLIENT, NEAR_CLIENT), "server": (SERVER, NEAR_SERVER)}


def message(number):
    return b"X-Number: %d\n\n%s\n" % (number, b"x" * random.randrange(9999))


class Balancer(Superserver):
    """HAProxy on the router."""

    def __init__(self, house, network):
        lines = LINES.read_text()
        for name, address in zip(("192.0.2.11", "192.0.2.12"),
                                 (CLIENT, SERVER)):
            assert lines.count(name) == 1
            lines = lines.replace(name, address)
        rules = house.root / "haproxy.cfg"
        rules.write_text(lines)
        super().__init__(house, [
            *network.command("router"), need_program("haproxy"), "-db", "-f",
            str(rules)], 110)

    def is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(self.output.read_text())
        table = pathlib.Path(f"/proc/{self.process.pid}/net/tcp")
        return ":006E 00000000:0000 0A" in table.read_text()


class Cluster:
    """The daemons by their place in the network."""

    def __init__(self, stack):
        self.network = stack.enter_context(Network())
        self.network.run("router", "ip", "link", "set", "lo", "up")
        self.house = stack.enter_context(House())
        self.house.add_user("joe", DOMAIN, SECRET)
        self.daemons = {place: self.start(stack, place) for place in MACHINES}
        stack.enter_context(Balancer(self.house, self.network))

    def start(self, stack, place):
        address, proxy = MACHINES[place]
        self.house.start_daemon(
            f"--proxy-from={proxy}", listen=[f"--listen={address}:110"],
            before=self.network.command(place))
        self.house.port = 110
        self.house.wait_for(self.house.is_listening, "a daemon to listen")
        daemon, self.house.daemon = self.house.daemon, None
        stack.callback(self.stop, daemon)
        return daemon

    @staticmethod
    def stop(daemon):
        daemon.terminate()
        daemon.wait(30)

    def connect(self):
        return Client(connect_within(
            f"/run/netns/{self.network.names['router']}", HERE, 110)).greet()

    def try_login(self):
        """A connection, and the reply."""
        client = self.connect()
        client.ok(f"USER {USER}")
        return client, client.ask(f"PASS {SECRET}")

    def deliver(self, number, place):
        """virtual on one of the machines."""
        done = subprocess.run(
            [*self.network.command(place), "setpriv", f"--reuid={OWNER}",
             f"--regid={GROUP}", "--clear-groups", VIRTUAL.resolve(),
             f"--virtual-dir={self.house.virtual}",
             f"--virtual-spool={self.house.spool}", "-r", USER],
            input=message(number), stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, check=False)
        equal((done.returncode, done.stdout), (0, b""))

    def fetch(self):
        """The numbers of all messages, which are deleted; None: in use."""
        client, reply = self.try_login()
        with client:
            if reply == IN_USE:
                return None
            numbers = []
            for i in range(1, int(client.ok("STAT").split()[1]) + 1):
                _, text = client.retr(i)
                numbers.append(int(re.search(rb"X-Number: (\d+)\r\n", text)[1]))
                client.ok(f"DELE {i}")
            client.ok("QUIT")
        return numbers


@contextlib.contextmanager
def a_cluster():
    with contextlib.ExitStack() as stack:
        yield Cluster(stack)


@case("a second session is refused by the other daemon; the log has the client")
def _():
    with a_cluster() as cluster:
        client, reply = cluster.try_login()
        with client:
            assert reply.startswith(b"+OK"), reply
            other, reply = cluster.try_login()
            with other:
                equal(reply, IN_USE)
            client.ok("QUIT")
        cluster.house.logged(
            rf'session end="quit" .* user={USER} addr={HERE}\n')
        equal(set(re.findall(rf" user={USER} addr=(.*)\n",
                             cluster.house.log())), {HERE})


@case("HAProxy gives each daemon every other client")
def _():
    with a_cluster() as cluster, contextlib.ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(cluster.connect())
        for daemon in cluster.daemons.values():
            # a connection and its login child
            equal(len(children_of(daemon.pid)), 2)


@case("mail that comes on both machines, while both serve it, arrives once")
def _():
    with a_cluster() as cluster, \
            concurrent.futures.ThreadPoolExecutor(4) as pool:
        deliveries = [pool.submit(cluster.deliver, number, place)
                      for number, place in enumerate(list(MACHINES) * 20)]
        found = []
        while not all(delivery.done() for delivery in deliveries):
            found += cluster.fetch() or []
        for delivery in deliveries:
            delivery.result()
        cluster.house.wait_for(
            lambda: (last := cluster.fetch()) is not None and
            (found.extend(last) or True), "the end of the sessions")
        equal(sorted(found), list(range(40)))
        assert "trouble" not in re.sub(
            "mailbox trouble: [^\n]*: open in another session", "",
            cluster.house.log()), cluster.house.log()


@case("while one daemon is gone the other one serves everybody")
def _():
    with a_cluster() as cluster:
        cluster.daemons["client"].kill()
        cluster.daemons["client"].wait()
        for number in range(4):
            cluster.deliver(number, "server")
            equal(cluster.fetch(), [number])


tap.main()
