# SPDX-License-Identifier: GPL-3.0-or-later
"""Hurts the fleet every few seconds: what, whom and for how long comes from the seed. What it did is its ledger."""
import glob
import os
import random
import signal
import threading
from dataclasses import dataclass, field

from fleet import SCHEDULERS, WORKERS, clock, until
from stacklib.system import children_of, kill, tree_of

WHOLE = ("redis", "postgres")         # when these suffer, everybody does


@dataclass
class Deed:
    """What was done. whole: to what all depend on. pids: of workers that it killed or froze."""
    at: float
    what: str
    whole: bool = False
    until: float = 0.0
    pids: set = field(default_factory=set)


class Killer(threading.Thread):
    def __init__(self, fleet, seed, lease, pause):
        super().__init__(daemon=True)
        self.fleet, self.dice, self.lease, self.pause = fleet, random.Random(seed * 7 + 2), lease, pause
        self.over = threading.Event()
        self.deeds, self.timers = [], []
        self.ledger = open(fleet.path("log", "deeds"), "a", buffering=1)

    def run(self):
        while not self.over.wait(self.dice.uniform(*self.pause)):
            deeds, weights = zip(*self.menu())
            try:
                self.dice.choices(deeds, weights)[0]()
            except (OSError, AssertionError, ConnectionError) as why:
                self.ledger.write(f"{clock():.3f} failed: {why}\n")

    def menu(self):
        return ((self.kill_worker, 18), (self.kill_child, 6), (self.end_worker, 4), (self.freeze_worker, 5),
                (self.freeze_host, 6), (self.nap_worker, 5), (self.kill_scheduler, 6), (self.freeze_scheduler, 3),
                (self.redis_kill, 4), (self.redis_flush, 4), (self.redis_cut, 4), (self.redis_pause, 4),
                (self.redis_forget_functions, 3), (self.redis_promote, 3), (self.postgres_quit, 4),
                (self.postgres_cut, 5), (self.postgres_pause, 4), (self.settings, 5))

    def note(self, what, whole=False, lasts=0.0, pids=()):
        deed = Deed(clock(), what, whole, clock() + lasts, set(pids))
        self.deeds.append(deed)
        self.ledger.write(f"{deed.at:.3f} {what} lasts={lasts:.2f} pids={sorted(deed.pids)}\n")
        return deed

    def later(self, seconds, do):
        timer = threading.Timer(seconds, do)
        timer.daemon = True
        self.timers.append(timer)
        timer.start()

    def heal(self):
        """End whatever lasts."""
        self.over.set()
        self.join(60)
        for timer in self.timers:
            timer.cancel()
        for service in self.fleet.services.values():
            service.held = False
            for pid in tree_of(service.pid) if service.pid else ():
                kill(pid, signal.SIGCONT)
        for deed in self.deeds:
            deed.until = min(deed.until, clock())

    # -- workers and schedulers --------------------------------------------------------------------------------------

    def worker(self):
        return self.fleet.services[self.dice.choice(WORKERS)]

    def kill_worker(self):
        service, quiet = self.worker(), self.dice.random() < 0.4
        if service.pid:
            self.note(f"kill {service.name}", pids=[service.pid])
            service.signal(signal.SIGKILL)
            if quiet:                          # so that now and then nothing else explains how long it takes
                self.over.wait(self.lease * 1.5)

    def end_worker(self):
        service = self.worker()
        self.note(f"end {service.name}")
        service.signal(signal.SIGTERM)

    def kill_child(self):
        children = sorted(children_of(self.fleet.services[self.dice.choice(("slow", "slow2", "slow3"))].pid or -1))
        pick = self.dice.random()
        if children:
            pid = children[int(pick * len(children))]
            self.note("kill child", pids=[pid])
            kill(pid, signal.SIGKILL)

    def freeze_worker(self):
        """The dispatcher alone, beyond its lease: what it has started in the fence has to end by itself."""
        service, seconds = self.worker(), self.lease * self.dice.uniform(1.1, 1.7)
        pid = service.pid
        if service.signal(signal.SIGSTOP):
            self.note(f"freeze {service.name}", lasts=seconds, pids=[pid])
            self.later(seconds, lambda: kill(pid, signal.SIGCONT))

    def nap_worker(self):
        """For less than its lease."""
        service, seconds = self.worker(), self.lease * self.dice.uniform(0.1, 0.6)
        pid = service.pid
        if service.signal(signal.SIGSTOP):
            self.note(f"nap {service.name}", lasts=seconds)
            self.later(seconds, lambda: kill(pid, signal.SIGCONT))

    def freeze_host(self):
        """The dispatcher and all that it has started, as a machine that sleeps. The dispatcher wakes first."""
        service, seconds = self.worker(), self.lease * self.dice.uniform(1.1, 1.7)
        pid = service.pid
        if not service.signal(signal.SIGSTOP):
            return
        children = children_of(pid)
        for child in children:
            kill(child, signal.SIGSTOP)
        self.note(f"freeze host of {service.name}", lasts=seconds, pids=[pid])

        def wake():
            kill(pid, signal.SIGCONT)
            self.later(0.5, lambda: [kill(child, signal.SIGCONT) for child in children if child in children_of(pid)])
        self.later(seconds, wake)

    def kill_scheduler(self):
        service = self.fleet.services[self.dice.choice(SCHEDULERS)]
        self.note(f"kill {service.name}")
        service.signal(signal.SIGKILL)

    def freeze_scheduler(self):
        """Longer than it leads: when it wakes there are two leaders."""
        service, seconds = self.fleet.services[self.dice.choice(SCHEDULERS)], self.dice.uniform(11, 14)
        pid = service.pid
        if service.signal(signal.SIGSTOP):
            self.note(f"freeze {service.name}", lasts=seconds)
            self.later(seconds, lambda: kill(pid, signal.SIGCONT))

    # -- Redis -------------------------------------------------------------------------------------------------------

    @property
    def redis(self):
        return self.fleet.services["redis"]

    def ask(self, *words):
        try:
            connection = self.fleet.redis(5)
            try:
                return connection(*words)
            finally:
                connection.close()
        except Exception:                           # it is away: then there is nothing to hurt
            return None

    def redis_kill(self):
        self.note("redis kill", whole=True, lasts=1)
        self.redis.signal(signal.SIGKILL)

    def redis_flush(self):
        self.note("redis flushall", whole=True)
        self.ask("FLUSHALL")

    def redis_forget_functions(self):
        self.note("redis function flush")
        self.ask("FUNCTION", "FLUSH")

    def redis_cut(self):
        """A crash of its machine: the last of what was written is gone."""
        cut = self.dice.uniform(0.0, 0.2)
        self.note("redis cut", whole=True, lasts=1)
        with self.fleet.lock:
            self.redis.held = True
        self.redis.signal(signal.SIGKILL)
        until(lambda: not self.redis.pid, "Redis has died")
        file = self.fleet.aof()
        if file:
            size = os.path.getsize(file)
            os.truncate(file, size - min(int(size * cut), 400_000))
        self.redis.held = False

    def redis_promote(self):
        """A replica that is some time behind takes over: what its master did since is lost."""
        self.note("redis promote", whole=True, lasts=2)
        files = {path: open(path, "rb").read() for path in glob.glob(self.fleet.path("redis", "appendonlydir", "*"))}
        if self.over.wait(self.dice.uniform(0.2, 1.5)):
            return
        with self.fleet.lock:
            self.redis.held = True
        self.redis.signal(signal.SIGKILL)
        until(lambda: not self.redis.pid, "Redis has died")
        for path in glob.glob(self.fleet.path("redis", "appendonlydir", "*")):
            if path not in files:
                os.unlink(path)
        for path, content in files.items():
            with open(path, "wb") as file:
                file.write(content)
            os.chown(path, self.fleet.place.user.pw_uid, self.fleet.place.user.pw_gid)
        self.redis.held = False

    def redis_pause(self):
        seconds = self.lease * self.dice.uniform(0.1, 1.3)
        pid = self.redis.pid
        if self.redis.signal(signal.SIGSTOP):
            self.note("redis pause", whole=True, lasts=seconds)
            self.later(seconds, lambda: kill(pid, signal.SIGCONT))

    # -- PostgreSQL --------------------------------------------------------------------------------------------------

    @property
    def postgres(self):
        return self.fleet.services["postgres"]

    def postgres_quit(self):
        self.note("postgres quit", whole=True, lasts=2)
        self.postgres.signal(signal.SIGQUIT)

    def postgres_cut(self):
        """Every connection but ours is cut."""
        self.note("postgres cut")
        session = self.fleet.session()
        session("select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'client backend' and pid <> "
                "pg_backend_pid()")
        session.close()

    def postgres_pause(self):
        """All of it stands still, as behind a network that is cut."""
        seconds = self.lease * self.dice.uniform(0.2, 1.3)
        pids = tree_of(self.postgres.pid) if self.postgres.pid else []
        for pid in pids:
            kill(pid, signal.SIGSTOP)
        self.note("postgres pause", whole=True, lasts=seconds)
        self.later(seconds, lambda: [kill(pid, signal.SIGCONT) for pid in pids])

    # -- operators ---------------------------------------------------------------------------------------------------

    def settings(self):
        """Caps come and go."""
        queue = self.dice.choice(("soak", "slow"))
        name, value = self.dice.choice((("cap.tenant", "2"), ("cap.tenant", None), ("cap.kind:soak.slow", "3"),
                                        ("cap.kind:soak.slow", None), ("cap", "6"), ("cap", None), ("cap.tenant:t0", "1"),
                                        ("cap.tenant:t0", None), ("rate.kind:soak.wait", "40|20"),
                                        ("rate.kind:soak.wait", None), ("weight:t1", "3")))
        self.note(f"set {queue} {name} {value}")
        session = self.fleet.session()
        text = "null" if value is None else f"'{value}'"
        session(f"select queue_set('soak', '{queue}', '{name}', {text})")
        session.close()
