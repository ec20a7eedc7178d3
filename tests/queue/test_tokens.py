# SPDX-License-Identifier: GPL-3.0-or-later
"""A rate that several queues share: script tokens."""
import pytest


@pytest.fixture
def tokens(queue):
    def call(*words):
        queue.called.add("tokens")
        return queue.redis(*queue.library.words("tokens", "mr1:{l:x}:", *words))
    return call


def test_without_a_rate_there_is_no_limit(tokens):
    assert tokens("take", 1000) == [1000, 0]


def test_no_more_than_the_burst_at_once(tokens):
    tokens("rate", "0.01", 5)
    assert tokens("take", 3)[0] == 3
    granted, wait = tokens("take", 3)
    assert granted == 2 and 90_000 < wait <= 100_000
    assert tokens("take", 1)[0] == 0


def test_what_was_not_used_is_there_again(tokens):
    tokens("rate", "0.01", 5)
    assert tokens("take", 5)[0] == 5
    tokens("back", 2)
    assert tokens("take", 5)[0] == 2


def test_a_block_stops_all_and_the_longer_one_holds(tokens):
    tokens("block", 60_000)
    tokens("block", 1)
    granted, wait = tokens("take", 1)
    assert granted == 0 and 50_000 < wait <= 60_000
