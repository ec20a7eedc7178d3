# SPDX-License-Identifier: GPL-3.0-or-later
"""Pause and resume, and how settings reach a queue."""
import pytest

from engine import RedisError


def test_a_paused_queue_gives_nothing_and_takes_all(queue):
    job = queue.put_one()
    held, = queue.reserve(1)
    queue.settings(1, paused=1)
    queue.put_many(5)
    assert queue.reserve(5).paused and queue.reserve(5).epoch == "0"
    assert queue.touch(held) == ["ok"] and held.id == job
    assert queue.finish(held) == [1]


def test_resume_wakes_who_waits(queue, another_redis):
    queue.settings(1, paused=1)
    queue.put_one()
    queue.redis("DEL", queue.key("wake"))
    other = another_redis()
    queue.waiter(other)
    queue.settings(2)
    assert other.take()[1] == "w"
    assert len(queue.reserve(1)) == 1


def test_what_ran_out_while_it_was_paused_is_taken_up(queue):
    queue.put_one()
    held = queue.reserve(1)
    queue.settings(1, paused=1)
    queue.expire(*held)
    assert queue.reserve(1).paused
    queue.settings(2)
    assert queue.reserve(1).ids == held.ids


def test_a_closed_queue_is_closed_before_it_is_paused(queue):
    queue.settings(1, paused=1)
    queue.close()
    assert queue.reserve(1).closed


def test_versions_of_settings_never_go_back(queue):
    assert queue.settings(5, cap=1) == 1
    assert queue.settings(4, cap=9, paused=1) == 0
    assert queue.redis("HGETALL", queue.key("cfg")) == ["version", "5", "cap", "1"]
    assert queue.settings(5, cap=2) == 1
    assert queue.settings(6) == 1
    assert queue.redis("HGETALL", queue.key("cfg")) == ["version", "6"]
    assert queue.settings(5, cap=1) == 0


def test_settings_that_are_gone_are_gone(queue):
    queue.set_words(1, "cap.tenant:a", 0, "weight:b", 2, "cap.kind:x.y", 0, "cap.key:k", 0)
    for fields in ({"tenant": "a"}, {"kind": "x.y"}, {"key": "k"}):
        queue.put_one(**fields)
    assert not queue.reserve(9)
    queue.set_words(2)
    for name in queue.set_of("park"):
        queue.redis("ZADD", queue.key("park"), 0, name)
    queue.look_again()
    assert len(queue.reserve(9)) == 3


def test_a_thousand_settings_are_told_at_once(queue):
    words = [word for n in range(1000) for word in (f"cap.tenant:t{n}", n % 3)]
    assert queue.set_words(1, *words) == 1
    queue.put_many(5, tenant="t999")
    queue.put_many(5, tenant="t1")
    assert len(queue.reserve(9)) == 1


def test_a_queue_that_shares_a_limiter_wants_a_budget(queue):
    queue.settings(1, limiter="openai")
    queue.put_many(3, cost=5)
    answer = queue.reserve(9)
    assert (answer.epoch, answer.next_ms, answer.need) == ("0", -4, "openai")
    answer = queue.reserve(9, budget=12)
    assert len(answer) == 2 and answer.need == 5
    assert queue.reserve(9, budget=0).need == 5
    assert len(queue.reserve(9, budget=5)) == 1


def test_a_version_that_is_no_number_changes_nothing(queue):
    with pytest.raises(RedisError):
        queue.set_words("x", "paused", 1)
    queue.put_one()
    assert len(queue.reserve(1)) == 1
