# SPDX-License-Identifier: GPL-3.0-or-later
"""The library as somebody else's program meets it: installed into a folder, found by pkg-config, against servers and a
scheduler of our own. LIBRARY_VARIANT names what was built: gcc, clang or asan."""
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VARIANT = os.environ.get("LIBRARY_VARIANT", "gcc")
sys.path.insert(0, str(ROOT / "tests" / "queue"))
from resp import Redis                    # noqa: E402
from servers import Servers, Session, until       # noqa: E402

LEASE = 6
PATIENCE = 60.0
STRICT = ["-Wall", "-Wextra", "-Wshadow", "-Wpedantic", "-Werror", "-D_GNU_SOURCE"]
SANITIZE = ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"] if VARIANT == "asan" else []
COMPILERS = {"gcc": ["gcc", "-std=gnu17"], "clang": ["clang", "-std=gnu17"],
             "g++": ["g++", "-x", "c++", "-std=c++11"], "clang++": ["clang++", "-x", "c++", "-std=c++11"]}


class Installed:
    """What make install has put under a folder, and programs made with it."""

    def __init__(self, folder):
        self.folder, self.prefix = folder, folder / "usr" / "local"
        subprocess.run(["make", "-s", "install", f"V={VARIANT}", f"DESTDIR={folder}"], cwd=ROOT, check=True,
                       stdout=subprocess.DEVNULL)
        self.built = 0

    def flags(self, *words):
        """What pkg-config says of the library where it lies now."""
        environment = {**os.environ, "PKG_CONFIG_PATH": f"{self.prefix}/lib/pkgconfig",
                       "PKG_CONFIG_SYSROOT_DIR": str(self.folder)}
        return subprocess.run(["pkg-config", *words, "millrace-queue"], env=environment, check=True, capture_output=True,
                              text=True).stdout.split()

    def compile(self, source, compiler="gcc", static=False, more=()):
        """The program, made with nothing but what pkg-config says. more: other packages that it uses itself."""
        self.built += 1
        program = self.folder / f"{Path(source).stem}-{self.built}"
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", *more], check=True, capture_output=True,
                               text=True).stdout.split() if more else []
        libs = self.flags("--libs", *(["--static"] if static else []))
        if static:
            libs = [re.sub("^-lmillrace-queue$", "-l:libmillrace-queue.a", word) for word in libs]
        subprocess.run([*COMPILERS[compiler], *STRICT, *SANITIZE, *self.flags("--cflags"), str(ROOT / source),
                        *(["-x", "none"] if "++" in compiler else []), "-o", str(program), *libs, *flags], check=True)
        return program


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    return Installed(tmp_path_factory.mktemp("installed"))


class Producer:
    """The program of producer.c: call it with a command and what it says, for the answer's words."""

    def __init__(self, program, environment, *words):
        self.process = subprocess.Popen([program, *words], env=environment, text=True, bufsize=1, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)

    def __call__(self, command, **said):
        line = "\t".join([command, *(f"{name}={value}" for name, value in said.items())])
        self.process.stdin.write(line + "\n")
        r, *words = self.process.stdout.readline().rstrip("\n").split("\t")
        return int(r), *words

    def put(self, **said):
        """Put a job that must be taken; its id."""
        r, job = self("put", **said)
        assert r == 0, job
        return job

    def status(self, job):
        return Status(self("status", id=job))

    def ended(self, job, ms=60000):
        return Status(self("wait", id=job, ms=ms))

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(PATIENCE) == 0
        self.process.stdout.close()


class Status:
    def __init__(self, words):
        assert words[0] == 0, words
        _, self.state, progress, failed, self.kind, self.queue, self.result, self.error = words
        self.progress, self.failed = int(progress), int(failed)


class World:
    """Servers, a migrated database, the scheduler; workers and producers on demand."""

    def __init__(self, servers, installed, folder):
        self.servers, self.installed, self.folder = servers, installed, folder
        self.database = servers.new_database()
        self.processes = []
        self.environment = {**os.environ, "MILLRACE_DATABASE_URL": servers.url(self.database),
                            "MILLRACE_SECRET": "s" * 32, "MILLRACE_REDIS_URL": servers.redis_socket,
                            "MILLRACE_QUEUE_LEASE": str(LEASE), "MILLRACE_QUEUE_RECONCILE": "1",
                            "MILLRACE_WORKER_SLOTS": "4", "MILLRACE_WORKER_STOP": "1",
                            "MILLRACE_WORKER_FOLDER": str(folder / "never-made"),
                            "LD_LIBRARY_PATH": str(installed.prefix / "lib")}
        subprocess.run([installed.prefix / "bin" / "millrace", "migrate"], env=self.environment, check=True,
                       stdout=subprocess.DEVNULL)
        self.sql = Session(servers.url(self.database))
        self.sql("delete from schedule; delete from audit")     # the house does nothing here
        self.redis = Redis(servers.redis_socket)
        self.start(installed.prefix / "sbin" / "millrace-scheduler")

    def start(self, program, *words, stdout=None, **environment):
        """A process of the world's, its log in a file of its own."""
        log = self.folder / f"log-{len(self.processes)}"
        with open(log, "ab") as to:
            process = subprocess.Popen([program, *words], env={**self.environment, **environment}, stderr=to,
                                       stdout=stdout or to)
        process.log = log
        self.processes.append(process)
        return process

    def command(self, *words):
        """What `millrace WORDS` prints."""
        done = subprocess.run([self.installed.prefix / "bin" / "millrace", *words], env=self.environment, check=False,
                              capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def end(self, process, status=0):
        """Stop it as systemd would, and see that it went well."""
        process.terminate()
        assert process.wait(PATIENCE) == status, process.log.read_text()

    def worker(self, program, *words, queue="probe", **environment):
        """A worker that has opened its queue and waits for jobs."""
        process = self.start(program, *words, **environment)
        until(lambda: "worker.start" in process.log.read_text() or process.poll() is not None, "the worker runs", PATIENCE)
        assert process.poll() is None, process.log.read_text()
        until(lambda: self.redis("GET", f"mr1:{{q:{queue}}}:gen"), f"queue {queue} is open", PATIENCE)
        return process

    def producer(self, program, *words):
        return Producer(program, self.environment, *words)

    def tries(self, job):
        return [row[0] for row in self.sql(f"select outcome from job_try where id = '{job}' order by epoch")]

    def stop(self):
        for process in self.processes:
            if process.poll() is None:
                process.terminate()
        for process in self.processes:
            process.wait(PATIENCE)
        self.sql.close()
        self.redis.close()


@pytest.fixture(scope="session")
def world(installed, tmp_path_factory):
    servers = Servers()
    try:
        world = World(servers, installed, tmp_path_factory.mktemp("world"))
        yield world
        world.stop()
    finally:
        servers.stop()


@pytest.fixture(scope="session")
def worker_program(installed):
    return installed.compile("tests/library/worker.c")


@pytest.fixture(scope="session")
def producer_program(installed):
    return installed.compile("tests/library/producer.c", more=("libpq",))


@pytest.fixture(scope="session")
def worker(world, worker_program):
    process = world.worker(worker_program)
    yield process
    world.end(process)


@pytest.fixture
def producer(world, producer_program):
    producer = world.producer(producer_program)
    yield producer
    producer.close()
