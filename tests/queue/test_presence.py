# SPDX-License-Identifier: GPL-3.0-or-later
"""Who works on a queue, and what has been counted there."""

FIVE_MINUTES = 300_000


def workers(queue):
    return queue.set_of("who"), dict(zip(*[iter(queue.redis("HGETALL", queue.key("info")))] * 2))


def test_a_worker_tells_that_it_lives_and_what_it_does(clocked):
    assert clocked.hello("a", '{"running":1}') == "ok"
    clocked.clock.go(5)
    assert clocked.hello("a", '{"running":2}') == "ok"
    assert workers(clocked) == ({"a"}, {"a": '{"running":2}'})
    assert int(clocked.redis("ZSCORE", clocked.key("who"), "a")) == clocked.now()


def test_one_that_leaves_is_gone(queue):
    queue.hello("a")
    queue.redis("SADD", queue.key("drain"), "a")
    assert queue.hello("a", "") == "ok"
    assert workers(queue) == (set(), {}) and not queue.redis("EXISTS", queue.key("drain"))


def test_drain_reaches_the_one_it_means(queue):
    queue.hello("a")
    queue.hello("b")
    queue.redis("SADD", queue.key("drain"), "a")
    assert (queue.hello("a"), queue.hello("b")) == ("drain", "ok")


def test_who_is_silent_is_forgotten_by_the_others(clocked):
    for n in range(100):
        clocked.hello(f"w{n}")
    clocked.redis("SADD", clocked.key("drain"), "w1")
    clocked.clock.go(299)
    clocked.hello("w0")
    assert len(workers(clocked)[0]) == 100
    clocked.clock.go(2)
    clocked.hello("a")
    assert len(workers(clocked)[0]) == 101 - 64          # in bites
    clocked.hello("a")
    assert workers(clocked) == ({"a", "w0"}, {"a": "{}", "w0": "{}"})
    assert not clocked.redis("EXISTS", clocked.key("drain"))


def test_a_worker_that_leaves_passes_on_the_wake_up_it_may_have_had(queue):
    queue.hello("a")
    queue.redis("DEL", queue.key("wake"))
    queue.hello("a", "")
    assert queue.redis("EXISTS", queue.key("wake"))


def test_finish_counts(queue):
    queue.put_many(2)
    first, second = queue.reserve(2)
    queue.finish(first, counters=[("done:a.b", 1), ("run_ms:a.b", 12)])
    queue.finish(second, counters=[("done:a.b", 1), ("run_ms:a.b", 30), ("run:a.b:50", 2)])
    queue.finish(counters=[("failed:a.b", 3)])
    counted = queue.redis("HGETALL", queue.key("n"))
    assert dict(zip(*[iter(counted)] * 2)) == {"put": "2", "done:a.b": "2", "run_ms:a.b": "42", "run:a.b:50": "2",
                                                 "failed:a.b": "3"}


def test_what_waits_can_be_counted(queue):
    queue.put_many(5)
    queue.put_many(3, due=queue.now() + 60_000)
    queue.reserve(2)
    known, delayed, running = (queue.redis(*words) for words in
                               (("HLEN", queue.key("j")), ("ZCARD", queue.key("dl")), ("ZCARD", queue.key("lease"))))
    assert (known - delayed - running, delayed, running) == (3, 3, 2)
