# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the ledgers and both stores after a soak, and says what was lost, doubled, late or left behind."""
import re
from collections import defaultdict
from dataclasses import dataclass

from fleet import SLOTS

ALLOWED = re.compile(r"(gen|ep|cfg|m|n|roll|who|info|wake|lvl|drain|l:.*)$")       # what a queue without jobs may hold in Redis


def left_in_redis(fleet, sql):
    """Keys that a queue without jobs has no use for."""
    redis, found = fleet.redis(), []
    for key in redis("KEYS", "mr1:{q:*"):
        queue, _, name = key.partition("}:")
        # The progress of a job that has ended while Redis was away: nobody told Redis of the end, and it expires.
        if ALLOWED.match(name) or name.startswith("p:") and redis("TTL", key) > 0:
            continue
        # A delayed job that was cancelled while the reconciler put it: whoever reserves it when it is due finds out.
        delayed = redis("ZRANGE", queue + "}:dl", 0, -1)
        if delayed and name in ("j", "dl") and set(redis("HKEYS", queue + "}:j")) <= set(delayed):
            ended = sql("select count(*) from job_end where id = any ('{" + ",".join(delayed) + "}')")
            if int(ended[0][0]) == len(delayed):
                continue
        found.append(f"{key} {redis('TYPE', key)} ttl={redis('TTL', key)}")
    return found


@dataclass
class Run:
    job: str
    epoch: int
    pid: int
    worker: int
    attempt: int
    begin: float
    last: float
    ended: bool = False


def read_runs(file):
    """All runs of all jobs, each with its last sign of life."""
    runs = {}
    with open(file, encoding="ascii", errors="replace") as lines:
        for line in lines:
            words = line.split()
            if len(words) != 7:
                continue
            what, job, epoch, pid, parent, attempt, at = words
            key = job, int(epoch), int(pid)
            if what == "begin":
                runs[key] = Run(job, int(epoch), int(pid), int(parent), int(attempt), float(at), float(at))
            elif key in runs:
                runs[key].last = max(runs[key].last, float(at))
                runs[key].ended = runs[key].ended or what == "end"
    return sorted(runs.values(), key=lambda run: run.begin)


def overlaps(runs, of):
    """Pairs of runs of one name that lived at the same time."""
    groups = defaultdict(list)
    for run in runs:
        if of(run):
            groups[of(run)].append(run)
    found = []
    for group in groups.values():
        longest = None
        for run in group:
            if longest and run.begin < longest.last - 1e-6:
                found.append((longest, run))
            if not longest or run.last > longest.last:
                longest = run
    return found


class Judge:
    def __init__(self, fleet, producer, killer, options):
        self.fleet, self.producer, self.killer, self.options = fleet, producer, killer, options
        self.session = fleet.session()
        self.runs = read_runs(fleet.path("log", "runs"))
        self.keys = {row[0]: row[1] for row in self.session("select id, queue || '/' || key from job where key <> ''")}
        self.dispatchers = {pid for name, service in fleet.services.items() if name.startswith(("soak", "slow"))
                            for pid, _ in service.lives}
        self.complaints = []

    def worker_of(self, run):
        return run.pid if run.pid in self.dispatchers else run.worker

    def rows(self, what, text):
        """Rows that should not be there; each is a complaint."""
        rows = self.session(text)
        for row in rows[:20]:
            self.complaints.append(f"{what}: {' '.join(row)}")
        return len(rows)

    # -- what must hold ----------------------------------------------------------------------------------------------

    def lost(self):
        """Committed puts that have no row, or no end."""
        known = {row[0] for row in self.session("select j.id from job j join job_end e on e.id = j.id")}
        missing = [job for job in self.producer.sure if job not in known]
        self.complaints += [f"lost: {job}" for job in missing[:20]]
        return len(missing) + self.rows("open", "select j.id, j.kind from job j where not exists "
                                                "(select from job_end e where e.id = j.id)")

    def overlapping(self):
        """Two runs of one job at once."""
        pairs = overlaps(self.runs, lambda run: run.job)
        self.complaints += [f"overlap of {first.job}: {first} {second}" for first, second in pairs[:20]]
        return len(pairs)

    def keys_violated(self):
        """Two jobs of a queue's key at once."""
        pairs = [pair for pair in overlaps(self.runs, lambda run: self.keys.get(run.job)) if pair[0].job != pair[1].job]
        self.complaints += [f"key {self.keys[first.job]}: {first} {second}" for first, second in pairs[:20]]
        return len(pairs)

    def stale(self):
        """An end whose epoch is older than a lease that was written down as lost, or than a later run's. A run of an
        older epoch may end a job only as long as nobody else had begun it."""
        newest = defaultdict(list)
        for run in self.runs:
            newest[run.job].append(run)
        wrong = 0
        for job, epoch, outcome in self.session("select id, epoch, outcome from job_end where epoch > 0"):
            later = [run for run in newest.get(job, ()) if run.epoch > int(epoch)]
            if later:
                wrong += 1
                self.complaints.append(f"stale end of {job}: epoch {epoch} {outcome}, but {later[-1]}")
        return wrong

    def unexpected(self):
        """Ends that the arguments did not ask for; kinds that fail are to be tried as often as they say."""
        fails = "coalesce((j.args ->> 'fails')::integer, 0)"
        return self.rows("outcome", f"select j.id, j.kind, e.outcome, e.error from job j join job_end e on e.id = j.id "
                         f"where e.outcome <> case when {fails} >= j.tries then 'buried' else 'done' end "
                         "and e.outcome <> 'cancelled' and e.error is distinct from 'the result could not be written' "
                         "and coalesce(e.error, '') not like '%workers were lost%' "
                         "and coalesce(e.error, '') not like '%killed by signal 9'")

    def idle_kinds(self):
        """Kinds of which hardly any was done: then this has tested less than it says."""
        return self.rows("kind", "select k.name, count(e.id) from job_kind k left join job j on j.kind = k.name left join job_end e on "
                         "e.id = j.id and e.outcome = 'done' group by k.name having count(e.id) < 5")

    def tries(self):
        """A done job that was to fail n times has n tries that count, but for those of a killed child."""
        fails = "coalesce((j.args ->> 'fails')::integer, 0)"
        return self.rows("tries", f"select j.id, j.kind, {fails}, t.n, e.result from job j join job_end e on e.id = j.id "
                         "cross join lateral (select count(*) filter (where counts and error like 'attempt%') as n, "
                         "count(*) filter (where counts) as counted from job_try t where t.id = j.id) t "
                         "where e.outcome = 'done' and (t.n > "
                         f"{fails} or t.counted <> (e.result ->> 'attempt')::integer - 1)")

    def effects(self):
        """The product's row of an end: exactly one, of the outcome that stands."""
        return self.rows("effect", "select j.id, j.kind, e.outcome, count(f.id), max(f.outcome) from job j join job_end e on e.id = j.id "
                         "left join soak_effect f on f.id = j.id where j.kind in ('soak.linked', 'soak.wait', 'soak.fail', 'soak.slow') "
                         "group by j.id, j.kind, e.outcome having count(f.id) <> 1 or max(f.outcome) <> e.outcome")

    def batches(self):
        wrong = self.rows("batch", "select b.id, b.total, b.done, b.buried, b.cancelled, b.ended_at from batch b where b.closed and "
                          "(b.ended_at is null or b.done + b.buried + b.cancelled <> b.total)")
        wrong += self.rows("batch counts", "select b.id, b.total, count(j.id), b.done, count(*) filter (where e.outcome = 'done') from batch b "
                           "join job j on j.batch_id = b.id left join job_end e on e.id = j.id group by b.id having b.total <> count(j.id) "
                           "or b.done <> count(*) filter (where e.outcome = 'done')")
        return wrong + self.rows("completion", "select b.id, count(j.id) from batch b left join job j on j.kind = 'soak.linked' "
                                 "and j.args ->> 'previous' = b.id::text where b.ended_at is not null and b.finally is not null "
                                 "group by b.id having count(j.id) <> 1")

    def chains(self):
        """What is done has its follower, once; what is not has none."""
        return self.rows("chain", "select j.id, e.outcome, count(f.id) from job j join job_end e on e.id = j.id left join job f on "
                         "f.args ->> 'previous' = j.id::text where json_array_length(j.chain) > 0 group by j.id, e.outcome "
                         "having count(f.id) <> (e.outcome = 'done')::integer")

    def names(self):
        taken = self.rows("name", "select name, id from job_unique")
        return taken + self.rows("name twice", "select a.id, b.id, a.unique_name from job a join job_end e on e.id = a.id join job b on "
                                 "b.unique_name = a.unique_name and b.id > a.id and job_id_time(b.id) + interval '5 ms' < e.ended_at "
                                 "where b.id <> a.id")

    def ticks(self):
        """Each tick of the recurring job between its first and its last has its job."""
        return self.rows("tick", "with seen as (select due_at from job where request_id = 'schedule/beat') select t from seen, "
                         "generate_series((select min(due_at) from seen), (select max(due_at) from seen), interval '2 s') t "
                         "group by t having not bool_or(due_at = t) union all select due_at from job where "
                         "request_id = 'schedule/beat' group by due_at having count(*) > 1")

    def left(self):
        found = left_in_redis(self.fleet, self.session)
        self.complaints += [f"left in Redis: {text}" for text in found[:20]]
        return len(found)

    # -- how long it took --------------------------------------------------------------------------------------------

    def recovery(self):
        """From a worker's death to the next begin of what it ran: the longest when nothing else was hurt until then, the
        other workers had room and the job has no key, whose others may come before it; how many of those there were, and the
        longest of all."""
        best, count, worst = 0.0, 0, 0.0
        for deed in (deed for deed in self.killer.deeds if deed.what.startswith("kill s") and deed.pids):
            for run in self.runs:
                if self.worker_of(run) not in deed.pids or not deed.at - 30 < run.begin <= deed.at or run.ended:
                    continue
                again = [other.begin for other in self.runs if other.job == run.job and other.begin > deed.at]
                if not again or run.last < deed.at - 0.2 and run.pid not in self.dispatchers:
                    continue
                took = again[0] - deed.at
                worst = max(worst, took)
                if run.job not in self.keys and not self._full(deed, again[0]) and \
                        not any(self._disturbs(other, deed, again[0]) for other in self.killer.deeds):
                    best, count = max(best, took), count + 1
        return best, count, worst

    def _full(self, deed, until):
        """Whether the queue's workers ran as much as they can from when the lease was over until then: what is lost comes
        first, but it waits for a slot."""
        queue = deed.what.split()[-1].rstrip("0123456789")
        services = [service for name, service in self.fleet.services.items() if name.rstrip("0123456789") == queue]
        pids = {pid for service in services for pid, _ in service.lives}
        runs = [run for run in self.runs if self.worker_of(run) in pids and run.begin < until and run.last > deed.at]
        at, last = deed.at + self.options.lease + 0.25, until - 0.25
        while at < last:
            if sum(run.begin <= at < run.last for run in runs) < SLOTS * len(services):
                return False
            at += 0.25
        return last > deed.at + self.options.lease + 0.25

    def _disturbs(self, other, deed, until):
        """Whether another deed held up the recovery from this one: a rebuild, another worker of the queue."""
        if other is deed or other.at > until:
            return False
        if other.whole:
            return other.until > deed.at - self.options.lease - 5
        return other.until >= deed.at - 1 and bool(other.pids) and deed.what.split()[-1].rstrip("0123456789") in other.what
