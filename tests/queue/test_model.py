# SPDX-License-Identifier: GPL-3.0-or-later
"""Random operations against a model of the queue. A run is told by its seed: MILLRACE_SEED repeats one, MILLRACE_STEPS
sets its length."""
import os
import random

import pytest

from engine import Job, new_id, packed

STEPS = int(os.environ.get("MILLRACE_STEPS", "2000"))
SEEDS = [int(os.environ["MILLRACE_SEED"])] if "MILLRACE_SEED" in os.environ else [1, 2, random.randrange(10**9)]
WORKERS = ["w1", "w2", "w3"]
TENANTS = ["a", "b", "c", "d/7"]
KINDS = ["x.y", "image.generate"]
KEYS = ["", "", "", "k1", "k2"]
HOUR = 3_600_000


class Known:
    """What the model knows of a job. state: ready, delayed, leased or ended."""

    def __init__(self, job, dice, state):
        self.id, self.state = job, state
        self.tenant, self.priority = dice.choice(TENANTS), dice.randint(0, 3)
        self.kind, self.key = dice.choice(KINDS), dice.choice(KEYS)
        self.packed = packed(tenant=self.tenant, priority=self.priority, kind=self.kind, key=self.key, deadline=100_000)
        self.worker = self.job = None
        self.lost = ""                 # what reserve must tell


class Model:
    def __init__(self, queue, seed):
        self.queue, self.dice = queue, random.Random(seed)
        self.jobs = {}
        self.stale = []                # (worker, Job) that have been given up or taken over
        self.epochs = set()
        self.caps, self.version = {}, 0
        self.counting = False          # tenants and kinds: from when one of them first had a cap

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
            job = Known(new_id(), self.dice, "delayed" if delayed else "ready")
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

    def cap_of(self, name):
        """queue, tenant:T, kind:K, key:Y -> how many may run at once."""
        family = name.partition(":")[0]
        return self.caps.get(name, self.caps.get(family, 1 if family == "key" else 10**9))

    def counted_in(self, job):
        return ["queue", f"tenant:{job.tenant}", f"kind:{job.kind}"] + ([f"key:{job.key}"] if job.key else [])

    def running(self, name):
        return sum(job.state == "leased" and name in self.counted_in(job) for job in self.jobs.values())

    def may_run(self, job):
        return all(self.running(name) < self.cap_of(name) for name in self.counted_in(job))

    def set_caps(self):
        names = ["queue", "tenant", "tenant:a", "kind:x.y", "key", "key:k1"]
        chosen = self.dice.sample(names, self.dice.randint(0, 3))
        self.caps = {name: self.dice.choice([0, 1, 2, 5, 30]) for name in chosen}
        self.version += 1
        words = [word for name, cap in self.caps.items() for word in ("cap" if name == "queue" else f"cap.{name}", cap)]
        assert self.queue.set_words(self.version, *words) == 1
        self.counting |= any(name.startswith(("tenant", "kind")) for name in self.caps)
        self.look_again()

    def look_again(self):
        """Five seconds later."""
        for name in self.queue.set_of("park"):
            self.queue.redis("ZADD", self.queue.key("park"), 0, name)
        self.queue.look_again()

    def reserve(self):
        n, worker = self.dice.randint(1, 9), self.dice.choice(WORKERS)
        parked, taken = self.queue.set_of("park"), []
        for _ in range(100):
            batch = self.queue.reserve(n - len(taken), worker=worker, lease=HOUR)
            self.took(batch, worker)
            taken += batch
            if len(taken) == n or batch.next_ms != 0:
                break
        assert len(taken) <= n
        left = [job for job in self.jobs.values() if job.state == "ready" and self.may_run(job)]
        if len(taken) < n:
            assert not left, [(job.id, job.tenant, job.kind, job.key, job.priority) for job in left]
        if not parked and not self.caps:       # urgent ones are strictly first
            assert all(self.jobs[job.id].priority == 0 for job in taken) or not any(job.priority == 0 for job in left)

    def took(self, batch, worker):
        for job in batch:
            known = self.jobs[job.id]
            assert known.state == "ready", (job.id, known.state)
            assert job.lost == known.lost
            assert self.may_run(known), (known.tenant, known.kind, known.key, self.caps)
            known.state, known.worker, known.job = "leased", worker, job
        if batch:
            assert batch.epoch not in self.epochs and int(batch.epoch) > max(map(int, self.epochs), default=0)
            self.epochs.add(batch.epoch)

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
        self.caps, self.version, self.counting = {}, 0, False
        if not early:
            self.resync()

    def leave(self, known, state, lost):
        self.stale.append((known.worker, known.job))
        known.state, known.worker, known.job, known.lost = state, None, None, lost

    def resync(self):
        """Forget jobs that were put without the model."""
        for job in self.queue.redis("HKEYS", self.queue.key("j")):
            if job not in self.jobs:
                self.queue.cancel(job, "drop")

    # -- invariants --------------------------------------------------------------------------------------------------

    def check(self):
        redis, key = self.queue.redis, self.queue.key
        names = [name.removeprefix(key("")) for name in redis("KEYS", key("*"))]
        known = set(redis("HKEYS", key("j")))
        leased, delayed = self.queue.set_of("lease"), self.queue.set_of("dl")

        def listed(prefix):
            """Where the ids lie that are neither leased nor delayed: in one place, or in another besides that it was
            left in when it was dropped and put again."""
            found = {}
            for name in names:
                if name.startswith(prefix) and redis("TYPE", key(name)) == "list":
                    for job in set(redis("LRANGE", key(name), 0, -1)) & known - leased - delayed:
                        found.setdefault(job, []).append(name.removeprefix(prefix))
            return found
        lined_up, parked = listed("r:"), listed("w:")
        assert set(redis("HKEYS", key("own"))) == leased
        assert not leased & delayed and set(lined_up) | set(parked) | leased | delayed == known
        for state, actual in (("ready", set(lined_up) | set(parked)), ("leased", leased), ("delayed", delayed)):
            assert {job.id for job in self.jobs.values() if job.state == state} == actual, state
        running = {name[3:]: set(redis("SMEMBERS", key(name))) for name in names if name.startswith("in:")}
        expected = {}
        for job in leased:
            for name in self.counted_in(self.jobs[job])[1 if self.counting else 3:]:
                family, _, rest = name.partition(":")
                expected.setdefault({"tenant": "t", "kind": "k", "key": "y"}[family] + ":" + rest, set()).add(job)
        assert running == expected
        rings = {f"{p}:{tenant}" for p in range(4) for tenant in redis("ZRANGE", key(f"ring:{p}"), 0, -1)}
        blocked = {f"{p}:{tenant}" for p in range(4) for tenant in redis("ZRANGE", key(f"blk:{p}"), 0, -1)}
        parks = self.queue.set_of("park")
        for job, (where,) in lined_up.items():     # a job has one list
            assert where == f"{self.jobs[job].priority}:{self.jobs[job].tenant}"
            assert where in rings | blocked
        names_of = {where.partition(":")[2] for where in blocked}
        assert {name[1:] if name.startswith("|") else f"t:{name}" for name in names_of} <= parks
        away = {name[4:]: redis("SMEMBERS", key(name)) for name in names if name.startswith("w:t:")}
        names = [name for name in names if not name.startswith("w:t:")]
        assert {f"t:{tenant}" for tenant in away} <= parks
        for lane in {name.partition("|")[0][2:] for name in names if name.startswith("w:")}:
            scores = redis("ZRANGE", key(f"w:{lane}"), 0, -1, "WITHSCORES")
            for seat, score in zip(scores[::2], scores[1::2]):
                assert float(score) < 4 * 2**40 or lane in away.get(seat.partition(":")[2], [])
        seats = {lane: set(redis("ZRANGE", key(f"w:{lane}"), 0, -1)) for lane in {name.partition("|")[0][2:] for name in names
                                                                                 if name.startswith("w:")}}
        for job, where in ((job, where) for job, places in parked.items() for where in places):
            lane, _, seat = where.partition("|")
            assert seat == f"{self.jobs[job].priority}:{self.jobs[job].tenant}"
            assert lane in (f"k:{self.jobs[job].kind}", f"y:{self.jobs[job].key}") and lane in parks
            assert seat in seats[lane]
        assert set(redis("HKEYS", key("lost"))) <= known

    def drain(self):
        self.queue.set_words(self.version + 1)
        self.look_again()
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
        assert left <= {"gen", "ep", "cfg", "lvl", "m", "n"}


OPERATIONS = {Model.put: 8, Model.put_known: 2, Model.put_ended: 2, Model.reserve: 10, Model.touch: 4,
              Model.touch_by_others: 2, Model.end: 8, Model.release: 4, Model.finish_by_others: 2, Model.expire: 3,
              Model.due: 4, Model.cancel: 3, Model.set_caps: 1, Model.look_again: 1, Model.lose_redis: 1}


@pytest.mark.parametrize("seed", SEEDS)
def test_random_operations_keep_the_invariants(queue, seed):
    print(f"MILLRACE_SEED={seed} MILLRACE_STEPS={STEPS}")
    model = Model(queue, seed)
    for step in range(STEPS):
        operation, = model.dice.choices(list(OPERATIONS), OPERATIONS.values())
        operation(model)
        if step % 20 == 0:
            model.check()
    model.check()
    model.drain()
