# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster of three nodes. What a script does there is tested where it is tested at all (conftest.py); here are two
queues on different nodes, and programs that have to find them."""
import json
import re

import pytest

from engine import Queue, RedisError, new_id, packed
from servers import until


@pytest.fixture
def two_queues(cluster):
    """On different nodes, each with a connection to its own."""
    cluster.flush()
    names = ["q0", next(name for name in map("q{}".format, range(1, 100)) if cluster.owner(name) != cluster.owner("q0"))]
    queues = [Queue(cluster.connect(cluster.owner(name)), name) for name in names]
    for queue in queues:
        queue.close()
        queue.open()
    yield queues
    for queue in queues:
        queue.redis.close()


def test_two_queues_on_different_nodes_do_not_meet(two_queues):
    one, other = two_queues
    assert one.run_id != other.run_id
    job = new_id()
    assert one.put((job, packed())) == other.put((job, packed())) == 1
    held, = one.reserve()
    assert other.cancel(job, "look") == "waiting" and one.cancel(job, "look") == "running"
    assert one.finish(held) == [1]
    assert other.reserve().ids == [job]


def test_a_script_refuses_another_nodes_queue(two_queues):
    one, other = two_queues
    other.redis.send(*one.library.words("put", one.prefix, new_id(), packed()))
    with pytest.raises(RedisError, match="^MOVED "):
        other.redis.take()


@pytest.fixture
def clustered(cluster, fleet):
    """The fleet's queues, image and mail, are on different nodes as it happens; asked is one that has neither, if any."""
    cluster.flush()
    owners = {cluster.owner("image"), cluster.owner("mail")}
    asked = next((port for port in cluster.ports if port not in owners), cluster.ports[0])
    fleet.settings["redis_url"] = f"cluster://127.0.0.1:{asked}"
    return fleet


def test_programs_find_the_node_of_each_queue(cluster, clustered):
    waiting, bad = clustered.put("image"), clustered.put("mail")
    clustered.start("millrace-scheduler")
    clustered.start("millrace-worker", "mail")
    assert clustered.ended(bad) == "buried"
    until(lambda: clustered.state(waiting) == "waiting", "it is in Redis")
    node = cluster.connect(cluster.owner("image"))
    assert node("HGET", "mr1:{q:image}:j", waiting)
    node.close()
    assert clustered.run("cancel", waiting).returncode == 0 and clustered.ended(waiting) == "cancelled"


def test_the_operators_command_finds_them(cluster, clustered):
    clustered.put("image")
    bad = clustered.put("mail")
    clustered.start("millrace-scheduler")
    clustered.start("millrace-worker", "mail")
    clustered.ended(bad)
    until(lambda: 'millrace_queue_waiting{queue="image"} 1\n' in clustered.run("metrics").output, "it is counted")
    said = {one["check"]: one for one in json.loads(clustered.run("doctor", "--json").output)}
    assert [said[check]["state"] for check in ("scheduler", "clocks", "settings", "unknown", "ended", "lists")] == ["ok"] * 6, said
    assert re.search(r"^image +open +1 ", clustered.run("top", "--once").output, re.M)


def test_a_node_that_is_away_is_passed_over(cluster, clustered):
    clustered.settings["redis_url"] = f"cluster://127.0.0.1:1,127.0.0.1:{cluster.ports[0]}"
    clustered.put("image")
    clustered.start("millrace-scheduler")
    waiting = clustered.put("image")
    until(lambda: clustered.state(waiting) == "waiting", "it is in Redis")


def test_a_queue_that_moves_is_rebuilt_at_its_new_node(cluster, clustered):
    """Its slot is given to another node with nothing in it; the scheduler follows, and puts the jobs there."""
    first = clustered.put("image")
    clustered.start("millrace-scheduler")
    until(lambda: clustered.state(first) == "waiting", "it is in Redis")
    old, new = cluster.owner("image"), next(port for port in cluster.ports if port != cluster.owner("image"))
    nodes = {port: cluster.connect(port) for port in cluster.ports}
    slot = nodes[old]("CLUSTER", "KEYSLOT", "{q:image}")
    name = {port: node("CLUSTER", "MYID") for port, node in nodes.items()}

    def leave():
        """A node lets go of a slot only when it holds nothing of it, and the scheduler may be about to write."""
        for key in nodes[old]("CLUSTER", "GETKEYSINSLOT", slot, 1000):
            nodes[old]("DEL", key)
        try:
            return nodes[old]("CLUSTER", "SETSLOT", slot, "NODE", name[new])
        except RedisError:
            return None

    def give(port):
        nodes[port]("CLUSTER", "SETSLOT", slot, "NODE", name[port])
        nodes[port]("CLUSTER", "BUMPEPOCH")
        if port == new:
            until(leave, "the old node has let go of it")
        for node in nodes.values():
            node("CLUSTER", "SETSLOT", slot, "NODE", name[port])
    give(new)
    try:
        until(lambda: nodes[new]("EXISTS", "mr1:{q:image}:gen"), "it is open there")
        assert nodes[new]("HGET", "mr1:{q:image}:j", first)
        assert clustered.state(first) == "waiting"
    finally:
        clustered.stop()
        nodes[new]("FLUSHALL")
        give(old)
        for node in nodes.values():
            node.close()
