# SPDX-License-Identifier: GPL-3.0-or-later
"""The front's rate limits: script hits. Here they are counted where the queue is, in a cluster the node that is asked."""
import pytest


@pytest.fixture
def hits(queue):
    def call(who, *words):
        queue.called.add("hits")
        return queue.redis(*queue.library.words("hits", queue.key(f"rl:{who}:"), *words))
    return call


def test_each_window_counts_by_itself(hits):
    assert [hits("account 7", "read:1", 60) for _ in range(3)] == [[1], [2], [3]]
    assert hits("account 7", "read:1", 60, "ai:9", 3600) == [4, 1]
    assert hits("account 7", "read:2", 60) == [1]
    assert hits("account 8", "read:1", 60) == [1]


def test_a_window_is_kept_as_long_as_it_was_first_told(hits, queue):
    hits("address 10.0.0.1", "read:1", 60)
    hits("address 10.0.0.1", "read:1", 9999)
    assert 58 <= queue.redis("TTL", queue.key("rl:address 10.0.0.1:read:1")) <= 60
