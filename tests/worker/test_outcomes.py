# SPDX-License-Identifier: GPL-3.0-or-later
"""How jobs end: what their functions say, and what becomes of them when they do not get that far."""
import json
import signal
import threading
import time

import pytest

from proxy import Proxy
from servers import until


def test_done(yard):
    yard.worker()
    job = yard.put(size=100)
    assert yard.ended(job) == ("", json.dumps("x" * 98))
    assert yard.sql("select id, outcome from trial_end") == [[job, "done"]]
    until(lambda: yard.counted().get("done:trial.do") == "1", "it is counted")
    assert yard.queue.cancel(job, "look") == "unknown"


def test_a_failure_is_tried_again_after_its_back_off_until_it_is_buried(yard):
    yard.worker()
    job = yard.put(do="fail")
    assert yard.ended(job, "buried")[0] == "attempt 3 failed"
    assert yard.tries(job) == [("failed", "t")] * 2
    delays = [float(row[0]) for row in yard.sql(f"select extract(epoch from not_before - ended_at) from job_try where "
                                                f"id = '{job}' order by epoch")]
    assert 0 <= delays[0] <= 1 <= delays[1] <= 2
    assert yard.sql("select outcome, error from trial_end") == [["buried", "attempt 3 failed"]]


def test_a_failure_may_say_when(yard):
    yard.worker()
    job = yard.put(do="fail_once", delay=500)
    yard.tried(job, 1)
    until(lambda: yard.redis("ZSCORE", yard.queue.key("dl"), job), "it is delayed")
    assert 440 < float(yard.redis("ZSCORE", yard.queue.key("dl"), job)) / 1000 - time.time() <= 500
    yard.due(job)
    assert json.loads(yard.ended(job)[1])["attempt"] == 2


def test_buried_at_once(yard):
    yard.worker()
    job = yard.put(do="bury")
    assert yard.ended(job, "buried")[0] == "no further try would help"
    assert yard.tries(job) == []


def test_snooze_does_not_count(yard):
    yard.worker()
    job = yard.put("trial.short", do="snooze")
    assert yard.tried(job, 5)[:5] == [("snoozed", "f")] * 5 and not yard.end(job)
    until(lambda: int(yard.counted().get("snoozed:trial.short", 0)) >= 5, "they are counted")


def test_what_is_put_off_for_long_waits_in_postgres(yard):
    worker = yard.worker()
    job = yard.put(do="snooze", delay=3600)
    yard.tried(job, 1)
    until(lambda: yard.queue.cancel(job, "look") == "unknown", "Redis has forgotten it")
    worker.stop()
    yard.sql(f"update job_try set ended_at = now() - interval '1 h', not_before = now() + interval '5 min' where id = '{job}'")
    yard.scheduler()
    until(lambda: yard.redis("ZSCORE", yard.queue.key("dl"), job), "it is told")


def test_a_job_of_the_far_future_is_told_when_it_is_near(yard):
    scheduler = yard.scheduler()
    yard.worker()
    job = yard.row(more="due_at => now() + interval '1 h'")
    scheduler.says("reconcile.lead")
    assert yard.queue.cancel(job, "look") == "unknown"
    yard.sql(f"update job set due_at = now() + interval '1 s' where id = '{job}'")
    yard.ended(job)


@pytest.mark.parametrize("kind", ["trial.short", "trial.fenced"])
def test_a_deadline(yard, kind):
    yard.worker()
    job = yard.put(kind, do="hang" if kind == "trial.short" else "block")
    yard.tried(job, 1)
    error, _ = yard.ended(job, "buried")
    assert "passed its deadline" in error
    assert yard.tries(job) == [("failed", "t")]


def test_a_child_that_dies_is_one_attempt(yard):
    yard.worker()
    job = yard.put("trial.fenced", do="die")
    assert "ended with 66 and no result" in yard.ended(job, "buried")[0]


def test_a_child_that_ended_itself_while_its_worker_was_frozen_is_no_attempt(yard, servers, tmp_path):
    """Frozen between the question and the answer, late in a lease, the worker renewed it, and took its end for a failure."""
    job, first = yard.row("trial.fenced", do="block"), []
    yard.sql(f"update job set deadline = 60, tries = 1 where id = '{job}'")
    def ended(pid):
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    def thaw(pid):
        until(lambda: ended(pid), "its child has ended itself")
        worker.signal(signal.SIGCONT)
    def touched(reply):
        if reply != b"*1\r\n$2\r\nok\r\n" or len(first) > 1:
            return reply
        first[:] = first or [time.monotonic()]
        if time.monotonic() - first[0] < 2.2:
            return b"-ERR not now\r\n"
        worker.signal(signal.SIGSTOP)
        first.append(int(worker.proc(f"task/{worker.pid}/children").split()[0]))
        threading.Thread(target=thaw, args=(first[1],)).start()
        return reply
    proxy = Proxy(tmp_path / "slow", servers.redis_socket, {b"FCALL": touched})
    worker = yard.worker(redis_url=proxy.path, queue_lease=6)
    yard.tell(job)
    assert "reason=lost" in worker.says("job.stop") and len(first) == 2
    until(lambda: not worker.find("job.end") and yard.redis("HEXISTS", yard.queue.key("own"), job), "its lease may end")
    yard.expire(job)
    assert yard.tried(job, 1) == [("lost", "f")]
    proxy.close()


def test_what_kills_its_workers_is_poison(yard):
    """Three lost leases; none of them counts as a try."""
    job = yard.put(do="die")
    for _ in range(3):
        worker = yard.worker()
        assert worker.ended() == 66
        yard.expire(job)
    worker = yard.worker()
    assert "workers were lost 3 times" in yard.ended(job, "buried")[0]
    assert yard.tries(job) == [("lost", "f")] * 3


def test_what_could_not_be_begun_in_time_does_not_start(yard, another_session):
    """A statement may take longer than a lease is surely ours: the job was started all the same."""
    another_session("select pg_advisory_lock(1)")
    worker = yard.worker(database_timeout=2300)
    job = yard.put("trial.short")
    worker.says("job.begin", 2)
    assert not worker.find("job.start")
    another_session("select pg_advisory_unlock(1)")
    yard.ended(job)
    worker.says("job.start")             # its log may come behind its commit
    assert len(worker.find("job.start")) == 1 and yard.tries(job) == []


def test_what_has_expired_does_not_run(yard):
    job = yard.put(more="expires_at => now() - interval '1 s'")
    later = yard.put(more="expires_at => now() + interval '1 h'")
    yard.worker()
    assert yard.ended(job, "buried")[0] == "expired before it could start"
    yard.ended(later)


@pytest.mark.parametrize("kind", ["trial.do", "trial.fenced"])
def test_cancel_while_it_runs(yard, kind):
    yard.worker()
    job = yard.running_at(yard.put(kind, do="hang" if kind == "trial.do" else "block"))
    assert yard.start("cancel", job).ended() == 0
    yard.ended(job, "cancelled")
    assert yard.sql("select outcome from trial_end") == [["cancelled"]]


def test_cancel_while_it_waits(yard):
    job, one = yard.row(more="unique_name => 'n'"), yard.sql.one("select batch_open('p', finally => '{\"kind\": \"trial.bare\"}')")
    member = yard.row(more=f"batch => '{one}'")
    yard.sql(f"select batch_close('{one}')")
    yard.tell(job, member)
    for each in (job, member):
        assert yard.start("cancel", each).ended() == 0
        yard.ended(each, "cancelled")
    assert yard.sql("select * from job_unique") == []
    assert yard.sql("select cancelled, ended_at is not null from batch") == [["1", "t"]]
    yard.worker()
    yard.ended(yard.sql.one("select id from job where kind = 'trial.bare'"))
    assert yard.sql("select count(*) from trial_end") == [["2"]]


def test_a_cancelled_one_that_is_taken_does_not_run(yard):
    job = yard.put()
    yard.sql(f"insert into job_cancel (id, asked_by) values ('{job}', 'test')")
    yard.worker()
    yard.ended(job, "cancelled")


def test_a_cancelled_one_whose_producer_died_before_it_was_at_the_front(yard):
    """Redis knew nothing of it any more, and was told an hour later."""
    yard.scheduler()
    yard.worker()
    job = yard.row(more="due_at => now() + interval '9 minutes', id => overlay(job_id_make()::text placing"
                        " left(job_id_floor(now() - interval '5 minutes')::text, 13) from 1)::uuid")
    yard.tell(job)
    yard.sql(f"insert into job_cancel (id, asked_by) values ('{job}', 'its producer')")
    assert yard.queue.cancel(job, "drop") == "waiting"
    yard.ended(job, "cancelled")


def test_a_cancelled_one_that_was_told_again_does_not_wait_for_its_time(yard):
    """Who had read it before it was cancelled told Redis of it when it had been dropped there."""
    yard.scheduler()
    yard.worker()
    job = yard.row(more="due_at => now() + interval '9 minutes'")
    yard.tell(job)
    yard.sql(f"insert into job_cancel (id, asked_by) values ('{job}', 'its producer')")
    yard.queue.cancel(job, "drop")
    yard.tell(job)
    yard.ended(job, "cancelled")
    assert yard.sql("select outcome from trial_end") == [["cancelled"]]


# ---- results ----

@pytest.mark.parametrize("kind", ["trial.do", "trial.fenced"])
def test_a_result_may_have_256_kib(yard, kind):
    yard.worker()
    job = yard.put(kind, do="done", size=262_144)
    assert len(yard.ended(job)[1]) == 262_144


@pytest.mark.parametrize("size", [262_145, 600_000, 1_100_000])
@pytest.mark.parametrize("kind", ["trial.do", "trial.fenced"])
def test_a_larger_result_is_buried_at_once(yard, kind, size):
    """It used to be tried again, as often as the kind allows, though each try makes it as large."""
    yard.worker()
    job = yard.put(kind, do="done", size=size)
    assert "result is larger than" in yard.ended(job, "buried")[0]
    assert yard.tries(job) == []


# ---- many ends in one transaction ----

def test_only_the_culprit_of_a_batch_is_released(yard):
    worker = yard.worker(worker_slots=16)
    worker.signal(signal.SIGSTOP)
    good, bad = yard.put_many(10), yard.put(broken=True)
    more = yard.put_many(5)
    worker.signal(signal.SIGCONT)
    yard.all_ended(good + more)
    assert yard.tried(bad, 1)[0] == ("failed", "t")
    assert worker.find("sqlstate=22012")
    yard.tried(bad, 2)
    error, _ = yard.ended(bad, "buried")
    assert error == "the result could not be written"
    assert yard.sql("select count(*) from trial_end where outcome = 'done'") == [["15"]]


def test_one_that_has_to_wait_for_a_row_holds_up_no_other(yard, another_session):
    """All that ended beside it used to wait with it, and the worker took nothing more once its slots were full of them."""
    worker = yard.worker(worker_slots=16, database_timeout=300)
    worker.signal(signal.SIGSTOP)
    good, held = yard.put_many(5), [yard.put() for _ in range(2)]
    another_session("begin")
    for job in held:
        another_session(f"insert into trial_end (id, outcome) values ('{job}', 'x')")
    worker.signal(signal.SIGCONT)
    yard.all_ended(good)
    yard.all_ended(yard.put_many(20))
    began = worker.cpu_seconds()
    worker.says("sqlstate=57014", len(worker.find("sqlstate=57014")) + 2)
    assert worker.cpu_seconds() - began < 0.5 and not any(yard.end(job) for job in held)
    another_session("rollback")
    yard.all_ended(held)
    assert all(yard.tries(job) == [] for job in held)


def test_ends_are_committed_together(yard):
    yard.put_many(64, kind="trial.bare")
    before = int(yard.sql.one("select xact_commit from pg_stat_database where datname = current_database()"))
    worker = yard.worker(worker_slots=64)
    until(lambda: yard.sql.one("select count(*) from job_end") == "64", "all have ended")
    assert worker.stop() == 0
    until(lambda: yard.sql.one("select count(*) from pg_stat_activity where application_name like '%worker%'") == "0", "gone")
    transactions = yard.sql("select count(distinct xmin::text) from job_end")
    assert transactions == [["1"]], before


# ---- chains and batches ----

def test_a_chain_end_to_end(yard):
    chain = json.dumps([{"kind": "trial.fenced", "args": {"do": "done"}, "previous": "previous"},
                        {"kind": "other.do", "previous": "previous"}])
    yard.worker()
    yard.worker("other")
    first = yard.put(more=f"chain => '{chain}'")
    second = until(lambda: yard.sql(f"select id from job where args ->> 'previous' = '{first}'"), "the second is put")[0][0]
    third = until(lambda: yard.sql(f"select id from job where args ->> 'previous' = '{second}'"), "the third is put")[0][0]
    yard.ended(third)
    assert yard.sql(f"select kind from job where id = '{third}'") == [["other.do"]]


def test_a_chain_breaks_where_one_fails(yard):
    yard.worker()
    first = yard.put(do="bury", more="""chain => '[{"kind": "trial.bare"}]'""")
    yard.ended(first, "buried")
    assert yard.sql("select count(*) from job") == [["1"]]


def test_a_batch_end_to_end(yard):
    yard.worker()
    one = yard.sql.one("""select batch_open('p', finally => '{"kind": "trial.bare", "previous": "previous"}')""")
    jobs = [yard.put(do=what, more=f"batch => '{one}'") for what in ("done", "bury", "fail_once", "wait", "done")]
    until(lambda: yard.sql.one("select count(*) from job_end") == "5", "all have ended")
    assert yard.sql("select ended_at is null from batch") == [["t"]]
    yard.sql(f"select batch_close('{one}')")
    final = yard.sql.one(f"select id from job where args ->> 'previous' = '{one}'")
    yard.tell(final)
    yard.ended(final)
    assert yard.sql("select total, done, buried, cancelled from batch") == [["5", "4", "1", "0"]]
    assert jobs


def test_what_follows_does_not_wait_for_a_full_queue(yard):
    """A worker that had such an end to write used to write none any more, and the queue stayed full."""
    job = yard.put(more="""chain => '[{"kind": "trial.bare"}]'""")
    others = yard.put_many(5)
    yard.sql("insert into queue (name, refusing, why) values ('trial', true, 'too many jobs are open')")
    yard.worker()
    yard.all_ended([job, *others])
    yard.ended(yard.sql.one("select id from job where kind = 'trial.bare'"))


def test_of_what_is_put_and_ends_no_row_is_ever_written_anew(yard):
    """Rows lie one behind the other as they were inserted: an update would have left a gap."""
    yard.worker()
    jobs = yard.put_many(20) + yard.put_many(10, do="fail_once", delay=0)
    yard.all_ended(jobs)
    for table, rows in (("job", 30), ("job_end", 30), ("job_try", 10)):
        found = yard.sql.one(f"select count(*) || ' ' || max((ctid::text::point)[0] * 1000 + (ctid::text::point)[1])"
                             f" || ' ' || count(distinct tableoid) from {table}")
        assert found == f"{rows} {rows} 1", table
