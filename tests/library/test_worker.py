# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker of somebody else's, and the engine's promises."""
import errno
import json
import os
import signal
import time

import pytest

from conftest import LEASE, PATIENCE, until


@pytest.fixture
def deed(producer, tmp_path):
    """Put a job of probe.run that does something; each run is noted in the file log."""
    def put(what, kind="probe.run", said=None, **args):
        args = {"do": what, "log": str(tmp_path / "log"), **args}
        return producer.put(kind=kind, args=json.dumps(args), **(said or {}))
    put.log = tmp_path / "log"
    put.until = tmp_path / "until"
    put.notes = lambda what: [line.split() for line in put.log.read_text().splitlines() if line.startswith(what)] \
        if put.log.exists() else []
    put.runs = lambda: put.notes("begin")
    return put


def running(deed, n=1):
    """Wait until as many runs have begun; the pid of the last."""
    return int(until(lambda: len(deed.runs()) >= n and deed.runs(), f"{n} runs", PATIENCE)[-1][2])


def gone(pid):
    """Whether a process has ended, be it reaped or not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_what_a_job_knows_of_itself(worker, producer, deed):
    job = deed("echo", n=12, said={"product": "shop", "account_id": 7, "request_id": "r-1"})
    status = producer.ended(job)
    said = json.loads(status.result)
    assert said.pop("epoch") > 0 and said.pop("args") == {"do": "echo", "log": str(deed.log), "n": 12}
    assert said == {"id": job, "kind": "probe.run", "product": "shop", "account": 7, "request": "r-1", "attempt": 1,
                    "deadline": 60, "mine": 1, "n": 12, "none": 1}
    assert (status.state, status.progress, status.failed, status.queue) == ("done", 100, 0, "probe")


def sockets(pid):
    links = [os.readlink(entry.path) for entry in os.scandir(f"/proc/{pid}/fd")]
    return {link for link in links if link.startswith("socket:")}


def test_a_child_has_no_connection_of_its_dispatchers(worker, world, producer, deed):
    """It kept those to limiters and to other queues' Redis open, and could have written to them."""
    limiter = lambda: world.redis("HGET", "mr1:{q:probe}:cfg", "limiter")
    world.sql("insert into limiter (name, rate, burst) values ('shared', 1000, 1000)")
    world.sql("select queue_set('test', 'probe', 'limiter', 'shared')")
    until(lambda: limiter() == "shared", "the queue has a limiter", PATIENCE)
    assert producer.ended(deed("echo")).state == "done"
    assert len(sockets(worker.pid)) == 4        # PostgreSQL, Redis twice, and where its tokens came from
    job = deed("block", until=str(deed.until))
    pid = running(deed, 2)
    assert not sockets(pid) & sockets(worker.pid)
    deed.until.touch()
    assert producer.ended(job).state == "done"
    world.sql("select queue_set('test', 'probe', 'limiter', null)")
    until(lambda: limiter() is None, "it has none any more", PATIENCE)


def test_progress_is_seen_while_it_blocks(worker, producer, deed):
    job = deed("block", until=str(deed.until))
    until(lambda: producer.status(job).progress == 40, "progress", PATIENCE)
    assert producer.status(job).state == "running"
    deed.until.touch()
    assert producer.ended(job).result == '"went on"'


def test_jobs_that_block_run_side_by_side_and_their_leases_are_renewed(worker, world, producer, deed):
    jobs = [deed("block", until=str(deed.until)) for _ in range(3)]
    running(deed, 3)
    time.sleep(LEASE * 1.5)     # the point is that time passes: well beyond a lease
    deed.until.touch()
    assert [producer.ended(job).state for job in jobs] == ["done"] * 3
    assert len(deed.runs()) == 3 and [world.tries(job) for job in jobs] == [[]] * 3


@pytest.mark.parametrize("what, state, error, tries", [
    ("bury", "buried", "no use: 7", []),
    ("retry", "done", "-", ["failed", "failed"]),
    ("snooze", "done", "-", ["snoozed"]),
    ("errno", "buried", os.strerror(errno.EXDEV), ["failed", "failed"]),
    ("crash", "buried", "the job's process was killed by signal 9", ["failed", "failed"]),
    ("leave", "buried", "the job's process ended with 3 and no result", ["failed", "failed"]),
    ("bad_result", "buried", os.strerror(errno.E2BIG), ["failed", "failed"]),
])
def test_how_attempts_end(worker, world, producer, deed, what, state, error, tries):
    job = deed(what, until=str(deed.until))
    status = producer.ended(job)
    assert (status.state, status.error, world.tries(job)) == (state, error, tries)
    assert status.failed == tries.count("failed")


def test_a_deadline(worker, producer, deed):
    job = deed("block", kind="probe.short")
    pid = running(deed)
    status = producer.ended(job)
    assert (status.state, status.error) == ("buried", "the job passed its deadline of 1 s")
    assert gone(pid)


def test_cancel_a_running_job(worker, producer, deed):
    job = deed("block")
    pid = running(deed)
    assert producer("cancel", id=job)[0] == 0
    assert producer.ended(job).state == "cancelled" and gone(pid)
    assert producer("cancel", id=job)[0] == -errno.EALREADY


def test_cancel_a_job_that_waits_for_its_time(worker, producer, deed):
    job = deed("echo", said={"delay": 300})
    assert producer("cancel", id=job)[0] == 0
    assert producer.ended(job).state == "cancelled" and deed.runs() == []


def test_cancel_a_job_that_is_due_in_the_far_future(worker, producer, deed):
    job = deed("echo", said={"delay": 86400, "unique": "far"})
    assert producer("put", kind="probe.run", unique="far") == (1, job)
    assert producer("cancel", id=job)[0] == 0
    assert producer.ended(job).state == "cancelled"
    assert producer("put", kind="probe.run", unique="far", args='{"do":"echo"}')[0] == 0, "its name was not given up"


def test_cancel_a_job_that_waits_out_its_back_off(worker, world, producer, deed):
    job = deed("errno", kind="probe.patient")
    until(lambda: world.tries(job) == ["failed"] and producer.status(job).state == "waiting", "it waits again", PATIENCE)
    assert producer("cancel", id=job)[0] == 0
    assert producer.ended(job).state == "cancelled" and len(deed.runs()) == 1


def test_an_operator_sees_to_a_queue_that_millrace_was_not_built_with(worker, world, producer, deed):
    dead = deed("bury")
    assert producer.ended(dead).state == "buried"
    world.command("pause", "probe")
    assert world.command("kick", dead) == f"{dead} is put again\n"
    until(lambda: producer.status(dead).state == "waiting", "it waits again", PATIENCE)
    rows = {row["queue"]: row for row in json.loads(world.command("queues", "--json"))}
    assert rows["probe"]["kinds"] == sorted(rows["probe"]["kinds"]) and "probe.run" in rows["probe"]["kinds"]
    assert rows["probe"]["settings"] == {"paused": "1"} and rows["probe"]["waiting"] == 1
    assert [row["queue"] for row in json.loads(world.command("workers", "--queue", "probe", "--json"))] == ["probe"]
    assert 'millrace_queue_waiting{queue="probe"} 1' in world.command("metrics").splitlines()
    assert any(line.startswith("probe ") for line in world.command("top", "--once").splitlines())
    assert len(deed.runs()) == 1
    world.command("resume", "probe")
    until(lambda: len(deed.runs()) == 2, "it has run again", PATIENCE)
    assert producer.ended(dead).error == "no use: 7"


def test_nothing_that_a_job_has_started_outlives_it(worker, producer, deed):
    pid = int(producer.ended(deed("orphan")).result)
    until(lambda: gone(pid), "the grandchild has ended", PATIENCE)


def test_kill_9_of_the_worker_in_mid_job(world, worker_program, producer, deed, worker):
    """The child dies with its worker; the job runs again once, in another, and ends once."""
    other = world.worker(worker_program)
    jobs = [deed("once", until=str(deed.until)) for _ in range(6)]      # both have some
    running(deed, 6)
    children = {int(run[2]): int(parent_of(int(run[2]))) for run in deed.runs()}
    lost = [pid for pid, parent in children.items() if parent == other.pid]
    assert lost and len(lost) < 6
    other.kill()
    other.wait()
    until(lambda: all(gone(pid) for pid in lost), "children have died with it", PATIENCE)
    deed.until.touch()
    results = [producer.ended(job).result for job in jobs]
    assert results.count('"again"') == len(lost) and results.count('"went on"') == 6 - len(lost)
    assert len(deed.runs()) == 6 + len(lost)
    assert sorted(sum((world.tries(job) for job in jobs), [])) == ["lost"] * len(lost)


def parent_of(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        return file.read().rpartition(")")[2].split()[1]


def test_a_stopped_worker_gives_back_what_has_not_ended(world, worker_program, producer, deed, worker):
    other = world.worker(worker_program, MILLRACE_WORKER_SLOTS="6")
    jobs = [deed("once", until=str(deed.until)) for _ in range(8)]
    running(deed, 8)
    mine = [run for run in deed.runs() if int(parent_of(int(run[2]))) == other.pid]
    assert mine
    world.end(other)                                            # worker.stop is a second
    until(lambda: all(gone(int(run[2])) for run in mine), "its children have ended", PATIENCE)
    deed.until.touch()
    assert {producer.ended(job).state for job in jobs} == {"done"}
    tries = sum((world.tries(job) for job in jobs), [])
    assert tries == ["snoozed"] * len(mine) and all(producer.status(job).failed == 0 for job in jobs)


def test_a_frozen_worker_does_not_hold_its_job_any_more(world, worker_program, producer, deed, worker):
    """The children of a worker that is stopped end themselves before another may run their jobs; it finds out when it goes
    on."""
    other = world.worker(worker_program, MILLRACE_WORKER_SLOTS="6")
    jobs = [deed("once", until=str(deed.until)) for _ in range(8)]
    running(deed, 8)
    lost = [int(run[2]) for run in deed.runs() if int(parent_of(int(run[2]))) == other.pid]
    os.kill(other.pid, signal.SIGSTOP)
    until(lambda: all(gone(pid) for pid in lost), "the children have ended", PATIENCE)
    assert len(deed.runs()) == 8
    deed.until.touch()
    assert {producer.ended(job).state for job in jobs} == {"done"}
    os.kill(other.pid, signal.SIGCONT)
    until(lambda: other.log.read_text().count("reason=lost") == len(lost), "it has found out", PATIENCE)
    world.end(other)
    assert len(deed.runs()) == 8 + len(lost)


def test_children_that_were_frozen_too_do_nothing_more(world, worker_program, producer, deed, worker):
    """As on a machine that sleeps for longer than a lease, and whose children wake first."""
    other = world.worker(worker_program, MILLRACE_WORKER_SLOTS="6")
    jobs = [deed("once", until=str(deed.until)) for _ in range(8)]
    running(deed, 8)
    lost = [int(run[2]) for run in deed.runs() if int(parent_of(int(run[2]))) == other.pid]
    for pid in (other.pid, *lost):
        os.kill(pid, signal.SIGSTOP)
    deed.until.touch()
    assert {producer.ended(job).state for job in jobs} == {"done"}
    for pid in lost:
        os.kill(pid, signal.SIGCONT)
    until(lambda: all(gone(pid) for pid in lost), "the children have gone on", PATIENCE)
    assert not {run[2] for run in deed.notes("mine")} & {str(pid) for pid in lost}
    os.kill(other.pid, signal.SIGCONT)
    until(lambda: other.log.read_text().count("reason=lost") == len(lost), "it has found out", PATIENCE)
    world.end(other)
    assert len(deed.runs()) == 8 + len(lost)


def test_what_was_buffered_is_written_once(world, worker_program, producer, deed, worker):
    world.end(worker_alone := world.worker(worker_program))
    assert worker_alone.log.read_text().count("worker speaks") == 1
    producer.ended(deed("speak"))
    until(lambda: "job speaks" in worker.log.read_text(), "the job has spoken", PATIENCE)
    assert worker.log.read_text().count("worker speaks") == 1


def test_a_worker_makes_no_folder_that_it_does_not_need(world, worker):
    assert not (world.folder / "never-made").exists()


def test_a_kind_belongs_to_one_queue(world, worker_program, worker):
    process = world.start(worker_program, "another")
    assert process.wait(PATIENCE) == 1
    assert "probe.run belongs to another queue" in process.log.read_text()


@pytest.mark.parametrize("environment, said", [
    ({"MILLRACE_SECRET": "short"}, "secret must be set"),
    ({"MILLRACE_DATABASE_URL": "host=/nonexistent"}, "No such file"),
])
def test_a_worker_that_cannot_start_says_why(world, worker_program, environment, said):
    process = world.start(worker_program, **environment)
    assert process.wait(PATIENCE) == 1
    assert said in process.log.read_text()
