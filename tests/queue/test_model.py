# SPDX-License-Identifier: GPL-3.0-or-later
"""Random operations against a model of the queue. A run is told by its seed: MILLRACE_SEED repeats one, MILLRACE_STEPS
sets its length."""
import os
import random

import pytest

from engine import Job, new_id, packed

STEPS = int(os.environ.get("MILLRACE_STEPS", "3000"))
SEEDS = [int(os.environ["MILLRACE_SEED"])] if "MILLRACE_SEED" in os.environ else [1, 2, random.randrange(10**9)]
WORKERS = ["w1", "w2", "w3"]
TENANTS = ["a", "b", "c", "d/7"]
HOUR = 3_600_000


class Known:
    """What the model knows of a job. state: ready, delayed, leased or ended."""

    def __init__(self, job, tenant, priority, state):
        self.id, self.tenant, self.priority, self.state = job, tenant, priority, state
        self.packed = packed(tenant=tenant, priority=priority, deadline=100_000)
        self.worker = self.job = None
        self.lost = ""                 # what reserve must tell


class Model:
    def __init__(self, queue, seed):
        self.queue, self.dice = queue, random.Random(seed)
        self.jobs = {}
        self.stale = []                # (worker, Job) that have been given up or taken over
        self.epochs = set()

    def pick(self, *states):
        found = [job for job in self.jobs.values() if job.state in states]
        return self.dice.choice(found) if found else None

    def some(self, *states, most=5):
        found = [job for job in self.jobs.values() if job.state in states]
        return self.dice.sample(found, min(len(found), self.dice.randint(1, most)))

    # -- operations --------------------------------------------------------------------------------------------------

    def put(self):
        pairs = []
        for _ in range(self.dice.randint(1, 6)):
            delayed = self.dice.random() < 0.3
            job = Known(new_id(), self.dice.choice(TENANTS), self.dice.randint(0, 3), "delayed" if delayed else "ready")
            self.jobs[job.id] = job
            due = self.queue.now() + HOUR if delayed else 0
            pairs.append((job.id, job.packed.replace("|0|100000|", f"|{due}|100000|")))
        assert self.queue.put(*pairs) == len(pairs)

    def put_known(self):
        known = self.some("ready", "delayed", "leased")
        assert self.queue.put(*[(job.id, job.packed) for job in known] or [(new_id(), packed(priority=3))]) == (not known)
        if not known:
            self.resync()

    def put_ended(self):
        """The reconciler's page was older than the end: a worker will find out and clean up."""
        job = self.pick("ended")
        if job:
            assert self.queue.put((job.id, job.packed)) == 1
            job.state, job.lost = "ready", ""

    def reserve(self):
        n, worker = self.dice.randint(1, 9), self.dice.choice(WORKERS)
        batch = self.queue.reserve(n, worker=worker, lease=HOUR)
        ready = [job for job in self.jobs.values() if job.state == "ready"]
        assert len(batch) == min(n, len(ready)) == len(set(batch.ids))
        for job in batch:
            known = self.jobs[job.id]
            assert known.state == "ready", (job.id, known.state)
            assert job.lost == known.lost
            known.state, known.worker, known.job = "leased", worker, job
        if batch:
            assert batch.epoch not in self.epochs and int(batch.epoch) > max(map(int, self.epochs), default=0)
            self.epochs.add(batch.epoch)
            left = [job.priority for job in ready if job.state == "ready"]
            assert not left or max(self.jobs[job.id].priority for job in batch) <= min(left)

    def touch(self):
        for known in self.some("leased"):
            assert self.queue.touch(known.job, worker=known.worker, lease=HOUR) == ["ok"]

    def touch_by_others(self):
        known = self.pick("leased")
        if known:
            assert self.queue.touch(known.job, worker="nobody") == ["lost"]
        for worker, job in self.stale[-3:]:
            assert self.queue.touch(job, worker=worker) == ["lost"]

    def end(self):
        for known in self.some("leased"):
            assert self.queue.finish(known.job, worker=known.worker) == [1]
            self.leave(known, "ended", "")

    def release(self):
        for known in self.some("leased", most=3):
            later = self.dice.random() < 0.5
            due = self.queue.now() + HOUR if later else 0
            assert self.queue.finish(known.job, worker=known.worker, due=due) == [1]
            self.leave(known, "delayed" if later else "ready", known.lost)

    def finish_by_others(self):
        for worker, job in self.stale[-5:]:
            due = self.dice.choice(["", 0, self.queue.now() + HOUR])
            assert self.queue.finish(job, worker=worker, due=due) == [0]

    def expire(self):
        """The next reserve takes them up, so have one now: for nothing in particular."""
        lost = self.some("leased", most=3)
        for known in lost:
            self.queue.expire(known.job)
        self.queue.reserve(0)
        for known in lost:
            self.leave(known, "ready", f"{known.job.epoch}|{known.worker}")

    def due(self):
        known = self.some("delayed")
        if known:
            self.queue.make_due(*[job.id for job in known])
            self.queue.reserve(0)
        for job in known:
            job.state = "ready"

    def cancel(self):
        known = self.pick("ready", "delayed", "leased")
        if known:
            where = self.queue.cancel(known.id, "drop")
            assert where == ("running" if known.state == "leased" else "waiting")
            if known.state != "leased":
                known.state, known.lost = "ended", ""

    def lose_redis(self):
        """Everything is gone; some workers live and say what they hold; the rest is put again."""
        if self.dice.random() < 0.9:
            return
        self.queue.redis("FLUSHALL")
        early = self.some("ready", "leased")
        self.queue.put(*[(job.id, job.packed) for job in early] or [(new_id(), packed())])
        dead = self.dice.choice(WORKERS)
        self.queue.close()
        for known in self.some("leased", most=1000):
            alive = known.worker != dead
            if alive:
                assert self.queue.touch(known.job, worker=known.worker, lease=HOUR) == ["ok"]
        held = self.queue.set_of("lease")
        for known in self.jobs.values():
            if known.state == "leased" and known.id not in held:
                self.leave(known, "ready", "")
            elif known.state == "delayed":
                known.state = "ready"
            known.lost = ""
            if known.state == "ready":
                self.queue.put((known.id, known.packed))
        self.queue.open()
        if not early:
            self.resync()

    def leave(self, known, state, lost):
        self.stale.append((known.worker, known.job))
        known.state, known.worker, known.job, known.lost = state, None, None, lost

    def resync(self):
        """Forget jobs that were put without the model."""
        for name in self.queue.redis("KEYS", self.queue.key("j:*")):
            job = name.rpartition(":")[2]
            if job not in self.jobs:
                self.queue.cancel(job, "drop")

    # -- invariants --------------------------------------------------------------------------------------------------

    def check(self):
        redis, key = self.queue.redis, self.queue.key
        names = [name.removeprefix(key("")) for name in redis("KEYS", key("*"))]
        known = {name[2:] for name in names if name.startswith("j:")}
        leased, delayed = self.queue.set_of("lease"), self.queue.set_of("dl")
        listed = {job: name[2:] for name in names if name.startswith("r:") for job in redis("LRANGE", key(name), 0, -1)}
        ready = {job for job in listed if job in known and job not in leased and job not in delayed}
        assert set(redis("HKEYS", key("own"))) == leased
        running = {name[3:]: set(redis("SMEMBERS", key(name))) for name in names if name.startswith("in:")}
        assert not leased & delayed and ready | leased | delayed == known
        for state, actual in (("ready", ready), ("leased", leased), ("delayed", delayed)):
            assert {job.id for job in self.jobs.values() if job.state == state} == actual, state
        for tenant in TENANTS:
            assert running.pop(tenant, set()) == {job for job in leased if self.jobs[job].tenant == tenant}
        assert not running
        for job in ready:
            assert listed[job] == f"{self.jobs[job].priority}:{self.jobs[job].tenant}"
        rings = {f"{p}:{tenant}" for p in range(4) for tenant in redis("ZRANGE", key(f"ring:{p}"), 0, -1)}
        assert {listed[job] for job in ready} <= rings
        assert set(redis("HKEYS", key("lost"))) <= known

    def drain(self):
        delayed = [job.id for job in self.jobs.values() if job.state == "delayed"]
        if delayed:
            self.queue.make_due(*delayed)
        leased = [job for job in self.jobs.values() if job.state == "leased"]
        self.queue.expire(*[job.job for job in leased])
        waiting = {job.id for job in self.jobs.values() if job.state != "ended"}
        seen = []
        while self.queue.redis("EXISTS", self.queue.key("wake")) or not seen:
            self.queue.redis("DEL", self.queue.key("wake"))
            batch = self.queue.reserve(64, worker="last")
            seen += batch.ids
            if batch:
                self.queue.finish(*batch, worker="last")
        assert sorted(seen) == sorted(waiting)
        left = {name.removeprefix(self.queue.prefix) for name in self.queue.redis("KEYS", self.queue.key("*"))}
        assert left <= {"gen", "ep"}


OPERATIONS = {Model.put: 8, Model.put_known: 2, Model.put_ended: 2, Model.reserve: 10, Model.touch: 4,
              Model.touch_by_others: 2, Model.end: 8, Model.release: 4, Model.finish_by_others: 2, Model.expire: 3,
              Model.due: 4, Model.cancel: 3, Model.lose_redis: 1}


@pytest.mark.parametrize("seed", SEEDS)
def test_random_operations_keep_the_invariants(queue, seed):
    print(f"MILLRACE_SEED={seed} MILLRACE_STEPS={STEPS}")
    model = Model(queue, seed)
    for step in range(STEPS):
        operation, = model.dice.choices(list(OPERATIONS), OPERATIONS.values())
        operation(model)
        if step % 10 == 0:
            model.check()
    model.check()
    model.drain()
