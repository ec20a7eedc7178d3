# SPDX-License-Identifier: GPL-3.0-or-later
"""FigureForge from the mail to the picture, as its reference tells it."""
import json
import re
import subprocess

import pytest
from client import PATIENCE
from pictures import size_of

FILTERS = {"body_type": "athletic", "pose": "standing", "lighting": "dramatic", "clothing": "casual",
           "background": "simple"}
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


@pytest.mark.smoke
def test_from_the_mail_to_the_picture(alice):
    verified = alice.post("/api/auth/verify/")
    assert verified == {"valid": True, "user_id": alice.id}

    job = alice.post("/api/images/generate/",
                     {"prompt": "figure drawing", "filters": FILTERS, "batch_size": 2, "model": "croquis"}, 202)
    assert job.status == "queued"
    assert re.fullmatch(UUID, job.job_id)

    done = alice.finished(job.job_id)
    assert (done.job_id, done.status, len(done.images)) == (job.job_id, "completed", 2)
    assert "error" not in done
    pictures = []
    for listed in done.images:
        image = alice.get(f"/api/images/{listed.id}/")
        assert (image.url, image.thumbnail_url) == (listed.url, listed.thumbnail_url)
        assert (image.prompt, image.filters, image.model) == ("figure drawing", FILTERS, "croquis")
        assert image.tags == [f"{key}:{value}" for key, value in FILTERS.items()]
        assert (image.is_public, image.is_favorite, image.favorites_count) == (False, False, 0)
        assert (image.job_id, image.owner.id) == (job.job_id, alice.id)
        assert re.fullmatch(TIME, image.created_at)
        picture, thumbnail = alice.get(image.url).http, alice.get(image.thumbnail_url).http
        assert size_of(picture) == (image.width, image.height)
        width, height = size_of(thumbnail)
        assert 0 < width < image.width and 0 < height < image.height
        assert abs(width * image.height - height * image.width) <= max(image.width, image.height)
        assert len(thumbnail.content) < len(picture.content)
        pictures.append(picture.content)
    assert pictures[0] != pictures[1]


def test_each_picture_of_a_full_batch_is_another_one(alice):
    job = alice.draw(batch_size=4, filters={"pose": "standing"})
    pictures = {alice.get(image.url).http.content for image in job.images}
    assert len(pictures) == 4
    assert len({image.id for image in job.images}) == 4


def test_a_job_that_runs_again_draws_the_same(alice, stack, sql, tmp_path):
    """As after a lost lease: the same attempt by hand, next to what the fleet has made of it."""
    job = alice.draw(batch_size=2)
    request = {"id": job.job_id, "kind": "image.generate", "attempt": 2, "epoch": 7,
               "args": json.loads(sql("select args from job where id = %s", job.job_id))}
    subprocess.run(["sh", "-c", 'exec "$0" --memory 1536 --cpu 60 --file-size 64 --landlock no 3>report',
                    f"{stack['bin']}/millrace-runner-image"], cwd=tmp_path, input=json.dumps(request).encode(), check=True,
                   timeout=PATIENCE)
    report = json.loads((tmp_path / "report").read_text().splitlines()[-1])
    assert report["outcome"] == "done", report
    for shown, again in zip(job.images, report["result"]["images"], strict=True):
        assert alice.get(shown.url).http.content == (tmp_path / again["file"]).read_bytes()
        assert alice.get(shown.thumbnail_url).http.content == (tmp_path / again["thumbnail"]).read_bytes()


def test_a_link_gives_the_same_bytes_each_time(alice):
    image = alice.draw().images[0]
    assert alice.get(image.url).http.content == alice.get(image.url).http.content


def test_filters_change_the_picture(alice):
    pictures = [alice.get(alice.draw(prompt="a figure", filters={"pose": pose}).images[0].url).http.content
                for pose in ("standing", "sitting")]
    assert pictures[0] != pictures[1]


def test_the_profile_tells_plan_and_credits(alice):
    user = alice.get("/api/auth/user/")
    assert (user.id, user.email, user.display_name) == (alice.id, alice.email, None)
    assert re.fullmatch(r"user_[1-9]\d*", user.id)
    assert re.fullmatch(r"[a-z0-9_.-]{3,30}", user.username)
    assert user.subscription.tier == user.subscription.plan_id == "free"
    assert (user.subscription.status, user.subscription.cancel_at_period_end) == ("none", False)
    assert (user.quota.unit, user.quota.limit, user.quota.used, user.quota.remaining) == ("credits", 10, 0, 10)
    assert re.fullmatch(r"\d{4}-\d\d-01T00:00:00Z", user.quota.resets_at)
    assert user.subscription.current_period_end == user.quota.resets_at


def test_models_are_told_to_everybody(figureforge, alice):
    models = {model.id: model for model in figureforge.get("/api/images/models/").models}
    assert models == {model.id: model for model in alice.get("/api/images/models/").models}
    assert models["croquis"] == {"id": "croquis", "name": "Croquis", "credits": 1, "available": True}
    assert models["flux-pro"].available is True and models["flux-pro"].credits == 2


def test_the_plans_first_available_model_draws_when_none_is_named(alice):
    image = alice.draw().images[0]
    assert alice.get(f"/api/images/{image.id}/").model == "croquis"


def test_what_is_left_out_has_its_default(alice):
    job = alice.draw()
    assert len(job.images) == 1
    image = alice.get(f"/api/images/{job.images[0].id}/")
    assert (image.filters, image.tags) == ({}, [])


def test_a_job_can_be_seen_as_soon_as_it_is_put(alice, paused):
    with paused("image"):
        job = alice.post("/api/images/generate/", {"prompt": "a heron"}, 202)
        assert alice.get(f"/api/images/job/{job.job_id}/") == {"job_id": job.job_id, "status": "queued", "images": []}
    assert alice.finished(job.job_id).status == "completed"


def test_an_id_may_be_asked_for_in_capitals(alice):
    job = alice.draw()
    assert alice.get(f"/api/images/job/{job.job_id.upper()}/").job_id == job.job_id


def test_a_public_image_is_everybodys_to_see(figureforge, alice, bob, sql):
    image = alice.draw().images[0]
    figureforge.get(f"/api/images/{image.id}/", 404)
    sql("update figureforge.image set is_public = true where id = %s", image.id.removeprefix("img_"))
    for anybody in (figureforge, bob):
        shown = anybody.get(f"/api/images/{image.id}/")
        assert (shown.is_public, shown.owner.id) == (True, alice.id)
        anybody.get(shown.url)
        anybody.get(shown.thumbnail_url)


def test_a_strangers_job_and_image_do_not_exist(figureforge, alice, mallory):
    job = alice.draw()
    image = job.images[0]
    mallory.get(f"/api/images/job/{job.job_id}/", 404)
    mallory.get(f"/api/images/{image.id}/", 404)
    figureforge.get(f"/api/images/{image.id}/", 404)
    figureforge.get(f"/api/images/job/{job.job_id}/", 401)


def test_what_does_not_exist_looks_like_a_strangers(alice, mallory):
    job = alice.draw()
    theirs = mallory.get(f"/api/images/job/{job.job_id}/", 404)
    nobodys = mallory.get("/api/images/job/00000000-0000-7000-8000-000000000000/", 404)
    assert theirs == nobodys
    assert mallory.get(f"/api/images/{job.images[0].id}/", 404) == mallory.get("/api/images/img_999999999/", 404)


def test_a_deleted_image_is_gone(alice, sql):
    job = alice.draw(batch_size=2)
    gone, kept = job.images
    sql("update figureforge.image set deleted_at = now() where id = %s", gone.id.removeprefix("img_"))
    alice.get(f"/api/images/{gone.id}/", 404)
    assert [image.id for image in alice.get(f"/api/images/job/{job.job_id}/").images] == [kept.id]
