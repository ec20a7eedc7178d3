# SPDX-License-Identifier: GPL-3.0-or-later
"""Real workers and a real scheduler with kinds that do as they are told (trial.c), on a database and a Redis of their own."""
import json
import os
import signal
import subprocess
import threading

from engine import ROOT, Queue, statement
from servers import PATIENCE, until

BUILD = ROOT / os.environ.get("MILLRACE_BUILD", "build/gcc")


class Process:
    def __init__(self, argv, environment):
        self.lines = []
        self.process = subprocess.Popen(argv, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.reader = threading.Thread(target=lambda: self.lines.extend(self.process.stdout), daemon=True)
        self.reader.start()

    @property
    def pid(self):
        return self.process.pid

    def find(self, text):
        return [line.strip() for line in list(self.lines) if text in line]

    def says(self, text, n=1):
        """Wait until n lines of its log have the text; the last of these."""
        return until(lambda: len(self.find(text)) >= n and self.find(text)[n - 1], f"it says {text} ({n} times)")

    def signal(self, number):
        self.process.send_signal(number)

    def ended(self, patience=PATIENCE):
        """Wait for its end; the exit status."""
        self.process.wait(patience)
        self.reader.join(PATIENCE)
        return self.process.returncode

    def stop(self):
        """The exit status, after a graceful stop."""
        if self.process.poll() is None:
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGTERM)
        try:
            return self.ended()
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self.process.stdout.close()

    def proc(self, name):
        with open(f"/proc/{self.pid}/{name}") as file:
            return file.read()

    def cpu_seconds(self):
        fields = self.proc("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Yard:
    def __init__(self, servers, redis, database, sql, folder):
        self.servers, self.redis, self.database, self.sql = servers, redis, database, sql
        self.queue, self.other = Queue(redis, "trial"), Queue(redis, "other")
        self.settings = {"database_url": servers.url(database), "secret": "s" * 32, "redis_url": servers.redis_socket,
                         "queue_lease": 3, "queue_reconcile": 1, "worker_stop": 5, "worker_folder": folder / "work", "storage_folder": folder / "files",
                         "worker_slots": 4, "worker_runner": BUILD / "trial", "log_level": "debug"}
        self.running = []
        (folder / "files").mkdir()

    def start(self, *words, program="trial", **settings):
        settings = {f"MILLRACE_{name.upper()}": str(value) for name, value in {**self.settings, **settings}.items()}
        process = Process([BUILD / program, *words], {**os.environ, **settings})
        self.running.append(process)
        return process

    def worker(self, queue="trial", **more):
        worker = self.start("worker", queue, **more)
        worker.says("worker.start")
        return worker

    def scheduler(self, **settings):
        scheduler = self.start("scheduler", **settings)
        scheduler.says("reconcile.lead")
        until(self.is_open, "both queues are open")
        return scheduler

    def is_open(self):
        return self.queue.is_open() and self.other.is_open()

    def open(self):
        """Open the queues without a scheduler."""
        for queue in (self.queue, self.other):
            queue.close()
            queue.open()

    def stop(self):
        return [process.stop() for process in self.running]

    # -- jobs --------------------------------------------------------------------------------------------------------

    def row(self, kind="trial.do", tenant="t", more="", **args):
        """Put a job, in PostgreSQL only. more: arguments of job_put."""
        text = json.dumps(args).replace("'", "''")
        return self.sql.one(f"select (job_put('{kind}', 'p', '{tenant}', null, '{text}'{', ' if more else ''}{more})).id")

    def tell(self, *jobs):
        """Tell Redis of jobs, as the front does."""
        for job in jobs:
            queue, job, packed = self.sql.one(f"select job_ticket(j) from job j where id = '{job}'").split(" ", 2)
            Queue(self.redis, queue).put((job, packed))

    def put(self, *words, **args):
        job = self.row(*words, **args)
        self.tell(job)
        return job

    def put_many(self, n, kind="trial.do", tenant="t", **args):
        text = json.dumps(args).replace("'", "''")
        rows = self.sql(f"select id, ticket from job_put_many('{kind}', 'p', array_fill('{text}'::json, array[{n}]), "
                        f"array_fill('{tenant}'::text, array[{n}]))")
        queue = Queue(self.redis, rows[0][1].split(" ")[0])
        for at in range(0, n, 64):
            queue.put(*[(job, ticket.split(" ", 2)[2]) for job, ticket in rows[at:at + 64]])
        return [job for job, _ in rows]

    def end(self, job):
        rows = self.sql(f"select outcome, coalesce(error, ''), coalesce(result::text, '') from job_end where id = '{job}'")
        return rows[0] if rows else None

    def ended(self, job, outcome="done", patience=PATIENCE):
        """Wait for its end, which is to be this; the error and the result."""
        found = until(lambda: self.end(job), f"{job} has ended", patience)
        assert found[0] == outcome, found
        return found[1], found[2]

    def all_ended(self, jobs, outcome="done", patience=PATIENCE):
        ids = ",".join(f"'{job}'" for job in jobs)
        until(lambda: int(self.sql.one(f"select count(*) from job_end where id in ({ids})")) == len(jobs), "all have ended",
              patience)
        assert self.sql(f"select distinct outcome from job_end where id in ({ids})") == [[outcome]]

    def tries(self, job):
        """Outcome and whether it counts, in order."""
        return [tuple(row) for row in self.sql(f"select outcome, counts from job_try where id = '{job}' order by epoch")]

    def tried(self, job, n):
        return until(lambda: len(self.tries(job)) >= n and self.tries(job), f"{n} attempts of {job}")

    def runs(self, job):
        return self.redis("HEXISTS", self.queue.key("own"), job) == 1

    def running_at(self, job):
        until(lambda: self.runs(job), f"{job} runs")
        return job

    def due(self, job):
        """Let a delayed job be due now."""
        until(lambda: self.redis("ZSCORE", self.queue.key("dl"), job), f"{job} is delayed")
        self.sql(f"update job_try set not_before = now() where id = '{job}'")
        self.queue.make_due(job)
        self.wake()

    def expire(self, job):
        """Let its lease have run out."""
        until(lambda: self.redis("ZADD", self.queue.key("lease"), "XX", "CH", 1, job), f"{job} is leased")
        self.queue.look_again()
        self.wake()

    def wake(self):
        self.redis("ZADD", self.queue.key("wake"), 0, "w")

    def set(self, queue="trial", **values):
        """Settings, as an operator makes them; Redis is told at once."""
        for name, value in values.items():
            name = name.replace("__", ":").replace("_", ".")
            text = "null" if value is None else f"'{value}'"
            self.sql(f"select queue_set('test', '{queue}', '{name}', {text})")
        version, said = next((row[1], row[4]) for row in self.sql(statement("queue/queue_list")) if row[0] == queue)
        Queue(self.redis, queue).set_words(version, *[word for pair in json.loads(said).items() for word in pair])

    def counted(self):
        return dict(zip(*[iter(self.redis("HGETALL", self.queue.key("n")))] * 2))
