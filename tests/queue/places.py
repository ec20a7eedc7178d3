# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a queue may live, and servers for that on ports of 127.0.0.1."""
import random
import re
import shutil
import socket
import subprocess
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path

from engine import ROOT
from resp import Redis
from servers import until

USER, PASSWORD = "millrace", "p@ss/w:rd"
LOGIN = "millrace:p%40ss%2Fw%3Ard@"


def free_ports(n):
    """Below those that a connection gets by chance: until somebody listens there, nobody's call goes out by one of them."""
    below = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    with ExitStack() as stack:
        held = {}
        while len(held) < n:
            port = random.randrange(below // 2, below)
            with suppress(OSError):
                held[port] = stack.enter_context(socket.create_server(("127.0.0.1", port)))
        return list(held)


def documented_rules():
    """The rules of the user that docs/operating.md tells to make."""
    text = (ROOT / "docs" / "operating.md").read_text()
    words = re.search(r"^user millrace ((?:.|\n)*?)```", text, re.M).group(1).replace("\\\n", " ").split()
    return [f">{PASSWORD}" if word.startswith(">") else word for word in words]


class Nodes:
    """Redis servers of our own, each on a port, in a folder that goes with them."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="mrn-")
        self.running = {}

    def start(self, port, *options, config=None, sentinel=False):
        argv = ["redis-server", *([config] if config else []), *(["--sentinel"] if sentinel else []), "--port", str(port),
                "--bind", "127.0.0.1", "--dir", self.folder, "--loglevel", "warning", *map(str, options)]
        with open(f"{self.folder}/log", "ab") as log:
            self.running[port] = subprocess.Popen(argv, stdout=log, stderr=log)
        until(lambda: self.running[port].poll() is None and listens(port), f"Redis listens on {port}")

    def kill(self, port):
        process = self.running.pop(port)
        process.kill()
        process.wait()

    def stop(self):
        for port in list(self.running):
            self.kill(port)
        shutil.rmtree(self.folder)


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


class Cluster:
    """Three masters, a third of the slots each."""
    SLOTS = [(0, 5460), (5461, 10922), (10923, 16383)]

    def __init__(self):
        self.nodes = Nodes()
        ports = free_ports(6)
        self.ports = ports[:3]
        try:
            self._join(dict(zip(ports[:3], ports[3:])))
        except BaseException:
            self.stop()
            raise

    def _join(self, bus):
        for number, port in enumerate(self.ports):
            self.nodes.start(port, "--save", "", "--maxmemory", "128mb", "--cluster-enabled", "yes", "--cluster-port", bus[port],
                             "--cluster-config-file", f"nodes-{port}.conf", "--cluster-announce-ip", "127.0.0.1")
            node = self.connect(port)
            node("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            node("CLUSTER", "ADDSLOTSRANGE", *self.SLOTS[number])
            node("CLUSTER", "MEET", "127.0.0.1", self.ports[0], bus[self.ports[0]])
            node.close()
        for port in self.ports:
            node = self.connect(port)
            until(lambda: "cluster_state:ok" in (info := node("CLUSTER", "INFO")) and "cluster_known_nodes:3" in info,
                  "the cluster is whole")
            node.close()

    def connect(self, port=None, login=None):
        return Redis(f"127.0.0.1:{port or self.ports[0]}", login)

    def owner(self, queue):
        """The port of the node that has the queue."""
        node = self.connect()
        slot = node("CLUSTER", "KEYSLOT", f"mr1:{{q:{queue}}}:")
        node.close()
        return next(port for port, (first, last) in zip(self.ports, self.SLOTS) if first <= slot <= last)

    def flush(self):
        for port in self.ports:
            node = self.connect(port)
            node("FLUSHALL")
            node("FUNCTION", "FLUSH")
            node.close()

    def stop(self):
        self.nodes.stop()


class Alone:
    queue = "q"

    def __init__(self, fixture):
        self.servers = fixture("servers")

    def flush(self):
        redis = self.connect()
        redis("FLUSHALL")
        redis("FUNCTION", "FLUSH")
        redis.close()

    def connect(self):
        return Redis(self.servers.redis_socket)

    def connect_caller(self):
        return self.connect()


class InCluster:
    """The queue's node is found by asking another one."""

    def __init__(self, fixture):
        self.cluster = fixture("cluster")
        self.queue = next(name for name in map("q{}".format, range(100)) if self.cluster.owner(name) != self.cluster.ports[0])

    def flush(self):
        self.cluster.flush()

    def connect(self):
        redis = self.cluster.connect()
        redis("EXISTS", f"mr1:{{q:{self.queue}}}:")
        return redis

    def connect_caller(self):
        return self.connect()


class AsUser(Alone):
    """What calls the scripts may do only what the documentation says that it must."""

    def __init__(self, fixture):
        super().__init__(fixture)
        redis = self.connect()
        redis("ACL", "SETUSER", USER, *documented_rules())
        redis.close()

    def connect_caller(self):
        return Redis(self.servers.redis_socket, (USER, PASSWORD))


PLACES = {"alone": Alone, "cluster": InCluster, "user": AsUser}
