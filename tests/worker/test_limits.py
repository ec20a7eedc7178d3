# SPDX-License-Identifier: GPL-3.0-or-later
"""What operators set, end to end: pauses, caps, rates, shared limiters, back-pressure; and how it comes back after a loss."""
import re
import time

import pytest

from engine import Limiter
from servers import Refused, until


def test_pause_and_resume(yard):
    """Who waits is woken: the fastest of some rounds tells that, for who is idle looks by himself after 4.5 seconds."""
    yard.worker()
    yard.ended(yard.put())
    times = []
    for _ in range(3):
        yard.set(paused=1)
        jobs = yard.put_many(5)
        until(lambda: yard.queue.reserve(1).paused, "it is paused")
        assert not any(yard.end(job) for job in jobs)
        yard.set(paused=None)
        began = time.monotonic()
        yard.all_ended(jobs)
        times.append(time.monotonic() - began)
    assert min(times) < 3


def test_a_rate_holds_end_to_end(yard):
    yard.set(rate="20|5")
    for _ in range(2):
        yard.worker()
    began = time.monotonic()
    yard.all_ended(yard.put_many(65, kind="trial.bare"))
    assert 2.8 <= time.monotonic() - began <= 30


def test_a_cap_holds_end_to_end(yard):
    yard.set(**{"cap_kind__trial.do": 2})
    for _ in range(2):
        yard.worker()
    jobs, most = yard.put_many(10, do="wait", ms=100), 0
    while yard.sql.one("select count(*) from job_end") != "10":
        most = max(most, yard.redis("SCARD", yard.queue.key("in:k:trial.do")))
    assert most == 2 and jobs


def test_a_wide_job_fills_several_slots(yard):
    """Four slots: what fills three runs beside one that fills one, and nothing else."""
    jobs = [yard.put("other.wide", do="wait", ms=1000), *(yard.put("other.do", do="wait", ms=1000) for _ in range(4))]
    yard.worker("other")
    running = []

    def ended():
        running.append(yard.redis("HKEYS", yard.other.key("own")))
        return all(yard.end(job) for job in jobs)
    until(ended, "all have ended")
    assert max(len(now) for now in running if jobs[0] in now) == 2
    assert max(map(len, running)) == 3, "the last three run beside each other"


# ---- a limiter that two queues share ----

@pytest.fixture
def shared(yard):
    limiter = Limiter(yard.redis, "provider")
    yard.sql("insert into limiter (name, rate, burst) values ('provider', 20, 5)")
    limiter.rate(20, 5)
    for queue in ("trial", "other"):
        yard.set(queue, limiter="provider")
    return limiter


def test_two_queues_share_a_rate(yard, shared):
    yard.worker()
    yard.worker("other")
    began = time.monotonic()
    yard.all_ended(yard.put_many(35, kind="trial.bare") + yard.put_many(30, kind="other.do"))
    assert 2.8 <= time.monotonic() - began <= 30


def test_a_429_blocks_all_who_share(yard, shared):
    yard.worker()
    yard.worker("other")
    yard.ended(yard.put("other.do"))
    began = time.monotonic()
    job = yard.put(do="limited", delay=4)
    yard.tried(job, 1)
    yard.ended(yard.put("other.do"))
    assert 4 <= time.monotonic() - began
    assert yard.tries(job)[0] == ("snoozed", "f")


def test_a_429_blocks_for_an_hour_at_most(yard, shared):
    """A Retry-After of a year stopped all who share the limiter for a year."""
    yard.worker()
    job = yard.put(do="limited", delay=100000)
    yard.tried(job, 1)
    till, said = until(lambda: yard.redis("GET", shared.prefix + "block"), "it is blocked").split("|")
    assert 3500 < (int(till) - int(said)) / 1e6 <= 3600
    assert float(yard.sql.one("select extract(epoch from not_before - ended_at) from job_try")) == 100000


def test_who_is_behind_the_fence_stops_nobody(yard, shared):
    """What has met a hostile file may say anything: it used to stop all queues of the limiter for as long as it liked."""
    yard.worker()
    job = yard.put("trial.fenced", do="limited", delay=60)
    assert yard.tried(job, 1) == [("failed", "t")], "nor does it put itself off for ever"
    until(lambda: yard.queue.cancel(job, "look") == "waiting", "its worker has told all that there is to tell")
    assert yard.redis("EXISTS", shared.prefix + "block") == 0


def test_what_ends_while_there_are_no_tokens_is_written(yard, shared):
    """It used to wait with the worker, for as long as the provider had said, and so did a stop."""
    worker = yard.worker()
    running = yard.running_at(yard.put(do="wait", ms=3000))
    held = yard.put(do="limited", delay=600)
    yard.tried(held, 1)
    yard.ended(running)
    assert worker.stop() == 0 and len(yard.tries(held)) == 1


def test_what_costs_more_than_the_burst_runs(yard, shared):
    """Nobody ever had as many tokens, and its queue stood still."""
    yard.worker()
    job = yard.put(more="cost => 12")
    yard.ended(job)
    yard.all_ended(yard.put_many(3))


def test_another_limiter_or_none_is_noticed(yard, shared):
    """A worker used to keep the one that it had heard of first."""
    yard.worker()
    yard.ended(yard.put())
    shared.block(60_000)
    job = yard.put()
    yard.set(limiter=None)
    yard.ended(job, patience=45)             # less than the block lasts
    stuck = Limiter(yard.redis, "stuck")
    stuck.rate(1, 1)
    stuck.block(60_000)
    yard.set(limiter="stuck")
    job = yard.put()
    yard.set(limiter=None)
    yard.ended(job, patience=45)


def test_tokens_that_nobody_needs_are_given_back(yard, shared):
    worker = yard.worker()
    yard.ended(yard.put())
    until(lambda: shared.take(5, 5)[0] == 5, "all are there")
    assert worker.find("job.end")


# ---- back-pressure ----

def refused(yard, reason):
    def look():
        try:
            yard.row()
        except Refused as refusal:
            assert refusal.sqlstate == "MR503" and reason in str(refusal)
            return True
    return look


def accepted(yard):
    def look():
        try:
            return yard.row()
        except Refused:
            return None
    return look


def test_too_many_open_jobs_are_refused_before_they_are_written(yard):
    yard.scheduler()
    yard.set(backlog=20)
    jobs = yard.put_many(20)
    until(refused(yard, "too many jobs are open"), "it refuses")
    before = yard.sql.one("select count(*) from job")
    with pytest.raises(Refused):
        yard.put_many(3)
    assert yard.sql.one("select count(*) from job") == before
    yard.row("other.do")                       # another queue does not mind
    yard.worker()
    yard.all_ended(jobs)
    job = until(accepted(yard), "it takes jobs again")
    yard.ended(job)


def test_too_many_open_jobs_are_refused_also_while_redis_is_away(yard):
    """PostgreSQL counts them then: its statement was none, so that any number was taken."""
    yard.sql("select queue_set('test', 'trial', 'backlog', '5')")
    scheduler = yard.start("scheduler", redis_queues="trial=127.0.0.1:1")
    scheduler.says("reconcile.lead")
    for _ in range(5):
        yard.row()
    until(refused(yard, "too many jobs are open"), "it refuses")
    yard.row("other.do")                       # another queue does not mind
    yard.sql("insert into job_end (id, outcome, epoch, worker) select id, 'done', 1, 'w' from job where queue = 'trial'")
    until(accepted(yard), "it takes jobs again")


def test_a_redis_short_of_memory_is_spared(yard):
    yard.scheduler()
    used = lambda: int(re.search(r"used_memory:(\d+)", yard.redis("INFO", "memory")).group(1))
    most, n = used() + (32 << 20), 0
    yard.redis("CONFIG", "SET", "maxmemory", most)
    assert accepted(yard)()
    while used() < most * 0.85:         # some of it are buffers of this connection, which will be given back
        yard.redis("SET", f"ballast:{n}", "x" * (1 << 20))
        n += 1
    until(refused(yard, "Redis is short of memory"), "it refuses")
    yard.redis("UNLINK", *[f"ballast:{i}" for i in range(n)])
    assert until(accepted(yard), "it takes jobs again")


# ---- after a loss ----

def test_settings_are_back_before_the_queue_opens_again(yard):
    yard.scheduler()
    yard.set(**{"cap_kind__trial.do": 0, "limiter": "provider"})
    yard.sql("insert into limiter (name, rate, burst) values ('provider', 2, 3)")
    yard.put_many(3)
    seen = []
    yard.redis("FLUSHALL")
    # Nothing that is not whole may be seen: settings, and the rates of limiters, come before the gate opens.
    gate = """local r = {}
        for _, name in ipairs({'{q:trial}:gen', '{q:trial}:cfg', '{l:provider}:rate'}) do
          r[#r + 1] = redis.call('EXISTS', 'mr1:' .. name) end
        return r"""
    until(lambda: seen.append(yard.redis("EVAL", gate, 0)) or seen[-1][0], "it is open again", every=0.001)
    assert seen[-1] == [1, 1, 1]
    assert yard.redis("HGET", yard.queue.key("cfg"), "cap.kind:trial.do") == "0"


def test_settings_that_were_made_while_nobody_led_are_told(yard):
    scheduler = yard.scheduler()
    yard.put_many(3)
    scheduler.stop()
    yard.sql("select queue_set('test', 'trial', 'paused', '1')")
    yard.scheduler()
    until(lambda: yard.queue.reserve(1).paused, "it is paused")
