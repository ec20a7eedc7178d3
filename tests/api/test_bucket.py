# SPDX-License-Identifier: GPL-3.0-or-later
"""Files in a bucket: how links lead there, and what becomes of uploads and jobs when it does not do as it should. Runs on
a stack with storage.backend = s3, storage.timeout = 6000 and queue.lease = 3."""
import json
import os
import subprocess
import threading
import time
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest
import requests

from client import PATIENCE
from test_links import Picture
from test_uploads import AVATAR, PNG, kept, member                     # noqa: F401 they are fixtures

PAUSE = 0.02


class Bucket:
    def __init__(self, url):
        self.url = url

    def fault(self, match, what, times=1):
        requests.post(f"{self.url}/-/fault", json={"match": match, "what": what, "times": times}, timeout=PATIENCE)

    def no_fault(self):
        return requests.post(f"{self.url}/-/fault", timeout=PATIENCE).json()


@pytest.fixture
def bucket(stack):
    one = Bucket(stack["s3"])
    one.no_fault()
    yield one
    one.no_fault()


@pytest.fixture(scope="module")
def picture(sign_in):
    return Picture(sign_in("collector"))


def until(what, why):
    end = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < end, why
        time.sleep(PAUSE)


def redirect(client, path, method="GET"):
    answer = client._session.request(method, client.base + path, allow_redirects=False, timeout=PATIENCE,
                                     headers={"X-Forwarded-For": client.address})
    assert answer.status_code == 302 and answer.headers["Cache-Control"] == "private"
    return answer.headers["Location"], parse_qs(urlparse(answer.headers["Location"]).query)


# -- links -------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("left, most", [(0, 900), (7200, 900), (100, 100)])
def test_an_address_ends_with_its_link(figureforge, picture, forge, left, most):
    began = int(time.time())
    _, query = redirect(figureforge, f"/files/{forge.link('figureforge', picture.file, 1, left and began + left, 'inline')}/x.png")
    spent = time.time() - began
    assert (most if most < left or not left else most - spent - 1) <= int(query["X-Amz-Expires"][0]) <= most


def test_an_address_is_for_what_was_asked(figureforge, picture):
    url, query = redirect(figureforge, picture.path)
    assert query["response-content-type"] == ["image/png"]
    assert query["response-content-disposition"] == [f'inline; filename="{picture.name}"']
    assert requests.head(url, timeout=PATIENCE).status_code == 403
    url, _ = redirect(figureforge, picture.path, "HEAD")
    assert requests.head(url, timeout=PATIENCE).status_code == 200 and requests.get(url, timeout=PATIENCE).status_code == 403


def test_nothing_stays_in_the_folder(picture, stack):
    assert picture.image and not list(Path(stack["storage"]).iterdir())


# -- uploads -----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("what", ["busy", "moved", "cut"])
def test_an_upload_that_the_bucket_refuses(member, kept, bucket, what):                  # noqa: F811
    before = kept()
    bucket.fault("^PUT", what, 100)
    member.upload(AVATAR, 503, avatar=("me.png", PNG))
    assert bucket.no_fault() and kept() == before
    member.upload(AVATAR, 200, avatar=("me.png", PNG))
    assert len(kept() - before) == 1


def test_a_bucket_that_does_not_answer_holds_up_nobody_else(member, bucket, stack):      # noqa: F811
    bucket.fault("^PUT", "mute", 100)
    codes = []
    stuck = threading.Thread(target=lambda: codes.append(member.upload(AVATAR, 503, avatar=("me.png", PNG)).http.status_code))
    stuck.start()
    try:
        worst = 0
        while stuck.is_alive() and len(codes) == 0:
            began = time.monotonic()
            assert requests.get(f"{stack['url']}/-/readyz", timeout=PATIENCE).status_code == 200
            worst = max(worst, time.monotonic() - began)
            time.sleep(PAUSE)
    finally:
        stuck.join()
    assert codes == [503] and worst < 4                    # the bucket is given up after six


# -- jobs --------------------------------------------------------------------------------------------------------------

def put(client):
    return client.post("/api/images/generate/", {"prompt": "a runner at dusk"}, 202).job_id


@pytest.fixture
def tries(sql):
    return lambda job: sql("select outcome || ' ' || counts || ' ' || error from job_try where id = %s", job.removeprefix("job_"))


def test_a_lease_is_renewed_while_files_go_to_the_bucket(alice, bucket, tries):
    """Longer than a lease lasts."""
    bucket.fault("^PUT /files/figureforge", "late", 1)
    job = put(alice)
    assert alice.finished(job).status == "completed" and tries(job) == ""


def test_a_job_whose_files_cannot_be_stored_waits(alice, bucket, tries, operator, sql):
    bucket.fault("^PUT /files/figureforge", "busy", 1000)
    job = put(alice)
    id_of = job.removeprefix("job_")
    until(lambda: sql("select count(*) from job_try where id = %s", id_of) == "1", "it could not be stored")
    bucket.no_fault()
    told = tries(job)
    assert told.startswith("snoozed false the result could not be stored: "), told
    operator("cancel", id_of)                              # it would rest for half a minute


def test_a_job_is_cancelled_while_its_files_are_on_their_way(alice, bucket, operator, sql):
    bucket.fault("^PUT /files/figureforge", "mute", 1000)
    job = put(alice)
    until(lambda: "PUT" in str(requests.get(f"{bucket.url}/-/journal", timeout=PATIENCE).json()), "it is on its way")
    operator("cancel", job.removeprefix("job_"))
    alice.finished(job)
    assert sql("select outcome from job_end where id = %s", job.removeprefix("job_")) == "cancelled"


# -- what nothing names ------------------------------------------------------------------------------------------------

def test_what_no_row_names_is_swept(picture, depot, sql, operator):
    week = time.time() - 7 * 86400
    named = depot.file(sql("select storage_key from file where id = %s", picture.file))
    orphan = depot.plant("figureforge/zz/lost.1/0.png")
    young = depot.plant("figureforge/zz/young.1/0.png")
    for file in (named, orphan):
        os.utime(file, (week, week))
    assert operator("files", "sweep", "--dry-run").split() == ["figureforge/zz/lost.1/0.png"]
    assert operator("files", "sweep") == "1 of 2 files removed\n"
    assert named.exists() and young.exists() and not orphan.exists()
    young.unlink()


# -- the doctor --------------------------------------------------------------------------------------------------------

@pytest.fixture
def doctor(stack):
    def ask(**settings):
        done = subprocess.run([f"{stack['bin']}/millrace", "--config", stack["config"], "doctor", "--json"], capture_output=True,
                              text=True, timeout=60, env={**os.environ, **settings})
        return [(one["state"], one["text"]) for one in json.loads(done.stdout) if one["check"] == "bucket"]
    return ask


def test_the_doctor_tries_the_bucket(doctor, bucket, depot):
    (state, _), = doctor()
    assert state == "ok" and not depot.keys("millrace/doctor")
    (state, why), = doctor(MILLRACE_STORAGE_SECRET_KEY="another")
    assert state == "bad" and "cannot be written to: look at storage.access_key" in why
    (state, why), = doctor(MILLRACE_STORAGE_BUCKET="another")
    assert state == "bad" and "is there such a bucket" in why
    bucket.fault("list-type|^DELETE", "moved", 100)
    assert [text.split(" cannot ")[1][:9] for _, text in doctor()] == ["be listed", "have file"]
    bucket.no_fault()
