# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the queue is measured: a private PostgreSQL and a private Redis as durable as they are in earnest, the programs
of bench/queue on them, and processes that are frozen while their work is laid out."""
import contextlib
import json
import mmap
import os
import re
import shlex
import signal
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "queue"))
from resp import Redis                                  # noqa: E402
from servers import Servers, Session, until             # noqa: E402

PEERS = ROOT / "bench" / "peers"
MODULES = ROOT / "build" / "peers" / "node_modules"
POSTGRES = ("listen_addresses=", "fsync=on", "synchronous_commit=on", "shared_buffers=512MB", "max_wal_size=8GB",
            "checkpoint_timeout=30min", "max_connections=120")
REDIS = ("--appendonly", "yes", "--appendfsync", "everysec", "--auto-aof-rewrite-percentage", "0", "--save", "",
         "--maxmemory", "6gb", "--maxmemory-policy", "noeviction",
         "--hash-max-listpack-entries", "16", "--zset-max-listpack-entries", "16")
DATABASE = "bench"
TABLES = "job, job_end, job_try, bench_job, bench_end"
PATIENCE = 300.0


class Trouble(Exception):
    """Something could not be measured."""


class Stand(Servers):
    """Both servers, their files in folder/mrq-... (a disk: what is committed shall reach one)."""

    def __init__(self, variant, folder):
        self.build = ROOT / "build" / variant
        self.started, self.redis = [], None
        tempfile.tempdir = folder
        super().__init__()
        self.client = Redis(self.redis_socket)
        self.log = open(self.folder / "programs.log", "ab")          # noqa: SIM115: lives as long as we do
        try:
            self._make_tables()
        except BaseException:
            self.stop()
            raise

    def _start(self):
        data = str(self.folder / "data")
        subprocess.run([f"{self.bin}/initdb", "-D", data, "-U", "millrace", "-A", "trust", "--no-sync", "-E", "UTF8",
                        "--locale=C.UTF-8"], check=True, stdout=subprocess.DEVNULL, cwd="/", **self.who)
        settings = [word for setting in POSTGRES for word in ("-c", setting)]
        self._spawn(f"{self.bin}/postgres", "-D", data, *settings, "-c", f"unix_socket_directories={self.folder}")
        self.start_redis()
        until(lambda: subprocess.run([f"{self.bin}/pg_isready", "-q", "-h", str(self.folder)]).returncode == 0,
              "PostgreSQL is ready")

    def start_redis(self):
        self._spawn("redis-server", "--port", "0", "--unixsocket", self.redis_socket, "--unixsocketperm", "777",
                    "--dir", str(self.folder), *REDIS)
        self.redis = self.running[-1]
        until(lambda: os.path.exists(self.redis_socket), "Redis listens")

    def stop(self):
        """What they hold is thrown away: nobody need write it down."""
        for process in reversed(self.started):
            self.end(process)
        for process in self.running:
            process.send_signal(signal.SIGQUIT if process is not self.redis else signal.SIGKILL)
        for process in self.running:
            process.wait(60)
        self.running.clear()
        super().stop()

    def _make_tables(self):
        self.sql("postgres", f"create database {DATABASE}")
        self.environment = {
            **os.environ, "MILLRACE_SECRET": "s" * 32, "MILLRACE_DATABASE_URL": self.url(DATABASE),
            "MILLRACE_DATABASE_TIMEOUT": "60000", "MILLRACE_REDIS_URL": self.redis_socket,
            "MILLRACE_REDIS_TIMEOUT": "5000", "MILLRACE_LOG_LEVEL": "warning", "MILLRACE_WORKER_SLOTS": "64",
            "MILLRACE_WORKER_FOLDER": str(self.folder / "work"), "MILLRACE_STORAGE_FOLDER": str(self.folder / "files")}
        self.environment.pop("MILLRACE_CONFIG", None)
        self.run([self.build / "millrace", "migrate"], self.environment)
        self.sql(DATABASE, "insert into job_kind (name, queue, version, deadline, tries)"
                           " values ('bench.noop', 'bench', 1, 60, 1), ('bench.stamp', 'bench', 1, 60, 1)",
                 "create table bench_job (like job including defaults including indexes)",
                 "create table bench_end (like job_end including defaults including indexes)")

    # ---- servers ----

    def sql(self, database, *statements):
        """Rows of the last statement, in a session of its own."""
        session = Session(self.url(database))
        try:
            for statement in statements:
                rows = session(statement)
        finally:
            session.close()
        return rows

    def clear_redis(self):
        """Empty, nothing left to be written from what has been, and the queue open."""
        self.client("FLUSHALL")
        self.client("BGREWRITEAOF")
        until(lambda: "aof_rewrite_in_progress:0" in self.client("INFO", "persistence"), "the file is rewritten", PATIENCE)
        self.program("engine", self.redis_socket, "open")

    def clear(self):
        """No job in either server."""
        self.clear_redis()
        self.sql(DATABASE, f"truncate {TABLES}", "checkpoint")

    @contextlib.contextmanager
    def one_core(self):
        """Redis and what we start meanwhile share a core. Where one only ever waits for the other, two cores make each
        round trip wake a sleeping one, which takes 20 us or 120 as it pleases the machine: neither side's doing."""
        both = (self.redis.pid, os.getpid())
        before = {pid: os.sched_getaffinity(pid) for pid in both}
        core = {max(before[self.redis.pid])}
        try:
            for pid in both:
                os.sched_setaffinity(pid, core)
            yield
        finally:
            for pid in both:
                os.sched_setaffinity(pid, before[pid])

    def used_memory(self):
        return int(re.search(r"^used_memory:(\d+)", self.client("INFO", "memory"), re.M).group(1))

    # ---- programs ----

    def run(self, argv, environment=None):
        """Standard output of a program that ends by itself."""
        done = subprocess.run([str(word) for word in argv], env=environment or self.environment, capture_output=True,
                              text=True, check=False, cwd="/")
        if done.returncode != 0:
            raise Trouble(f"{shlex.join(map(str, argv))}: {done.stdout}{done.stderr}")
        return done.stdout

    def program(self, name, *words):
        """What bench-queue-NAME tells, if it does."""
        said = self.run([self.build / f"bench-queue-{name}", *words])
        return json.loads(said) if said else {}

    def start(self, argv, environment=None, **more):
        process = subprocess.Popen([str(word) for word in argv], env=environment or self.environment,
                                   stdin=subprocess.DEVNULL, stdout=more.pop("stdout", self.log), stderr=self.log,
                                   start_new_session=True, **{"cwd": "/", **more})
        self.started.append(process)
        return process

    def end(self, process):
        """Ask it to end, then make it and what it has started."""
        if process in self.started:
            self.started.remove(process)
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                pass
        try:
            os.killpg(process.pid, signal.SIGKILL)      # a session of its own, so a group of its own
        except ProcessLookupError:
            pass
        process.wait(15)

    def workers(self, n, stamps="-"):
        """Started workers of the queue bench, and the counter of what they have run."""
        counter = Counter(self.folder / "counter")
        return [self.start([self.build / "bench-queue-worker", counter.path, stamps]) for _ in range(n)], counter

    def said(self):
        """The end of what programs had to say for themselves."""
        self.log.flush()
        return (self.folder / "programs.log").read_text(errors="replace")[-2000:]


class Counter:
    """Eight bytes that workers add to."""

    def __init__(self, path):
        self.path = path
        path.write_bytes(bytes(8))
        with open(path, "r+b") as file:
            self.shared = mmap.mmap(file.fileno(), 8)

    def __call__(self):
        return struct.unpack("<Q", self.shared[:8])[0]


def signal_all(processes, what):
    """To each and to all that it has started; parents first, so that none is started meanwhile."""
    for process in processes:
        os.killpg(process.pid, what)


def wait_for(done, what, alive, every=0.002, patience=PATIENCE):
    """Ask until it is done; not for ever, nor when one of the processes has ended."""
    end = time.monotonic() + patience
    while not done():
        if any(process.poll() is not None for process in alive):
            raise Trouble(f"{what}: a worker has ended")
        if time.monotonic() > end:
            raise Trouble(f"{what}: not within {patience:.0f} s")
        time.sleep(every)


def cpu_ns(pid):
    """CPU time of a process of one thread, finer than its ticks."""
    return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[0])


def rss_mib(pid):
    text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    return int(re.search(r"^Rss: +(\d+) kB", text, re.M).group(1)) / 1024
