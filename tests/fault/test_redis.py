# SPDX-License-Identifier: GPL-3.0-or-later
"""Redis forgets, dies, freezes, comes back."""
import pytest

from servers import until
from world import PREFIX, WORKERS, timed

AT_ONCE = 20            # seconds: nobody waits until Redis is back


def test_waiting_jobs_outlive_a_flush(world, artists):
    world.ctl("stop", *WORKERS)
    made = [(artist, artist.generate()) for artist in artists(3)]
    world.redis("FLUSHALL")
    world.ctl("start", *WORKERS)
    for artist, job in made:
        artist.completed(job)
        assert world.tries(job) == []


def test_a_running_job_outlives_a_flush(world, artist):
    job = artist.generate()
    epoch, _, child = world.held(job)
    world.redis("FLUSHALL")
    until(world.gen, "the queue is open again")
    assert world.owner(job)[0] == epoch, "its worker still holds it"
    world.thaw(child)
    artist.completed(job)
    assert world.tries(job) == [] and world.ended(job)[3] == str(epoch)


def test_a_flush_in_the_middle_of_the_rebuild_begins_it_anew(world, artist):
    """Else what the rebuild had put would be gone, and the queue open."""
    job = artist.generate()
    epoch, _, child = world.held(job)
    world.redis("FLUSHALL")
    until(lambda: world.redis("EXISTS", PREFIX + "rebuild"), "the rebuild has begun")
    world.redis("FLUSHALL")
    until(world.gen, "the queue is open again")
    assert world.owner(job)[0] == epoch
    world.thaw(child)
    artist.completed(job)
    assert world.tries(job) == []


def test_generate_is_answered_while_redis_is_down(world, artist):
    world.ctl("stop", "redis")
    job, seconds = timed(artist.generate)
    assert seconds < AT_ONCE
    world.ctl("start", "redis")
    artist.completed(job)
    assert world.tries(job) == []


def test_generate_is_answered_while_redis_does_not_answer(world, artist):
    world.ctl("pause", "redis")
    job, seconds = timed(artist.generate)
    assert seconds < AT_ONCE
    world.ctl("resume", "redis")
    artist.completed(job)
    assert world.tries(job) == []


def test_polling_goes_on_while_redis_is_down(world, artist):
    job = artist.generate()
    artist.completed(job)
    world.ctl("stop", "redis")
    answer, seconds = timed(lambda: artist.get(f"/images/job/{job}/"))
    assert answer.status_code == 200 and seconds < AT_ONCE


@pytest.mark.parametrize("how", ["restart", "kill"])
def test_a_running_job_survives_a_new_redis(world, artist, how):
    """Killed, it has lost the last second of its writes."""
    job = artist.generate()
    epoch, _, child = world.held(job)
    pid = world.pid("redis")
    world.ctl(how, "redis")
    world.restarted("redis", pid)
    until(lambda: world.owner(job), "its worker has told the new Redis")
    world.thaw(child)
    artist.completed(job)
    assert world.tries(job) == [] and world.ended(job)[3] == str(epoch)


def test_a_job_that_ends_while_redis_is_down_is_not_run_again(world, artist):
    job = artist.generate()
    epoch, worker, child = world.held(job)
    with world.ends_held_up():
        world.thaw(child)
        until(lambda: int(world.one("select count(*) from pg_stat_activity where wait_event_type = 'Lock'")), "it waits",
              every=0.01)
        world.ctl("stop", "redis")
    assert world.ended(job)[3] == str(epoch)
    world.ctl("start", "redis")
    artist.completed(job)
    other = artist.generate()              # the queue works, and whatever it still knew of the first is cleared away
    world.ended(other)
    assert world.tries(job) == []


def test_a_worker_that_cannot_renew_stops_its_job_in_time(world, artist):
    """Redis is away for longer than a lease: nobody may go on as if it were still his."""
    job = artist.generate()
    epoch, worker, child = world.held(job)
    world.ctl("pause", "redis")
    until(lambda: child not in world.runners(worker), "the child is killed")
    assert world.one(f"select count(*) from job_end where id = '{job}'") == "0"
    world.ctl("resume", "redis")
    artist.completed(job)
    assert world.ended(job)[3] != str(epoch)
