# SPDX-License-Identifier: GPL-3.0-or-later
"""The scripts as one library of functions: they are made once, so what a call leaves behind could meet the next one."""
import random
import uuid

import pytest

from engine import LIBRARY, LEASE, SCRIPTS, ClockedQueue, Limiter, RedisError, new_id, packed

# What a broken queue has wrong: each lets some scripts fail, in their middle or sooner.
WRONG = ("j", "n", "m", "r:2:t", "r:1:u", "ring:2", "ring:1", "dl", "lease", "own", "in:t:t", "in:k:capped", "in:y:key", "l:q", "l:t:u",
         "park", "w:k:capped", "wake", "lost", "cx", "cfg", "roll", "who", "drain", "blk:2", "lvl")
READERS = {"string": ("GET",), "hash": ("HGETALL",), "list": ("LRANGE", 0, -1), "set": ("SMEMBERS",),
           "zset": ("ZRANGE", 0, -1, "WITHSCORES")}


def contents(redis, prefix):
    """All that is under a prefix, comparable."""
    found = {}
    for key in redis("KEYS", prefix.replace("{", "\\{") + "*"):
        command, *words = READERS[redis("TYPE", key)]
        value = redis(command, key, *words)
        found[key] = sorted(map(str, value)) if command in ("HGETALL", "SMEMBERS") else value
    return found


def conversation(queue, seed, steps=60):
    """Everything that can be said to a queue, the same for the same seed; its answers."""
    dice, said, held, ids = random.Random(seed), [], [], []

    def make():
        ids.append(str(uuid.UUID(int=dice.getrandbits(128))))
        return ids[-1], packed(tenant=dice.choice("tuv"), priority=dice.randrange(4), kind=dice.choice(("plain", "capped")),
                               key=dice.choice(("", "", "key")), due=dice.choice((0, 0, queue.now() + 5000)), cost=dice.choice((1, 3)))

    def reserve():
        batch = queue.reserve(dice.choice((1, 4, 64)))
        held.extend(batch)
        return batch.epoch, batch.next_ms, batch.need, [(job.id, job.packed, job.lost) for job in batch]

    def some():
        return [held.pop(dice.randrange(len(held))) for _ in range(min(len(held), dice.choice((1, 3))))]

    def settings():
        return queue.set_words(len(said), "cap", 40, "cap.kind:capped", 2, "rate.tenant:u", "2|2", "rate", "50|50", "age", 10,
                               "cap.tenant:v", 1)
    things = [lambda: queue.put(*[make() for _ in range(dice.choice((1, 8)))])] * 3 + [reserve] * 4 + [
        lambda: queue.finish(*some(), counters=[("done:plain", 1)]), lambda: queue.finish(*some(), due=0),
        lambda: queue.finish(*some(), due=queue.now() + 3000), lambda: queue.touch(*held), settings,
        lambda: queue.cancel(dice.choice(ids), dice.choice(("ask", "drop"))) if ids else None,
        lambda: queue.progress(held[0], 5) if held else None, queue.hello, lambda: queue.drain("w"),
        lambda: queue.look("queue", queue.run_id), lambda: queue.look("oldest", ""), lambda: queue._call("gauges", queue.run_id),
        lambda: queue._call("rollup", len(said)), lambda: queue._call("inspect", "jobs", "mend", *ids[-8:]),
        lambda: queue._call("tokens", "take", 3), lambda: queue.clock.go(dice.choice((0.5, 4, LEASE / 1000 + 1)))]
    for _ in range(steps):
        said.append(dice.choice(things)())
    return said


@pytest.fixture
def start(redis):
    """A queue on a server that has everything to learn, at a fixed time."""
    def start(flush=True):
        if flush:
            redis("FLUSHALL")
            redis("FUNCTION", "FLUSH")
        queue = ClockedQueue(redis)
        queue.clock.micros = 1_800_000_000_000_000
        queue.clock.go(0)
        queue.close()
        queue.open()
        return queue
    return start


@pytest.mark.parametrize("wrong", WRONG)
def test_what_a_failed_call_leaves_behind_meets_no_other(start, redis, wrong):
    seed = WRONG.index(wrong)
    queue = start()
    expected = conversation(queue, seed), contents(redis, queue.prefix)

    queue = start()
    broken, failed = ClockedQueue(redis, "broken"), []
    broken.close()
    broken.open()
    conversation(broken, seed)
    redis("UNLINK", broken.key(wrong))
    redis(*(("LPUSH", broken.key(wrong), "x") if wrong in ("roll", "l:q", "l:t:u") else ("SET", broken.key(wrong), "x")))
    for number in range(200):
        try:
            conversation(broken, seed + number % 7, steps=2 + number % 40)
        except RedisError as error:
            failed.append(str(error))
    assert any("WRONGTYPE" in error for error in failed), "none of it failed"
    queue = start(flush=False)
    assert (conversation(queue, seed), contents(redis, queue.prefix)) == expected


def test_two_releases_work_side_by_side(queue):
    other = LIBRARY.renamed("0123456789abcdef")
    other.load(queue.redis)
    job = queue.put_one()
    assert queue.redis(*other.words("cancel", queue.prefix, job, "look")) == "waiting"
    answer = queue.redis(*other.words("reserve", queue.prefix, 1, LEASE, "w", queue.run_id, ""))
    assert answer[3] == job and queue.cancel(job, "look") == "running"
    libraries = {dict(zip(one[::2], one[1::2]))["library_name"] for one in queue.redis("FUNCTION", "LIST")}
    assert libraries >= {f"millrace_{LIBRARY.name}", "millrace_0123456789abcdef"}


def test_the_library_outlives_its_data_and_the_scripts(queue):
    queue.redis("FLUSHALL")
    queue.redis("SCRIPT", "FLUSH")
    assert queue.put((new_id(), packed())) == 1


def test_names_carry_the_text(queue):
    names = {name for one in queue.redis("FUNCTION", "LIST", "LIBRARYNAME", f"millrace_{LIBRARY.name}")
             for row in dict(zip(one[::2], one[1::2]))["functions"] for name in [dict(zip(row[::2], row[1::2]))["name"]]}
    assert names == {f"mr_{LIBRARY.name}_{script}" for script in SCRIPTS}
    assert len(LIBRARY.name) == 16


@pytest.fixture
def short_of_memory(redis):
    _, before = redis("CONFIG", "GET", "maxmemory")
    yield lambda: redis("CONFIG", "SET", "maxmemory", 1)
    redis("CONFIG", "SET", "maxmemory", before)


def test_without_memory_nothing_is_put_and_what_has_begun_ends(queue, redis, short_of_memory):
    asked, dropped, *_ = queue.put_many(12)
    first, second, *rest = queue.reserve(10)
    limiter = Limiter(redis)
    short_of_memory()
    before = contents(redis, queue.prefix)
    with pytest.raises(RedisError, match="^OOM"):
        queue.put((new_id(), packed()))
    with pytest.raises(RedisError, match="^OOM"):
        queue.progress(first, 5)
    assert contents(redis, queue.prefix) == before
    with pytest.raises(RedisError, match="^OOM"):      # which is why nobody loads what may be there already
        redis("FUNCTION", "LOAD", LIBRARY.text)
    assert queue.touch(first, second) == ["ok", "ok"]
    assert queue.finish(first, due=0) == [1] and queue.finish(second) == [1]
    assert queue.finish(rest[0], due=queue.now() + 60_000) == [1]
    assert len(queue.reserve(2)) == 2
    assert queue.cancel(rest[1].id, "ask") == "running" and queue.hello() == "ok" and queue.drain("w") == 1
    assert queue.look("queue", queue.run_id)[0] == 1 and queue._call("gauges", queue.run_id)[6] == 1
    assert len(queue._call("rollup", 1)) == 7 and queue._call("inspect", "jobs", "mend", asked, dropped) == []
    assert queue.settings(1, cap=5) == 1 and queue.reserve(1).ids == []
    assert limiter.rate(10, 10) == [1, 0] and limiter.take(1) == [1, 0]
    assert queue.close() == queue.rebuild("forget") == queue.rebuild("wiped") == queue.open() == 1


def test_what_only_looks_may_be_asked_of_who_may_not_write(queue):
    for script, words in (("look", ("queue", queue.run_id)), ("gauges", (queue.run_id,))):
        _, *rest = queue.library.words(script, queue.prefix, *words)
        assert queue.redis("FCALL_RO", *rest)
    _, *rest = queue.library.words("put", queue.prefix, new_id(), packed())
    with pytest.raises(RedisError, match="write flag"):
        queue.redis("FCALL_RO", *rest)
