# SPDX-License-Identifier: GPL-3.0-or-later
"""The put script, and who is woken when."""
import pytest

from engine import RedisError, new_id, packed

HOUR = 3_600_000


def test_a_job_is_put_once(queue):
    job = new_id()
    assert queue.put((job, packed())) == 1
    assert queue.put((job, packed())) == 0
    assert queue.put((job, packed()), (new_id(), packed()), (job, packed())) == 1
    batch = queue.reserve()
    assert len(batch) == 2 and batch.ids.count(job) == 1


def test_a_resend_while_the_job_runs_changes_nothing(queue):
    job = queue.put_one()
    held, = queue.reserve()
    assert queue.put((job, packed())) == 0
    assert queue.reserve() == []
    assert queue.finish(held) == [1]
    assert queue.reserve() == []


def test_a_delayed_job_waits_until_it_is_due(queue):
    job = queue.put_one(due=queue.now() + HOUR)
    batch = queue.reserve()
    assert batch == [] and HOUR - 5000 < batch.next_ms <= HOUR
    queue.make_due(job)
    assert queue.reserve().ids == [job]


def test_the_next_due_is_told_in_milliseconds(queue, another_redis):
    job = queue.put_one(due=queue.now() + 1000)
    batch = queue.reserve()
    assert batch == [] and 0 <= batch.next_ms <= 1000
    waiter = another_redis()
    waiter("DEL", queue.key("wake"))
    assert waiter("BZPOPMIN", queue.key("wake"), batch.next_ms / 1000 + 0.001) is None
    assert queue.reserve().ids == [job]


def test_order_within_a_tenant_is_the_order_of_puts(queue):
    ids = [queue.put_one() for _ in range(20)]
    assert queue.reserve(7).ids + queue.reserve(7).ids + queue.reserve(7).ids == ids


@pytest.mark.parametrize("text", ["", "2|2|k|0|1||t", "1|4|k|0|1||t", "1|2|k|soon|1||t", "1|2|k|0|1||"])
def test_a_malformed_job_is_refused_and_nothing_of_its_batch_is_put(queue, text):
    with pytest.raises(RedisError, match="MALFORMED"):
        queue.put((new_id(), packed()), (new_id(), text))
    assert queue.reserve() == []
    assert queue.redis("EXISTS", queue.key("j")) == 0


@pytest.mark.parametrize("job", ["", "oops", "x" * 36, f"{'a' * 8}-{'b' * 27}", new_id() + "0", new_id().replace("-", "")])
def test_an_id_that_is_none_is_refused(queue, job):
    """Each worker in turn would reserve it, and none could read its job."""
    with pytest.raises(RedisError, match="MALFORMED"):
        queue.put((new_id(), packed()), (job, packed()))
    assert queue.redis("EXISTS", queue.key("j")) == 0


def test_a_tenant_may_have_any_sign_but_blanks_and_bars(queue):
    assert queue.set_words(1, "cap.tenant", "9") == 1
    job = queue.put_one(tenant="figureforge/7:{a}-%ü")
    held, = queue.reserve()
    assert queue.redis("SMEMBERS", queue.key("in:t:figureforge/7:{a}-%ü")) == [job]
    assert queue.finish(held) == [1]


def test_a_put_wakes_one_waiter(queue, another_redis):
    first, second = another_redis(), another_redis()
    queue.waiter(first)
    queue.waiter(second)
    queue.put_one()
    assert first.take()[1] == "w"
    assert second.waits(0.05)
    assert len(queue.reserve(1)) == 1
    assert second.waits(0.05)


def test_what_one_worker_leaves_wakes_the_next(queue, another_redis):
    first, second = another_redis(), another_redis()
    queue.waiter(first)
    queue.waiter(second)
    queue.put((new_id(), packed()), (new_id(), packed()))
    assert first.take()
    assert second.waits(0.02)
    assert len(queue.reserve(1)) == 1
    assert second.take()
    assert len(queue.reserve(1)) == 1


def test_a_job_due_before_all_others_wakes_a_waiter(queue, another_redis):
    """Its time-out was computed without it."""
    waiter = another_redis()
    queue.put_one(due=queue.now() + HOUR)
    queue.redis("DEL", queue.key("wake"))
    queue.waiter(waiter)
    queue.put_one(due=queue.now() + 2 * HOUR)
    assert waiter.waits(0.05)
    queue.put_one(due=queue.now() + HOUR // 2)
    assert waiter.take()


def test_a_resend_wakes_nobody(queue, another_redis):
    job = queue.put_one()
    queue.reserve()
    queue.redis("DEL", queue.key("wake"))
    waiter = another_redis()
    queue.waiter(waiter)
    queue.put((job, packed()))
    assert waiter.waits(0.05)
