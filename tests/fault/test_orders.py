# SPDX-License-Identifier: GPL-3.0-or-later
"""Workers that die when something has been ordered at a provider: it is not ordered again."""
import os
import signal

import pytest
import requests

from servers import until
from world import PATIENCE

FLUX = "flux-pro"


@pytest.fixture
def control(world):
    """control("POST", "faults", {...}): the sandbox's."""
    def ask(method, path, body=None):
        answer = requests.request(method, f"{world.stack['sandbox']}/-/control/{path}", json=body, timeout=PATIENCE)
        assert answer.status_code < 300, answer.text
        return answer.json()
    yield ask
    ask("DELETE", "faults?service=replicate")


def test_a_picture_is_ordered_once(world, artist, control):
    mark = f"for artist {artist.id}"
    control("POST", "faults", {"kind": "latency", "service": "replicate", "path": "/v1/predictions/*", "ms": 10000, "times": 0})
    answer = artist.post("/images/generate/", prompt=mark, batch_size=2, model=FLUX)
    assert answer.status_code == 202, answer.text
    job = answer.json()["job_id"]

    def ordered():
        return [call for call in control("GET", "calls?service=replicate&method=POST&limit=10000") if mark in str(call["input"])]
    until(lambda: len(ordered()) == 2, "both are ordered", PATIENCE)
    _, worker, _ = world.held(job)
    service = world.service_of(worker)
    os.kill(worker, signal.SIGKILL)
    control("DELETE", "faults?service=replicate")
    world.restarted(service, worker)
    artist.completed(job, images=2, used=4)
    assert len(ordered()) == 2
