# SPDX-License-Identifier: GPL-3.0-or-later
"""FigureForge's models of providers, through the sandbox: pictures are fetched, looked at and written anew; what cannot be had
is not paid for."""
import json

import pytest

from client import GENERATE
from waits import until

ORDER, DRAW = "/v1/models/black-forest-labs/flux-1.1-pro/predictions", "/v1/images/generations"
JPEG = b"\xff\xd8\xff"
COST = {"flux-pro": 2, "gpt-image": 3}


def images_hold(alice, job, count):
    assert len(job.images) == count
    for image in job.images:
        seen = alice.get(f"/api/images/{image.id}/")
        assert (seen.width, seen.height) == (1024, 1024)
        assert alice.get(image.url).http.content.startswith(JPEG) and alice.get(image.thumbnail_url).http.content.startswith(JPEG)


def begun(alice, model, **more):
    return alice.post(GENERATE, {"prompt": f"a runner at dawn, for {alice.email}", "model": model, **more}, 202)


@pytest.mark.parametrize("model, service", [("flux-pro", "replicate"), ("gpt-image", "openai")])
def test_pictures_of_a_provider(alice, outside, model, service):
    there = outside(service)
    job = alice.finished(begun(alice, model, batch_size=2, filters={"pose": "running"}).job_id)
    assert job.status == "completed"
    images_hold(alice, job, 2)
    assert alice.quota().used == 2 * COST[model]
    orders = there.calls("POST", about=alice.email)
    assert len(orders) == (2 if service == "replicate" else 1)
    assert all("a runner at dawn" in json.dumps(order["input"]) and "pose: running" in json.dumps(order["input"]) for order in orders)


def test_the_free_plans_model_is_our_own(alice):
    job = alice.draw()
    assert alice.get(f"/api/images/{job.images[0].id}/").model == "croquis"


@pytest.mark.parametrize("model, service", [("flux-pro", "replicate"), ("gpt-image", "openai")])
@pytest.mark.parametrize("fault", [{"kind": "status", "status": 429, "retry_after": 1}, {"kind": "status", "status": 500}, {"kind": "cut"}],
                         ids=lambda fault: f"{fault['kind']}{fault.get('status', '')}")
def test_what_passes_is_tried_again(alice, outside, model, service, fault):
    there = outside(service)
    there.fault(**fault, method="POST")
    job = alice.finished(begun(alice, model).job_id)
    images_hold(alice, job, 1)
    assert len(there.calls("POST", about=alice.email)) == 2 and alice.quota().used == COST[model]


def test_an_order_whose_answer_was_lost_is_found(alice, outside):
    replicate = outside("replicate")
    replicate.fault("cut", path=ORDER, after=True)
    images_hold(alice, alice.finished(begun(alice, "flux-pro", batch_size=2).job_id), 2)
    assert len(replicate.calls("POST", about=alice.email)) == 2


def test_a_refusal_is_not_paid(alice, outside):
    for model in COST:
        job = alice.finished(begun(alice, model, prompt="sandbox-refuses").job_id)
        assert (job.status, job.images) == ("failed", []) and alice.quota().used == 0


def test_what_fails_for_good_is_not_paid(alice, outside):
    openai = outside("openai")
    openai.fault("status", status=500, times=0)
    job = alice.finished(begun(alice, "gpt-image").job_id)
    assert job.status == "failed" and alice.quota().used == 0
    assert len(openai.calls("POST", about=alice.email)) == 2


def test_one_of_two_is_half_the_price(alice, outside):
    """One order is refused for good, and not made again at each look."""
    replicate = outside("replicate")
    replicate.fault("status", path=ORDER, status=422)
    job = alice.finished(begun(alice, "flux-pro", batch_size=2).job_id)
    assert job.status == "completed"
    images_hold(alice, job, 1)
    assert alice.quota().used == COST["flux-pro"] and len(replicate.calls("POST", about=alice.email)) == 2


@pytest.mark.parametrize("model, service", [("flux-pro", "pictures"), ("gpt-image", "openai")])
def test_half_a_picture_is_not_served(alice, outside, model, service):
    outside(service).fault("malformed", times=0)
    job = alice.finished(begun(alice, model).job_id)
    assert job.status == "failed" and alice.quota().used == 0


def test_a_cancelled_order_is_cancelled_there(alice, outside, operator, unheld, sql):
    replicate = outside("replicate")
    replicate.fault("status", path="/v1/predictions/*", status=429, retry_after=30, times=0)
    job = begun(alice, "flux-pro")
    until(lambda: sql("select count(*) from job_try where id = %s and error like '%%429%%'", job.job_id) != "0", "nobody was told to wait")
    replicate.heal()
    unheld("replicate")
    operator("cancel", job.job_id)
    assert alice.finished(job.job_id).status == "cancelled" and alice.quota().used == 0
    until(lambda: replicate.calls("POST", "/v1/predictions/"), "nobody has cancelled it")
