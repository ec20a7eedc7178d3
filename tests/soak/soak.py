#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kill loops with an outside ledger: make soak, or tests/soak/soak.py [options].

Jobs of many kinds are put for some time while workers, schedulers, Redis and PostgreSQL are killed, frozen, cut and made
to forget, and while every connection loses, delays and doubles what is sent (tests/soak/faults.c). Each run of a job
writes into a ledger of its own. Then all of it is healed, the jobs drain, and the ledgers are held against both stores.

The last lines are for programs: figure NAME VALUE OP GOAL. Exit status: 0 all goals are reached; 1 one is not: then all
state, logs and ledgers stay in var/soak. Print SOAK's seed again to have the same choices made."""
import argparse
import operator
import random
import signal
import sys
import threading
import time

from fleet import SCHEDULERS, WORKERS, Fleet, clock
from judge import Judge, left_in_redis, read_runs
from killer import Killer
from producer import Producer

OPERATORS = {"<=": operator.le, ">=": operator.ge}
IDLE = 2.0                # seconds that nobody may run while jobs are ready and nothing is hurt


class Watch(threading.Thread):
    """Looks whether workers are idle while jobs are ready, and how large processes become."""

    def __init__(self, fleet, killer):
        super().__init__(daemon=True)
        self.fleet, self.killer = fleet, killer
        self.over = threading.Event()
        self.redis = None
        self.since, self.longest, self.when = {}, 0.0, ""
        self.sizes = {}

    def run(self):
        while not self.over.wait(0.1):
            try:
                self.redis = self.redis or self.fleet.redis(1)
                for queue in ("soak", "slow"):
                    self.look(queue)
            except Exception:                    # Redis is away
                self.redis, self.since = None, {}
            for name in (*WORKERS, *SCHEDULERS):
                self.sizes.setdefault(name, []).append((self.fleet.services[name].pid, self.fleet.services[name].rss_kib()))

    def look(self, queue):
        """Ready: known, and neither delayed nor leased. When none is leased none can be kept back by a cap."""
        p = f"mr1:{{q:{queue}}}:"
        ready = self.redis("HLEN", p + "j") - self.redis("ZCARD", p + "dl") - self.redis("ZCARD", p + "lease")
        idle = ready > 0 and self.redis("ZCARD", p + "lease") == 0 and self.redis("EXISTS", p + "gen") and not self.hurt(queue)
        if not idle:
            self.since.pop(queue, None)
            return
        took = clock() - self.since.setdefault(queue, clock())
        if took > self.longest:
            self.longest, self.when = took, f"{queue} at {clock():.1f}, {ready} ready"

    def hurt(self, queue):
        """Whether anything was done lately that explains idleness."""
        now = clock()
        return any(deed.until > now - 2 * self.fleet.options.lease and (deed.whole or queue in deed.what or "scheduler" in deed.what)
                   for deed in self.killer.deeds[-40:])


def growth(sizes):
    """KiB that a process has grown from its tenth second on, the most of all that lived for 20 s at least."""
    most = 0
    for samples in sizes.values():
        lives = {}
        for pid, kib in samples:
            if pid and kib:
                lives.setdefault(pid, []).append(kib)
        for kib in lives.values():
            if len(kib) > 200:
                most = max(most, max(kib[-20:]) - max(kib[60:100]))
    return most


class Soak:
    def __init__(self, options):
        self.options = options
        self.fleet = Fleet(options)
        self.goal = 35.0 * options.lease / 30

    def run(self):
        fleet, options = self.fleet, self.options
        fleet.up()
        fleet.faults_until = clock() + options.seconds
        session = fleet.session()
        session("create table soak_effect (id uuid, outcome text)")
        session("create index on soak_effect (id)")
        self.producer = Producer(fleet, options.seed, options.pace)
        self.killer = Killer(fleet, options.seed, options.lease, (options.pause / 2, options.pause * 1.5))
        self.watch = Watch(fleet, self.killer)
        fleet.start_fleet()
        session("select schedule_add('soak', 'beat', 'soak.quick', '@every 2s', catch_up => 60)")
        session.close()
        threads = [self.producer, self.watch] + ([self.killer] if options.kill else [])
        for thread in threads:
            thread.start()
        time.sleep(options.seconds)
        self.producer.over.set()
        if options.kill:
            self.killer.heal()
        self.producer.join(30)
        self.settle_down()
        self.measure(3 if options.seconds >= 120 else 1)
        self.drained = self.drain()
        self.watch.over.set()
        self.watch.join(5)
        return self.judge()

    # -- drain -------------------------------------------------------------------------------------------------------

    def sql(self, text):
        """On a server that may just be coming back."""
        for _ in range(60):
            try:
                session = self.fleet.session()
                try:
                    return session(text)
                finally:
                    session.close()
            except (ConnectionError, BrokenPipeError, AssertionError, OSError, IndexError):
                time.sleep(0.5)
        raise SystemExit("soak: PostgreSQL does not come back")

    def settle_down(self):
        """No more ticks and no caps."""
        self.sql("update schedule set enabled = false, next_tick = null")
        for queue in ("soak", "slow"):
            for (name,) in self.sql(f"select name from queue_setting where queue = '{queue}'"):
                self.sql(f"select queue_set('soak', '{queue}', '{name}', null)")

    def measure(self, times):
        """Kill workers with nothing else going on: that is what recovery is measured by."""
        lease, killer = self.options.lease, self.killer
        time.sleep(lease + 5)                  # whatever was rebuilt is open
        for _ in range(times):
            jobs = {self.producer.put("soak.slow", args={"ms": lease * 1500}, priority=0) for _ in range(6)}
            busy = None
            end = clock() + lease + 30
            while not busy and clock() < end:
                time.sleep(0.2)
                services = self.fleet.workers_of("slow")
                begun = {run.worker for run in read_runs(self.fleet.path("log", "runs")) if run.job in jobs and not run.ended}
                busy = next((one for one in services if one.pid in begun), None)
            if busy:
                killer.note(f"kill {busy.name}", pids=[busy.pid])
                busy.signal(signal.SIGKILL)
            time.sleep(lease * 1.5)

    def drain(self):
        """Close what is open, cancel what is far away, and wait. Seconds it took, or None."""
        start = clock()
        for (batch,) in self.sql("select id from batch where not closed"):
            self.sql(f"select batch_close('{batch}')")
        for (job,) in self.sql("select j.id from job j where due_at > now() + interval '60 s' and not exists "
                               "(select from job_end e where e.id = j.id)"):
            self.producer.cancelled.add(job)
            self.fleet.command("cancel", job)
        patience = self.options.lease * 5 + 60
        quiet = 0
        while clock() < start + patience:
            open_jobs = int(self.sql("select count(*) from job j where not exists (select from job_end e where e.id = j.id)")[0][0])
            left = 1
            if not open_jobs:
                try:
                    left = len(left_in_redis(self.fleet, self.sql))
                except OSError:
                    left = 1
            quiet = quiet + 1 if not left and not open_jobs else 0
            if quiet >= 3:
                return clock() - start
            time.sleep(0.3)
        return None

    # -- verdict -----------------------------------------------------------------------------------------------------

    def judge(self):
        judge = Judge(self.fleet, self.producer, self.killer, self.options)
        recovered, count, worst = judge.recovery()
        jobs = int(judge.session("select count(*) from job")[0][0])
        ends = dict(judge.session("select outcome, count(*) from job_end group by outcome"))
        tries = dict(judge.session("select outcome, count(*) from job_try group by outcome"))
        poisoned = int(judge.session("select count(*) from job_end where error like '%workers were lost%'")[0][0])
        table = (("jobs", jobs), ("committed puts", len(self.producer.sure)), ("puts of unknown fate", len(self.producer.unknown)),
                 ("puts refused", self.producer.refused), ("ends", ends), ("tries", tries), ("buried as poison", poisoned),
                 ("runs", len(judge.runs)), ("deeds", len(self.killer.deeds)), ("batches", len(self.producer.batches)),
                 ("kicked", len(self.producer.kicked)), ("cancelled", len(self.producer.cancelled)),
                 ("drained in, s", None if self.drained is None else round(self.drained, 1)),
                 ("kills undisturbed", count), ("recovery at worst, s", round(worst, 1)),
                 ("longest idle", self.watch.when or "none"),
                 ("RSS, KiB", {name: (samples[0][1], samples[-1][1]) for name, samples in self.watch.sizes.items()}))
        figures = (("soak.jobs", jobs, ">=", self.options.seconds), ("soak.lost", judge.lost(), "<=", 0),
                   ("soak.overlapping", judge.overlapping(), "<=", 0), ("soak.keys", judge.keys_violated(), "<=", 0),
                   ("soak.stale", judge.stale(), "<=", 0), ("soak.unexpected", judge.unexpected(), "<=", 0),
                   ("soak.tries", judge.tries(), "<=", 0), ("soak.idle.kinds", judge.idle_kinds(), "<=", 0),
                   ("soak.effects", judge.effects(), "<=", 0),
                   ("soak.batches", judge.batches(), "<=", 0), ("soak.chains", judge.chains(), "<=", 0),
                   ("soak.names", judge.names(), "<=", 0), ("soak.ticks", judge.ticks(), "<=", 0),
                   ("soak.left", judge.left(), "<=", 0),
                   ("soak.recovery.seconds", round(recovered, 2), "<=", round(self.goal, 2)),
                   ("soak.recovered", count, ">=", 1 if self.options.kill else 0),
                   ("soak.idle.seconds", round(self.watch.longest, 2), "<=", IDLE),
                   ("soak.growth.kib", growth(self.watch.sizes), "<=", 2048))
        return report(table, figures, judge.complaints, self.drained)


def report(table, figures, complaints, drained):
    for text in complaints:
        print("  !", text)
    for name, value in table:
        print(f"  {name:<24} {value}")
    good = drained is not None
    for name, value, sign, goal in figures:
        print(f"figure {name} {value} {sign} {goal}")
        good = good and OPERATORS[sign](value, goal)
    return good


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1, 10 ** 6))
    parser.add_argument("--lease", type=int, default=6, help="queue.lease; the goal of recovery goes with it")
    parser.add_argument("--pause", type=float, default=2.5, help="seconds between two deeds, on average")
    parser.add_argument("--pace", type=float, default=14.0, help="puts a second, on average")
    parser.add_argument("--faults", type=int, default=4, help="sends of a thousand that meet a fault")
    parser.add_argument("--no-kill", dest="kill", action="store_false")
    parser.add_argument("--variant", default="gcc")
    return parser.parse_args()


def main():
    options = arguments()
    print(f"SOAK --seed {options.seed} --seconds {options.seconds} --lease {options.lease}", flush=True)
    soak = Soak(options)
    good = False
    try:
        good = soak.run()
    finally:
        soak.fleet.down()
        if good:
            soak.fleet.place.remove()
        else:
            print(f"logs and ledgers: {soak.fleet.place.state}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
