# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL dies, and cuts connections."""
import threading
import time

from servers import until
from world import PATIENCE

PATH = "/images/job/01900000-0000-7000-8000-000000000000/"


def refused_politely(answer):
    assert answer.status_code == 503, (answer.status_code, answer.text)
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json()["error"]["code"] == "SERVICE_UNAVAILABLE"
    return True


def test_without_postgres_the_front_says_so_and_recovers_by_itself(world, artist):
    front = world.pid("front")
    world.ctl("stop", "postgres")
    refused_politely(artist.get(PATH))
    refused_politely(artist.try_generate())
    refused_politely(artist.post("/auth/magic-link/request/", email="a@millrace.test"))
    world.ctl("start", "postgres")
    until(lambda: artist.get(PATH).status_code == 404, "the front has recovered")
    assert world.pid("front") == front
    artist.completed(artist.generate())


def test_a_job_that_ends_while_postgres_is_down_is_written_when_it_is_back(world, artist):
    job = artist.generate()
    epoch, worker, child = world.held(job)
    world.ctl("stop", "postgres")
    world.thaw(child)
    until(lambda: world.runners(worker) == [], "the child has ended")
    world.ctl("start", "postgres")
    artist.completed(job)
    assert world.tries(job) == [] and world.ended(job)[3] == str(epoch)


def test_a_restart_of_postgres_under_a_running_job(world, artist):
    job = artist.generate()
    epoch, _, child = world.held(job)
    world.ctl("restart", "postgres")
    world.thaw(child)
    artist.completed(job)
    assert world.tries(job) == [] and world.ended(job)[3] == str(epoch)


def test_connections_that_are_cut_under_load_cost_only_the_requests_in_flight(world, artists):
    front, over, answers = world.pid("front"), threading.Event(), []

    def ask(artist):
        while not over.is_set():
            answers.append(artist.try_generate())
            answers.append(artist.get(PATH))
    threads = [threading.Thread(target=ask, args=(artist,)) for artist in artists(4)]
    for thread in threads:
        thread.start()
    cut, until_then = 0, time.monotonic() + 2 * PATIENCE
    while (cut < 60 or len(answers) < 200) and time.monotonic() < until_then:
        seen = len(answers)
        cut += int(world.one("select count(pg_terminate_backend(pid)) from pg_stat_activity "
                             "where backend_type = 'client backend' and pid <> pg_backend_pid()"))
        until(lambda: len(answers) >= seen + 10, "requests are answered")
    over.set()
    for thread in threads:
        thread.join()
    assert cut >= 60
    for answer in answers:
        assert answer.status_code in (202, 402, 404, 429, 503), (answer.status_code, answer.text)
        if answer.status_code == 503:
            refused_politely(answer)
    assert sum(answer.status_code in (202, 404) for answer in answers) > 20
    assert world.pid("front") == front
    accepted = {answer.json()["job_id"] for answer in answers if answer.status_code == 202}
    known = {row[0] for row in world.sql("select id from job")}
    assert accepted and accepted <= known
