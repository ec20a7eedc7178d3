# SPDX-License-Identifier: GPL-3.0-or-later
"""The reserve script: order, fairness, limits, leases that ran out."""
import pytest

from engine import new_id, packed


def test_nothing_is_reserved_twice(queue):
    ids = queue.put_many(200)
    seen = []
    while batch := queue.reserve(64):
        seen += batch.ids
    assert sorted(seen) == sorted(ids)
    assert queue.set_of("lease") == set(ids)


@pytest.mark.parametrize("n", [1, 3, 64])
def test_no_more_than_asked_for(queue, n):
    queue.put_many(65, tenant="a")
    queue.put_many(65, tenant="b")
    assert len(queue.reserve(n)) == n


def test_a_single_job_is_served_within_one_round_behind_ten_thousand(queue):
    queue.put_many(10_000, tenant="a")
    queue.reserve(64)
    single = queue.put_one(tenant="b")
    assert single in queue.reserve(8).ids


def test_tenants_take_turns(queue):
    tenants = {name: set(queue.put_many(300, tenant=name)) for name in "abc"}
    served = []
    for _ in range(30):
        served += queue.reserve(12).ids
    for ids in tenants.values():
        assert abs(len(ids.intersection(served)) - 120) <= 4


def test_a_tenant_that_comes_and_goes_gains_nothing(queue):
    """Coming anew must not put a tenant in front of those that wait for their turn."""
    backlog = set(queue.put_many(400, tenant="m"))
    served = []
    for _ in range(100):
        queue.put_one(tenant="a")
        served += queue.reserve(2).ids
    assert len(backlog.intersection(served)) >= 90


def test_the_epoch_grows_with_every_batch(queue):
    queue.put_many(20)
    epochs = [int(queue.reserve(1).epoch) for _ in range(20)]
    assert epochs == sorted(set(epochs))


@pytest.mark.parametrize("loss", ["FLUSHALL", "DEL"])
def test_the_epoch_does_not_go_back_when_redis_forgets(queue, loss):
    queue.put_one()
    held, = queue.reserve()
    queue.redis(*(["FLUSHALL"] if loss == "FLUSHALL" else ["DEL", queue.key("ep")]))
    queue.close()
    queue.open()
    queue.put_one()
    again, = queue.reserve()
    assert int(again.epoch) > int(held.epoch)


def test_the_epoch_goes_on_from_what_it_was_when_the_clock_is_behind(queue):
    ahead = (queue.now() + 86_400_000) * 1000
    queue.redis("SET", queue.key("ep"), ahead)
    queue.put_many(2)
    assert int(queue.reserve(1).epoch) == ahead + 1
    assert int(queue.reserve(1).epoch) == ahead + 2


def test_a_lease_that_ran_out_goes_to_the_head_and_tells_whose_it_was(queue):
    first, second, third = (queue.put_one() for _ in range(3))
    held, = queue.reserve(1, worker="dead:1:ab")
    queue.expire(held)
    batch = queue.reserve(2, worker="alive")
    assert batch.ids == [first, second]
    assert batch[0].lost == f"{held.epoch}|dead:1:ab" and batch[1].lost == ""
    assert queue.reserve(1).ids == [third]


def test_an_unexpired_lease_stays(queue):
    queue.put_one()
    queue.reserve()
    batch = queue.reserve()
    assert batch == [] and 0 < batch.next_ms <= 30_000


def test_who_was_lost_is_told_until_the_job_has_ended(queue):
    """A worker may fail between hearing of a lost lease and writing it down: then the next one must hear of it."""
    queue.put_one()
    lost, = queue.reserve(worker="dead")
    queue.expire(lost)
    held, = queue.reserve(worker="w")
    assert held.lost == f"{lost.epoch}|dead"
    assert queue.finish(held, due=0) == [1]
    again, = queue.reserve()
    assert again.lost == f"{lost.epoch}|dead"
    assert queue.finish(again) == [1]
    assert queue.redis("EXISTS", queue.key("lost")) == 0


def test_an_id_that_lies_twice_in_a_list_is_reserved_once(queue):
    """A put between the loss of Redis and the touch of the job's worker leaves an id in the list of a running job; given
    back, it lies there twice."""
    job = queue.put_one()
    held, = queue.reserve()
    queue.close()
    queue.redis("DEL", queue.key("own"), queue.key("lease"), queue.key("j"))
    assert queue.put((job, packed())) == 1
    assert queue.touch(held) == ["ok"]
    queue.open()
    assert queue.finish(held, due=0) == [1]
    assert queue.redis("LRANGE", queue.key("r:2:t"), 0, -1) == [job, job]
    assert queue.reserve().ids == [job]
    assert queue.reserve() == []


def test_a_list_full_of_dropped_jobs_is_got_through(queue):
    for job in queue.put_many(500):
        queue.cancel(job, "drop")
    last = queue.put_one()
    found = []
    for _ in range(100):
        found += queue.reserve(2).ids
        if found:
            break
        assert queue.redis("EXISTS", queue.key("wake")) == 1, "nobody would go on"
    assert found == [last]


def test_a_closed_queue_gives_nothing(shut_queue):
    shut_queue.put_one()
    assert shut_queue.reserve().closed
    shut_queue.close()
    shut_queue.open()
    assert len(shut_queue.reserve()) == 1


def test_a_queue_that_another_run_of_the_server_opened_is_closed(queue):
    queue.put_one()
    assert queue.reserve(run="f" * 40).closed
    assert len(queue.reserve()) == 1


def test_due_and_lost_jobs_are_taken_up_in_bounded_bites(queue):
    ids = queue.put_many(200, due=queue.now() + 3_600_000)
    queue.make_due(*ids)
    seen = []
    while batch := queue.reserve(64):
        seen += batch.ids
    assert sorted(seen) == sorted(ids)


def test_running_sets_hold_what_is_leased(queue):
    jobs = {name: queue.put_one(tenant=name) for name in "ab"}
    queue.put((new_id(), packed(tenant="a")))
    assert queue.set_words(1, "cap.tenant", "9") == 1
    queue.reserve(1)
    batch = queue.reserve(64)
    assert set(queue.redis("SMEMBERS", queue.key("in:t:b"))) == {jobs["b"]}
    assert len(queue.redis("SMEMBERS", queue.key("in:t:a"))) == 2
    queue.finish(*batch)
    assert queue.redis("EXISTS", queue.key("in:t:b")) == 0
