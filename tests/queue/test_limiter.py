# SPDX-License-Identifier: GPL-3.0-or-later
"""A rate that queues share: tokens for workers on several machines."""
import random

import pytest

from engine import Limiter


def run(limiter, seconds, machines=3, chunk=7, seed=1):
    """Machines that take chunks as they may, and give back what they do not need. How many tokens were used."""
    dice, used, asks = random.Random(seed), 0, [0.0] * machines
    end, now = seconds, 0.0
    while now < end:
        machine = min(range(machines), key=asks.__getitem__)
        if asks[machine] > now:
            limiter.clock.go(asks[machine] - now)
            now = asks[machine]
        got, ms = limiter.take(chunk)
        back = dice.randint(0, got)
        if back:
            limiter.back(back)
        used += got - back
        asks[machine] = now + max(ms, 1) / 1000
    return used


def test_three_machines_share_within_one_per_cent(limiter):
    limiter.rate(100, 20)
    run(limiter, 2)
    assert abs(run(limiter, 60) - 6000) <= 60


def test_without_a_rate_there_is_no_limit(limiter):
    assert limiter.take(1000) == [1000, 0]
    limiter.rate(1, 1)
    assert limiter.take(1000) == [1, 1000]
    limiter.rate("")
    assert limiter.take(1000) == [1000, 0]


def test_tokens_that_were_not_used_are_there_again(limiter):
    limiter.rate(1, 10)
    assert limiter.take(10) == [10, 1000]
    limiter.back(4)
    assert limiter.take(10)[0] == 4
    limiter.back(100)                          # never more than the burst
    assert limiter.take(100)[0] == 10


@pytest.mark.parametrize("rate", [None, 100])
def test_a_block_stops_all(limiter, rate):
    if rate:
        limiter.rate(rate, 10)
    limiter.block(2000)
    assert limiter.take(5) == [0, 2000]
    limiter.block(1000)                        # the longer one holds
    limiter.clock.go(1.5)
    assert limiter.take(5) == [0, 500]
    limiter.clock.go(0.5)
    assert limiter.take(5)[0] == 5


def test_who_needs_several_gets_none_below(limiter):
    limiter.rate(10, 10)
    assert limiter.take(8)[0] == 8
    assert limiter.take(6, 5) == [0, 300]
    limiter.clock.go(0.3)
    assert limiter.take(6, 5)[0] == 5


def test_what_costs_more_than_the_burst_is_given_when_all_is_earned(limiter):
    """It used to be asked for in vain, for ever."""
    limiter.rate(10, 5)
    assert limiter.take(20, 20) == [20, 2000]
    assert limiter.take(20, 20) == [0, 2000]
    limiter.clock.go(1.9)
    assert limiter.take(20, 20) == [0, 100]
    limiter.clock.go(0.1)
    assert limiter.take(64, 20)[0] == 20


@pytest.mark.parametrize("jump", [-3600, 3600])
def test_a_clock_that_jumps_locks_nobody_out_for_longer_than_the_burst(limiter, jump):
    limiter.rate(10, 20)
    assert limiter.take(20) == [20, 100]
    limiter.clock.go(jump)
    got, ms = limiter.take(1)
    assert ms <= 100
    limiter.clock.go(2)
    assert limiter.take(30)[0] >= 19
    run(limiter, 2)
    assert abs(run(limiter, 30) - 300) <= 3


@pytest.mark.parametrize("jump", [-3600, 3600])
def test_a_clock_that_jumps_makes_no_block_longer(limiter, jump):
    limiter.rate(10, 20)
    limiter.block(3000)
    limiter.clock.go(jump)
    assert limiter.take(1)[1] <= 3000
    limiter.clock.go(3)
    assert limiter.take(1)[0] == 1


def test_a_rate_that_is_raised_goes_at_once(limiter):
    limiter.rate("0.001", 1)
    assert limiter.take(5) == [1, 1_000_000]
    limiter.rate(100, 10)
    assert limiter.take(5)[0] == 5


def test_it_forgets_what_is_earned(redis):
    limiter = Limiter(redis)
    limiter.rate(1000, 2)
    limiter.take(2)
    assert 0 < redis("PTTL", limiter.prefix + "tat") <= 1002
