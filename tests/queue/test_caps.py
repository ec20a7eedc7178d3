# SPDX-License-Identifier: GPL-3.0-or-later
"""How many may run at once: of a tenant, a kind, a key, the queue. Who is at a cap stands in nobody's way."""
import random
import threading
from collections import Counter

import pytest

from engine import Queue, new_id, packed
from test_cost import calls
from test_weights import tenants_of

CAPS = [("cap_tenant", {"tenant": "a"}), ("cap_tenant__a", {"tenant": "a"}), ("cap_kind__x.y", {"kind": "x.y"}),
        ("cap_key", {"key": "k"}), ("cap_key__k", {"key": "k"}), ("cap", {})]


def set_caps(queue, version=1, **caps):
    words = [(name.replace("__", ":").replace("_", "."), value) for name, value in caps.items()]
    assert queue.set_words(version, *[word for pair in words for word in pair]) == 1


def look_again(queue):
    """Five seconds later."""
    for name in queue.set_of("park"):
        queue.redis("ZADD", queue.key("park"), "XX", 0, name)
    queue.look_again()


def all_of(queue, n=64, **more):
    """What reserve gives as long as it says to ask again at once."""
    found = []
    while True:
        batch = queue.reserve(n - len(found), **more)
        found += batch
        if len(found) == n or batch.next_ms != 0 and not batch:
            return found


@pytest.mark.parametrize("name, fields", CAPS, ids=[name for name, _ in CAPS])
def test_a_cap_holds_and_is_given_up(queue, name, fields):
    set_caps(queue, **{name: 3})
    queue.put_many(10, **fields)
    first = all_of(queue)
    assert len(first) == 3 and not queue.reserve(9)
    queue.finish(first[0])
    second = all_of(queue)
    assert len(second) == 1
    queue.expire(*second)
    assert len(all_of(queue)) == 1
    queue.finish(first[1], due=0)
    assert len(all_of(queue)) == 1


@pytest.mark.parametrize("name, fields", CAPS[:-1], ids=[name for name, _ in CAPS[:-1]])
def test_a_capped_head_is_in_nobodys_way(queue, name, fields):
    set_caps(queue, **{name: 1})
    queue.put_many(5, **fields)
    other = queue.put_one(**{**fields, **({"tenant": "b"} if "tenant" in fields else {"kind": "z.z", "key": ""})})
    assert len(all_of(queue, 2)) == 2
    assert not queue.reserve(1) and other not in queue.set_of("park")


@pytest.mark.parametrize("name, fields", CAPS, ids=[name for name, _ in CAPS])
def test_a_cap_that_is_raised_or_lowered_is_noticed_within_five_seconds(clocked, name, fields):
    set_caps(clocked, **{name: 1})
    clocked.put_many(10, **fields)
    held = all_of(clocked)
    assert len(held) == 1
    set_caps(clocked, 2, **{name: 4})
    clocked.clock.go(5)
    held += all_of(clocked)
    assert len(held) == 4
    set_caps(clocked, 3, **{name: 2})
    clocked.clock.go(5)
    assert not all_of(clocked)
    clocked.finish(*held[:2])
    assert not all_of(clocked)
    clocked.finish(held[2])
    assert len(all_of(clocked)) == 1
    set_caps(clocked, 4)
    clocked.clock.go(5)
    assert len(all_of(clocked)) == (5 if name != "cap_key" and name != "cap_key__k" else 0)


@pytest.mark.parametrize("name, group", [("cap_tenant", "t:t"), ("cap_tenant__t", "t:t"), ("cap_kind__x.y", "k:x.y")])
def test_what_runs_already_counts_when_a_cap_is_set(queue, name, group):
    """Nobody counts tenants and kinds before."""
    queue.put_many(200, kind="x.y", tenant="t")
    held = all_of(queue) + all_of(queue, 10)
    assert queue.redis("KEYS", queue.key("in:*")) == []
    set_caps(queue, **{name: 75})
    assert sorted(queue.redis("SMEMBERS", queue.key(f"in:{group}"))) == sorted(job.id for job in held)
    held += all_of(queue)
    assert len(held) == 75
    queue.finish(*held[:64])
    assert queue.redis("SCARD", queue.key(f"in:{group}")) == 11
    set_caps(queue, version=2)                       # they stay counted, so that nothing is forgotten when it comes back
    held = held[64:] + all_of(queue, 20)
    set_caps(queue, version=3, **{name: 40})
    assert len(all_of(queue)) == 9 and queue.redis("SCARD", queue.key(f"in:{group}")) == 40


def test_a_key_has_a_cap_of_one_when_nothing_is_said(queue):
    queue.put_many(3, key="k")
    first, = all_of(queue)
    queue.finish(first)
    assert len(all_of(queue)) == 1


def test_a_worker_that_waits_for_a_cap_does_not_spin(clocked):
    """A lane that had its turn coming while the queue was at its cap used to be told as due at once, a thousand times a
    second."""
    set_caps(clocked, cap=2, **{"cap_kind__x.y": 1})
    clocked.put_many(5, kind="x.y")
    clocked.put_many(5, kind="z.z")
    first = all_of(clocked)
    assert len(first) == 2
    mine = next(job for job in first if "|x.y|" in job.packed)
    clocked.finish(mine)
    assert len(clocked.reserve(1)) == 1
    assert clocked.reserve(1).next_ms > 1000


def test_what_a_call_moves_is_bounded(queue):
    """Of a tenant that was alone, 4,096 jobs used to be moved in one call."""
    set_caps(queue, **{"cap_kind__x.y": 1})
    queue.put_many(5000, kind="x.y")
    start = calls(queue.redis)
    queue.reserve(64)
    end = calls(queue.redis)
    assert sum(end.values()) - sum(start.values()) <= 64 * 8


# ---- a lane ----

def numbers(queue, jobs, ids):
    return [ids.index(job.id) for job in jobs]


def test_a_lane_keeps_the_order_of_a_tenant(queue):
    set_caps(queue, **{"cap_kind__x.y": 2})
    ids = queue.put_many(20, kind="x.y")
    order = []
    while len(order) < 20:
        jobs = all_of(queue)
        order += numbers(queue, jobs, ids)
        queue.finish(*jobs)
    assert order == list(range(20))


def test_a_lane_keeps_the_order_of_a_tenant_that_is_at_its_cap(queue):
    """They used to be put back to the tenant's list one by one, so the last came first."""
    set_caps(queue, cap_tenant__a=2, **{"cap_kind__x.y": 1})
    ids = queue.put_many(20, tenant="a", kind="x.y")
    other = queue.put_many(2, tenant="a", kind="z.z")
    jobs = {job.id: job for job in all_of(queue)}
    assert set(jobs) == {ids[0], other[0]}
    queue.finish(jobs[ids[0]])
    order, held = [0], [jobs[other[0]]]
    for _ in range(100):
        if len(order) == 20:
            break
        batch = all_of(queue)
        held += [job for job in batch if job.id not in ids]
        mine = [job for job in batch if job.id in ids]
        order += numbers(queue, mine, ids)
        assert len(held) + len(mine) <= 2
        queue.finish(*(mine or [held.pop()]))
    assert order == list(range(20))


def test_a_lane_does_not_wait_for_a_tenant_at_its_cap(queue):
    set_caps(queue, cap_tenant__a=1, **{"cap_kind__x.y": 1})
    queue.put_many(5, tenant="b", kind="x.y", priority=1)
    first, = all_of(queue)
    mine = queue.put_many(3, tenant="a", kind="x.y", priority=0)
    assert not all_of(queue)                                   # a's are in the lane, in front
    other = queue.put_one(tenant="a", kind="z.z", priority=0)
    held, = all_of(queue)
    assert held.id == other
    queue.finish(first)
    second, = all_of(queue)
    assert second.packed.endswith("|b")
    queue.finish(held)
    assert not all_of(queue)
    queue.finish(second)
    assert [job.id for job in all_of(queue)] == mine[:1]


def test_a_lane_is_strict_in_priority_and_fair_among_tenants(queue):
    set_caps(queue, **{"cap_kind__x.y": 1})
    queue.put_many(30, tenant="a", kind="x.y", priority=2)
    held = all_of(queue)
    for _ in range(9):                                         # until all are in the lane
        all_of(queue)
    for tenant in "bc":
        queue.put_many(10, tenant=tenant, kind="x.y", priority=2)
    queue.put_many(3, tenant="d", kind="x.y", priority=1)
    all_of(queue)
    order = []
    for _ in range(33):
        queue.finish(*held)
        held = all_of(queue)
        order.append(held[0].packed[-1])
    assert order[:3] == ["d"] * 3
    assert all(abs(n - 10) <= 1 for n in Counter(order[3:]).values()) and len(set(order[3:])) == 3


def test_who_comes_later_does_not_pass_those_in_the_lane(queue):
    set_caps(queue, **{"cap_kind__x.y": 1})
    ids = queue.put_many(5, tenant="a", kind="x.y")
    held = all_of(queue)
    ids += queue.put_many(5, tenant="a", kind="x.y")
    order = []
    for _ in range(10):
        order += numbers(queue, held, ids)
        queue.finish(*held)
        held = all_of(queue)
    assert order == list(range(10))


def test_lanes_starve_nobody(queue):
    """They used to be served before all tenants: while as many ran as there were slots, nobody else had a turn."""
    set_caps(queue, **{"cap_kind__x.y": 6, "cap_kind__z.z": 6})
    for kind in ("x.y", "z.z"):
        queue.put_many(200, tenant="a", kind=kind)
    held = all_of(queue, 12)
    assert len(held) == 12
    queue.reserve(4)
    queue.finish(*held[:2])
    held = held[2:]                                            # ten slots, all taken
    queue.put_many(100, tenant="b", kind="u.v")
    done = Counter()
    for _ in range(60):
        queue.finish(held.pop(0))
        batch = all_of(queue, 1)
        assert len(batch) == 1
        done += tenants_of(batch)
        held += batch
    assert done["b"] >= 15, done


def test_lanes_and_tenants_of_any_name_take_turns(queue):
    """A name that is greater than a lane's must not come last for that."""
    set_caps(queue, **{"cap_kind__x.y": 1})
    queue.put_many(100, tenant="a", kind="x.y")
    queue.put_many(100, tenant="~", kind="u.v")
    held, done = queue.reserve(2), Counter()
    for _ in range(40):
        queue.finish(held.pop(0))
        batch = queue.reserve(1)
        done += tenants_of(batch)
        held += batch
    assert min(done["a"], done["~"]) >= 10, done


def test_a_tenant_alone_that_is_at_its_cap_may_come_back_through_its_lane(queue):
    set_caps(queue, cap_tenant__a=1, **{"cap_kind__x.y": 1})
    ids = queue.put_many(2, tenant="a", kind="x.y")
    held = all_of(queue)
    queue.put_one(tenant="a", kind="u.v")
    seen = []
    for _ in range(3):
        seen += [job.id for job in held]
        queue.finish(*held)
        held = all_of(queue)
    assert len(seen) == 3 and set(ids) < set(seen) and not held


# ---- a storm ----

TENANTS, KINDS, KEYS = ["a", "b", "c"], ["x.y", "z.z", "u.v"], ["", "", "k1", "k2"]
LIMITS = {"t:a": 3, "t:b": 7, "t:c": 7, "k:x.y": 4, "y:k1": 1, "y:k2": 2, "q": 12}


class Watch:
    """What runs now, as the workers of a storm know it: what has been given back may run already, so it is taken off first.
    A lease that ran out is its worker's until another has the job."""

    def __init__(self):
        self.lock, self.running, self.most, self.over = threading.RLock(), {}, Counter(), []

    def names(self, text):
        _, _, kind, _, _, key, _, tenant = text.split("|")
        return ["q", f"t:{tenant}", f"k:{kind}"] + ([f"y:{key}"] if key else [])

    def add(self, jobs):
        with self.lock:
            for job in jobs:
                self.running[job.id] = self.names(job.packed)
            counts = Counter(name for names in self.running.values() for name in names)
            self.over += [(name, counts[name]) for name, cap in LIMITS.items() if counts[name] > cap]
            self.most |= counts

    def remove(self, jobs):
        with self.lock:
            for job in jobs:
                self.running.pop(job.id, None)


def storm(connection, name, watch, ended, seed):
    queue, dice, held = Queue(connection, name), random.Random(seed), []
    worker = f"w{seed}"
    for _ in range(250):
        with watch.lock:
            batch = queue.reserve(dice.randint(1, 6), worker=worker)
            watch.add(batch)
        held += batch
        some = [held.pop(dice.randrange(len(held))) for _ in range(dice.randint(0, len(held)))]
        watch.remove(some)
        what = dice.random()
        if what < 0.6:
            for job, done in zip(some, queue.finish(*some, worker=worker) if some else []):
                if done:
                    ended.append(job.id)
        elif what < 0.8 and some:
            queue.finish(*some, worker=worker, due=0)
        else:
            for job in some:
                queue.cancel(job.id, "ask")
                connection("ZADD", queue.key("lease"), "XX", 1, job.id)
            queue.look_again()
    watch.remove(held)
    for job in held:
        connection("ZADD", queue.key("lease"), "XX", 1, job.id)


def test_caps_hold_in_a_storm(queue, another_redis):
    set_caps(queue, cap=12, cap_tenant=7, cap_tenant__a=3, cap_key__k2=2, **{"cap_kind__x.y": 4})
    dice, ids = random.Random(1), set()
    for _ in range(40):
        pairs = [(new_id(), packed(tenant=dice.choice(TENANTS), kind=dice.choice(KINDS), key=dice.choice(KEYS),
                                   priority=dice.randint(0, 3))) for _ in range(50)]
        ids |= {job for job, _ in pairs}
        queue.put(*pairs)
    watch, ended = Watch(), []
    threads = [threading.Thread(target=storm, args=(another_redis(), "q", watch, ended, seed)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not watch.over
    assert watch.most["q"] == 12 and watch.most["t:a"] == 3 and watch.most["k:x.y"] >= 3
    assert len(set(ended)) == len(ended)
    while len(ended) < len(ids):
        batch = all_of(queue, 12)
        assert batch or queue.redis("ZCARD", queue.key("park"))
        look_again(queue)
        queue.finish(*batch)
        ended += [job.id for job in batch]
    assert set(ended) == ids
    left = {name.removeprefix(queue.prefix) for name in queue.redis("KEYS", "*")}
    assert not {name for name in left if name.startswith(("in:", "w:", "r:", "lease", "own"))}
