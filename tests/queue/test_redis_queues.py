# SPDX-License-Identifier: GPL-3.0-or-later
"""Queues with a Redis of their own."""
from office import queue_names
from places import Nodes, free_ports
from servers import until


def test_one_that_is_away_does_not_hold_up_the_other(servers, fleet, redis_alone):
    fleet.settings["redis_url"] = "127.0.0.1:1"
    fleet.settings["redis_queues"] = f"image={servers.redis_socket}"
    waiting, lost = fleet.put("image"), fleet.put("mail")
    fleet.start("millrace-scheduler")
    until(lambda: fleet.state(waiting) == "waiting", "it is in Redis")
    assert fleet.state(lost).startswith("unknown: Redis: 127.0.0.1:1: ")
    assert redis_alone("KEYS", "mr1:{q:mail}*") == []


def test_what_was_missed_is_put_when_it_is_there(servers, fleet, redis_alone):
    nodes, (port,) = Nodes(), free_ports(1)
    fleet.settings["redis_queues"] = f"mail=127.0.0.1:{port}"
    try:
        waiting, bad = fleet.put("image"), fleet.put("mail")
        fleet.start("millrace-scheduler")
        fleet.start("millrace-worker", "mail")
        until(lambda: fleet.state(waiting) == "waiting", "it is in Redis")
        nodes.start(port, "--save", "")
        assert fleet.ended(bad) == "buried"
    finally:
        fleet.stop()
        nodes.stop()


def test_a_scheduler_looks_after_a_thousand_queues(fleet, redis_alone, sql):
    """The 33rd name of a queue was never opened, and names stay. Beyond the bound it says so; its own are within."""
    own = queue_names(sql)
    sql("insert into job_kind (name, queue, version, deadline, tries)"
        " select 'k.' || n, 'a-' || n, 1, 60, 3 from generate_series(1, 1030) n")
    scheduler = fleet.start("millrace-scheduler")
    assert "there are more than 1024" in fleet.line(scheduler, "reconcile.queues")
    opened = lambda: sum(redis_alone("EXISTS", f"mr1:{{q:a-{n}}}:gen") for n in range(1, 1031))
    until(lambda: opened() == 1024 - len(own), "all but those are open", 60)
    assert {"image", "mail"} <= set(own) and all(redis_alone("EXISTS", f"mr1:{{q:{name}}}:gen") for name in own)


def test_a_scheduler_that_cannot_learn_of_queues_says_so_and_looks_after_its_own(fleet, redis_alone, sql):
    sql("alter table job_kind rename to gone")
    scheduler = fleet.start("millrace-scheduler")
    assert fleet.line(scheduler, "reconcile.queues").endswith('error=relation "job_kind" does not exist\n')
    until(lambda: all(redis_alone("EXISTS", f"mr1:{{q:{queue}}}:gen") for queue in ("image", "mail")), "they are open")
