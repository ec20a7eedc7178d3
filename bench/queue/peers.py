# SPDX-License-Identifier: GPL-3.0-or-later
"""The queues that ours is compared with: a row each. All drain N jobs of one queue that do nothing. Their workers are
started and warmed, frozen (SIGSTOP) while the jobs are put, and thawed: from there until nothing is left is what
counts, so that no start of an interpreter is measured. README.md in bench/peers says why each is set as it is."""
import json
import os
import re
import subprocess
import threading
import time
from dataclasses import dataclass
from signal import SIGCONT, SIGSTOP

from stand import MODULES, PEERS, Trouble, signal_all, until, wait_for

WARM = 320                     # whole batches


@dataclass(frozen=True)
class Peer:
    """enqueue and work are words of commands in bench/peers/NAME; COUNT and BYTES stand for what they are."""
    name: str
    backend: str            # redis, postgres or own
    setting: str            # as the table shows it
    version: tuple          # a Debian package, or a module of npm
    enqueue: tuple
    work: tuple
    processes: int = 1
    left: object = ()       # commands of Redis whose sum is what is not through; PostgreSQL: a statement for it
    prepare: tuple = ()     # once, before the workers
    first: int = 1000       # jobs of a first try; enough for all processes to have some


PYTHON, NODE = ("/usr/bin/python3", "-B"), ("/usr/bin/node",)
PEERS_TABLE = (
    Peer("sidekiq", "redis", "2 processes of 25 threads, YJIT", ("deb", "ruby-sidekiq"),
         ("/usr/bin/ruby", "enqueue.rb", "COUNT", "BYTES"),
         ("/usr/bin/ruby", "--yjit", "/usr/bin/sidekiq", "-q", "default", "-c", "25", "-e", "production", "-r",
          "./noop.rb"), processes=2,
         left=(("LLEN", "queue:default"),), first=10000),
    Peer("celery", "redis", "2 processes, pool solo", ("deb", "python3-celery"),
         (*PYTHON, "noop.py", "COUNT", "BYTES"),
         (*PYTHON, "-m", "celery", "-A", "noop", "worker", "-P", "solo", "-l", "ERROR", "--without-gossip",
          "--without-mingle", "--without-heartbeat"), processes=2,
         left=(("LLEN", "celery"), ("HLEN", "unacked"))),
    Peer("rq", "redis", "3 processes, SimpleWorker", ("deb", "python3-rq"),
         (*PYTHON, "noop.py", "COUNT", "BYTES"), (*PYTHON, "noop.py"), processes=3,
         left=(("LLEN", "rq:queue:bench"), ("ZCARD", "rq:wip:bench"))),
    Peer("bullmq", "redis", "2 processes, concurrency 100", ("npm", "bullmq"),
         (*NODE, "enqueue.js", "COUNT", "BYTES"), (*NODE, "work.js", "100"), processes=2,
         left=(("LLEN", "bull:bench:wait"), ("LLEN", "bull:bench:active")), first=10000),
    Peer("graphile-worker", "postgres", "2 processes, 200 jobs, local queue 5000, ends in batches", ("npm", "graphile-worker"),
         (*NODE, "enqueue.js", "COUNT", "BYTES"), (*NODE, "work.js", "200", "5000", "0"), processes=2,
         left="select count(*) from graphile_worker.jobs", prepare=(*NODE, "enqueue.js", "0", "10"), first=30000),
    Peer("pg-boss", "postgres", "2 processes, batches of 5000", ("npm", "pg-boss"),
         (*NODE, "enqueue.js", "COUNT", "BYTES"), (*NODE, "work.js", "5000", "1"), processes=2,
         left="select count(*) from pgboss.job where name = 'bench' and state < 'completed'",
         prepare=(*NODE, "enqueue.js", "0", "10"), first=30000),
)
BEANSTALKD = Peer("beanstalkd", "own", "binary log synced every 50 ms, C client, 64 commands under way",
                  ("deb", "beanstalkd"), (), ())


def version(peer):
    kind, name = peer.version
    if kind == "npm":
        return json.loads((MODULES / name / "package.json").read_text(encoding="utf-8"))["version"]
    shown = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", name], capture_output=True, text=True, check=False)
    if shown.returncode != 0:
        raise Trouble(f"{name} is not installed: tools/deps bench")
    return re.split(r"[-+]", shown.stdout)[0]


class Reports:
    """What workers write of how many jobs they have run: bench/peers/count.js."""

    def __init__(self, processes):
        self.counts = [0] * len(processes)
        for i, process in enumerate(processes):
            threading.Thread(target=self._read, args=(i, process.stdout), daemon=True).start()

    def _read(self, i, pipe):
        for line in pipe:
            self.counts[i] = int(line)

    def __call__(self):
        return sum(self.counts)


class Drain:
    """One peer with its workers running, on empty servers."""

    def __init__(self, stand, peer, size):
        self.stand, self.peer, self.size = stand, peer, size
        self.workers = []
        self.database = "peer_" + peer.name.replace("-", "_")

    def __enter__(self):
        stand, peer = self.stand, self.peer
        environment = {**os.environ, "BENCH_REDIS": stand.redis_socket, "NODE_PATH": str(MODULES), "NODE_ENV": "production",
                       "BENCH_POSTGRES": f"postgresql://millrace@/{self.database}?host={stand.folder}",
                       "PYTHONPATH": str(PEERS / peer.name), "LANG": "C.UTF-8"}
        self.environment = environment
        stand.client("FLUSHALL")
        if peer.backend == "postgres":
            stand.sql("postgres", f"drop database if exists {self.database} with (force)", f"create database {self.database}")
        if peer.prepare:
            self._run(peer.prepare)
        pipe = subprocess.PIPE if peer.backend == "postgres" else stand.log
        try:
            for _ in range(peer.processes):
                self.workers.append(stand.start(peer.work, environment, cwd=PEERS / peer.name, stdout=pipe))
            self.done = Reports(self.workers) if peer.backend == "postgres" else None
            self.put(WARM)
            self._wait(WARM)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for worker in self.workers:
            self.stand.end(worker)
        if self.peer.backend == "postgres":
            self.stand.sql("postgres", f"drop database if exists {self.database} with (force)")

    def _run(self, words, count=0):
        given = {"COUNT": str(count), "BYTES": str(self.size - 10)}       # about as long as {"pad":"..."}
        done = subprocess.run([given.get(word, word) for word in words], env=self.environment,
                              cwd=PEERS / self.peer.name, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Trouble(f"{self.peer.name}: {done.stdout}{done.stderr}")

    def put(self, count):
        self._run(self.peer.enqueue, count)

    def left(self):
        if self.peer.backend == "postgres":
            return int(self.stand.sql(self.database, self.peer.left)[0][0])
        return sum(self.stand.client(*command) for command in self.peer.left)

    def _wait(self, total):
        """For PostgreSQL what is left is asked for only in the end: the question itself costs."""
        if self.done:
            wait_for(lambda: self.done() >= total, self.peer.name, self.workers)
        wait_for(lambda: self.left() == 0, self.peer.name, self.workers)

    def rate(self, jobs):
        before = self.done() if self.done else 0
        time.sleep(0.3)                  # what the warming has left behind: nobody shall be frozen inside a transaction
        signal_all(self.workers, SIGSTOP)
        try:
            self.put(jobs)
            began = time.monotonic()
        finally:
            signal_all(self.workers, SIGCONT)
        self._wait(before + jobs)
        return jobs / (time.monotonic() - began)


def drain(stand, peer, size, jobs):
    with Drain(stand, peer, size) as one:
        return one.rate(jobs)


# ---- beanstalkd: a server of its own ---------------------------------------------------------------------------------


def beanstalk(stand, size, jobs, fsync_ms, depth=64):
    """Its binary log on (-b), synced at most every so many milliseconds (-f; 50 unless told); a client in C with depth
    commands under way."""
    folder = stand.folder / "beanstalk"
    stand.run(["rm", "-rf", folder])
    folder.mkdir()
    address = stand.folder / "beanstalk.sock"
    address.unlink(missing_ok=True)
    server = stand.start(["/usr/bin/beanstalkd", "-l", f"unix:{address}", "-b", folder, "-f", fsync_ms])
    try:
        until(address.exists, "beanstalkd listens")
        stand.program("beanstalk", address, "put", jobs, size)
        said = stand.program("beanstalk", address, "drain", jobs, depth)
    finally:
        stand.end(server)
    return said["jobs"] / said["seconds"]
