# SPDX-License-Identifier: GPL-3.0-or-later
"""Fairness among the tenants of a level."""
from collections import Counter

import pytest

from engine import new_id, packed
from test_cost import calls
from test_levels import near


def tenants_of(jobs):
    return Counter(job.packed.rpartition("|")[2] for job in jobs)


def run(queue, n, batch=8):
    done = Counter()
    while done.total() < n:
        jobs = queue.reserve(min(batch, n - done.total()))
        assert jobs
        done += tenants_of(jobs)
        queue.finish(*jobs)
    return done


@pytest.mark.parametrize("batch", [1, 8, 64])
def test_tenants_share_by_weight(queue, batch):
    queue.settings(weight__a=3, weight__b=2)
    for tenant in "abc":
        queue.put_many(1200, tenant=tenant)
    near(run(queue, 1200, batch), {"a": 3, "b": 2, "c": 1})


def test_weights_may_be_less_than_one_and_change(queue):
    queue.settings(weight__a="0.5")
    for tenant in "ab":
        queue.put_many(1500, tenant=tenant)
    near(run(queue, 600), {"a": 1, "b": 2})
    queue.settings(version=2, weight__a=4)
    near(run(queue, 600), {"a": 4, "b": 1})


@pytest.mark.parametrize("before", [1000, 20_000])
def test_a_single_job_is_served_within_one_round(queue, before):
    queue.put_many(before, tenant="a")
    run(queue, 640, 64)
    job, start = queue.put_one(tenant="b"), calls(queue.redis)
    assert job in queue.reserve(8).ids
    end = calls(queue.redis)
    assert sum(end.values()) - sum(start.values()) <= 30       # whatever waits


def test_many_who_come_with_one_job_at_a_time_share_with_who_has_many(queue):
    queue.put_many(2000, tenant="a")
    done = Counter()
    for _ in range(300):
        for tenant in "bcd":
            if not queue.redis("EXISTS", queue.key(f"r:2:{tenant}")):
                queue.put_one(tenant=tenant)
        done += run(queue, 4, 4)
    near(done, {"a": 1, "b": 1, "c": 1, "d": 1}, 0.2)


def test_who_was_at_its_cap_when_others_came_has_its_share_at_once(queue):
    """A newcomer used to begin at zero while all others were parked, and had to reach what these had had."""
    queue.settings(cap_tenant__a=1)
    queue.put_many(2000, tenant="a")
    for _ in range(500):
        queue.finish(*queue.reserve(1))
    held = queue.reserve(1)
    queue.reserve(1)                       # nobody is in the ring any more
    queue.put_many(2000, tenant="b")
    queue.finish(*queue.reserve(1))
    queue.finish(*held)
    near(run(queue, 200, 1), {"a": 1, "b": 1}, 0.2)


def test_who_is_parked_again_and_again_neither_gains_nor_loses(queue):
    queue.settings(cap_tenant__a=2, cap_tenant__b=2)
    for tenant in "abcd":
        queue.put_many(1000, tenant=tenant)
    near(run(queue, 1000, 3), {"a": 1, "b": 1, "c": 1, "d": 1}, 0.25)


def test_a_thousand_tenants_are_all_served(queue):
    for n in range(0, 1000, 50):
        queue.put(*[(new_id(), packed(tenant=f"t{n + i}")) for i in range(50)])
    assert len(run(queue, 1000, 64)) == 1000
