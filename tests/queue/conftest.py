# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the engine's tests: the real scripts and tables on servers of our own. MILLRACE_BUILD names the folder of
the built programs. What a queue does is tested in several places: a Redis alone, a cluster of three, and as a user who
may do no more than docs/operating.md says. MILLRACE_PLACES names some of them. Programs run on the Redis alone: fixtures
office, command and mail; how they find others is in test_cluster, test_sentinel, test_redis_user and test_redis_queues."""
import os
import subprocess
from pathlib import Path

import pytest

from command import BUILD, Command
from engine import ClockedQueue, Limiter, Queue, SCRIPTS
from fleet import Fleet
from office import Office
from places import PLACES, Alone, Cluster
from servers import Servers, Session

CALLED = set()
# For what they count, how long they take, because they make the time, or speak to one Redis.
ALONE = {"test_caps.py", "test_command.py", "test_cost.py", "test_doctor.py", "test_levels.py", "test_library.py",
         "test_limiter.py", "test_metrics.py", "test_model.py", "test_pause.py", "test_presence.py", "test_put_command.py",
         "test_rates.py", "test_schedule.py", "test_top.py", "test_wakes.py", "test_weights.py"}


def pytest_configure(config):
    config.addinivalue_line("markers", "writes_nothing: needs no database of its own")


def pytest_generate_tests(metafunc):
    if "place" in metafunc.fixturenames:
        wanted = os.environ.get("MILLRACE_PLACES", " ".join(PLACES)).split()
        places = ["alone"] if metafunc.definition.path.name in ALONE else [name for name in PLACES if name in wanted]
        metafunc.parametrize("place", places, indirect=True, scope="session")


def pytest_sessionfinish(session, exitstatus):
    """A whole run that left a script uncalled has tested less than it says."""
    whole = {item.path.name for item in session.items} >= {path.name for path in Path(__file__).parent.glob("test_*.py")}
    if exitstatus == 0 and whole and CALLED != SCRIPTS:
        session.exitstatus = 1
        print(f"\nscripts that no test called: {', '.join(sorted(SCRIPTS - CALLED))}")


@pytest.fixture(scope="session")
def servers():
    servers = Servers()
    yield servers
    servers.stop()


@pytest.fixture(scope="session")
def cluster():
    cluster = Cluster()
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def place(request):
    return PLACES[request.param](request.getfixturevalue)


@pytest.fixture
def redis(place):
    place.flush()
    redis = place.connect()
    yield redis
    redis.close()


@pytest.fixture
def another_redis(place):
    made = []

    def make():
        made.append(place.connect())
        return made[-1]
    yield make
    for one in made:
        one.close()


@pytest.fixture
def shut_queue(redis, place):
    """A queue that nobody has opened yet."""
    caller = place.connect_caller()
    queue = Queue(redis, place.queue, caller)
    yield queue
    CALLED.update(queue.called)
    caller.close()


@pytest.fixture
def queue(shut_queue):
    shut_queue.close()
    shut_queue.open()
    shut_queue.redis("DEL", shut_queue.key("wake"))
    return shut_queue


@pytest.fixture
def clocked(redis):
    """An open queue whose time the test makes."""
    queue = ClockedQueue(redis)
    queue.close()
    queue.open()
    yield queue
    CALLED.update(queue.called)


@pytest.fixture
def limiter(redis):
    CALLED.add("tokens")
    return Limiter(redis, clocked=True)


@pytest.fixture(scope="session")
def program(servers):
    """Start a program on a database, with settings named like redis_url; gives its process."""
    def start(name, database, *words, stdout=subprocess.PIPE, **settings):
        settings = {"database_url": servers.url(database), "secret": "s" * 32, "redis_url": servers.redis_socket, **settings}
        environment = {**os.environ, **{f"MILLRACE_{key.upper()}": str(value) for key, value in settings.items()}}
        return subprocess.Popen([BUILD / name, *words], env=environment, text=True, stdout=stdout,
                                stderr=subprocess.STDOUT)
    return start


@pytest.fixture(scope="session")
def millrace(program):
    """Run the command on a database; gives the ended process."""
    def run(database, *words, background=False, **settings):
        process = program("millrace", database, *words, **settings)
        if background:
            return process
        process.output = process.communicate(timeout=60)[0]
        return process
    return run


@pytest.fixture(scope="session")
def migrated(servers, millrace):
    """A migrated database that nobody writes to: the template of all others. The house does nothing there."""
    name = servers.new_database()
    done = millrace(name, "migrate")
    assert done.returncode == 0, done.output
    session = Session(servers.url(name))
    session("delete from schedule; delete from audit")
    session.close()
    return name


@pytest.fixture(scope="session")
def unwritten(servers, migrated):
    return servers.new_database(migrated)


@pytest.fixture
def database(request, servers, migrated):
    """A migrated database of the test's own; those that are marked writes_nothing share one."""
    if request.node.get_closest_marker("writes_nothing"):
        yield request.getfixturevalue("unwritten")
    else:
        name = servers.new_database(migrated)
        yield name
        servers.drop_database(name)


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


@pytest.fixture
def fleet(program, millrace, database, sql, tmp_path):
    fleet = Fleet(program, millrace, database, sql, tmp_path / "work")
    yield fleet
    fleet.stop()


@pytest.fixture
def redis_alone(request):
    """The Redis alone, whatever the place."""
    place = Alone(request.getfixturevalue)
    place.flush()
    redis = place.connect()
    yield redis
    redis.close()


@pytest.fixture
def command(servers, database, redis_alone):
    return Command(servers, database)


@pytest.fixture
def mail(redis_alone):
    """The queue where the command's jobs of mail are, open."""
    queue = Queue(redis_alone, "mail")
    queue.close()
    queue.open()
    yield queue
    CALLED.update(queue.called)


@pytest.fixture
def office(millrace, database, sql, redis_alone):
    return Office(millrace, database, sql, redis_alone)
