# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the engine's tests: the real scripts and tables on servers of our own. MILLRACE_BUILD names the folder of
the built programs."""
import os
import subprocess
from pathlib import Path

import pytest

from engine import ROOT, Queue, SCRIPTS
from resp import Redis
from servers import Servers, Session

BUILD = ROOT / os.environ.get("MILLRACE_BUILD", "build/gcc")
CALLED = set()


def pytest_sessionfinish(session, exitstatus):
    """A whole run that left a script uncalled has tested less than it says."""
    whole = {item.path.name for item in session.items} >= {path.name for path in Path(__file__).parent.glob("test_*.py")}
    if exitstatus == 0 and whole and CALLED != set(SCRIPTS):
        session.exitstatus = 1
        print(f"\nscripts that no test called: {', '.join(sorted(set(SCRIPTS) - CALLED))}")


@pytest.fixture(scope="session")
def servers():
    servers = Servers()
    yield servers
    servers.stop()


@pytest.fixture
def redis(servers):
    redis = Redis(servers.redis_socket)
    redis("FLUSHALL")
    redis("SCRIPT", "FLUSH")
    yield redis
    redis.close()


@pytest.fixture
def another_redis(servers):
    made = []

    def make():
        made.append(Redis(servers.redis_socket))
        return made[-1]
    yield make
    for one in made:
        one.close()


@pytest.fixture
def shut_queue(redis):
    """A queue that nobody has opened yet."""
    queue = Queue(redis)
    yield queue
    CALLED.update(queue.called)


@pytest.fixture
def queue(shut_queue):
    shut_queue.close()
    shut_queue.open()
    shut_queue.redis("DEL", shut_queue.key("wake"))
    return shut_queue


@pytest.fixture(scope="session")
def millrace(servers):
    """Run the command on a database; gives the ended process."""
    def run(database, *words, background=False):
        environment = {**os.environ, "MILLRACE_DATABASE_URL": servers.url(database), "MILLRACE_SECRET": "s" * 32,
                       "MILLRACE_REDIS_URL": servers.redis_socket}
        process = subprocess.Popen([BUILD / "millrace", *words], env=environment, text=True, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT)
        if background:
            return process
        process.output = process.communicate(timeout=60)[0]
        return process
    return run


@pytest.fixture(scope="session")
def migrated(servers, millrace):
    """A migrated database that nobody writes to: the template of all others."""
    name = servers.new_database()
    done = millrace(name, "migrate")
    assert done.returncode == 0, done.output
    return name


@pytest.fixture
def database(servers, migrated):
    return servers.new_database(migrated)


@pytest.fixture
def session(servers, database):
    """Make sessions of a fresh migrated database."""
    made = []

    def make():
        made.append(Session(servers.url(database)))
        return made[-1]
    yield make
    for one in made:
        one.close()


@pytest.fixture
def sql(session):
    return session()
