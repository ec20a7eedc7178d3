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
