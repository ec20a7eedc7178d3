# SPDX-License-Identifier: GPL-3.0-or-later
"""Bounded waiting: calls that put a job and answer with what it came to, when that is in time."""
import os
import signal
import socket
import time

import pytest

from client import GENERATE, ask
from waits import LONG, followed, quick, until

WISH = {"prompt": "a heron"}


@pytest.mark.smoke
def test_a_call_that_waits_for_its_job(alice):
    done = alice.post(GENERATE, WISH, 200, headers={"Prefer": f"wait={LONG}"})
    assert done.status == "completed" and done.images and done.http.headers["Preference-Applied"] == f"wait={LONG}"
    assert "Retry-After" not in done.http.headers
    assert done == alice.get(f"/api/images/job/{done.job_id}/")


def test_without_the_preference_it_does_not(alice, paused, operator, stack):
    with paused("image"):
        for prefer, applied in ((None, None), ("wait=0", "respond-async"), ("respond-async, wait=20", "respond-async"),
                                ("wait=x", None)):
            job = quick(alice.post, GENERATE, WISH, 202, headers={"Prefer": prefer} if prefer else {})
            assert job.status == "queued" and job.http.headers.get("Preference-Applied") == applied
            assert int(job.http.headers["Retry-After"]) >= 1
            operator("cancel", job.job_id)
            ask(stack["control"], {"do": "resume", "service": "image"})
            alice.finished(job.job_id)
            ask(stack["control"], {"do": "pause", "service": "image"})


def test_its_time_runs_out(alice, paused):
    with paused("image"):
        began = time.monotonic()
        job = alice.post(GENERATE, WISH, 202, headers={"Prefer": "wait=1"})
        assert (job.status, job.images) == ("queued", []) and 0.9 < time.monotonic() - began
        assert job.http.headers["Preference-Applied"] == "wait=1" and int(job.http.headers["Retry-After"])
    assert followed(alice, job)[-1].status == "completed"


def test_its_job_is_cancelled(alice, paused, later, parked, operator, sql):
    with paused("image"):
        call = later(alice.post, GENERATE, WISH, 200, headers={"Prefer": f"wait={LONG}"})
        parked(1)
        operator("cancel", sql("select id from figureforge.generation where account_id = %s", alice.id.removeprefix("user_")))
    assert (call.result().status, call.result().images) == ("cancelled", [])


def test_its_job_fails(alice, later, runner):
    call = later(alice.post, GENERATE, WISH, 200, headers={"Prefer": f"wait={LONG}"})
    for _ in range(2):
        os.kill(runner(), signal.SIGKILL)
    assert call.result().status == "failed" and call.result().error


def test_redis_is_away(alice, ctl):
    ctl("stop", "redis")
    try:
        job = quick(alice.post, GENERATE, WISH, 202, headers={"Prefer": f"wait={LONG}"})
    finally:
        ctl("start", "redis")
    assert job.status == "queued" and "Preference-Applied" not in job.http.headers


def test_redis_goes_away_meanwhile(alice, paused, ctl, later, parked):
    with paused("image"):
        call = later(alice.post, GENERATE, WISH, 202, headers={"Prefer": "wait=3"})
        parked(1)
        ctl("stop", "redis")
        try:
            assert call.result().status == "queued"
        finally:
            ctl("start", "redis")


def test_postgresql_goes_away_meanwhile(alice, paused, ctl, later, parked, redis, figureforge, sql):
    """The job is there: the first answer stands."""
    with paused("image"):
        call = later(alice.post, GENERATE, WISH, 202, headers={"Prefer": f"wait={LONG}"})
        parked(1)
        job = sql("select id from figureforge.generation where account_id = %s", alice.id.removeprefix("user_"))
        ctl("stop", "postgres")
        try:
            redis("PUBLISH", "mr1:jobs", f"ended {job}")
            assert call.result() == {"job_id": job, "status": "queued"}
        finally:
            ctl("start", "postgres")
        until(lambda: figureforge.raw_get("/-/readyz").status_code == 200, "the front is ready")
    alice.finished(job)


def test_a_caller_that_leaves(alice, paused, stack, parked, sql):
    body = b'{"prompt": "a heron"}'
    with paused("image"):
        with socket.create_connection(("127.0.0.1", stack["port"])) as to:
            to.sendall(f"POST /figureforge{GENERATE} HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: {alice.address}\r\n"
                       f"Authorization: Bearer {alice.token}\r\nPrefer: wait={LONG}\r\nContent-Type: application/json\r\n"
                       f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
            parked(1)
        parked(0)
    alice.finished(sql("select id from figureforge.generation where account_id = %s", alice.id.removeprefix("user_")))


def test_a_front_that_ends_answers_callers_too(alice, paused, front_away, later, parked):
    with paused("image"):
        call = later(alice.post, GENERATE, WISH, 202, headers={"Prefer": f"wait={LONG}"})
        parked(1)
        with front_away():
            assert call.result().status == "queued"
    alice.finished(call.result().job_id)


def test_with_a_key_the_same_again_is_the_first_answer(alice):
    head = {"Prefer": f"wait={LONG}", "Idempotency-Key": "heron-1"}
    done = alice.post(GENERATE, WISH, 200, headers=head)
    again = quick(alice.post, GENERATE, WISH, 202, headers=head)
    assert again == {"job_id": done.job_id, "status": "queued"} and done.status == "completed"


def test_who_waits_holds_no_connection(alice, bob, mallory, paused, later, parked, operator, sql):
    """Not even with a key, whose transaction has one for itself; there are two of them."""
    with paused("image"):
        calls = [later(client.post, GENERATE, WISH, 200, headers={"Prefer": f"wait={LONG}", "Idempotency-Key": "heron"})
                 for client in (alice, bob)]
        parked(2)
        job = quick(mallory.post, GENERATE, WISH, 202, headers={"Idempotency-Key": "heron"})
        for client in (alice, bob):
            operator("cancel", sql("select id from figureforge.generation where account_id = %s", client.id.removeprefix("user_")))
        assert {call.result().status for call in calls} == {"cancelled"}
    mallory.finished(job.job_id)
