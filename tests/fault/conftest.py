# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of jobs when things die. Runs against a stack of its own, with short leases:

    tools/stack run fault --fast --workers image=2 --set queue.lease=6 --set queue.reconcile=1 --set worker.stop=8 \\
        -- /usr/bin/python3 -B -m pytest tests/fault
"""
import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "queue")]
sys.path.append(str(HERE.parent / "api"))      # the subscriber
from world import Artist, World      # noqa: E402


@pytest.fixture(scope="session")
def the_world():
    file = os.environ.get("MILLRACE_STACK")
    if not file:
        pytest.exit("MILLRACE_STACK is not set: see tests/fault/conftest.py", 2)
    world = World(file)
    text = Path(world.stack["config"]).read_text()
    if "queue.lease = 6" not in text or "worker.stop = 8" not in text or "image2" not in world.stack["pids"]:
        pytest.exit("the stack lacks the settings that tests/fault/conftest.py names", 2)
    return world


@pytest.fixture
def world(the_world):
    """At the end of each test everything is healed, every job ends, and the books must be right."""
    yield the_world
    the_world.heal()
    the_world.settled()
    check_books(the_world)


@pytest.fixture
def artist(world):
    return Artist(world)


@pytest.fixture
def artists(world):
    return lambda n: [Artist(world) for _ in range(n)]


def check_books(world):
    open_ones = "g.status in ('queued', 'processing')"
    assert world.sql("select u.account_id, u.running, count(g.id) from figureforge.usage u left join "
                     f"figureforge.generation g on g.account_id = u.account_id and {open_ones} group by u.account_id "
                     "having u.running <> count(g.id)") == []
    assert world.sql("select u.account_id, u.used, sum(g.cost - g.refunded) from figureforge.usage u join "
                     "figureforge.generation g using (account_id, period) group by u.account_id "
                     "having u.used <> sum(g.cost - g.refunded)") == []
    assert world.sql("select g.id, g.status, count(i.id) from figureforge.generation g left join figureforge.image i "
                     "on i.generation_id = g.id group by g.id having (g.status = 'completed') <> (count(i.id) > 0) or "
                     "g.cost - g.refunded <> count(i.id) * (g.cost / g.batch_size)") == []
    assert world.sql("select g.id, g.status, e.outcome from figureforge.generation g join job_end e using (id) where "
                     "(g.status, e.outcome) not in (('completed', 'done'), ('failed', 'buried'), "
                     "('cancelled', 'cancelled'))") == []
    assert world.sql("select g.id from figureforge.generation g where not exists "
                     "(select from job j where j.id = g.id)") == []
    check_storage(world)


def check_storage(world):
    """What is referred to is there and whole; what is there is referred to, or a piece that goes in its time."""
    root = Path(world.stack["storage"])
    referred = {row[0] for row in world.sql("select storage_key from file")}
    for key in referred:
        data = (root / key).read_bytes()
        assert data.endswith(b"\xaeB`\x82" if data.startswith(b"\x89PNG") else b"\xff\xd9"), key
    there = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    pieces = {row[0] for row in world.sql("select storage_key from piece")}
    assert there - pieces == referred
