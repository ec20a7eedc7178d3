# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs of docs/queue-library.md, made as the page says, run as it says."""
import json
import subprocess

import pytest

from conftest import PATIENCE, ROOT, VARIANT

COMPILERS = ["gcc"] if VARIANT == "asan" else ["gcc", "clang"]


@pytest.fixture(scope="module", params=COMPILERS)
def thumb_worker(request, world, installed, tmp_path_factory):
    """The example worker, with a converter that copies and says of what size."""
    convert = tmp_path_factory.mktemp("bin") / "convert"
    convert.write_text('#!/bin/sh\n[ "$2" = -resize ] && { cat "$1"; echo "$3"; } > "$4"\n')
    convert.chmod(0o755)
    process = world.worker(installed.compile("docs/examples/thumb_worker.c", request.param), str(convert), queue="thumbs")
    process.compiler = request.param
    yield process
    world.end(process)


@pytest.fixture
def picture(tmp_path):
    (tmp_path / "in").write_text("picture\n")
    return tmp_path / "in", tmp_path / "out"


def run(world, *words, **environment):
    done = subprocess.run(words, env={**world.environment, **environment}, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def outside(world):
    """What producers without the library need."""
    servers = world.servers
    return {"PGHOST": str(servers.folder), "PGUSER": "millrace", "PGDATABASE": world.database, "LD_LIBRARY_PATH": "",
            "DATABASE": servers.url(world.database), "REDIS": servers.redis_socket,
            "PUT": str(world.installed.prefix / "share/millrace/put.lua")}


@pytest.mark.parametrize("static", (False, True), ids=("shared", "static"))
def test_the_example_producer_and_worker(world, installed, thumb_worker, picture, static):
    program = installed.compile("docs/examples/thumb_put.c", thumb_worker.compiler, static=static)
    put, result = run(world, program, *picture).splitlines()
    assert put.endswith(" is put") and json.loads(result) == {"width": 64, "attempt": 1}
    assert picture[1].read_text() == "picture\n64\n"


def test_the_example_retries_and_gives_up(world, installed, thumb_worker, tmp_path):
    program = installed.compile("docs/examples/thumb_put.c", thumb_worker.compiler)
    done = subprocess.run([program, tmp_path / "none", tmp_path / "out"], env=world.environment, capture_output=True,
                          text=True, timeout=PATIENCE)
    assert done.returncode == 1 and "none is not there yet" in done.stdout


def test_psql_and_redis_cli(world, thumb_worker, producer, picture):
    job = run(world, ROOT / "docs/examples/thumb_put.sh", *picture, **outside(world)).strip()
    status = producer.ended(job)
    assert (status.state, json.loads(status.result)["width"]) == ("done", 128)
    assert picture[1].read_text() == "picture\n128\n"


def test_python(world, thumb_worker, producer, picture):
    job = run(world, "/usr/bin/python3", ROOT / "docs/examples/thumb_put.py", *picture, **outside(world)).strip()
    assert producer.ended(job).state == "done"


def test_evalsha_with_the_ticket(world, thumb_worker, producer, picture):
    """The page's second way, by hand: load once, then EVALSHA; its answer is how many were new."""
    ticket = world.sql.one("select job_ticket(j) from job_put('thumb.make', 'shop', 'shop', null, json_build_object("
                           f"'from', '{picture[0]}', 'to', '{picture[1]}'), due_at => now() + interval '5 minutes') as j")
    queue, job, packed = ticket.split(" ", 2)
    with open(outside(world)["PUT"]) as script:
        sha = subprocess.run(["redis-cli", "-s", world.servers.redis_socket, "-x", "script", "load"], stdin=script, check=True,
                             capture_output=True, text=True).stdout.strip()
    def put(*words):
        return run(world, "redis-cli", "-e", "-s", world.servers.redis_socket, "evalsha", sha, "1", f"mr1:{{q:{queue}}}:", *words)
    assert put(job, packed).strip() in ("0", "1")      # 0: the scheduler was faster
    assert put(job, packed).strip() == "0"
    assert producer.status(job).state == "waiting"
    assert producer("cancel", id=job)[0] == 0 and producer.ended(job).state == "cancelled"


def test_without_the_second_step_the_scheduler_tells_redis(world, thumb_worker, producer, picture):
    job = world.sql.one("select j.id from job_put('thumb.make', 'shop', 'shop', null, json_build_object("
                        f"'from', '{picture[0]}', 'to', '{picture[1]}')) as j")
    assert producer.ended(job).state == "done"


def test_a_transaction_that_is_rolled_back_leaves_no_job(world, thumb_worker, producer, picture):
    world.sql("begin")
    job = world.sql.one("select j.id from job_put('thumb.make', 'shop', 'shop', null, '{}') as j")
    world.sql("rollback")
    assert producer("status", id=job)[0] < 0
