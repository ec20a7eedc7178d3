# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of a worker: stop, drain, recycling, two releases side by side, idling."""
import json
import signal
import time

import pytest

from engine import new_id, packed
from proxy import Proxy
from servers import until


def test_a_graceful_stop_lets_jobs_end(yard):
    worker = yard.worker(worker_stop=60)
    jobs = yard.put_many(4, do="wait", ms=3000)
    yard.running_at(jobs[0])
    waiting = yard.put_many(4)
    assert worker.stop() == 0
    yard.all_ended(jobs)
    assert not any(yard.end(job) for job in waiting)


@pytest.mark.parametrize("kind", ["trial.do", "trial.fenced"])
def test_a_graceful_stop_gives_the_rest_back_without_a_try(yard, kind):
    worker = yard.worker(worker_stop=0)
    job = yard.running_at(yard.put(kind, do="hang" if kind == "trial.do" else "block", ms=30000))
    assert worker.stop() == 0
    assert yard.tries(job) == [("snoozed", "f")]
    assert yard.queue.cancel(job, "look") == "waiting"
    batch = yard.queue.reserve(1)
    assert batch.ids == [job]


def test_a_second_signal_does_not_hurry_it(yard):
    worker = yard.worker(worker_stop=60)
    job = yard.running_at(yard.put(do="wait", ms=3000))
    worker.signal(signal.SIGTERM)
    worker.says("worker.stop")
    worker.signal(signal.SIGTERM)
    assert worker.ended() == 0
    yard.ended(job)


def test_a_worker_that_stops_leaves_no_job_waiting_beside_an_idle_one(yard):
    """A wake-up that reached it is passed on."""
    first, second = yard.worker(), yard.worker()
    for worker in (first, second):
        worker.says("worker.start")
    for _ in range(3):
        until(lambda: yard.redis("CLIENT", "LIST").count("cmd=bzpopmin") >= 2, "both wait")
        first.signal(signal.SIGSTOP)
        jobs = yard.put_many(2)               # the first of those who wait may be the one that is stopped
        first.signal(signal.SIGTERM)
        first.signal(signal.SIGCONT)
        began = time.monotonic()
        yard.all_ended(jobs)
        assert time.monotonic() - began < 4       # who is idle looks by himself after 4.5 seconds
        assert first.ended() == 0
        first = yard.worker()


def test_drain(yard):
    worker, other = yard.worker(), yard.worker()
    name = worker.find("worker.start")[0].rpartition("name=")[2]
    until(lambda: yard.redis("ZSCORE", yard.queue.key("who"), name), "it has told of itself")
    information = json.loads(yard.redis("HGET", yard.queue.key("info"), name))
    assert information["slots"] == 4 and information["pid"] == worker.pid and information["lease"] == 3
    yard.redis("SADD", yard.queue.key("drain"), name)
    assert worker.ended() == 0 and worker.find("why=drain")
    left = [other.find("worker.start")[0].rpartition("name=")[2]]
    until(lambda: yard.redis("ZRANGE", yard.queue.key("who"), 0, -1) == left, "the other one has told of itself, too")
    yard.ended(yard.put())


def test_drain_waits_for_what_runs(yard):
    worker = yard.worker(worker_stop=0)
    job = yard.running_at(yard.put(do="wait", ms=8000))
    until(lambda: yard.redis("EXISTS", yard.queue.key("who")), "it has told of itself")
    yard.redis("SADD", yard.queue.key("drain"), *yard.redis("ZRANGE", yard.queue.key("who"), 0, -1))
    worker.says("why=drain")
    assert yard.runs(job)
    assert worker.ended() == 0
    yard.ended(job)


def test_recycling_by_jobs(yard):
    worker = yard.worker(worker_recycle_jobs=20)
    jobs = yard.put_many(30)
    assert worker.ended() == 0 and worker.find("why=jobs")
    yard.worker()
    yard.all_ended(jobs)


def test_recycling_by_memory(yard):
    worker = yard.worker(worker_recycle_memory=64)
    job = yard.put(do="grow", size=80 << 20)
    assert worker.ended() == 0 and worker.find("why=memory")
    yard.ended(job)


# ---- two releases side by side ----

def test_a_kind_or_version_of_the_next_release_is_left_to_it(yard):
    yard.sql("update job_kind set version = 2 where name = 'trial.do'")
    yard.sql("insert into job_kind (name, queue, version, deadline, tries) values ('trial.new', 'trial', 1, 30, 3)")
    old = yard.worker()
    jobs = [yard.put(), yard.put("trial.new")]
    old.says("job.stranger", 2)
    for job in jobs:
        until(lambda job=job: yard.redis("ZSCORE", yard.queue.key("dl"), job), "it is given back")
        assert yard.tries(job) == [] and not yard.end(job)
    known = yard.put("trial.bare")
    yard.ended(known)
    old.signal(signal.SIGSTOP)
    yard.worker(program="trial-next")
    yard.queue.make_due(*jobs)
    yard.wake()
    yard.all_ended(jobs)
    old.signal(signal.SIGCONT)


def test_a_rebuild_waits_for_the_longest_lease_that_workers_tell(shut_yard):
    """While a longer one was rolled out, a scheduler with the old one opened the queue before its holders had told of all."""
    shut_yard.row()
    shut_yard.queue.hello("other:1:x", json.dumps({"lease": 9}))
    began = time.monotonic()
    scheduler = shut_yard.start("scheduler")
    scheduler.says("reconcile.open queue=trial")
    assert time.monotonic() - began > 5                 # with its own alone it were two


def test_the_next_release_runs_what_the_last_one_put(yard):
    job = yard.put()
    yard.worker(program="trial-next")
    yard.ended(job)


# ---- idling ----

def test_an_idle_dispatcher_needs_next_to_nothing(yard):
    worker = yard.worker()
    yard.ended(yard.put())
    began = worker.cpu_seconds()
    time.sleep(5)                             # what is measured is a time
    assert worker.cpu_seconds() - began <= 0.1
    rss = int(next(line for line in worker.proc("status").splitlines() if line.startswith("VmRSS")).split()[1])
    if "asan" not in str(yard.settings["worker_runner"]):
        assert rss < 10 * 1024, rss


def test_a_worker_that_waits_for_a_cap_idles(yard):
    yard.set(cap=1)
    worker = yard.worker(worker_stop=0)
    yard.running_at(yard.put(do="wait", ms=20000))
    yard.put_many(10)
    began = worker.cpu_seconds()
    time.sleep(2)                             # what is measured is a time
    assert worker.cpu_seconds() - began <= 0.3
    yard.set(cap=None)


# ---- when the servers are not what they seem ----

def test_a_job_that_the_database_does_not_have_is_forgotten(yard):
    """A restored backup is older than what Redis holds."""
    stray = new_id()
    yard.queue.put((stray, packed(kind="trial.do")))
    yard.worker()
    until(lambda: yard.queue.cancel(stray, "look") == "unknown", "Redis has forgotten it")
    assert not yard.end(stray) and yard.tries(stray) == []
    yard.ended(yard.put())


def test_a_worker_that_hears_no_wake_up_looks_all_the_same(yard, servers, tmp_path):
    """The connection that it waits on is alive and deaf."""
    asked = []
    proxy = Proxy(tmp_path / "deaf", servers.redis_socket, {b"BZPOPMIN": lambda reply: asked.append(reply) or b""})
    yard.worker(redis_url=proxy.path)
    yard.ended(yard.put())
    until(lambda: yard.redis("CLIENT", "LIST").count("cmd=bzpopmin") > 0, "it waits")
    yard.ended(yard.put())
    assert asked
    proxy.close()
