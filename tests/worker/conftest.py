# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the worker's tests. MILLRACE_BUILD names the folder of the built programs; `make build/gcc/trial
build/gcc/trial-next` builds what they need."""
import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "queue")]
from resp import Redis                                              # noqa: E402
from servers import Servers, Session                                # noqa: E402
from yard import BUILD, Yard                                        # noqa: E402


@pytest.fixture(scope="session")
def servers():
    servers = Servers()
    yield servers
    servers.stop()


@pytest.fixture(scope="session")
def migrated(servers):
    """The template of all databases."""
    name = servers.new_database()
    environment = {**os.environ, "MILLRACE_DATABASE_URL": servers.url(name), "MILLRACE_SECRET": "s" * 32,
                   "MILLRACE_REDIS_URL": servers.redis_socket}
    subprocess.run([BUILD / "trial", "migrate"], env=environment, check=True, stdout=subprocess.DEVNULL)
    session = Session(servers.url(name))
    session("create table trial_end (id uuid primary key, outcome text not null, error text, broken integer)")
    session.close()
    return name


@pytest.fixture
def redis(servers):
    redis = Redis(servers.redis_socket)
    redis("FLUSHALL")
    yield redis
    redis("CONFIG", "SET", "maxmemory", "512mb")
    redis.close()


@pytest.fixture
def shut_yard(servers, migrated, redis, tmp_path):
    """Nothing runs, and the queues are closed."""
    database = servers.new_database(migrated)
    session = Session(servers.url(database))
    yard = Yard(servers, redis, database, session, tmp_path)
    yield yard
    statuses = yard.stop()
    if any(statuses):
        for process in yard.running:
            print("".join(process.lines[-30:]))
    session.close()
    assert not any(status not in (0, 66, -9) for status in statuses), statuses


@pytest.fixture
def another_session(servers, shut_yard):
    session = Session(servers.url(shut_yard.database))
    yield session
    session.close()


@pytest.fixture
def yard(shut_yard):
    """The queues are open, nothing runs."""
    shut_yard.open()
    return shut_yard
