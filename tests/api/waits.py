# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests of requests that wait have in common."""
import copy
import re
import subprocess
import time

import requests

from client import ENDED, PATIENCE, POLL

LONG = 30                   # seconds: the longest wait there is
AT_ONCE = 20.0              # less than that
MINUTE, HOUR = 60, 3600


def until(holds, what):
    end = time.monotonic() + PATIENCE
    while not (found := holds()):
        assert time.monotonic() < end, what
        time.sleep(POLL)
    return found


def in_one(clock, ask):
    """What ask() gives, while clock() has said the same before it as behind it: when midnight or so came between, it is asked again."""
    while True:
        before, answer = clock(), ask()
        if clock() == before:
            return answer


def this_hour():
    """For in_one(): links to files end with an hour, and are the same until the next begins, to the nearest second."""
    return round(time.time()) // 3600


def room_in(window, least=30):
    """Not within the last seconds of a window of the clock, nor in its first one: the front's clock may be behind by a little. No
    day and no month ends in the middle of an hour of UTC."""
    while not 1 < (at := time.time() % window) < window - least:
        time.sleep((1.1 if at <= 1 else window + 1.1) - at)


def workers(stack):
    """The services that are workers, by their queues."""
    return subprocess.run([f"{stack['bin']}/millrace-worker", "--queues"], capture_output=True, text=True, timeout=20, check=True).stdout.split()


def rebuilt(stack, redis):
    """Wait until the queues of a Redis that began anew are open again; redis(...) runs a command there."""
    gens = [f"mr1:{{q:{queue}}}:gen" for queue in workers(stack)]
    run = re.search(r"run_id:(\w+)", redis("INFO", "server"))[1]
    until(lambda: redis("MGET", *gens).count(run) == len(gens), "the queues are rebuilt")


def place(job):
    return f"/api/images/job/{job.job_id}/"


def twin(client):
    """The same person, on a connection of his own."""
    other = copy.copy(client)
    other._session = requests.Session()
    other._session.trust_env = False
    return other


def quick(call, *words, **more):
    began = time.monotonic()
    answer = call(*words, **more)
    assert time.monotonic() - began < AT_ONCE
    return answer


def followed(client, job, **headers):
    """All that a client hears who waits for each change."""
    heard, tag = [], None
    while not heard or heard[-1].status not in ENDED:
        answer = client.call("GET", f"{place(job)}?wait={LONG}", 200, headers={"If-None-Match": tag} if tag else {})
        tag = answer.http.headers["ETag"]
        heard.append(answer)
        assert len(heard) < 4, heard
    return heard
