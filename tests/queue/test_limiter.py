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
    limiter.rate(1, 20)
    limiter.take(20)
    assert 0 < redis("PTTL", limiter.prefix + "tat") <= 21_000


# ---- turns of jobs ----

def test_without_a_rate_it_is_everybodys_turn(limiter):
    assert [limiter.turn(f"j{n}") for n in range(50)] == [[1, 0]] * 50


def test_turns_come_one_after_the_other(limiter):
    limiter.rate(2, 3)
    assert [limiter.turn(f"j{n}") for n in range(6)] == [[1, 0]] * 3 + [[0, 500], [0, 1000], [0, 1500]]
    limiter.clock.go(0.5)
    assert limiter.turn("j4") == [0, 500], "who asks early keeps his turn"
    assert limiter.turn("j3") == [1, 0]
    limiter.clock.go(1)
    assert limiter.turn("new") == [0, 500], "nobody passes those who wait"
    assert limiter.turn("j4") == [1, 0] and limiter.turn("j5") == [1, 0]


def test_tokens_and_turns_are_of_one_rate(limiter):
    limiter.rate(1, 2)
    assert limiter.take(2)[0] == 2
    assert limiter.turn("j") == [0, 1000]
    limiter.clock.go(1)
    assert limiter.take(1) == [0, 1000], "the turn that is kept is not given away"
    assert limiter.turn("j") == [1, 0]


def test_a_block_moves_the_line_and_keeps_its_order(limiter):
    """Who waited was given a turn anew when he came within a block, behind all who had not come yet."""
    limiter.rate(1, 1)
    assert [limiter.turn(f"j{n}") for n in range(4)] == [[1, 0], [0, 1000], [0, 2000], [0, 3000]]
    limiter.block(10_000)
    assert limiter.turn("j4") == [0, 14_000], "the line is as long as before, behind the block"
    limiter.clock.go(1)
    assert limiter.turn("j1") == [0, 10_000]
    limiter.clock.go(10)
    assert limiter.turn("new") == [0, 4000]
    assert limiter.turn("j1") == [1, 0] and limiter.turn("j2") == [0, 1000]
    limiter.clock.go(1)
    assert limiter.turn("j2") == [1, 0] and limiter.turn("j3") == [0, 1000] and limiter.turn("new") == [0, 3000]


def test_who_asks_first_within_a_block_comes_one_by_one_too(limiter):
    limiter.rate(1, 1)
    limiter.block(10_000)
    limiter.block(5_000)                       # the longer one holds
    assert [limiter.turn(f"j{n}") for n in range(3)] == [[0, 10_000], [0, 11_000], [0, 12_000]]
    limiter.block(15_000)
    assert [limiter.turn(f"j{n}") for n in range(3)] == [[0, 15_000], [0, 16_000], [0, 17_000]]


def test_who_waits_profits_from_what_an_operator_does(limiter):
    limiter.rate(1, 1)
    limiter.block(60_000)
    assert [limiter.turn(f"j{n}") for n in range(3)] == [[0, 60_000], [0, 61_000], [0, 62_000]]
    limiter.block(0)
    assert limiter.turn("new")[1] == 3000
    assert [limiter.turn(f"j{n}") for n in range(3)] == [[1, 0], [0, 1000], [0, 2000]]
    limiter.rate(10, 1)
    assert limiter.turn("j2") == [0, 200] and limiter.turn("j1") == [0, 100]
    limiter.rate("")
    assert limiter.turn("j2") == [1, 0]


@pytest.mark.parametrize("jump", [-3600, 3600])
def test_a_clock_that_jumps_makes_nobody_wait_longer(limiter, jump):
    limiter.rate(1, 1)
    assert limiter.turn("j0") == [1, 0] and limiter.turn("j1") == [0, 1000]
    limiter.clock.go(jump)
    assert limiter.turn("j1")[1] <= 1000


@pytest.mark.parametrize("rate", [None, 10])
def test_a_block_is_ended_by_hand(limiter, rate):
    if rate:
        limiter.rate(rate, 10)
    limiter.block(60_000)
    assert limiter.turn("j") == [0, 60_000]
    limiter.block(0)
    assert limiter.take(1)[0] == 1
    assert limiter.turn("other") == [1, 0]


def test_a_turn_that_nobody_comes_for_is_lost(limiter):
    limiter.rate(1, 1)
    assert limiter.turn("j0") == [1, 0] and limiter.turn("j1") == [0, 1000]
    assert 900_000 <= limiter.redis("PTTL", limiter.prefix + "turn:j1") <= 901_000


def test_a_line_of_more_than_an_hour_is_not_kept(limiter):
    limiter.rate(0.001, 1)
    assert limiter.turn("j0") == [1, 0] and limiter.turn("j1") == [0, 1_000_000]
    assert [limiter.turn(f"j{n}")[1] for n in range(2, 6)] == [2_000_000, 3_000_000, 3_600_000, 3_600_000]
    assert not limiter.redis("EXISTS", limiter.prefix + "turn:j5")
