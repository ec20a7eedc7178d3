# SPDX-License-Identifier: GPL-3.0-or-later
"""What a call costs must not grow with the jobs that wait."""
import re

import pytest

from engine import new_id, packed


def calls(redis):
    """Calls so far, by command."""
    return {name: int(count) for name, count in re.findall(r"cmdstat_(\S+?):calls=(\d+)", redis("INFO", "commandstats"))}


def costs(queue):
    """Commands of one call of each script over a full batch."""
    def cost(call, *words, **more):
        before = calls(queue.redis)
        answer = call(*words, **more)
        after = calls(queue.redis)
        return {name: n - before.get(name, 0) for name, n in after.items() if n != before.get(name, 0)}, answer
    found = {}
    found["put"], _ = cost(queue.put, *[(new_id(), packed(tenant=f"a{n % 4}")) for n in range(64)])
    found["reserve"], batch = cost(queue.reserve, 64)
    found["touch"], _ = cost(queue.touch, *batch)
    found["progress"], _ = cost(queue.progress, batch[0], 5)
    found["cancel"], _ = cost(queue.cancel, batch[0].id, "ask")
    found["release"], _ = cost(queue.finish, *batch[:32], due=0)
    found["finish"], _ = cost(queue.finish, *batch[32:])
    found["look"], _ = cost(queue.is_open)
    assert len(batch) == 64
    return found


def test_calls_do_not_grow_with_waiting_jobs(queue):
    for tenant in range(8):
        queue.put_many(125, tenant=f"a{tenant}")
    few = costs(queue)
    for tenant in range(8):
        queue.put_many(12_375, tenant=f"a{tenant}")
    many = costs(queue)
    for script, expected in few.items():
        assert sum(many[script].values()) <= sum(expected.values()) + 1, script
    assert sum(few["reserve"].values()) <= 64 * 3


def test_calls_do_not_grow_with_tenants(queue):
    queue.put_many(1000, tenant="a")
    few = costs(queue)
    for tenant in range(3000):
        queue.put_one(tenant=f"b{tenant}")
    queue.reserve(64)
    many = costs(queue)
    for script in ("touch", "finish", "cancel", "progress"):
        most = 32 if script == "finish" else 1     # a call a tenant, to take its jobs from what it has running
        assert sum(many[script].values()) <= sum(few[script].values()) + most, script
    # With one job a tenant, a batch of 64 looks at 64 tenants: that is the most.
    assert sum(many["reserve"].values()) <= 64 * 3


@pytest.mark.parametrize("state", ["leases", "delayed"])
def test_a_mass_of_overdue_work_is_taken_in_bites(queue, state):
    if state == "delayed":
        queue.make_due(*queue.put_many(2000, due=queue.now() + 3_600_000))
    else:
        queue.put_many(2000)
        held = []
        while batch := queue.reserve(64):
            held += batch
        queue.expire(*held)
    before = calls(queue.redis)
    queue.reserve(1)
    after = calls(queue.redis)
    assert sum(after.values()) - sum(before.values()) <= 64 * 12


# ---- with everything in place, and very many ----

MANY = {"few": 2000, "many": 100_000, "very many": 1_000_000}
TENANTS = 1000
SETTINGS = ("cap", 500, "cap.tenant", 40, "cap.tenant:t1", 0, "cap.kind:capped", 20, "rate.kind:limited", "10|10",
            "rate.tenant:t2", "5|5", "weight:t3", 5, "level.1", 4, "age", 30)


def fill(queue, n):
    """n jobs of a thousand tenants that wait, put past the scripts: they would take minutes for so many. The lists and the
    hash are what put makes of them, and the model's test holds that these are right."""
    tenants = [f"t{i}" for i in range(TENANTS)]
    each = n // TENANTS
    for at in range(0, TENANTS, 50):                         # no call may take longer than Redis is waited for
        queue.redis("EVAL", """
        local P, each, first, last = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
        local digits = '%08x-%04x-7000-8000-%012x'
        for t = first, last do
          local jobs, ids = {}, {}
          for i = 0, each - 1 do
            local id = string.format(digits, t, i % 65536, t * 16777216 + i)
            ids[#ids + 1] = id
            jobs[#jobs + 1] = id
            jobs[#jobs + 1] = '1|2|image.generate|1700000000000|3600||1|t' .. t
            if #ids == 1000 or i == each - 1 then
              redis.call('RPUSH', P .. 'r:2:t' .. t, unpack(ids))
              redis.call('HSET', P .. 'j', unpack(jobs))
              jobs, ids = {}, {}
            end
          end
        end""", 1, queue.prefix, each, at, at + 49)
        queue.redis("ZADD", queue.key("ring:2"), "NX", *[word for tenant in tenants[at:at + 50] for word in (0, tenant)])
    queue.redis("HSET", queue.key("m"), "l2", 1)


def busy(queue):
    """Lanes, parked tenants, some that run, some that are delayed."""
    queue.set_words(1, *SETTINGS)
    for tenant in ("t1", "t2", "t3"):
        queue.put_many(100, tenant=tenant, priority=1)
        queue.put_many(100, tenant=tenant, kind="capped", priority=1)
    queue.put_many(100, kind="limited", priority=1)
    queue.put_many(64, key="k", priority=1)
    queue.put_many(100, due=queue.now() + 3_600_000)
    held = []
    for _ in range(12):
        held += queue.reserve(64)
    queue.finish(*held[:30])
    return held[30:]


def busy_costs(queue):
    """The most that a call of each script does, over some rounds of all."""
    most = {}

    def cost(name, call, *words, **more):
        before = sum(calls(queue.redis).values())
        answer = call(*words, **more)
        most[name] = max(most.get(name, 0), sum(calls(queue.redis).values()) - before - 1)
        return answer
    for n in range(10):
        cost("put", queue.put, *[(new_id(), packed(tenant=f"t{n + i}", kind=("capped", "x")[i % 2])) for i in range(64)])
        batch = cost("reserve", queue.reserve, 64)
        if batch:
            cost("touch", queue.touch, *batch)
            cost("finish", queue.finish, *batch)
        cost("cancel", queue.cancel, new_id(), "drop")
    return most


@pytest.mark.parametrize("amount", MANY)
def test_what_a_call_does_is_bounded_with_all_features_and_any_backlog(queue, amount):
    fill(queue, MANY[amount])
    busy(queue)
    most = busy_costs(queue)
    # 64 jobs, each perhaps of another tenant: its list, its ring, its lane, its sets.
    bounds = {"put": 64 * 3, "reserve": 64 * 10, "touch": 16, "finish": 64 * 4, "cancel": 8}
    assert not {name: n for name, n in most.items() if n > bounds[name]}, most


def test_a_call_takes_no_longer_with_a_million(queue):
    """Items as well as commands: time would show a call that looks at what waits. The fastest counts: a busy machine makes things slower."""
    def micros():
        queue.redis("CONFIG", "RESETSTAT")
        queue.finish(*queue.reserve(64))
        return float(re.search(r"cmdstat_fcall:.*usec_per_call=([\d.]+)", queue.redis("INFO", "commandstats")).group(1))
    fill(queue, 10_000)
    few = min(micros() for _ in range(150))
    fill(queue, 1_000_000)
    assert min(micros() for _ in range(150)) < 3 * few


def test_a_waiting_job_takes_no_more_than_300_bytes(queue):
    used = lambda: int(re.search(r"used_memory:(\d+)", queue.redis("INFO", "memory")).group(1))
    empty = used()
    queue.put(*[(new_id(), packed(tenant=f"t{i}")) for i in range(64)])
    for n in range(1, 100):                    # through the script itself, tenants in turn
        for at in range(0, TENANTS, 64):
            queue.put(*[(new_id(), packed(tenant=f"account/{i}", due=1_700_000_000_000, deadline=3600))
                        for i in range(at, min(at + 64, TENANTS))])
    assert (used() - empty) / (99 * TENANTS) <= 0.3 * 1024
