# SPDX-License-Identifier: GPL-3.0-or-later
"""The queue's real scripts and statements as calls."""
import re
import subprocess
import uuid
from pathlib import Path

from resp import RedisError

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "queue" / "scripts").glob("*.lua"))
SCRIPTS = {path.stem for path in FILES}


def embedded(kind, *files):
    """What tools/embed makes of scripts."""
    return subprocess.run([ROOT / "tools" / "embed", kind, "/dev/stdout", *files], capture_output=True, check=True, text=True).stdout


class Library:
    """The functions of the engine, under names of their own when they are to go by another clock."""

    def __init__(self, text):
        self.text, self.name = text, re.match(r"#!lua name=millrace_(\w+)\n", text).group(1)

    def renamed(self, name):
        return Library(self.text.replace(self.name, name))

    def load(self, redis):
        try:
            redis("FUNCTION", "LOAD", self.text)
        except RedisError as error:
            if "already exists" not in str(error):
                raise

    def words(self, script, prefix, *words):
        """The command that calls it."""
        return "FCALL", f"mr_{self.name}_{script}", 1, prefix, *words


LIBRARY = Library(embedded("library", *FILES))
LEASE = 30_000


def new_id():
    return str(uuid.uuid4())


def packed(tenant="t", priority=2, due=0, deadline=60, kind="image.generate", key="", cost=1):
    return f"1|{priority}|{kind}|{due}|{deadline}|{key}|{cost}|{tenant}"


class Job:
    """A reserved job."""

    def __init__(self, epoch, row):
        self.epoch, (self.id, self.packed, self.lost) = epoch, row


class Batch(list):
    """What reserve answered."""

    def __init__(self, answer):
        super().__init__(Job(answer[0], answer[at:at + 3]) for at in range(3, len(answer), 3))
        self.epoch, self.next_ms, self.need = answer[:3]

    @property
    def closed(self):
        return self.next_ms == -2

    @property
    def paused(self):
        return self.next_ms == -3

    @property
    def ids(self):
        return [job.id for job in self]


class Queue:
    """redis: for looking and bending; caller: of the scripts, when that is somebody else."""

    def __init__(self, redis, name="q", caller=None):
        self.redis, self.caller, self.prefix = redis, caller or redis, f"mr1:{{q:{name}}}:"
        self.library = LIBRARY
        self.library.load(self.caller)
        self.run_id = re.search(r"run_id:(\w+)", self.caller("INFO", "server")).group(1)
        self.called = set()

    def key(self, name):
        return self.prefix + name

    def _call(self, script, *words):
        self.called.add(script)
        return self.caller(*self.library.words(script, self.prefix, *words))

    def put(self, *jobs):
        """jobs: pairs of id and packed."""
        return self._call("put", *[word for pair in jobs for word in pair])

    def put_one(self, **fields):
        job = new_id()
        assert self.put((job, packed(**fields))) == 1
        return job

    def put_many(self, n, **fields):
        text, ids = packed(**fields), [new_id() for _ in range(n)]
        for at in range(0, n, 64):
            self.put(*[(job, text) for job in ids[at:at + 64]])
        return ids

    def reserve(self, n=64, worker="w", lease=LEASE, run=None, budget=""):
        return Batch(self._call("reserve", n, lease, worker, run or self.run_id, budget))

    def touch(self, *jobs, worker="w", lease=LEASE, run=None):
        """The verdicts, one a job."""
        words = [word for job in jobs for word in (job.id, job.epoch, job.packed)]
        return self._call("touch", lease, worker, run or self.run_id, *words)

    def finish(self, *jobs, worker="w", due="", counters=()):
        """due: '' has ended; 0 ready again; a time in ms. counters: pairs of a name and what to add."""
        words = [word for job in jobs for word in (job.id, job.epoch, due)]
        return self._call("finish", worker, len(jobs), *words, *[word for pair in counters for word in pair])

    def settings(self, version=1, **values):
        """Names with _ for dots and __ for colons (cap_tenant__a is cap.tenant:a)."""
        words = [word for name, value in values.items() for word in (name.replace("__", ":").replace("_", "."), value)]
        return self.set_words(version, *words)

    def set_words(self, version, *words):
        return self._call("settings", version, *words)

    def hello(self, worker="w", information="{}"):
        return self._call("hello", worker, information)

    def progress(self, job, percent, worker="w"):
        return self._call("progress", worker, job.id, job.epoch, percent)

    def cancel(self, job, mode):
        return self._call("cancel", job, mode)

    def look(self, what, *words):
        return self._call("look", what, *words)

    def drain(self, *workers):
        return self._call("drain", *workers)

    def is_open(self):
        return self._call("open", self.run_id, "look") == 1

    def close(self, token="token"):
        return self._call("open", self.run_id, "close", token)

    def rebuild(self, mode, *keys, token="token"):
        """Another step of a rebuild: forget, wipe, wiped, keep."""
        return self._call("open", self.run_id, mode, token, *keys)

    def open(self, token="token"):
        return self._call("open", self.run_id, "open", token)

    # -- looking and bending -----------------------------------------------------------------------------------------

    def now(self):
        seconds, micros = self.redis("TIME")
        return int(seconds) * 1000 + int(micros) // 1000

    def set_of(self, name):
        return set(self.redis("ZRANGE", self.key(name), 0, -1))

    def expire(self, *jobs):
        """Let these leases have run out."""
        for job in jobs:
            assert self.redis("ZADD", self.key("lease"), "XX", "CH", 1, job.id) == 1
        self.look_again()

    def make_due(self, *ids):
        """Let these delayed jobs be due."""
        for job in ids:
            assert self.redis("ZADD", self.key("dl"), "XX", "CH", 1, job) == 1
        self.look_again()

    def look_again(self):
        """Let what the next reserve need not look for be unknown."""
        self.redis("HDEL", self.key("m"), "next")

    def waiter(self, redis, seconds=10):
        """Have a connection wait for work as a worker does; returns once the server knows that it waits."""
        before = int(re.search(r"blocked_clients:(\d+)", self.redis("INFO", "clients")).group(1))
        redis.send("BZPOPMIN", self.key("wake"), seconds)
        while redis.waits(0.005):
            if int(re.search(r"blocked_clients:(\d+)", self.redis("INFO", "clients")).group(1)) > before:
                return


class Clock:
    """The time that scripts go by when the test makes it: in a key, for which their TIME is replaced."""
    LIBRARY = Library(LIBRARY.text.replace("call('TIME')", "call('HMGET', P .. 'clock', 's', 'us')")).renamed("clocked")

    def __init__(self, redis, prefix):
        self.redis, self.key, self.micros = redis, prefix + "clock", int(redis("TIME")[0]) * 1_000_000
        self.go(0)

    def go(self, seconds):
        """Forward, or back."""
        self.micros += round(seconds * 1e6)
        self.redis("HSET", self.key, "s", self.micros // 1_000_000, "us", self.micros % 1_000_000)

    @property
    def ms(self):
        return self.micros // 1000


class ClockedQueue(Queue):
    """A queue whose time the test makes."""

    def __init__(self, redis, name="q"):
        super().__init__(redis, name)
        self.clock = Clock(redis, self.prefix)
        self.library = Clock.LIBRARY
        self.library.load(redis)

    def now(self):
        return self.clock.ms


class Limiter:
    """A rate that queues share."""

    def __init__(self, redis, name="l", clocked=False):
        self.redis, self.prefix = redis, f"mr1:{{l:{name}}}:"
        self.clock = Clock(redis, self.prefix) if clocked else None
        self.library = Clock.LIBRARY if clocked else LIBRARY
        self.library.load(redis)

    def _call(self, *words):
        return self.redis(*self.library.words("tokens", self.prefix, *words))

    def take(self, n, least=1):
        """How many there were, and ms until it is worth to ask again."""
        return self._call("take", n, least)

    def turn(self, job):
        """Whether it may go on, else ms until its turn comes."""
        return self._call("turn", job)

    def back(self, n):
        return self._call("back", n)

    def block(self, ms):
        return self._call("block", ms)

    def rate(self, a_second, burst=1):
        return self._call("rate", a_second, burst)


def statement(name, **values):
    """The text of sql/NAME.sql with its named parameters filled in."""
    def literal(match):
        value = values[match.group(1)]
        return "null" if value is None else "'" + str(value).replace("'", "''") + "'"
    text = re.sub(r"^--.*\n", "", (ROOT / "sql" / f"{name}.sql").read_text(), flags=re.M)
    return re.sub(r"(?<![:\w]):([a-z_]+)", literal, text).strip()


__all__ = ["Batch", "ClockedQueue", "Job", "LEASE", "LIBRARY", "Limiter", "Queue", "RedisError", "ROOT", "SCRIPTS", "embedded",
           "new_id", "packed", "statement"]
