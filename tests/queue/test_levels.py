# SPDX-License-Identifier: GPL-3.0-or-later
"""Priorities: urgent is strict, the others share by weight and age, which the tests make."""
from collections import Counter

import pytest

HOUR = 3_600_000


def run(queue, n, batch=8):
    """Run n jobs: how many of each priority."""
    done = Counter()
    while done.total() < n:
        jobs = queue.reserve(min(batch, n - done.total()))
        assert jobs
        done.update(int(job.packed.split("|")[1]) for job in jobs)
        queue.finish(*jobs)
    return done


def fill(queue, n, due=0, priorities=(1, 2, 3)):
    for priority in priorities:
        queue.put_many(n, priority=priority, due=due)


def near(found, expected, within=0.1):
    total = sum(expected.values())
    for name, share in expected.items():
        assert abs(found[name] / found.total() - share / total) <= within * share / total, (found, expected)


def test_urgent_is_strict(queue):
    fill(queue, 100, priorities=(0, 1, 2, 3))
    assert run(queue, 100) == {0: 100}
    queue.put_many(3, priority=0)
    assert run(queue, 8)[0] == 3


@pytest.mark.parametrize("batch", [1, 8, 64])
def test_the_others_share_six_to_three_to_one(clocked, batch):
    fill(clocked, 1000, due=clocked.now())
    near(run(clocked, 1000, batch), {1: 6, 2: 3, 3: 1})


def test_shares_are_what_is_set(clocked):
    clocked.settings(level_1=1, level_2=2, level_3="0.5")
    fill(clocked, 1000, due=clocked.now())
    near(run(clocked, 1000), {1: 2, 2: 4, 3: 1})


def test_two_levels_share_as_they_would_among_three(clocked):
    fill(clocked, 1000, due=clocked.now(), priorities=(1, 3))
    near(run(clocked, 1000), {1: 6, 3: 1})


def test_a_level_that_comes_later_gets_its_share_and_no_more(clocked):
    fill(clocked, 2000, due=clocked.now(), priorities=(1, 2))
    run(clocked, 1000)
    clocked.put_many(1000, due=clocked.now(), priority=3)
    near(run(clocked, 1000), {1: 6, 2: 3, 3: 1})


def test_a_level_grows_as_its_first_one_waits(clocked):
    clocked.put_many(1000, priority=3, due=clocked.now())
    clocked.clock.go(600)
    clocked.put_many(1000, priority=1, due=clocked.now())
    near(run(clocked, 700), {1: 6, 3: 1 + 600 / 60})


def test_age_zero_switches_that_off(clocked):
    clocked.settings(age=0)
    clocked.put_many(1000, priority=3, due=clocked.now())
    clocked.clock.go(600)
    clocked.put_many(1000, priority=1, due=clocked.now())
    near(run(clocked, 700), {1: 6, 3: 1})


def test_age_is_what_is_set(clocked):
    clocked.settings(age=600)
    clocked.put_many(1000, priority=3, due=clocked.now())
    clocked.clock.go(600)
    clocked.put_many(1000, priority=1, due=clocked.now())
    near(run(clocked, 800), {1: 6, 3: 2})


def test_levels_that_have_all_waited_share_by_weight(clocked):
    fill(clocked, 1000, due=clocked.now())
    clocked.clock.go(3600)
    near(run(clocked, 1000), {1: 6, 2: 3, 3: 1})


def test_under_overload_of_all_levels_their_order_stays(clocked):
    """Each gets as many as the fleet can do, for ten minutes; lower ones wait longer and must not overtake."""
    done = Counter()
    for _ in range(120):
        fill(clocked, 20, due=clocked.now())
        clocked.clock.go(5)
        done += run(clocked, 20)
    assert done[1] > 1.2 * done[2] > 1.2 * 1.2 * done[3] > 0, done


def test_what_cannot_run_does_not_hold_up_the_levels_below(queue):
    queue.settings(cap_kind__stuck=0)
    queue.put_many(500, priority=1, kind="stuck")
    low = queue.put_one(priority=3)
    assert queue.reserve(1).ids == [low]
