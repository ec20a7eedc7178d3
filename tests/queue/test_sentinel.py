# SPDX-License-Identifier: GPL-3.0-or-later
"""A master, its replica and a sentinel that fails over when the master dies."""
from pathlib import Path

import pytest

from places import Nodes, free_ports
from resp import Redis
from servers import until

SECRET, SENTINEL_SECRET = "r3dis", "s3ntinel"


class Watched:
    def __init__(self):
        self.nodes = Nodes()
        self.master, self.replica, self.sentinel = free_ports(3)
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self):
        login = ("--requirepass", SECRET, "--masterauth", SECRET, "--save", "", "--repl-diskless-sync-delay", 0)
        self.nodes.start(self.master, *login)
        self.nodes.start(self.replica, *login, "--replicaof", f"127.0.0.1 {self.master}")
        config = Path(self.nodes.folder) / "sentinel.conf"
        config.write_text(f"sentinel monitor main 127.0.0.1 {self.master} 1\nsentinel auth-pass main {SECRET}\n"
                          "sentinel down-after-milliseconds main 300\nsentinel failover-timeout main 3000\n"
                          f"requirepass {SENTINEL_SECRET}\n")
        self.nodes.start(self.sentinel, config=str(config), sentinel=True)
        sentinel = Redis(f"127.0.0.1:{self.sentinel}", [SENTINEL_SECRET])

        def known():
            """Also that the replica is in step: else it would not be chosen."""
            facts = [dict(zip(one[::2], one[1::2])) for one in sentinel("SENTINEL", "REPLICAS", "main")]
            return [one for one in facts if one["master-link-status"] == "ok"]
        until(known, "the sentinel knows the replica", every=0.05)
        sentinel.close()

    @property
    def address(self):
        """The first sentinel is away."""
        return f"sentinel://:{SECRET}@127.0.0.1:1,127.0.0.1:{self.sentinel}/main?sentinel=:{SENTINEL_SECRET}"

    def ask(self, port, *words):
        """On a connection of its own: who changes his role closes them."""
        redis = Redis(f"127.0.0.1:{port}", [SECRET])
        try:
            return redis(*words)
        finally:
            redis.close()

    def is_master(self, port):
        try:
            return self.ask(port, "ROLE")[0] == "master"
        except ConnectionError:
            return False         # it changes its role at this very moment

    def stop(self):
        self.nodes.stop()


@pytest.fixture
def watched():
    watched = Watched()
    yield watched
    watched.stop()


def test_after_a_failover_all_goes_on(watched, fleet):
    fleet.settings["redis_url"] = watched.address
    first = fleet.put("image")
    fleet.start("millrace-scheduler")
    worker = fleet.start("millrace-worker", "mail")
    until(lambda: fleet.state(first) == "waiting", "it is in Redis")
    fleet.ended(fleet.put("mail"))

    watched.nodes.kill(watched.master)
    until(lambda: watched.is_master(watched.replica), "the replica is the master")
    second, bad = fleet.put("image"), fleet.put("mail")
    assert fleet.ended(bad) == "buried"
    until(lambda: fleet.state(second) == "waiting", "it is in the new master")
    assert fleet.state(first) == "waiting" and worker.poll() is None
    gen = watched.ask(watched.replica, "GET", "mr1:{q:image}:gen")
    run_id = watched.ask(watched.replica, "INFO", "server").split("run_id:")[1][:40]
    assert gen.endswith("|" + run_id), "it was rebuilt for the new run"


def test_a_master_that_nobody_knows_is_told(watched, fleet):
    fleet.settings["redis_url"] = watched.address.replace("/main", "/other")
    assert "the sentinel knows no master of that name" in fleet.state(fleet.put("image"))
