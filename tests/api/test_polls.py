# SPDX-License-Identifier: GPL-3.0-or-later
"""Polls: their tags, when to ask again, and those that wait for the job. Bounded waiting of calls that put one."""
import contextlib
import os
import re
import signal
import socket
import time
from pathlib import Path

import pytest

from client import GENERATE, ask
from test_rates import at_home
from waits import AT_ONCE, LONG, followed, place, quick, until, workers

NOBODYS = "0190a5f0-0000-7000-8000-000000000000"


# -- tags --------------------------------------------------------------------------------------------------------------

@pytest.mark.smoke
def test_an_unchanged_answer_has_no_body(alice):
    path = place(alice.draw())
    first = alice.get(path).http
    assert re.fullmatch(r'W/"[0-9a-f]{16}"', first.headers["ETag"])
    assert first.headers["Cache-Control"] == "private, no-cache"
    again = alice.get(path, 304, headers={"If-None-Match": first.headers["ETag"]}).http
    assert again.content == b"" and again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Cache-Control"] == "private, no-cache" and "Content-Type" not in again.headers


@pytest.mark.parametrize("form, known", [
    ("{weak}", True), ("{strong}", True), ("*", True), ("{weak} ", True), ('"x", {weak}', True), ("{weak},{weak}", True),
    (',"x" ,, {strong},', True), ('"x"', False), ('W/"x"', False), ("{bare}", False), ("W/{bare}", False),
    ('{strong}"', True), ("{strong}x", True), ("x{strong}", False), ('"{bare}', False), ('"x" {strong}', False),
    ("", False), (",", False), ("**", False), ('"' + "x" * 3000 + '"', False)])
def test_forms_of_if_none_match(alice, form, known):
    path = place(alice.draw())
    tag = alice.get(path).http.headers["ETag"]
    sent = form.format(weak=tag, strong=tag[2:], bare=tag[3:-1])
    alice.get(path, 304 if known else 200, headers={"If-None-Match": sent})


def test_a_tag_changes_with_what_matters(alice, paused, operator):
    with paused("image"):
        job = alice.post(GENERATE, {"prompt": "a heron"}, 202)
        queued = alice.get(place(job)).http.headers["ETag"]
        assert alice.get(place(job)).http.headers["ETag"] == queued
    alice.finished(job.job_id)
    assert alice.get(place(job)).http.headers["ETag"] != queued
    alice.get(place(job), 200, headers={"If-None-Match": queued})


def test_lists_and_details_have_tags(alice, sql):
    image = alice.draw().images[0]
    for path in ("/api/images/user/", f"/api/images/{image.id}/"):
        tag = alice.get(path).http.headers["ETag"]
        alice.get(path, 304, headers={"If-None-Match": tag})
    alice.draw()
    fresh = alice.get("/api/images/user/", headers={"If-None-Match": tag}).http.headers["ETag"]
    sql("update figureforge.image set is_public = true where id = %s", image.id.removeprefix("img_"))
    assert alice.get("/api/images/user/").http.headers["ETag"] != fresh
    alice.get(f"/api/images/{image.id}/", headers={"If-None-Match": tag})


def test_a_refusal_has_no_tag(alice, bob):
    job = alice.draw()
    for path, status in ((place(job), 404), ("/api/nothing/", 404)):
        headers = bob.get(path, status, headers={"If-None-Match": "*"}).http.headers
        assert "ETag" not in headers and headers["Cache-Control"] == "no-store"


def test_head_of_an_unchanged_answer(alice):
    path = place(alice.draw())
    tag = alice.head(path).http.headers["ETag"]
    assert tag == alice.get(path).http.headers["ETag"]
    assert alice.head(path, 304, headers={"If-None-Match": tag}).http.content == b""


# -- when to ask again -------------------------------------------------------------------------------------------------

def test_an_unfinished_job_says_when_to_ask_again(alice, waiting):
    said = alice.get(place(waiting)).http.headers
    assert 1 <= int(said["Retry-After"]) <= 60
    again = alice.get(place(waiting), 304, headers={"If-None-Match": said["ETag"]}).http
    assert 1 <= int(again.headers["Retry-After"]) <= 60


def test_a_finished_job_does_not(alice):
    assert "Retry-After" not in alice.get(place(alice.draw())).http.headers


def test_the_usual_time_is_what_the_queue_has_counted(alice, waiting, redis, server):
    """By what stands in Redis; the front knows it ten seconds later at the latest."""
    if not server.runs_front:
        pytest.skip("a process that has just begun has not asked yet")
    redis("COPY", "mr1:{q:image}:n", "kept:n", "REPLACE")
    try:
        redis("HSET", "mr1:{q:image}:n", "run:image.generate:60000", 1_000_000)
        until(lambda: int(alice.get(place(waiting)).http.headers["Retry-After"]) > 15, "it is known")
    finally:
        redis("RENAME", "kept:n", "mr1:{q:image}:n")


# -- waiting -----------------------------------------------------------------------------------------------------------

@pytest.mark.smoke
def test_a_poll_waits_for_the_jobs_end(alice):
    job = alice.post(GENERATE, {"prompt": "a heron"}, 202)
    last = followed(alice, job)[-1]
    assert last.status == "completed" and last.images and "Retry-After" not in last.http.headers


def test_it_is_told_of_each_change(alice, paused, later, parked, runner):
    with paused("image"):
        job = alice.post(GENERATE, {"prompt": "a heron"}, 202)
        poll = later(alice.get, f"{place(job)}?wait={LONG}")
        parked(1)
    pid = runner()
    begun = poll.result()
    assert begun.status == "processing", "it has begun"
    tag = begun.http.headers["ETag"]
    poll = later(alice.get, f"{place(job)}?wait={LONG}", headers={"If-None-Match": tag})
    parked(1)
    os.kill(pid, signal.SIGCONT)
    assert poll.result().status == "completed"
    parked(0)


def test_who_knows_an_older_state_is_told_at_once(alice, waiting):
    answer = quick(alice.get, f"{place(waiting)}?wait={LONG}", headers={"If-None-Match": 'W/"older"'})
    assert answer.status == "queued"


def test_an_ended_job_is_told_at_once(alice):
    job = alice.draw()
    tag = quick(alice.get, f"{place(job)}?wait={LONG}").http.headers["ETag"]
    quick(alice.get, f"{place(job)}?wait={LONG}", 304, headers={"If-None-Match": tag})


def test_a_wait_that_runs_out(alice, waiting):
    began = time.monotonic()
    answer = alice.get(f"{place(waiting)}?wait=1")
    assert answer.status == "queued" and int(answer.http.headers["Retry-After"]) and time.monotonic() - began > 0.9
    tag = answer.http.headers["ETag"]
    answer = alice.get(f"{place(waiting)}?wait=1", 304, headers={"If-None-Match": tag})
    assert answer.http.headers["ETag"] == tag and time.monotonic() - began > 1.9


def test_the_preference(alice, waiting):
    began = time.monotonic()
    answer = alice.get(place(waiting), headers={"Prefer": "foo; wait=9, wait=1"})
    assert answer.http.headers["Preference-Applied"] == "wait=1" and time.monotonic() - began > 0.9
    for prefer in ("wait=0", "respond-async, wait=30", "wait=-1", "wait=x", "wait"):
        answer = quick(alice.get, place(waiting), headers={"Prefer": prefer})
        assert answer.http.headers.get("Preference-Applied") == ("wait=0" if prefer == "wait=0" else None), prefer
    answer = quick(alice.get, f"{place(waiting)}?wait=0", headers={"Prefer": "wait=30"})
    assert "Preference-Applied" not in answer.http.headers, "the query counts"


def test_it_waits_no_longer_than_it_may(sign_in):
    client = sign_in("alice")
    job = client.draw()
    answer = client.get(place(job), headers={"Prefer": "wait=1000"})
    assert answer.http.headers["Preference-Applied"] == f"wait={LONG}"
    client.get(f"{place(job)}?wait=1000")


@pytest.mark.parametrize("wait", ["x", "-1", "1.5", "", "1e3", "0x1"])
def test_bad_waits(alice, wait):
    assert "wait" in alice.get(f"/api/images/job/{NOBODYS}/?wait={wait}", 400).error.details


def test_nobody_waits_for_what_is_not_his(alice, bob, waiting):
    for path in (place(waiting), f"/api/images/job/{NOBODYS}/"):
        quick(bob.get, f"{path}?wait={LONG}", 404)
    quick(alice.get, f"/api/images/job/{NOBODYS}/?wait={LONG}", 404)
    bob.token = None
    quick(bob.get, f"{place(waiting)}?wait={LONG}", 401)


def test_several_wait_for_one_job(alice, paused, later, parked, operator):
    with paused("image"):
        job = alice.post(GENERATE, {"prompt": "a heron"}, 202)
        polls = [later(alice.get, f"{place(job)}?wait={LONG}") for _ in range(8)]
        parked(8)
        operator("cancel", job.job_id)
    assert {poll.result().status for poll in polls} == {"cancelled"}
    parked(0)


def test_head_waits_as_well(alice, waiting, later, parked, operator, stack):
    poll = later(alice.head, f"{place(waiting)}?wait={LONG}")
    parked(1)
    operator("cancel", waiting.job_id)
    ask(stack["control"], {"do": "resume", "service": "image"})
    answer = poll.result().http
    assert answer.content == b"" and answer.headers["ETag"] == alice.get(place(waiting)).http.headers["ETag"]


def test_a_client_that_leaves(alice, waiting, stack, parked):
    with socket.create_connection(("127.0.0.1", stack["port"])) as to:
        to.sendall(f"GET /figureforge{place(waiting)}?wait={LONG} HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: "
                   f"{alice.address}\r\nAuthorization: Bearer {alice.token}\r\n\r\n".encode())
        parked(1)
    parked(0)


def test_no_more_wait_than_there_is_room(alice, front_with, waiting, later, parked):
    front_with("front.parked = 2")
    polls = [later(alice.get, f"{place(waiting)}?wait=20") for _ in range(2)]
    parked(2)
    assert quick(alice.get, f"{place(waiting)}?wait={LONG}").status == "queued"
    assert "Preference-Applied" not in quick(alice.get, place(waiting), headers={"Prefer": f"wait={LONG}"}).http.headers
    front_with("")
    assert [poll.result().status for poll in polls] == ["queued"] * 2


def test_a_front_that_ends_answers_all(alice, front_away, waiting, later, parked):
    polls = [later(alice.get, f"{place(waiting)}?wait={LONG}") for _ in range(16)]
    tag = alice.get(place(waiting)).http.headers["ETag"]
    polls.append(later(alice.get, f"{place(waiting)}?wait={LONG}", 304, headers={"If-None-Match": tag}))
    parked(17)
    began = time.monotonic()
    with front_away():
        for poll in polls:
            poll.result()
        assert time.monotonic() - began < AT_ONCE


# -- what may fail meanwhile -------------------------------------------------------------------------------------------

def test_a_worker_that_is_killed(alice, ctl, stack, later, parked):
    ctl("pause", "image")
    job = alice.post(GENERATE, {"prompt": "a heron"}, 202)
    poll = later(alice.get, f"{place(job)}?wait={LONG}")
    parked(1)
    ctl("stop", "image")
    ctl("start", "image")
    assert poll.result().status in ("processing", "completed")
    assert followed(alice, job)[-1].status == "completed"


def test_redis_that_does_not_answer(alice, waiting, paused):
    with paused("redis"):
        began = time.monotonic()
        assert alice.get(f"{place(waiting)}?wait=2").status == "queued"
        assert time.monotonic() - began < 2 + AT_ONCE


def test_redis_that_begins_anew(alice, waiting, ctl, later, parked, redis, sql):
    """What was missed is looked for; and the front listens again."""
    poll = later(alice.get, f"{place(waiting)}?wait={LONG}")
    parked(1)
    ctl("stop", "redis")
    quick(alice.get, f"{place(waiting)}?wait={LONG}")           # nobody waits for what nobody would tell
    sql("update figureforge.generation set status = 'processing' where id = %s", waiting.job_id)
    ctl("start", "redis")
    answer = poll.result()
    assert answer.status == "processing"
    poll = later(alice.get, f"{place(waiting)}?wait={LONG}", headers={"If-None-Match": answer.http.headers["ETag"]})
    parked(1)
    sql("update figureforge.generation set status = 'queued' where id = %s", waiting.job_id)
    assert redis("PUBLISH", "mr1:jobs", f"moved {NOBODYS} {waiting.job_id}") == "1"
    assert poll.result().status == "queued"


@pytest.mark.parametrize("message", ["", "ended", "moved ", "ended x", "other ID", "ended{id}", "ended {id}0", "ended -{id}"])
def test_odd_news(alice, waiting, later, parked, redis, message):
    """They wake nobody."""
    began = time.monotonic()
    poll = later(alice.get, f"{place(waiting)}?wait=3")
    parked(1)
    redis("PUBLISH", "mr1:jobs", message.format(id=waiting.job_id))
    assert poll.result().status == "queued" and time.monotonic() - began > 2.9


def test_a_job_that_goes_on_and_shows_nothing_new(alice, waiting, later, parked, redis):
    began = time.monotonic()
    poll = later(alice.get, f"{place(waiting)}?wait=3")
    parked(1)
    for _ in range(100):
        redis("PUBLISH", "mr1:jobs", f"moved {waiting.job_id}")
    assert poll.result().status == "queued" and time.monotonic() - began > 2.9


def test_postgresql_that_is_away(alice, waiting, ctl, later, parked, redis, figureforge):
    poll = later(alice.get, f"{place(waiting)}?wait={LONG}", 503)
    parked(1)
    ctl("stop", "postgres")
    try:
        redis("PUBLISH", "mr1:jobs", f"ended {waiting.job_id}")
        assert poll.result().error.code == "SERVICE_UNAVAILABLE"
    finally:
        ctl("start", "postgres")
    until(lambda: figureforge.raw_get("/-/readyz").status_code == 200, "the front is ready")


def test_who_is_signed_out_meanwhile(alice, waiting, later, parked, redis, sql):
    poll = later(alice.get, f"{place(waiting)}?wait={LONG}", 401)
    parked(1)
    sql("update account set tokens_valid_after = now() + interval '1 hour' where id = %s", alice.id.removeprefix("user_"))
    redis("PUBLISH", "mr1:jobs", f"ended {waiting.job_id}")
    poll.result()


# -- what it costs -----------------------------------------------------------------------------------------------------

def commands(redis):
    return {name: int(calls) for name, calls in re.findall(r"cmdstat_(\S+?):calls=(\d+)", redis("INFO", "commandstats"))}


def test_a_poll_is_one_statement_and_one_call(alice, waiting, paused, redis, sql, stack, parked):
    """Of the connection that asks for the job everything is counted, and of Redis everything."""
    log = Path(stack["log_dir"]) / "postgres.log"
    at_home(alice)
    alice.get(place(waiting))                                       # the account's tier is known from now on
    sql("alter system set log_min_duration_statement = 0")
    sql("select pg_reload_conf()")
    try:
        until(lambda: "generation_get" in (alice.get(place(waiting)) and log.read_text(errors="replace")), "it is logged")
        with contextlib.ExitStack() as quiet_now:
            for service in {"scheduler", *workers(stack)} - {"image"}:      # that one stands still already
                quiet_now.enter_context(paused(service))
            from_here, before = log.stat().st_size, commands(redis)
            polls = 20
            for _ in range(polls):
                alice.get(place(waiting))
            after = commands(redis)
            lines = log.read_bytes()[from_here:].decode(errors="replace").splitlines()
    finally:
        sql("alter system reset log_min_duration_statement")
        sql("select pg_reload_conf()")
    executed = re.findall(r"\[(\d+)\] .*duration: \S+ ms  (?:execute [\d.]+ (\S+):|statement: (.*))", "\n".join(lines))
    asking = {pid for pid, name, _ in executed if name == "figureforge/generation_get"}
    # what is counted of requests is written on whatever connection is free, now and then, for many at once
    told = [name or text for pid, name, text in executed if pid in asking and name != "core/request_put"]
    assert told == ["figureforge/generation_get"] * polls
    said = {name: calls - before.get(name, 0) for name, calls in after.items() if calls != before.get(name, 0)}
    assert said.pop("incr") == polls                                # it is counted; what is usual is asked beside it
    assert set(said) <= {"info", "hmget", "expire", "ping"} and said.get("hmget", 0) <= 1, said
