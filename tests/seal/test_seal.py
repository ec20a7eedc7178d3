# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs whose arguments are encrypted run like any; nobody reads them on the way; keys change under them."""
import re
import secrets
from pathlib import Path

from world import Artist

A, B = (f"{name}:{name * 40}" for name in "ab")
SEALED = re.compile(r'"mrs1\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+"')


def args(world, job):
    return world.one(f"select args from job where id = '{job}'")


def key_of(world, job):
    return SEALED.search(args(world, job))[1]


def put(world, kind, what):
    """A job that a statement puts with arguments of its own making; nobody tells Redis: the scheduler does."""
    return world.one(f"select (job_put(kind => '{kind}', product => 'figureforge', tenant => 'figureforge', "
                     f"account_id => null, args => {what})).id")


def everywhere(world):
    """All that the job tables hold, and all that the fleet has logged."""
    rows = world.sql("select string_agg(j::text, ' ') from job j union all select string_agg(e::text, ' ') from job_end e "
                     "union all select string_agg(t::text, ' ') from job_try t")
    logs = [file.read_text() for file in Path(world.stack["log_dir"]).glob("*.log")
            if file.stem in ("front", "image", "mail", "scheduler")]
    return [row[0] for row in rows if row], logs


def test_a_job_runs_and_nobody_else_reads_what_it_was_told(world):
    artist = Artist(world)
    prompt = f"a dancer in {secrets.token_hex(8)}"
    answer = artist.post("/images/generate/", prompt=prompt, batch_size=2, filters={"pose": "sitting"})
    job = answer.json()["job_id"]
    artist.completed(job, images=2)
    assert key_of(world, job).startswith("secret-")

    email = world.one(f"select email from account where id = {artist.id}")
    rows, logs = everywhere(world)
    for needle in (prompt, "sitting", email):
        assert not any(needle in text for text in rows + logs), needle
    assert not any("mrs1." in text for text in logs)
    assert any(job in text for text in logs), "the logs are those of the job"
    assert world.one("select count(*) from job where kind = 'mail.magic_link' and args::text ~ '^{\"sealed\":\"mrs1'") != "0"

    shown = world.millrace("job", job)
    assert shown.returncode == 0 and '"sealed":"(sealed)"' in shown.stdout and "mrs1." not in shown.stdout
    assert '"model":"croquis"' in shown.stdout, "what the statement decided is no secret"


def test_keys_are_rotated_under_jobs_that_wait(world, settings):
    by_secret, by_a, by_b = (Artist(world) for _ in range(3))
    world.ctl("stop", "image")
    first = by_secret.generate()
    settings({"seal.keys": A}, "front")
    second = by_a.generate()
    settings({"seal.keys": f"{B}, {A}"}, "front")
    third = by_b.generate()
    assert key_of(world, first).startswith("secret-")
    assert (key_of(world, second), key_of(world, third)) == ("a", "b")
    told = world.millrace("config").stdout
    assert "\nseal.keys = (set)\n" in told and "aaaa" not in told
    world.ctl("start", "image")
    for artist, job in ((by_secret, first), (by_a, second), (by_b, third)):
        artist.completed(job)


def test_a_job_whose_key_is_gone_is_buried_and_says_so(world, artist, settings):
    settings({"seal.keys": A}, "front")
    world.ctl("stop", "image")
    job = artist.generate()
    settings({"seal.keys": B}, "front", "image")
    worker = world.pid("image")
    outcome, error, _, _ = world.ended(job)
    assert (outcome, error) == ("buried",
                                "the arguments cannot be opened: the key a is not configured (seal.keys)")
    assert artist.get(f"/images/job/{job}/").json()["status"] == "failed" and artist.used() == 0
    artist.completed(artist.generate())
    assert world.pid("image") == worker, "the worker has gone on"


def test_what_was_sealed_for_another_kind_is_refused(world, artist):
    job = put(world, "image.generate", "(select args from job where kind = 'mail.magic_link' and args ->> 'sealed' is not null "
                                  "order by id desc limit 1)")
    outcome, error, _, _ = world.ended(job)
    assert outcome == "buried" and error.startswith("the arguments cannot be opened: it was altered, sealed for another")


def test_a_statement_may_still_compose_its_own(world):
    address = f"plain-{secrets.token_hex(6)}@millrace.test"
    job = put(world, "mail.magic_link", f"json_build_object('email', '{address}')")
    assert world.mailed_code(address)
    assert world.ended(job)[0] == "done" and address in args(world, job)


def test_encryption_is_switched_off_under_a_job_that_waits(world, artist, settings):
    world.ctl("stop", "image")
    job = artist.generate()
    settings({"queue.encrypt": "no"}, "front", "image")
    artist.completed(job)
    plain = artist.generate()
    artist.completed(plain, used=2)
    assert SEALED.search(args(world, job)) and not SEALED.search(args(world, plain))
    assert world.one(f"select args ->> 'prompt' from job where id = '{plain}'") == "a dancer at rest"
