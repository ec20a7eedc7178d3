# SPDX-License-Identifier: GPL-3.0-or-later
"""Script look tells what there is, changes nothing, and looks at no more than 64 things a call. Script drain asks those
workers to end that are there."""
import pytest

from engine import new_id

NAMES = ("open", "paused", "known", "delayed", "running", "parked", "wake", "workers", "draining", "version")


def seen(queue):
    return dict(zip(NAMES, queue.look("queue", queue.run_id)))


def oldest(queue):
    """When the oldest was due, and how many calls that took."""
    cursor, found, calls = "", [], 0
    while cursor or not calls:
        cursor, due = queue.look("oldest", cursor)
        found += [int(due)] if due else []
        calls += 1
    return min(found, default=None), calls


def everything(queue):
    """All keys of the queue with what they hold."""
    dump = {}
    for key in sorted(queue.redis("KEYS", queue.prefix + "*")):
        kind = queue.redis("TYPE", key)
        dump[key] = {"string": lambda: queue.redis("GET", key), "hash": lambda: queue.redis("HGETALL", key),
                     "zset": lambda: queue.redis("ZRANGE", key, 0, -1, "WITHSCORES"),
                     "list": lambda: queue.redis("LRANGE", key, 0, -1), "set": lambda: queue.redis("SMEMBERS", key)}[kind]()
    return dump


def test_an_empty_queue(queue):
    assert seen(queue) == dict.fromkeys(NAMES, 0) | {"open": 1}
    assert oldest(queue) == (None, 1)
    assert queue.look("workers", 0) == queue.look("running", 0) == queue.look("jobs") == []


def test_a_closed_queue(queue):
    queue.close()
    assert seen(queue)["open"] == 0


def test_each_number_counts_its_own(queue):
    queue.settings(version=3, cap_tenant__b=1)
    queue.put_many(3, tenant="a")
    queue.put_many(4, tenant="b")
    queue.put_many(2, due=queue.now() + 60000)
    queue.hello("w")
    queue.hello("x")
    queue.drain("x")
    assert len(queue.reserve(2)) == 2 and len(queue.reserve(64)) == 2
    assert seen(queue) == {"open": 1, "paused": 0, "known": 9, "delayed": 2, "running": 4, "parked": 1, "wake": 1,
                           "workers": 2, "draining": 1, "version": 3}
    queue.settings(version=4, paused=1)
    assert seen(queue)["paused"] == 1


def test_who_was_silent_for_15_seconds_is_not_alive(queue):
    queue.hello("w")
    queue.hello("x")
    queue.redis("ZADD", queue.key("who"), "XX", queue.now() - 16000, "w")
    assert seen(queue)["workers"] == 1
    assert [(row[0], row[3]) for row in queue.look("workers", 0)] == [("w", 0), ("x", 0)]


def test_the_oldest_is_found_wherever_it_waits(queue):
    now = queue.now()
    queue.put_one(tenant="a", due=now - 3000)
    queue.put_one(tenant="b", priority=0, due=now - 5000)
    assert oldest(queue)[0] == now - 5000
    queue.settings(cap_kind__slow=1, cap_tenant__full=1)
    queue.put_one(tenant="full", priority=0, due=now - 9000)
    queue.put_one(tenant="full", priority=0, due=now - 8000)
    assert len(queue.reserve(2)) == 2                       # b's and the first of full's: full is parked
    assert oldest(queue)[0] == now - 8000
    for late in (20000, 10000):
        queue.put_one(tenant="c", kind="slow", priority=0, due=now - late)
    queue.reserve(64)                                       # one runs, the other waits in the lane of its kind
    assert queue.set_of("park") == {"t:full", "k:slow"}
    assert oldest(queue)[0] == now - 10000


def test_what_is_not_ready_is_not_the_oldest(queue):
    now = queue.now()
    gone, there = queue.put_one(due=now - 9000), queue.put_one(due=now - 1000)
    queue.cancel(gone, "drop")
    assert oldest(queue)[0] == now - 1000
    queue.cancel(there, "drop")
    assert oldest(queue)[0] is None


def test_pages_cover_all_tenants(queue):
    for number in range(200):
        queue.put_one(tenant=f"t{number}", due=1000 + number, priority=1 + number % 3)
    assert oldest(queue) == (1000, 4)


def test_where_jobs_are(queue):
    waiting, far = queue.put_one(due=5, priority=3), queue.put_one(due=queue.now() + 60000)
    running = queue.put_one(priority=0, deadline=9)
    job, = queue.reserve(1, worker="w")
    assert job.id == running
    unknown, first, delayed, told = queue.look("jobs", new_id(), waiting, far, running)
    assert unknown == ["unknown"] and first == ["waiting", "5"] and delayed[0] == "delayed" and int(delayed[1]) > queue.now()
    assert told[:3] == ["running", "w", job.epoch] and 0 < int(told[3]) - queue.now() <= 9000 and told[4:] == ["", 0]
    queue.progress(job, 40)
    queue.cancel(running, "ask")
    assert queue.look("jobs", running)[0][4:] == ["40", 1]


def test_lists_come_in_pages(queue):
    ids = queue.put_many(70)
    queue.reserve(64)
    queue.reserve(64)
    pages = [queue.look("running", offset) for offset in (0, 64, 70)]
    assert [len(page) for page in pages] == [64, 6, 0] and set(pages[0] + pages[1]) == set(ids)
    for number in range(70):
        queue.hello(f"w{number:02}")
    assert [len(queue.look("workers", offset)) for offset in (0, 64, 70)] == [64, 6, 0]


def test_looking_changes_nothing(queue):
    queue.settings(cap_kind__slow=1)
    queue.put_many(3, kind="slow")
    queue.put_many(3, due=queue.now() + 60000)
    job = queue.reserve(1)[0]
    queue.hello("w")
    before = everything(queue)
    seen(queue), oldest(queue), queue.look("workers", 0), queue.look("running", 0), queue.look("jobs", job.id, new_id())
    assert everything(queue) == before


@pytest.mark.parametrize("tenants", [64, 2000])
def test_a_page_costs_the_same_among_many(queue, tenants):
    for number in range(tenants):
        queue.put_one(tenant=f"t{number}", due=1)
    queue.redis("CONFIG", "RESETSTAT")
    queue.look("oldest", "")
    calls = {line.split(":")[0]: int(line.split("calls=")[1].split(",")[0])
             for line in queue.redis("INFO", "commandstats").splitlines() if line.startswith("cmdstat_")}
    assert calls["cmdstat_lrange"] == 64 and sum(calls.values()) < 64 * 3 + 16


def test_workers_that_are_not_there_are_not_asked(queue):
    queue.hello("w")
    assert queue.drain("w", "nobody") == 1
    assert queue.redis("SMEMBERS", queue.key("drain")) == ["w"]
    assert queue.hello("w") == "drain"
    queue.hello("w", "")
    assert queue.redis("EXISTS", queue.key("drain")) == 0
