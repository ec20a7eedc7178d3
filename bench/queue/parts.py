# SPDX-License-Identifier: GPL-3.0-or-later
"""What is measured: sides that take turns. A side says how many jobs a second it got through."""
import os
import statistics
import time
from dataclasses import dataclass
from signal import SIGCONT, SIGSTOP
from typing import Callable

import peers
from stand import DATABASE, Trouble, cpu_ns, rss_mib, signal_all, until, wait_for

CALIBRATION = 0.25                 # of the seconds of a turn
BATCH, PREFIX = 64, "mr1:{q:bench}:"
DAY_MS = 86_400_000


@dataclass(frozen=True)
class Side:
    """measure: jobs -> rate. first: how many to begin with, until its rate is known."""
    name: str
    measure: Callable
    first: int = 2000
    note: str = ""


class Turns:
    """Rates of sides that were measured alternately."""

    def __init__(self, sides, options, tell):
        self.sides, self.rates = sides, {side.name: [] for side in sides}
        jobs = {side.name: self._jobs(side, options) for side in sides}
        for turn in range(options.turns):
            for side in sides:
                tell(f"turn {turn + 1}: {side.name}, {jobs[side.name]} jobs")
                self.rates[side.name].append(side.measure(jobs[side.name]))

    @staticmethod
    def _jobs(side, options):
        """As many as take the seconds of a turn: from a short run that also warms everything, and from a longer one
        when that was too short to tell."""
        jobs = round_up(side.first)
        for _ in range(3):
            rate = side.measure(jobs)
            if jobs / rate >= options.seconds * CALIBRATION:
                break
            jobs = round_up(rate * options.seconds * CALIBRATION * 1.5)
        return round_up(rate * options.seconds)

    def median(self, name):
        return statistics.median(self.rates[name])

    def ratio(self, name, other):
        return self.median(name) / self.median(other)


def round_up(jobs):
    return max(BATCH, int(jobs) // BATCH * BATCH)


def rate_of(said):
    return said["jobs"] / said["seconds"]


class Ours:
    """The queue on the stand, and its limits."""

    def __init__(self, stand, options):
        self.stand, self.options = stand, options
        self.pg, self.redis = stand.url(DATABASE), stand.redis_socket
        self.size, self.tenants = options.bytes, options.tenants

    # ---- the engine alone ----

    def streams(self, mode):
        def measure(jobs):
            self.stand.clear_redis()
            with self.stand.one_core():
                return rate_of(self.stand.program("streams", self.redis, mode, jobs, self.size, self.tenants))
        return measure

    def load_engine(self, waiting):
        self.stand.clear_redis()
        self.stand.program("engine", self.redis, "load", waiting, self.tenants)

    def cycle(self, batch, waiting=None):
        """waiting None: as many as there are, and nothing is cleared before."""
        def measure(jobs):
            if waiting is not None:
                self.load_engine(waiting)
            with self.stand.one_core():
                return rate_of(self.stand.program("engine", self.redis, "cycle", jobs, self.tenants, batch))
        return measure

    def featured(self, tenants, levels=1, keys=0, **settings):
        """Cycles of batches, each of as many tenants, levels and keys, with settings (Redis' names, _ for dots)."""
        def measure(jobs):
            self.stand.clear_redis()
            self.stand.program("engine", self.redis, "load", tenants, tenants, levels, keys)
            if settings:
                self.stand.program("engine", self.redis, "set",
                                   *[word for name, value in settings.items() for word in (name.replace("_", "."), value)])
            with self.stand.one_core():
                return rate_of(self.stand.program("engine", self.redis, "cycle", jobs, tenants, BATCH, levels, keys))
        return measure

    def drain_engine(self, jobs):
        self.load_engine(jobs)
        return rate_of(self.stand.program("engine", self.redis, "drain", jobs, BATCH))

    def take_singly(self, jobs):
        """Without the put, as the streams do it."""
        self.load_engine(jobs + self.tenants)
        with self.stand.one_core():
            return rate_of(self.stand.program("engine", self.redis, "drain", jobs, 1))

    # ---- durable ----

    def rows(self, connections, batch):
        def measure(jobs):
            self.stand.clear()
            return rate_of(self.stand.program("rows", self.pg, connections, batch, jobs, self.size, self.tenants))
        return measure

    def put(self, jobs, connections, batch, told=True):
        return rate_of(self.stand.program("put", self.pg, self.redis if told else "-", connections, batch, jobs, self.size,
                                          self.tenants))

    def put_singly(self, told=True):
        def measure(jobs):
            self.stand.clear()
            return self.put(jobs, 16, 1, told)
        return measure

    def idle(self):
        """Nothing waits and nothing runs; what has ended was committed before it left Redis."""
        keys = [f"{PREFIX}ring:{priority}" for priority in range(4)] + [PREFIX + "lease"]
        return self.stand.client("EXISTS", *keys) == 0

    def ended(self):
        return int(self.stand.sql(DATABASE, "select count(*) from job_end where outcome = 'done'")[0][0])

    def _warm(self, workers, counter):
        """Connections, prepared statements, and what is left of starting."""
        self.put(peers.WARM, 1, BATCH)
        wait_for(lambda: counter() >= peers.WARM and self.idle(), "our workers are warm", workers)

    def _drained(self, jobs, put):
        """Jobs a second, until the last has ended. put(workers) puts them and tells when the clock is to start."""
        self.stand.clear()
        workers, counter = self.stand.workers(self.options.workers)
        try:
            self._warm(workers, counter)
            total = counter() + jobs
            began = put(workers)
            wait_for(lambda: counter() >= total and self.idle(), "our workers", workers)
            seconds = time.monotonic() - began
        finally:
            for worker in workers:
                self.stand.end(worker)
        if self.ended() != total:
            raise Trouble(f"{self.ended()} jobs have ended, and {total} should have")
        return jobs / seconds

    def through(self, jobs):
        """Put, reserved, read, run, ended: from the first put to the last end, with all at it at once."""
        def put(_):
            began = time.monotonic()
            self.put(jobs, self.options.putters, BATCH)
            return began
        return self._drained(jobs, put)

    def drain(self, jobs):
        """As the peers do it: put while the workers are frozen."""
        def put(workers):
            signal_all(workers, SIGSTOP)
            try:
                self.put(jobs, 4, BATCH)
                return time.monotonic()
            finally:
                signal_all(workers, SIGCONT)
        return self._drained(jobs, put)

    def through_backlog(self, jobs):
        """As through(), with others waiting before them, so that as many old ones end as new ones are put. Those that a
        worker has run, but not ended yet, are at most its slots: so many more are waited for."""
        workers, counter = self.stand.workers(self.options.workers)
        try:
            wait_for(lambda: counter() >= BATCH, "our workers are warm", workers)
            total = counter() + jobs + BATCH * len(workers)
            began = time.monotonic()
            self.put(jobs, self.options.putters, BATCH)
            wait_for(lambda: counter() >= total, "our workers", workers)
            return jobs / (time.monotonic() - began)
        finally:
            for worker in workers:
                self.stand.end(worker)

    # ---- latency ----

    def pop(self):
        self.stand.clear_redis()
        return self.stand.program("pop", self.redis, self.options.samples, self.options.pause)

    def start_latency(self):
        self.stand.clear()
        stamps = self.stand.folder / "stamps"
        stamps.unlink(missing_ok=True)
        os.mkfifo(stamps)
        workers, _ = self.stand.workers(1, stamps)
        try:
            said = {}
            for samples in (20, self.options.samples):                  # the first ones to warm it
                said = self.stand.program("latency", self.pg, self.redis, stamps, samples, self.options.pause, self.size)
            return said
        finally:
            self.stand.end(workers[0])

    # ---- growth ----

    def fill(self, what, jobs, days_ago, days_until, size):
        now = int(time.time() * 1000)
        self.stand.program("fill", self.pg, self.redis, what, jobs, int(now - days_ago * DAY_MS),
                           int(now - days_until * DAY_MS), size, self.tenants)

    def dead_tuples(self):
        return int(self.stand.sql(DATABASE, "select coalesce(sum(n_dead_tup), 0) from pg_stat_user_tables"
                                            " where relname like 'job%'")[0][0])


def engine_part(ours, options, tell):
    return Turns((Side("streams.batch", ours.streams("batch"), 20000, "XADD; XREADGROUP; XACK and XDEL: 3 round trips"),
                  Side("engine.batch", ours.cycle(BATCH, options.tenants), 10000, "put; reserve; finish"),
                  Side("streams.single", ours.streams("single"), 5000, "XADD; XREADGROUP; XACK and XDEL: 3 round trips"),
                  Side("engine.single", ours.cycle(1, options.tenants), 2000, "put; reserve; finish"),
                  Side("streams.take", ours.streams("take"), 5000, "XREADGROUP; XACK; XDEL (XADD before, untimed)"),
                  Side("engine.take", ours.take_singly, 2000, "reserve; finish (put before, untimed)")),
                 options, tell)


def features_part(ours, options, tell):
    """What each costs that may be left out. Leases with their epochs, delays, cancellation and the counts that caps go by
    are in all of them."""
    most, fast = 1_000_000, "1000000000|1000000000"
    return Turns((Side("plain", ours.featured(1), 10000, "one tenant, one level, nothing set"),
                  Side("fairness", ours.featured(options.tenants), 10000, f"{options.tenants} tenants in turn"),
                  Side("priorities", ours.featured(options.tenants, levels=3), 10000, "and three levels by weight and age"),
                  Side("caps", ours.featured(options.tenants, cap=most, cap_tenant=most), 10000,
                       "tenants, and a cap of the queue and of each tenant"),
                  Side("keys", ours.featured(options.tenants, keys=100_000), 10000, "tenants, and a key a job"),
                  Side("limits", ours.featured(options.tenants, rate=fast, rate_tenant=fast), 10000,
                       "tenants, and a rate of the queue and of each tenant"),
                  Side("all", ours.featured(options.tenants, 3, 100_000, cap=most, cap_tenant=most, rate=fast,
                                            rate_tenant=fast), 10000, "all of these")), options, tell)


def durable_part(ours, options, tell):
    return Turns((Side("insert.batch", ours.rows(4, BATCH), 5000, "job and end, 64 a commit, 4 connections"),
                  Side("durable.batch", ours.through, 2000,
                       f"put by {options.putters} in batches, {options.workers} workers"),
                  Side("insert.single", ours.rows(16, 1), 2000, "job only, 16 connections"),
                  Side("put.single", ours.put_singly(), 2000, "job_put, Redis told, 16 clients"),
                  Side("put.single.untold", ours.put_singly(told=False), 2000, "job_put alone")), options, tell)


def peers_part(ours, options, tell):
    stand, sides = ours.stand, []
    for peer in peers.PEERS_TABLE:
        if not options.peers or peer.name in options.peers:
            sides.append(Side(peer.name, lambda jobs, peer=peer: peers.drain(stand, peer, options.bytes, jobs), peer.first,
                              f"{peers.version(peer)}; {peer.backend}; {peer.setting}"))
    if not options.peers or "beanstalkd" in options.peers:
        sides.append(Side("beanstalkd", lambda jobs: peers.beanstalk(stand, options.bytes, jobs, 50), 10000,
                          f"{peers.version(peers.BEANSTALKD)}; {peers.BEANSTALKD.setting}"))
    sides.append(Side("engine.drain", ours.drain_engine, 10000, "ours without PostgreSQL, 1 process"))
    sides.append(Side("durable.drain", ours.drain, 2000, f"ours, {options.workers} workers"))
    return Turns(sides, options, tell)


def latency_part(ours, options, tell):
    """p50 and p99 in microseconds of each turn."""
    taken = {"pop": [], "start": []}
    for turn in range(options.turns):
        for name, measure in (("pop", ours.pop), ("start", ours.start_latency)):
            tell(f"turn {turn + 1}: {name}, {options.samples} times")
            taken[name].append(measure())
    return taken


def growth_turns(ours, options, tell, begin, waiting):
    """The same rates on what begin() leaves and on what is there; those that need rows first, since the engine's cycles
    make none."""
    def through(jobs):
        begin()
        return ours.through_backlog(jobs)

    def put(jobs):
        begin()
        return ours.put(jobs, 16, 1)

    durable = Turns((Side("durable.batch", through, 2000), Side("put.single", put, 2000)), options, tell)
    engine = Turns((Side("engine.batch", ours.cycle(BATCH, waiting), 10000),
                    Side("engine.single", ours.cycle(1, waiting), 2000)), options, tell)
    return durable, engine


@dataclass(frozen=True)
class Growth:
    few: tuple                  # turns with few waiting
    many: tuple                 # and with many, and many more ended
    memory_kb: float            # of Redis, a waiting job
    dead_before: int            # tuples
    dead_per_job: float         # more of them for each job that ended


def growth_part(ours, options, tell):
    stand = ours.stand

    def begin_few():
        stand.clear()
        ours.fill("waiting", options.tenants, 0.04, 0, options.bytes)

    few = growth_turns(ours, options, tell, begin_few, options.tenants)
    stand.clear()
    tell(f"loading {options.ended} ended jobs")
    stand.sql(DATABASE, "select job_week_make(now() - n * interval '7 days') from generate_series(0, 5) as n")
    ours.fill("ended", options.ended, 28, 0.05, options.ended_bytes)
    tell(f"loading {options.waiting} waiting jobs")
    empty = stand.used_memory()
    ours.fill("waiting", options.waiting, 0.04, 0, options.bytes)
    memory = (stand.used_memory() - empty) / options.waiting / 1024
    tell("vacuum")
    stand.sql(DATABASE, "vacuum (analyze, freeze) job, job_end", "checkpoint")
    dead, rows = ours.dead_tuples(), ours.ended()
    many = growth_turns(ours, options, tell, lambda: None, None)
    time.sleep(1.5)             # PostgreSQL's statistics of sessions that have ended
    jobs = ours.ended() - rows
    return Growth(few, many, memory, dead, (ours.dead_tuples() - dead) / max(jobs, 1))


def idle_part(ours, options, tell):
    """Dispatchers of the product with nothing to do, on queues that the scheduler has opened: name -> MiB, per cent."""
    stand = ours.stand
    stand.clear()
    scheduler = stand.start([stand.build / "millrace-scheduler"])
    programs = {"scheduler": scheduler}
    try:
        for queue in ("image", "mail"):
            until(lambda queue=queue: stand.client("EXISTS", f"mr1:{{q:{queue}}}:gen"), f"{queue} is open", 60)
            programs[queue] = stand.start([stand.build / "millrace-worker", queue])
        time.sleep(2)
        tell(f"idle for {options.idle} s")
        before = {name: cpu_ns(process.pid) for name, process in programs.items()}
        time.sleep(options.idle)
        return {name: (rss_mib(process.pid), (cpu_ns(process.pid) - before[name]) / options.idle / 1e7)
                for name, process in programs.items()}
    finally:
        for process in programs.values():
            stand.end(process)
