# SPDX-License-Identifier: GPL-3.0-or-later
"""The scheduler finds what nobody told Redis of, and may die or be many."""
import os
import signal
import subprocess

import pytest

from servers import until
from world import PREFIX, WORKERS


def put_without_telling(world, artist):
    """All that the front does in PostgreSQL; then it is killed before it can tell Redis."""
    return world.one(
        "with put as (select (job_put(kind => 'image.generate', product => 'figureforge', "
        f"tenant => 'figureforge/{artist.id}', account_id => {artist.id}, args => "
        """'{"prompt": "a dancer", "filters": {}, "batch_size": 2, "model": "croquis"}')).id), """
        "used as (insert into figureforge.usage as u (account_id, period, used, running) "
        f"values ({artist.id}, figureforge.period(), 2, 1) on conflict (account_id) do update "
        "set used = u.used + 2, running = u.running + 1), "
        "noted as (insert into figureforge.generation (id, account_id, prompt, filters, model, batch_size, cost, period) "
        f"select id, {artist.id}, 'a dancer', '{{}}', 'croquis', 2, 2, figureforge.period() from put) "
        "select id from put")


def term(world):
    rows = world.sql("select term from leader where expires > now()")
    return int(rows[0][0]) if rows else 0


def test_a_job_that_redis_never_heard_of_is_found(world, artist):
    job = put_without_telling(world, artist)
    assert world.redis("EXISTS", f"{PREFIX}j:{job}") == 0
    until(lambda: world.redis("EXISTS", f"{PREFIX}j:{job}") or world.tries(job) or
          world.one(f"select count(*) from job_end where id = '{job}'") == "1", "the scheduler finds it")
    artist.completed(job, images=2)
    assert world.tries(job) == []


def test_a_job_put_while_no_scheduler_lived_is_found_by_the_next(world, artist):
    world.ctl("stop", "scheduler")
    job = put_without_telling(world, artist)
    world.ctl("start", "scheduler")
    artist.completed(job, images=2)


def test_an_outage_of_redis_makes_the_scheduler_look_back_further(world, artist):
    """A server that was frozen is the same as before: there is no rebuild, and no full pass. A job that is older than a
    look usually goes back, but not older than the last good look, must be found all the same."""
    start = world.one("select now()")
    world.ctl("pause", "redis")
    until(lambda: world.one(f"select now() > '{start}'::timestamptz + interval '15 s'") == "t", "it lasts", every=0.5)
    world.sql("begin")
    job = put_without_telling(world, artist)
    aged = world.one("select overlay(id::text placing left(job_id_floor(now() - interval '67 s')::text, 13) from 1) "
                     f"from job where id = '{job}'")
    for table in ("job", "figureforge.generation"):
        world.sql(f"update {table} set id = '{aged}' where id = '{job}'")
    world.sql("commit")
    world.ctl("resume", "redis")
    artist.completed(aged, images=2)


def test_a_killed_scheduler_is_followed_by_another_term(world, artist):
    before, pid = term(world), world.pid("scheduler")
    assert before > 0
    os.kill(pid, signal.SIGKILL)
    world.restarted("scheduler", pid)
    until(lambda: term(world) > before, "the next one leads")
    artist.completed(put_without_telling(world, artist), images=2)


@pytest.fixture
def second_scheduler(world):
    stack = world.stack
    with open(f"{stack['log_dir']}/scheduler2.log", "ab") as log:
        process = subprocess.Popen([f"{stack['bin']}/millrace-scheduler", "--config", stack["config"]], stdout=log,
                                   stderr=log)
    yield process
    process.terminate()
    assert process.wait(60) == 0


def test_two_schedulers_do_no_harm(world, artists, second_scheduler):
    world.ctl("stop", *WORKERS)
    made = [(artist, artist.generate()) for artist in artists(3)]
    world.redis("FLUSHALL")
    world.ctl("start", *WORKERS)
    for artist, job in made:
        artist.completed(job)
        assert world.tries(job) == []
    before = term(world)
    assert second_scheduler.poll() is None
    world.ctl("stop", "scheduler")
    until(lambda: world.sql("select 1 from leader where expires > now()") and
          term(world) != 0, "the second one leads")
    artist, = artists(1)
    artist.completed(put_without_telling(world, artist), images=2)
    assert before > 0


def test_two_leaders_at_once_do_no_harm(world, artists, second_scheduler):
    """Their row taken away under them again and again, both believe that they lead."""
    world.ctl("stop", *WORKERS)
    made = [(artist, artist.generate()) for artist in artists(3)]
    for _ in range(5):
        world.redis("FLUSHALL")
        world.sql("delete from leader")
        until(lambda: world.redis("EXISTS", PREFIX + "rebuild") or world.gen(), "one of them rebuilds")
    world.ctl("start", *WORKERS)
    for artist, job in made:
        artist.completed(job)
        assert world.tries(job) == []
