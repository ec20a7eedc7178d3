# SPDX-License-Identifier: GPL-3.0-or-later
"""No wake-up is lost: a job that may run never waits while a worker waits for one. Random operations, told by a seed
(MILLRACE_SEED)."""
import os
import random

import pytest

from engine import Queue, new_id, packed

SEEDS = [int(os.environ["MILLRACE_SEED"])] if "MILLRACE_SEED" in os.environ else [1, random.randrange(10**9)]


class Waiter:
    """A worker with some slots that waits for work as the real one does, but as long as it takes."""

    def __init__(self, redis, number, slots):
        self.redis, self.name, self.slots = redis, f"w{number}", slots
        self.held, self.waits, self.until, self.id = [], False, None, redis("CLIENT", "ID")


class Fleet:
    def __init__(self, queue, connect, seed):
        self.queue, self.dice = queue, random.Random(seed)
        self.waiters = [Waiter(connect(), n, self.dice.randint(1, 3)) for n in range(5)]

    def wait(self, waiter):
        self.queue.waiter(waiter.redis, 0)
        waiter.waits = True

    def work(self, waiter):
        """Reserve until all slots are taken or there is nothing, then wait."""
        while len(waiter.held) < waiter.slots:
            batch = self.queue.reserve(waiter.slots - len(waiter.held), worker=waiter.name)
            waiter.held += batch
            waiter.until = None if batch or batch.next_ms < 0 else self.queue.now() + batch.next_ms
            if not batch and batch.next_ms != 0:
                if not waiter.waits:
                    self.wait(waiter)
                return

    def settle(self):
        """Until nobody is woken any more; who waits has its time-out when that is over."""
        quiet = 0
        while quiet < 2:
            quiet += 1
            self.queue.redis("PING")
            for waiter in self.waiters:
                if waiter.waits and waiter.until is not None and waiter.until <= self.queue.now():
                    self.queue.redis("CLIENT", "UNBLOCK", waiter.id)
                if waiter.waits and (not waiter.redis.waits() or waiter.until is not None and waiter.until <= self.queue.now()):
                    waiter.redis.take()
                    waiter.waits = False
                if not waiter.waits and len(waiter.held) < waiter.slots:
                    quiet = 0
                    self.work(waiter)

    def put(self):
        self.queue.put(*[(new_id(), packed(tenant=self.dice.choice("abc"), kind=self.dice.choice(["x.y", "u.v"]),
                                           key=self.dice.choice(["", "", "k"]), priority=self.dice.randint(0, 3)))
                         for _ in range(self.dice.randint(1, 4))])

    def finish(self):
        for waiter in self.dice.sample(self.waiters, 2):
            some = [waiter.held.pop() for _ in range(self.dice.randint(0, len(waiter.held)))]
            if some:
                self.queue.finish(*some, worker=waiter.name, due=self.dice.choice(["", "", 0]))

    def later(self):
        self.queue.clock.go(self.dice.random() * 2)
        for waiter in self.waiters:
            if waiter.held:
                self.queue.touch(*waiter.held, worker=waiter.name)

    def nobody_waits_in_vain(self):
        """Ask once more as one who comes by chance. When to come again is told in whole milliseconds: in the last of them there may be
        something already for who comes then."""
        waiting = [waiter.until and waiter.until - self.queue.now() for waiter in self.waiters if waiter.waits]
        if waiting and 1 not in waiting:
            assert not self.queue.reserve(1, worker="chance"), waiting


@pytest.mark.parametrize("words", [(), ("cap.kind:x.y", 2, "cap.tenant:a", 2), ("cap", 4, "cap.tenant", 2),
                                   ("rate.kind:x.y", "5|1", "rate.tenant:a", "9|2"), ("rate", "9|1")],
                         ids=["plain", "caps", "queue cap", "rates", "queue rate"])
@pytest.mark.parametrize("seed", SEEDS)
def test_no_wake_up_is_lost(clocked, another_redis, words, seed):
    print(f"MILLRACE_SEED={seed}")
    clocked.set_words(1, *words)
    fleet = Fleet(clocked, another_redis, seed)
    fleet.settle()
    for _ in range(150):
        fleet.dice.choice([fleet.put, fleet.finish, fleet.finish, fleet.later])()
        fleet.settle()
        fleet.nobody_waits_in_vain()


def test_many_wait_and_many_come(queue, another_redis):
    """Each of a batch of jobs finds one who waits, though there is one marker."""
    waiting = [another_redis() for _ in range(6)]
    for redis in waiting:
        queue.waiter(redis, 0)
    queue.put(*[(new_id(), packed()) for _ in range(6)])
    served = 0
    while served < 6:
        ready = [redis for redis in waiting if not redis.waits(0.2)]
        assert ready, served
        for redis in ready:
            redis.take()
            waiting.remove(redis)
            served += len(queue.reserve(1))
    assert Queue(queue.redis).redis("ZCARD", queue.key("lease")) == 6
