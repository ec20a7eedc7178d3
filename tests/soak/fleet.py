# SPDX-License-Identifier: GPL-3.0-or-later
"""What a soak runs: PostgreSQL, Redis, two schedulers and the workers, kept running until they are stopped."""
import glob
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "queue"), str(ROOT / "tools")]
from resp import Redis                                              # noqa: E402
from servers import Session, postgres_folder, until                 # noqa: E402
from stacklib.place import Place                                    # noqa: E402
from stacklib.system import kill                                    # noqa: E402

SLOTS = 4                                  # of a worker
WORKERS = ("soak", "soak2", "slow", "slow2", "slow3")
SCHEDULERS = ("scheduler", "scheduler2")
AGAIN = 0.3               # seconds before what died is started again


def clock():
    """Of the ledgers: goes on while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Sql(Session):
    """A session that knows when its server has gone: psql itself says so, and goes on."""
    GONE = ("FATAL:", "server closed the connection", "connection to server was lost", "no connection to the server",
            "The connection to the server was lost", "could not receive data from server", "WARNING:  57P02")

    def take(self):
        rows = super().take()
        for row in rows:
            if any(text in row[0] for text in self.GONE):
                raise ConnectionError(row[0])
        return rows


class Service:
    """A program that is started again whenever it dies."""

    def __init__(self, name, argv, environment, log, out=None, who=None, stop=signal.SIGTERM):
        self.name, self.argv, self.environment, self.who, self.stop_with = name, argv, environment, who or {}, stop
        self.log, self.out = log, out
        self.process, self.wanted, self.held, self.starts = None, False, False, 0
        self.lives = []                    # (pid, born); the last one may live

    @property
    def pid(self):
        return self.process.pid if self.process and self.process.poll() is None else 0

    def start(self):
        self.wanted = True
        with open(self.log, "ab") as log, open(self.out or self.log, "ab") as out:
            self.process = subprocess.Popen(["/usr/bin/setpriv", "--pdeathsig", "KILL", *self.argv], stdout=out,
                                            stderr=log, stdin=subprocess.DEVNULL, env=self.environment(self.starts),
                                            cwd="/", **self.who)
        self.starts += 1
        self.lives.append((self.process.pid, clock()))

    def signal(self, number):
        """Whether there was somebody to hear it."""
        return bool(self.pid) and kill(self.pid, number)

    def stop(self, patience=30):
        self.wanted = False
        if self.pid:
            self.signal(signal.SIGCONT)
            self.signal(self.stop_with)
            try:
                self.process.wait(patience)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def rss_kib(self):
        try:
            pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        except (OSError, IndexError):
            return 0
        return pages * os.sysconf("SC_PAGESIZE") // 1024


class Fleet:
    def __init__(self, options):
        self.options = options
        self.place = Place("soak")
        self.place.make()
        if not self.place.hold():
            raise SystemExit("soak: another one runs")
        self.state = self.place.state
        for path in self.state.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        self.who = self.place.as_user()
        self.services, self.lock, self.ending = {}, threading.Lock(), threading.Event()
        self.keeper = threading.Thread(target=self._keep, daemon=True)
        self.faults_until = 0.0

    def path(self, *parts):
        return str(self.state.joinpath(*parts))

    # -- up and down -------------------------------------------------------------------------------------------------

    def up(self):
        for name in ("log", "work", "files", "redis", "bin"):
            folder = self.state / name
            folder.mkdir(mode=0o700)
            if os.geteuid() == 0:
                os.chown(folder, self.place.user.pw_uid, self.place.user.pw_gid)
        shutil.copy(ROOT / "build" / self.options.variant / "soak", self.path("bin", "soak"))
        (self.state / "bin").chmod(0o755)
        self._write_config()
        self._postgres_make()
        self._rows()
        for name in ("postgres", "redis"):
            self.services[name].start()
        until(self.redis_answers, "Redis answers")
        until(self.postgres_answers, "PostgreSQL answers", 60)
        subprocess.run([self.path("bin", "soak"), "--config", self.path("millrace.conf"), "migrate"], check=True,
                       stdout=subprocess.DEVNULL, cwd="/", **self.who)
        self.keeper.start()

    def start_fleet(self):
        for name in (*SCHEDULERS, *WORKERS):
            self.services[name].start()

    def down(self):
        self.ending.set()
        self.keeper.join(5)
        for name in (*WORKERS, *SCHEDULERS, "redis", "postgres"):
            if name in self.services:
                self.services[name].stop()
        self.place.release()

    def _keep(self):
        """Whatever died and is wanted starts again, unless a hand holds it."""
        while not self.ending.wait(AGAIN):
            with self.lock:
                for service in self.services.values():
                    if service.wanted and not service.held and not service.pid:
                        service.start()

    # -- rows --------------------------------------------------------------------------------------------------------

    def _environment(self, name):
        def make(starts):
            environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(self.state)}
            if self.options.faults and name in (*WORKERS, *SCHEDULERS):
                number = (*WORKERS, *SCHEDULERS).index(name) * 10000 + starts
                environment["SOAK_FAULTS"] = f"{self.options.seed * 1000003 + number} {self.options.faults} {self.faults_until:.0f}"
            return environment
        return make

    def _service(self, name, argv, out=None, stop=signal.SIGTERM):
        self.services[name] = Service(name, argv, self._environment(name), self.path("log", f"{name}.log"), out, self.who,
                                      stop)

    def _rows(self):
        soak = [self.path("bin", "soak"), "--config", self.path("millrace.conf")]
        for name in WORKERS:
            self._service(name, [*soak, "worker", name.rstrip("0123456789")], self.path("log", "runs"))
        for name in SCHEDULERS:
            self._service(name, [*soak, "scheduler"])
        self._service("redis", ["/usr/bin/redis-server", "--port", "0", "--unixsocket", self.path("redis.sock"),
                                "--unixsocketperm", "700", "--dir", self.path("redis"), "--save", "", "--appendonly",
                                "yes", "--appendfsync", "everysec", "--maxmemory", "256mb",
                                "--maxmemory-policy", "noeviction"])
        self._service("postgres", [f"{postgres_folder()}/postgres", "-D", self.path("data"), "-c", "fsync=off", "-c",
                                   "full_page_writes=off", "-c", f"unix_socket_directories={self.state}", "-c",
                                   "listen_addresses=", "-c", "shared_buffers=64MB", "-c", "log_line_prefix=%m [%p] "],
                      stop=signal.SIGINT)

    def _postgres_make(self):
        argv = [f"{postgres_folder()}/initdb", "-D", self.path("data"), "-U", "millrace", "-A", "trust", "--no-sync", "-E",
                "UTF8", "--locale=C.UTF-8"]
        subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, cwd="/", **self.who)

    def _write_config(self):
        lease = self.options.lease
        values = {"environment": "sandbox", "secret": "s" * 64, "database.url": self.database_url,
                  "redis.url": self.path("redis.sock"), "queue.lease": lease, "queue.reconcile": 1,
                  "database.timeout": max(1000, lease * 5000 // 30), "worker.runner": self.path("bin", "soak"),
                  "worker.folder": self.path("work"), "storage.folder": self.path("files"), "worker.slots": SLOTS,
                  "worker.stop": 2, "log.level": "debug"}
        file = self.state / "millrace.conf"
        file.write_text("".join(f"{key} = {value}\n" for key, value in values.items()))
        if os.geteuid() == 0:
            os.chown(file, self.place.user.pw_uid, self.place.user.pw_gid)

    @property
    def database_url(self):
        return f"host={self.state} user=millrace dbname=postgres"

    # -- the servers -------------------------------------------------------------------------------------------------

    def session(self):
        return Sql(self.database_url)

    def redis(self, timeout=2):
        connection = Redis(self.path("redis.sock"))
        connection.socket.settimeout(timeout)
        return connection

    def redis_answers(self):
        try:
            connection = self.redis()
            try:
                return connection("PING") == "PONG"
            finally:
                connection.close()
        except Exception:                          # it starts, loads, or is away
            return False

    def postgres_answers(self):
        try:
            session = self.session()
            session.close()
            return True
        except (ConnectionError, BrokenPipeError, AssertionError, ValueError, IndexError):
            return False

    def command(self, *words):
        """The operator's command; its exit status."""
        try:
            return subprocess.run([self.path("bin", "soak"), "--config", self.path("millrace.conf"), *words], cwd="/",
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=30, check=False,
                                  **self.who).returncode
        except subprocess.TimeoutExpired:
            return -1

    def aof(self):
        """The append-only file that Redis writes to now."""
        found = sorted(glob.glob(self.path("redis", "appendonlydir", "*.incr.aof")))
        return found[-1] if found else None

    def workers_of(self, queue):
        return [self.services[name] for name in WORKERS if name.rstrip("0123456789") == queue]
