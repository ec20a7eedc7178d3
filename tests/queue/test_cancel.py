# SPDX-License-Identifier: GPL-3.0-or-later
"""cancel and open."""
import re

from engine import new_id, packed

HOUR = 3_600_000


def test_look_tells_where_a_job_is(queue):
    job = queue.put_one()
    assert queue.cancel(job, "look") == "waiting"
    held, = queue.reserve()
    assert queue.cancel(job, "look") == "running"
    queue.finish(held)
    assert queue.cancel(job, "look") == "unknown"
    assert queue.cancel(new_id(), "look") == "unknown"
    assert queue.cancel(queue.put_one(due=queue.now() + HOUR), "look") == "waiting"


def test_look_changes_nothing(queue):
    queue.put_one()
    held, = queue.reserve()
    queue.cancel(held.id, "look")
    assert queue.touch(held) == ["ok"]


def test_ask_leaves_a_waiting_job_alone(queue):
    job = queue.put_one()
    assert queue.cancel(job, "ask") == "waiting"
    held, = queue.reserve()
    assert queue.touch(held) == ["ok"]


def test_drop_forgets_a_waiting_job_whose_id_stays_in_the_list(queue):
    before, job, after = (queue.put_one() for _ in range(3))
    assert queue.cancel(job, "drop") == "waiting"
    assert queue.redis("LLEN", queue.key("r:2:t")) == 3
    assert queue.reserve().ids == [before, after]
    assert queue.cancel(job, "look") == "unknown"


def test_an_id_that_stayed_in_the_list_does_not_start_a_delayed_job_early(queue):
    job = queue.put_one()
    queue.cancel(job, "drop")
    queue.put((job, packed()))
    held, = queue.reserve(1)
    queue.finish(held, due=queue.now() + HOUR)
    assert queue.reserve().ids == [] and queue.set_of("dl") == {job}


def test_drop_forgets_a_delayed_job(queue):
    job = queue.put_one(due=queue.now() + HOUR)
    assert queue.cancel(job, "drop") == "waiting"
    assert queue.set_of("dl") == set() and queue.reserve().next_ms == -1


def test_drop_leaves_nothing_of_a_job_that_was_asked_to_stop_and_lost_its_worker(queue):
    job = queue.put_one()
    held, = queue.reserve()
    queue.progress(held, 10)
    queue.cancel(job, "ask")
    queue.expire(held)
    queue.put_one(priority=0)
    assert queue.reserve(1).ids != [job]
    assert queue.cancel(job, "drop") == "waiting"
    left = {name.removeprefix(queue.prefix) for name in queue.redis("KEYS", queue.key("*"))}
    assert not left.intersection({"cx", "lost", f"p:{job}"})
    assert queue.redis("HEXISTS", queue.key("j"), job) == 0


def test_drop_does_not_touch_a_running_job(queue):
    queue.put_one()
    held, = queue.reserve()
    assert queue.cancel(held.id, "drop") == "running"
    assert queue.touch(held) == ["ok"]


def test_a_dropped_job_that_is_put_again_runs_once(queue):
    job = queue.put_one()
    queue.cancel(job, "drop")
    assert queue.put((job, packed())) == 1
    assert queue.redis("LRANGE", queue.key("r:2:t"), 0, -1) == [job, job]
    batch = queue.reserve()
    assert batch.ids == [job]
    assert queue.reserve() == []
    queue.finish(batch[0])
    assert queue.reserve() == []


def test_a_dropped_job_that_is_put_again_runs_once_one_by_one(queue):
    job = queue.put_one()
    queue.cancel(job, "drop")
    queue.put((job, packed()))
    held, = queue.reserve(1)
    assert queue.reserve(1) == []
    queue.finish(held)
    assert queue.reserve(1) == []


def test_a_new_redis_is_closed_until_it_is_opened(shut_queue):
    assert not shut_queue.is_open()
    shut_queue.close()
    assert shut_queue.open() == 1
    assert shut_queue.is_open()
    shut_queue.close()
    assert not shut_queue.is_open()


def test_a_queue_opened_in_another_run_of_the_server_is_not_open(queue):
    assert queue.is_open()
    queue.run_id = "f" * 40
    assert not queue.is_open()


def test_a_redis_flushed_during_the_rebuild_is_not_opened(shut_queue):
    """What the rebuild had put is gone again, and so are the leases that live workers had re-asserted."""
    shut_queue.close()
    shut_queue.redis("FLUSHALL")
    assert shut_queue.open() == 0
    assert not shut_queue.is_open()


def test_one_rebuild_at_a_time(shut_queue):
    """A leader that was held up must neither wipe nor open what another one has begun to rebuild since."""
    queue = shut_queue
    assert queue.close("one") == 1 and queue.close("one") == 1
    assert queue.close("two") == 0, "somebody is at it"
    queue.redis("FLUSHALL")
    assert queue.close("two") == 1
    job = queue.put_one()
    for mode in ("forget", "wipe", "wiped", "keep", "open"):
        assert queue.rebuild(mode, token="one") == 0
    assert not queue.is_open() and queue.redis("HEXISTS", queue.key("j"), job) == 1
    assert queue.rebuild("keep", token="two") == 1 and queue.open("two") == 1 and queue.is_open()


def test_a_rebuild_that_nobody_goes_on_with_ends(shut_queue):
    queue = shut_queue
    queue.close("one")
    assert 0 < queue.redis("PTTL", queue.key("rebuild")) <= 15000
    queue.redis("PEXPIRE", queue.key("rebuild"), 5000)
    assert queue.rebuild("keep", token="one") == 1 and queue.redis("PTTL", queue.key("rebuild")) > 10000
    run, queue.run_id = queue.run_id, "f" * 40
    assert queue.close("two") == 1, "that one was of another run of the server"
    queue.run_id = run
    assert queue.rebuild("keep", token="one") == 0


def test_a_rebuild_wipes_what_jobs_have_left(queue):
    """A server that read back half of a transaction knows a job that is in no list: put would leave it there for ever."""
    half = queue.put_one()
    queue.redis("LPOP", queue.key("r:2:t"))
    other, running = queue.put_one(tenant="u"), queue.put_one(tenant="v", key="k")
    held = next(job for job in queue.reserve(2) if job.id == running)
    queue.progress(held, 50)
    queue.close()
    assert queue.rebuild("forget") == 1
    assert queue.put((half, packed())) == 0, "not while it is wiped"
    assert queue.touch(held) == ["ok"] and queue.redis("EXISTS", queue.key("own")) == 0
    families = [key for key in queue.redis("KEYS", queue.key("*")) if re.search(r"}:(r|w|in):", key)]
    assert families and queue.rebuild("wipe", *families) == 1 and queue.rebuild("wiped") == 1
    left = {name.removeprefix(queue.prefix) for name in queue.redis("KEYS", queue.key("*"))}
    assert left <= {"ep", "wake", "rebuild", "n", "m", f"p:{running}"}, "counters and progress go on"
    assert queue.touch(held) == ["ok"]
    assert queue.put(*[(job, packed()) for job in (half, other, running)]) == 2
    assert queue.open() == 1
    assert sorted(queue.reserve().ids) == sorted([half, other])
    assert queue.redis("SMEMBERS", queue.key("in:y:k")) == [running] and queue.finish(held) == [1]
    assert queue.redis("EXISTS", queue.key(f"p:{running}")) == 0


def test_opening_wakes_a_waiter(shut_queue, another_redis):
    shut_queue.close()
    waiter = another_redis()
    shut_queue.waiter(waiter)
    shut_queue.open()
    assert waiter.take()


def test_opening_what_is_open_already_does_no_harm(queue):
    """Two leaders may rebuild at once."""
    assert queue.open() == 0
    assert queue.is_open()
