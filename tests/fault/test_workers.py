# SPDX-License-Identifier: GPL-3.0-or-later
"""Workers and their children die, freeze, stop, overrun."""
import os
import signal
from pathlib import Path

import pytest

from servers import until
from world import WORKERS


def test_a_killed_worker_loses_nothing(world, artist):
    job = artist.generate()
    epoch, worker, child = world.held(job)
    service = world.service_of(worker)
    os.kill(worker, signal.SIGKILL)
    until(lambda: not Path(f"/proc/{child}").exists(), "its child died with it")
    world.restarted(service, worker)
    artist.completed(job)
    assert world.tries(job) == [["lost", "f", "the lease ran out", str(epoch)]]


def test_what_a_killed_worker_has_stored_is_known(world, artist):
    """It dies between storing and committing: no row of file names what it has stored, and yet it is found."""
    storage = Path(world.stack["storage"])
    with world.ends_held_up():
        job = artist.generate()
        until(lambda: list(storage.glob(f"figureforge/*/{job}.*/*")), "its files are being stored")
        _, worker = world.owner(job)
        waits = until(lambda: world.sql("select pid from pg_stat_activity where wait_event_type = 'Lock' and query like '%job_end%'"), "it commits")
        kept = list(storage.glob(f"figureforge/*/{job}.*/*"))
        service = world.service_of(worker)
        os.kill(worker, signal.SIGKILL)
        for backend, in waits:                  # which would go on without it
            world.sql(f"select pg_terminate_backend({backend})")
    world.restarted(service, worker)
    artist.completed(job)
    keys = {str(file.relative_to(storage)) for file in kept}
    assert {key for key, in world.sql(f"select storage_key from piece where job_id = '{job}'")} == keys and keys
    world.sql(f"update piece set gone_at = now() where job_id = '{job}'")
    world.command("put", "maint.expire", "--args", "{}", "--wait")
    assert not any(file.exists() for file in kept)
    assert len(list(storage.glob(f"figureforge/*/{job}.*/*"))) == 2      # of the attempt that was completed


def test_a_storage_that_fails_costs_no_attempt(world, artist):
    storage = Path(world.stack["storage"])
    artist.completed(artist.generate())     # so that the product's folder is there
    # All of them: the job's own may be there already, from another whose id ends as its does.
    modes = {folder: folder.stat().st_mode for folder in [storage, *storage.rglob("*")] if folder.is_dir()}
    for folder in modes:
        folder.chmod(0o500)
    try:
        job = artist.generate()
        until(lambda: world.tries(job), "the result could not be stored")
    finally:
        for folder, mode in modes.items():
            folder.chmod(mode)
    (outcome, counts, error, _), = world.tries(job)
    assert (outcome, counts) == ("snoozed", "f") and error.startswith("the result could not be stored: ")
    artist.completed(job, used=2)


def test_a_killed_child_costs_one_attempt(world, artist):
    job = artist.generate()
    epoch, worker, child = world.held(job)
    os.kill(child, signal.SIGKILL)
    artist.completed(job)
    assert world.tries(job) == [["failed", "t", "the job's process was killed by signal 9", str(epoch)]]
    assert world.service_of(worker), "the worker itself lives on"


def test_a_worker_frozen_beyond_its_lease_writes_nothing(world, artist):
    job = artist.generate()
    epoch, worker, child = world.held(job)
    world.freeze(worker)
    world.thaw(child)                       # it ends its work, and nobody hears of it
    until(lambda: world.runners(worker) == [], "the child has ended")
    artist.completed(job)
    _, _, winner, won = world.ended(job)[:4]
    assert f":{worker}:" not in winner and int(won) > epoch
    folder = Path(world.stack["state"]) / "work" / f"{job}.{epoch}"
    assert not folder.exists(), "who took the job over has cleaned up"
    given_up = f"job.stop job={job} reason=lost"
    log = Path(world.stack["log_dir"]) / f"{world.service_of(worker)}.log"
    assert given_up not in log.read_text()
    world.thaw(worker)
    until(lambda: given_up in log.read_text(), "the thawed worker has given up")
    assert world.ended(job)[2:] == [winner, won]
    assert world.tries(job) == [["lost", "f", "the lease ran out", str(epoch)]]
    assert world.service_of(worker), "it goes on working"


def test_a_thawed_worker_does_not_take_back_what_it_has_lost(world, artist):
    """A Redis that has just forgotten everything believes whoever says that he holds a job: this one must not say so."""
    job = artist.generate()
    epoch, worker, _ = world.held(job)
    log = Path(world.stack["log_dir"]) / f"{world.service_of(worker)}.log"
    world.freeze(worker)
    artist.completed(job)
    world.redis("FLUSHALL")
    world.thaw(worker)
    until(lambda: f"job.stop job={job} reason=lost" in log.read_text(), "the thawed worker has given up")
    until(world.gen, "the queue is open again")
    assert world.owner(job) is None
    assert world.tries(job) == [["lost", "f", "the lease ran out", str(epoch)]]


def test_a_child_that_is_frozen_with_its_worker_is_killed_when_that_thaws(world, artist):
    job = artist.generate()
    epoch, worker, child = world.held(job)
    world.freeze(worker)
    artist.completed(job)
    world.thaw(worker)
    until(lambda: not Path(f"/proc/{child}").exists(), "the late child is killed")
    assert world.ended(job)[3] != str(epoch)


def test_a_stopping_worker_lets_its_job_finish(world, artist):
    job = artist.generate()
    _, worker, child = world.held(job)
    service = world.service_of(worker)
    os.kill(worker, signal.SIGTERM)
    world.thaw(child)
    artist.completed(job)
    assert f":{worker}:" in world.ended(job)[2] and world.tries(job) == []
    world.restarted(service, worker)


def test_a_stopping_worker_gives_a_long_job_back_without_a_try(world, artist):
    job = artist.generate()
    epoch, worker, child = world.held(job)
    service = world.service_of(worker)
    os.kill(worker, signal.SIGTERM)
    artist.completed(job)
    assert world.tries(job) == [["snoozed", "f", "the worker was stopped", str(epoch)]]
    assert f":{worker}:" not in world.ended(job)[2]
    world.restarted(service, worker)


@pytest.fixture
def short_deadline(world):
    world.sql("update job_kind set deadline = 3 where name = 'image.generate'")
    yield
    world.sql("update job_kind set deadline = 120 where name = 'image.generate'")


def test_a_job_that_overruns_is_killed_tried_again_and_buried(world, artist, short_deadline):
    job = artist.generate()
    first, _, child = world.held(job)
    until(lambda: not Path(f"/proc/{child}").exists(), "the deadline has passed")
    second, _, child = world.held(job, after=first)
    outcome, error, _, epoch = world.ended(job)
    assert (outcome, error, epoch) == ("buried", "the job passed its deadline of 3 s", str(second))
    assert world.tries(job) == [["failed", "t", "the job passed its deadline of 3 s", str(first)]]
    found = artist.get(f"/images/job/{job}/").json()
    assert found["status"] == "failed" and found["images"] == [] and found["error"] == "The images could not be made"
    assert artist.used() == 0
    assert artist.try_generate().status_code == 202, "its place among the running is free again"


def test_a_job_that_kills_its_workers_is_buried_after_three(world, artist):
    job = artist.generate()
    epoch = 0
    for _ in range(3):
        epoch, worker, child = world.held(job, after=epoch)
        service = world.service_of(worker)
        os.kill(worker, signal.SIGKILL)
        world.restarted(service, worker)
    outcome, error, _, _ = world.ended(job)
    assert outcome == "buried" and error.startswith("its workers were lost 3 times")
    assert [row[0] for row in world.tries(job)] == ["lost"] * 3
    assert artist.get(f"/images/job/{job}/").json()["status"] == "failed" and artist.used() == 0


# ---- cancel ----

def test_a_running_job_is_cancelled_though_its_child_hangs(world, artist):
    job = artist.generate()
    _, worker, child = world.held(job)
    done = world.millrace("cancel", job)
    assert done.returncode == 0 and "is running" in done.stdout, done
    assert world.ended(job)[0] == "cancelled"
    assert not Path(f"/proc/{child}").exists() and world.service_of(worker)
    assert artist.get(f"/images/job/{job}/").json()["status"] == "cancelled" and artist.used() == 0
    assert world.millrace("cancel", job).returncode == 4
    assert world.tries(job) == []


def test_a_waiting_job_is_cancelled_and_never_runs(world, artist):
    world.ctl("stop", *WORKERS)
    job = artist.generate()
    done = world.millrace("cancel", job)
    assert done.returncode == 0 and "was waiting" in done.stdout, done
    assert world.ended(job)[::2] == ["cancelled", "operator"]
    assert artist.used() == 0
    other = artist.generate()
    world.ctl("start", *WORKERS)
    artist.completed(other)
    assert artist.get(f"/images/job/{job}/").json()["status"] == "cancelled"
    assert world.redis("LLEN", f"mr1:{{q:image}}:r:2:figureforge/{artist.id}") == 0


def test_there_is_nothing_to_cancel(world):
    assert world.millrace("cancel", "01900000-0000-7000-8000-000000000000").returncode == 3
    assert world.millrace("cancel", "not-an-id").returncode == 2


def test_a_cancellation_that_redis_forgot_is_asked_for_again(world, artist):
    job = artist.generate()
    _, worker, child = world.held(job)
    world.freeze(worker)                    # so that it does not hear of it in time
    assert world.millrace("cancel", job).returncode == 0
    world.redis("FLUSHALL")
    world.thaw(worker)
    assert world.ended(job)[0] == "cancelled"
    assert artist.used() == 0
