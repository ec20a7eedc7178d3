# SPDX-License-Identifier: GPL-3.0-or-later
"""A private PostgreSQL, a private Redis and echo_front, all on unix sockets below one short folder."""
import glob
import os
import shutil
import signal
import subprocess
import tempfile
import time

import pytest
from fastcgi import Peer

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.environ.get("ECHO_FRONT", os.path.join(ROOT, "build/gcc/echo_front"))
PATIENCE = 60      # seconds anything may take on a busy machine
WORST_CPU_US = int(os.environ.get("WORST_CPU_US", 50000))
BLOCKED_MOST = 50  # two threads that meet at the pool's lock, a page that comes from disk; a step that blocks: many more
DEMOTE = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"] if os.getuid() == 0 else []
SCHEMA = """
create table plumbing_note (text text);
create table plumbing_once (text text unique deferrable initially deferred);
create table plumbing_shape (text text);
insert into plumbing_shape values ('round');
create function plumbing_refuse(why text) returns int language plpgsql as $$ begin
  raise exception '%', why using errcode = 'MR409', column = 'name'; end $$;
"""


def until(what, seconds=PATIENCE):
    """Ask again until it holds; asking itself is what waits."""
    end = time.monotonic() + seconds
    while True:
        got = what()
        if got:
            return got
        assert time.monotonic() < end, "it never came about"
        time.sleep(0.005)


class Services:
    def __init__(self, folder):
        self.folder = folder
        self.bin = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        self.conninfo = f"host={folder} user=millrace dbname=postgres"
        self.redis_socket = f"{folder}/redis.sock"
        self.socket = f"{folder}/front.sock"

    def run(self, *command):
        subprocess.run([*DEMOTE, "env", "-C", "/", *command], check=True, stdout=subprocess.DEVNULL)

    def postgres_start(self):
        options = f"-c listen_addresses='' -c unix_socket_directories='{self.folder}' -c fsync=off"
        data = f"{self.folder}/data"
        if not os.path.exists(data):
            self.run(f"{self.bin}/initdb", "-D", data, "-U", "millrace", "-A", "trust", "--no-sync", "-E", "UTF8",
                     "--locale=C.UTF-8")
        self.run(f"{self.bin}/pg_ctl", "-D", data, "-w", "-l", f"{self.folder}/pg.log", "-o", options, "start")

    def postgres_stop(self):
        self.run(f"{self.bin}/pg_ctl", "-D", f"{self.folder}/data", "-m", "fast", "-w", "stop")

    def sql(self, text):
        return subprocess.run(["psql", "-XAtq", "-h", self.folder, "-U", "millrace", "-d", "postgres", "-c", text],
                              check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

    def redis_start(self):
        self.redis = subprocess.Popen([*DEMOTE, "redis-server", "--port", "0", "--unixsocket", self.redis_socket,
                                       "--unixsocketperm", "777", "--dir", self.folder, "--save", ""],
                                      stdout=subprocess.DEVNULL)
        until(lambda: self.redis_command("ping") == "PONG")

    def redis_stop(self):
        self.redis.send_signal(signal.SIGCONT)
        self.redis.terminate()
        self.redis.wait()

    def redis_command(self, *words):
        return subprocess.run(["redis-cli", "-s", self.redis_socket, *words], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True).stdout.strip()

    def front_start(self, path=None, redis=None):
        path = path or self.socket
        front = subprocess.Popen([PROGRAM, path, self.conninfo, redis or self.redis_socket])

        def listening():
            assert front.poll() is None, "it did not start"
            try:
                return Peer(path)
            except OSError:
                return None

        until(listening).close()
        return front


@pytest.fixture(scope="session")
def services():
    folder = tempfile.mkdtemp(prefix="plumb-", dir="/tmp")
    if DEMOTE:
        shutil.chown(folder, "postgres", "postgres")
    services = Services(folder)
    services.postgres_start()
    services.sql(SCHEMA)
    services.redis_start()
    yield services
    services.redis_stop()
    services.postgres_stop()
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def front(services):
    front = services.front_start()
    yield front
    front.terminate()
    assert front.wait(PATIENCE) == 0


class State(dict):
    def __init__(self, text):
        super().__init__((k, int(v)) for k, v in (pair.split("=") for pair in text.split()))
        self.__dict__ = self


@pytest.fixture
def connect(services, front):
    """Makes connections to the front, and sees to it that no test has made a step block."""
    peers = []

    def connect():
        peers.append(Peer(services.socket))
        return peers[-1]

    yield connect
    for peer in peers:
        peer.close()
    assert front.poll() is None, "the front is gone"
    watcher = Peer(services.socket)
    state = State(watcher.ask("/state").text)
    print(state.worst_cpu_us, state.blocked)
    assert state.worst_cpu_us < WORST_CPU_US and state.blocked <= BLOCKED_MOST
    watcher.close()


@pytest.fixture
def another_front(services):
    """Starts a front with another address of Redis; gives a connection to it."""
    started = []

    def start(redis):
        path = f"{services.folder}/front{len(started)}.sock"
        front = services.front_start(path, redis)
        started.append((front, Peer(path)))
        return started[-1][1]

    yield start
    for front, peer in started:
        peer.close()
        front.terminate()
        assert front.wait(PATIENCE) == 0


@pytest.fixture
def peer(connect):
    return connect()


@pytest.fixture
def state(services, front):
    def state():
        watcher = Peer(services.socket)
        state = State(watcher.ask("/state").text)
        watcher.close()
        return state

    return state
