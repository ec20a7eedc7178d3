# SPDX-License-Identifier: GPL-3.0-or-later
"""touch, finish and progress: who may do what with a job that is held."""
import pytest

from engine import Job

HOUR = 3_600_000


@pytest.fixture
def held(queue):
    queue.put_one(deadline=60)
    job, = queue.reserve(worker="w")
    return job


def stranger(job, epoch=None):
    return Job(epoch or str(int(job.epoch) - 1), (job.id, job.packed, ""))


# ---- touch ----

def test_touch_renews_the_lease(queue, held):
    before = float(queue.redis("ZSCORE", queue.key("lease"), held.id))
    assert queue.touch(held, lease=90_000) == ["ok"]
    assert float(queue.redis("ZSCORE", queue.key("lease"), held.id)) > before + 50_000


def test_touch_by_another_worker_is_lost_and_changes_nothing(queue, held):
    before = queue.redis("ZSCORE", queue.key("lease"), held.id)
    assert queue.touch(held, worker="v", lease=90_000) == ["lost"]
    assert queue.redis("ZSCORE", queue.key("lease"), held.id) == before


def test_touch_with_an_old_epoch_is_lost(queue, held):
    assert queue.touch(stranger(held), held) == ["lost", "ok"]


def test_touch_of_what_somebody_else_has_taken_over_is_lost(queue, held):
    queue.expire(held)
    again, = queue.reserve(worker="v")
    assert queue.touch(held, worker="w") == ["lost"]
    assert queue.touch(again, worker="v") == ["ok"]


def test_touch_of_a_finished_job_is_lost(queue, held):
    queue.finish(held)
    assert queue.touch(held) == ["lost"]
    assert queue.redis("EXISTS", queue.key("j")) == 0


def test_touch_tells_of_a_cancellation_and_renews(queue, held):
    before = float(queue.redis("ZSCORE", queue.key("lease"), held.id))
    assert queue.cancel(held.id, "ask") == "running"
    assert queue.touch(held, lease=90_000) == ["cancel"]
    assert float(queue.redis("ZSCORE", queue.key("lease"), held.id)) > before + 50_000


def test_touch_past_the_deadline_and_a_lease_is_late_and_does_not_renew(queue):
    queue.put_one(deadline=1)
    job, = queue.reserve()
    long_ago = queue.now() - 40_000
    queue.redis("HSET", queue.key("own"), job.id, f"{job.epoch}|w|{long_ago}")
    before = queue.redis("ZSCORE", queue.key("lease"), job.id)
    assert queue.touch(job) == ["late"]
    assert queue.redis("ZSCORE", queue.key("lease"), job.id) == before
    assert queue.touch(job, lease=90_000) == ["ok"]


# ---- a loss of Redis ----

def test_a_worker_carries_its_jobs_over_a_loss(queue, held):
    queue.redis("FLUSHALL")
    assert queue.touch(held, worker="w") == ["ok"]
    assert queue.put((held.id, held.packed)) == 0
    assert queue.set_words(1, "cap.tenant", "1") == 1
    assert queue.redis("SMEMBERS", queue.key("in:t:t")) == [held.id]
    assert int(queue.redis("GET", queue.key("ep"))) == int(held.epoch)
    queue.close()
    queue.open()
    assert queue.reserve() == []
    assert queue.finish(held) == [1]


def test_a_worker_takes_its_job_back_that_was_put_meanwhile(queue, held):
    queue.redis("FLUSHALL")
    assert queue.put((held.id, held.packed)) == 1
    assert queue.touch(held) == ["ok"]
    queue.close()
    queue.open()
    assert queue.reserve() == []
    assert queue.finish(held, due=0) == [1]
    assert queue.reserve().ids == [held.id]


def test_a_worker_takes_its_job_back_that_became_delayed(queue, held):
    queue.redis("FLUSHALL")
    assert queue.put((held.id, held.packed.replace("|0|60|", f"|{queue.now() + HOUR}|60|"))) == 1
    assert queue.touch(held) == ["ok"]
    assert queue.set_of("dl") == set()


def test_a_loss_gives_nobody_a_job_twice(queue, held):
    """Two workers say that they hold it: the one with the later lease does, whoever comes first."""
    queue.expire(held)
    later, = queue.reserve(worker="v")
    for first, second in ((held, later), (later, held)):
        queue.redis("FLUSHALL")
        for job in (first, second):
            queue.touch(job, worker="w" if job is held else "v")
        assert queue.touch(held, worker="w") == ["lost"]
        assert queue.touch(later, worker="v") == ["ok"]


def test_in_an_open_queue_nothing_is_taken_back(queue, held):
    queue.expire(held)
    other, = queue.reserve(worker="v")
    queue.finish(other, worker="v", due=0)
    assert queue.touch(held, worker="w") == ["lost"]


def test_after_a_restart_that_forgot_a_lease_its_worker_takes_it_back(queue, held):
    """A server that lost its last second of writes still has `gen`, of another run: it is not known to be whole."""
    queue.redis("HDEL", queue.key("own"), held.id)
    queue.redis("ZREM", queue.key("lease"), held.id)
    assert queue.touch(held) == ["lost"]
    assert queue.touch(held, run="e" * 40) == ["ok"]
    assert queue.set_of("lease") == {held.id}


# ---- finish ----

def test_finish_forgets_the_job(queue, held):
    queue.progress(held, 50)
    queue.cancel(held.id, "ask")
    assert queue.finish(held) == [1]
    left = {name.removeprefix(queue.prefix) for name in queue.redis("KEYS", queue.key("*"))}
    assert left == {"gen", "ep", "wake", "m", "n"}


def test_finish_twice_is_once(queue, held):
    assert queue.finish(held) == [1]
    assert queue.finish(held) == [0]


@pytest.mark.parametrize("due", ["", 0, 9_999_999_999_999])
def test_finish_by_who_lost_it_does_nothing(queue, held, due):
    queue.expire(held)
    again, = queue.reserve(worker="v")
    assert queue.finish(held, worker="w", due=due) == [0]
    assert queue.finish(stranger(again), worker="v", due=due) == [0]
    assert queue.touch(again, worker="v") == ["ok"]
    assert queue.reserve() == []


def test_finish_with_a_time_delays(queue, held):
    due = queue.now() + HOUR
    assert queue.finish(held, due=due) == [1]
    assert queue.reserve() == []
    assert float(queue.redis("ZSCORE", queue.key("dl"), held.id)) == due
    queue.make_due(held.id)
    again, = queue.reserve()
    assert again.id == held.id and int(again.epoch) > int(held.epoch) and again.lost == ""


def test_finish_with_zero_goes_to_the_end_of_the_line(queue, held):
    other = queue.put_one()
    assert queue.finish(held, due=0) == [1]
    assert queue.reserve().ids == [other, held.id]


def test_given_back_work_wakes_a_waiter(queue, held, another_redis):
    waiter = another_redis()
    queue.redis("DEL", queue.key("wake"))
    queue.waiter(waiter)
    queue.finish(held, due=0)
    assert waiter.take()


def test_ended_work_wakes_nobody(queue, held, another_redis):
    waiter = another_redis()
    queue.redis("DEL", queue.key("wake"))
    queue.waiter(waiter)
    queue.finish(held)
    assert waiter.waits(0.05)


def test_finish_answers_each_job_of_a_batch(queue):
    queue.put_many(64)
    batch = queue.reserve(64)
    queue.expire(batch[10])
    queue.reserve(1, worker="v")
    assert queue.finish(*batch) == [0 if at == 10 else 1 for at in range(64)]
    assert queue.set_of("lease") == {batch[10].id}


# ---- progress ----

def test_progress_is_kept_and_told(queue, held, another_redis):
    listener = another_redis()
    assert listener("SUBSCRIBE", f"mr1:job:{held.id}")[2] == 1
    queue.progress(held, 37)
    assert listener.take() == ["message", f"mr1:job:{held.id}", "37"]
    assert queue.redis("GET", queue.key(f"p:{held.id}")) == "37"
    assert 0 < queue.redis("TTL", queue.key(f"p:{held.id}")) <= 3600


@pytest.fixture
def news(another_redis):
    """What is told of jobs."""
    listener = another_redis()
    assert listener("SUBSCRIBE", "mr1:jobs")[2] == 1
    return listener


def told(news):
    return news.take()[2].split()


def test_news_of_ends(queue, news):
    """In one message, of those that have ended and were the worker's."""
    queue.put_many(6)
    batch = queue.reserve(6)
    assert queue.finish(*batch[:2], due=0) == [1, 1]
    assert queue.finish(stranger(batch[2])) == [0]
    assert queue.finish(*batch[2:]) == [1] * 4
    what, *ids = told(news)
    assert what == "ended" and sorted(ids) == sorted(job.id for job in batch[2:])
    assert news.waits(0.05)


def test_news_of_progress(queue, held, news):
    queue.progress(held, 37, worker="v")
    queue.progress(held, 37)
    assert told(news) == ["moved", held.id] and news.waits(0.05)


def test_news_of_what_is_dropped(queue, held, news):
    waiting = queue.put_one()
    for job, mode in ((waiting, "look"), (held.id, "drop"), (waiting, "drop"), (waiting, "drop")):
        queue.cancel(job, mode)
    assert [told(news), told(news)] == [["ended", waiting]] * 2 and news.waits(0.05)


def test_progress_of_who_does_not_hold_the_job_is_ignored(queue, held):
    queue.progress(held, 37, worker="v")
    queue.progress(stranger(held), 38)
    assert queue.redis("EXISTS", queue.key(f"p:{held.id}")) == 0
