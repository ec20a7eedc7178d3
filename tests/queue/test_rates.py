# SPDX-License-Identifier: GPL-3.0-or-later
"""Rate limits of a queue, its tenants and its kinds. Most tests make the time themselves; one goes by Redis' own."""
import time

import pytest

from test_caps import all_of, set_caps

RATES = [("rate", {}), ("rate.tenant", {}), ("rate.tenant:t", {}), ("rate.kind:x.y", {"kind": "x.y"})]


def run(queue, seconds, step=0.05):
    """How many jobs started in so many seconds of the test's making, and what they cost."""
    started = cost = 0
    for _ in range(round(seconds / step)):
        queue.clock.go(step)
        for job in all_of(queue):
            started += 1
            cost += int(job.packed.split("|")[6])
            queue.finish(job)
    return started, cost


@pytest.mark.parametrize("name, fields", RATES, ids=[name for name, _ in RATES])
def test_a_rate_holds_within_one_per_cent(clocked, name, fields):
    clocked.set_words(1, name, "50|10")
    clocked.put_many(1200, **fields)
    assert run(clocked, 1)[0] <= 60            # the burst
    assert abs(run(clocked, 20)[0] - 1000) <= 10


@pytest.mark.parametrize("name, fields", RATES, ids=[name for name, _ in RATES])
def test_a_rate_goes_by_cost(clocked, name, fields):
    clocked.set_words(1, name, "300|60")
    for cost in (1, 7, 30):
        clocked.put_many(300, cost=cost, **fields)
    run(clocked, 1)
    assert abs(run(clocked, 20)[1] - 6000) <= 60


@pytest.mark.parametrize("name, fields", RATES, ids=[name for name, _ in RATES])
def test_what_costs_more_than_the_burst_starts_when_all_is_earned(clocked, name, fields):
    clocked.set_words(1, name, "10|5")
    clocked.put_many(3, cost=20, **fields)
    started = []
    for tenth in range(70):
        started += [tenth for _ in all_of(clocked)]
        clocked.clock.go(0.1)
    assert started[:3] == [0, 20, 40]


@pytest.mark.parametrize("name, fields", RATES, ids=[name for name, _ in RATES])
def test_who_waits_is_told_how_long(clocked, name, fields):
    clocked.set_words(1, name, "2|1")
    clocked.put_many(3, **fields)
    assert len(all_of(clocked)) == 1
    assert clocked.reserve(9).next_ms == 500
    clocked.clock.go(0.499)
    batch = clocked.reserve(9)
    assert not batch and batch.next_ms == 1
    clocked.clock.go(0.001)
    assert len(all_of(clocked)) == 1


def test_a_lane_behind_the_queues_rate_does_not_make_workers_spin(clocked):
    clocked.set_words(1, "rate", "1|1", "cap.kind:x.y", 1)
    clocked.put_many(4, kind="x.y")
    first = all_of(clocked)
    assert len(first) == 1
    assert not all_of(clocked)
    clocked.finish(*first)
    assert not all_of(clocked)
    assert clocked.reserve(1).next_ms == 1000


def test_a_limit_of_one_is_in_nobody_elses_way(clocked):
    clocked.set_words(1, "rate.kind:x.y", "1|1", "rate.tenant:a", "1|1")
    clocked.put_many(5, kind="x.y", tenant="b")
    clocked.put_many(5, tenant="a")
    clocked.put_many(5, tenant="b")
    assert len(all_of(clocked)) == 7


@pytest.mark.parametrize("name, fields", RATES, ids=[name for name, _ in RATES])
def test_a_rate_that_is_raised_is_noticed_within_five_seconds(clocked, name, fields):
    """Who had to wait an hour used to be left alone for that hour."""
    clocked.set_words(1, name, "0.001|1")
    clocked.put_many(50, **fields)
    assert len(all_of(clocked)) == 1 and not all_of(clocked)
    assert 0 < clocked.reserve(1).next_ms <= (5000 if name != "rate" else 1_000_000)
    clocked.set_words(2, name, "1000|50")
    clocked.clock.go(5)
    assert len(all_of(clocked)) == 49


def test_a_rate_that_is_removed_leaves_nobody_behind(clocked):
    clocked.set_words(1, "rate.kind:x.y", "0.001|1", "rate.tenant:a", "0.001|1")
    clocked.put_many(10, kind="x.y")
    clocked.put_many(10, tenant="a")
    assert len(all_of(clocked)) == 2
    clocked.set_words(2)
    clocked.clock.go(5)
    assert len(all_of(clocked)) == 18


# ---- a clock that jumps ----

@pytest.mark.parametrize("jump", [-3600, 3600])
@pytest.mark.parametrize("name, fields", RATES, ids=[name for name, _ in RATES])
def test_a_clock_that_jumps_locks_no_limit_for_longer_than_its_burst(clocked, name, fields, jump):
    clocked.set_words(1, name, "10|20")
    clocked.put_many(500, **fields)
    assert len(all_of(clocked)) == 20 and not all_of(clocked)
    clocked.clock.go(jump)
    started, _ = run(clocked, 2)
    assert 18 <= started <= 42                 # at most a burst more after a jump ahead
    assert abs(run(clocked, 20)[0] - 200) <= 2


@pytest.mark.parametrize("jump", [-3600, 3600])
def test_a_clock_that_jumps_loses_nothing(clocked, jump):
    set_caps(clocked, cap_tenant__a=2, cap_key=1, **{"cap_kind__x.y": 2})
    ids = set(clocked.put_many(20, tenant="a") + clocked.put_many(20, kind="x.y") + clocked.put_many(20, key="k"))
    ids |= set(clocked.put_many(5, due=clocked.now() + 10_000))
    held, epochs, ended = all_of(clocked), [], set()
    clocked.clock.go(jump)
    dead = held[::2]                           # of these nobody says anything any more
    for _ in range(200):
        alive = [job for job in held if job not in dead]
        if alive:
            verdicts = clocked.touch(*alive)
            if jump > 0 and verdicts and not epochs:
                verdicts = [verdict.replace("late", "lost") for verdict in verdicts]
            done = [job for job, verdict in zip(alive, verdicts) if verdict == "ok"]
            if done:
                assert clocked.finish(*done) == [1] * len(done)
                ended |= {job.id for job in done}
        dead = []
        held = all_of(clocked)
        epochs += [int(job.epoch) for job in held]
        clocked.clock.go(5)
        if len(ended) == 60 and jump < 0:
            break
    assert epochs == sorted(epochs)
    assert len(ended) == (65 if jump > 0 else 60)
    clocked.clock.go(3600)
    ended |= {job.id for job in all_of(clocked)}
    assert ended == ids


def test_leases_of_the_dead_end_soon_after_the_clock_went_back(clocked):
    clocked.put_many(3)
    assert len(clocked.reserve(3, lease=30_000)) == 3
    clocked.clock.go(-3600)
    clocked.reserve(1)
    clocked.clock.go(30)
    assert len(all_of(clocked)) == 3


# ---- Redis' own time ----

def test_rates_hold_in_real_time(queue):
    queue.set_words(1, "rate", "200|400", "rate.tenant:a", "60|400", "rate.kind:x.y", "30|400")      # a burst is two seconds
    queue.put_many(3000, tenant="b")
    queue.put_many(1000, tenant="a")
    queue.put_many(1000, tenant="c", kind="x.y")
    for _ in range(20):
        all_of(queue)
    started, begin = {"all": 0, "a": 0, "x": 0}, time.monotonic()
    first = queue.now()
    while time.monotonic() < begin + 2:
        batch = queue.reserve(64)
        for job in batch:
            started["all"] += 1
            started["a"] += job.packed.endswith("|a")
            started["x"] += "|x.y|" in job.packed
        if batch:
            queue.finish(*batch)
    seconds = (queue.now() - first) / 1000
    assert abs(started["all"] - 200 * seconds) <= 2 * seconds + 10
    assert started["a"] <= 61 * seconds + 400 and started["x"] <= 31 * seconds + 400
