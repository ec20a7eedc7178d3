# SPDX-License-Identifier: GPL-3.0-or-later
"""Credits are reserved when a job is put, and come back when it makes nothing; so many jobs run at once."""
import os
import re
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from client import GENERATE, PATIENCE, POLL, load_stack


def generate(client, expect=202, **wishes):
    return client.post(GENERATE, {"prompt": "a kite", **wishes}, expect)


def number(client):
    return client.id.removeprefix("user_")


def spend(sql, client, more):
    """So many further credits are gone, without the pictures."""
    sql(f"update figureforge.usage set used = used + {more} where account_id = %s", number(client))


def until(holds):
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        time.sleep(POLL)


def credits(client):
    quota = client.quota()
    assert quota.remaining == quota.limit - quota.used
    return quota.used, quota.remaining


def test_credits_are_reserved_at_once_and_stay_spent(alice, paused):
    assert credits(alice) == (0, 10)
    with paused("image"):
        job = generate(alice, batch_size=3)
        assert credits(alice) == (3, 7)
    alice.finished(job.job_id)
    assert credits(alice) == (3, 7)


def test_no_credits_no_pictures(alice, sql):
    alice.draw()
    spend(sql, alice, 7)
    error = generate(alice, 402, batch_size=3).error
    assert error.code == "INSUFFICIENT_QUOTA" and re.search(r"\b3\b.*\b2\b", error.message)
    assert credits(alice) == (8, 2)
    alice.draw(batch_size=2)
    assert credits(alice) == (10, 0)
    generate(alice, 402)


def test_a_new_month_brings_new_credits(alice, sql):
    alice.draw()
    spend(sql, alice, 9)
    sql("update figureforge.usage set period = period - interval '1 month' where account_id = %s", number(alice))
    assert credits(alice) == (0, 10)
    alice.draw()
    assert credits(alice) == (1, 9)


def test_what_comes_back_late_does_not_fill_the_new_month(alice, sql, operator, paused):
    """Credits of last month's job are not worth anything any more when it is cancelled."""
    with paused("image"):
        job = generate(alice, batch_size=4)
        sql("update figureforge.generation set period = period - interval '1 month' where id = %s", job.job_id)
        operator("cancel", job.job_id)
    assert credits(alice) == (4, 6)
    alice.draw()


def test_everybody_has_credits_of_their_own(alice, bob):
    alice.draw()
    assert credits(alice) == (1, 9)
    assert credits(bob) == (0, 10)


def test_one_job_at_once_on_the_free_plan(alice, bob, paused):
    with paused("image"):
        job = generate(alice)
        refused = generate(alice, 429)
        assert refused.error.code == "RATE_LIMITED" and "free" in refused.error.message
        assert credits(alice) == (1, 9)
        others = generate(bob)
    alice.finished(job.job_id)
    bob.finished(others.job_id)
    alice.draw()


def test_many_requests_at_once_get_one_place(alice, paused):
    """The place is taken in one atomic update: the rest see that it is gone."""
    def ask(_):
        head = {"Authorization": f"Bearer {alice.token}", "X-Forwarded-For": alice.address}
        return requests.post(alice.base + GENERATE, json={"prompt": "a kite"}, headers=head, timeout=PATIENCE)

    with paused("image"):
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(ask, range(16)))
        assert sorted(answer.status_code for answer in answers) == [202] + [429] * 15
        assert credits(alice) == (1, 9)
    alice.finished(next(answer.json()["job_id"] for answer in answers if answer.status_code == 202))


def test_a_place_that_a_twin_takes_meanwhile(alice, sql):
    """What the refusal tells is read from before the statement; it must not say that credits are lacking."""
    with subprocess.Popen(["psql", "-XAtq", "-d", load_stack()["database_url"]], stdin=subprocess.PIPE, text=True) as twin, \
            ThreadPoolExecutor(1) as other:
        print(f"begin; insert into figureforge.usage values ({number(alice)}, figureforge.period(), 1, 1);",
              file=twin.stdin, flush=True)
        until(lambda: sql("select count(*) from pg_stat_activity where state = 'idle in transaction'"
                          " and query like 'insert into figureforge.usage%%'") == "1")
        asked = other.submit(generate, alice, 429)
        until(lambda: sql("select count(*) from pg_stat_activity where wait_event_type = 'Lock'") == "1")
        print("commit;", file=twin.stdin, flush=True)
        assert asked.result().error.code == "RATE_LIMITED"


def test_cancelling_a_waiting_job_gives_its_credits_back(alice, operator, paused):
    with paused("image"):
        job = generate(alice, batch_size=4)
        assert credits(alice) == (4, 6)
        assert "waiting" in operator("cancel", job.job_id)
        shown = alice.get(f"/api/images/job/{job.job_id}/")
        assert (shown.status, shown.images) == ("cancelled", []) and shown.error
        assert credits(alice) == (0, 10)
        again = generate(alice)                     # its place among the running is free again
    assert alice.finished(again.job_id).status == "completed"
    assert alice.get(f"/api/images/job/{job.job_id}/").status == "cancelled"
    assert credits(alice) == (1, 9)


def test_cancelling_a_running_job_gives_its_credits_back(alice, operator, runner):
    job = generate(alice, batch_size=4)
    runner()
    until(lambda: alice.get(f"/api/images/job/{job.job_id}/").status == "processing")
    assert credits(alice) == (4, 6)
    assert "running" in operator("cancel", job.job_id)
    ended = alice.finished(job.job_id)
    assert (ended.status, ended.images) == ("cancelled", [])
    assert credits(alice) == (0, 10)
    alice.draw()


def test_a_killed_runner_is_tried_again(alice, runner):
    job = generate(alice)
    os.kill(runner(), signal.SIGKILL)
    assert alice.finished(job.job_id).status == "completed"
    assert credits(alice) == (1, 9)


def test_a_job_that_fails_twice_gives_its_credits_back(alice, runner):
    job = generate(alice, batch_size=2)
    for _ in range(2):
        os.kill(runner(), signal.SIGKILL)
    ended = alice.finished(job.job_id)
    assert (ended.status, ended.images) == ("failed", []) and ended.error
    assert credits(alice) == (0, 10)


def test_an_ended_job_cannot_be_cancelled(alice, operator):
    job = alice.draw()
    with pytest.raises(AssertionError, match="ended"):
        operator("cancel", job.job_id)
    assert alice.get(f"/api/images/job/{job.job_id}/").status == "completed"
    assert credits(alice) == (1, 9)


def test_a_queue_that_is_full_takes_nothing_and_charges_nothing(alice, operator, sql):
    refusing = lambda: sql("select count(*) from queue where name = 'image' and refusing") == "1"
    operator("set", "image", "backlog", "0")
    try:
        until(refusing)
        assert generate(alice, 503).error.message
        assert alice.quota().used == 0
    finally:
        operator("set", "image", "backlog")
    until(lambda: not refusing())
    generate(alice)
