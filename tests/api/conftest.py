# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs against the stack that MILLRACE_STACK describes:

    tools/stack run api --fast -- /usr/bin/python3 -m pytest tests/api
"""
import contextlib
import functools
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from circle import Circle                                                   # noqa: E402
from client import GENERATE, PATIENCE, Client, Mailbox, Record, ask, called_file, load_stack, standing_still, tell   # noqa: E402
from database import Database                                               # noqa: E402
from depot import Depot                                                     # noqa: E402
from failing import trouble                                                 # noqa: E402,F401   pylint: disable=unused-import
from forge import Forge                                                     # noqa: E402
from household import home                                             # noqa: E402,F401   pylint: disable=unused-import
from members import happens, member, outcome, subscriber                    # noqa: E402,F401   pylint: disable=unused-import
from outside import Outside                                                 # noqa: E402
from resting import by_hand, house_rests, hurry                             # noqa: E402,F401   pylint: disable=unused-import
from servers import SERVERS                                                 # noqa: E402
from telephony import Exchange                                              # noqa: E402
from till import Till                                                       # noqa: E402
from waits import rebuilt, twin, until                                               # noqa: E402


def find_stack():
    try:
        return load_stack()
    except KeyError:
        pytest.exit("MILLRACE_STACK is not set: tools/stack run api --fast -- /usr/bin/python3 -m pytest tests/api", 2)


def load_stack_or_nothing():
    return load_stack() if "MILLRACE_STACK" in os.environ else {}


def output_of(*argv, text=""):
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, input=text)
    assert done.returncode == 0, f"{argv}: {done.returncode}: {done.stderr}"
    return done.stdout


def load_rows(stack):
    return json.loads(output_of(f"{stack['bin']}/millrace-front", "--endpoints"))


def pytest_generate_tests(metafunc):
    """A test with the parameter `guarded` runs for each row that wants to know who calls."""
    if "guarded" in metafunc.fixturenames:
        rows = [row for row in load_rows(find_stack()) if row["who"] not in ("ANYONE", "OPTIONAL")]
        metafunc.parametrize("guarded", rows, ids=[f"{row['product']}.{row['name']}" for row in rows])


def pytest_collection_modifyitems(config, items):
    """The test of what all the others did comes last, and only when all the others run."""
    partial = config.option.keyword or config.option.markexpr or config.getoption("lf", False) or \
        any("::" in argument or argument.endswith(".py") for argument in config.args)
    last = [item for item in items if item.get_closest_marker("last")]
    items[:] = [item for item in items if item not in last] + ([] if partial else last)


def pytest_configure(config):
    config.addinivalue_line("markers", "last: runs when all other tests have run")
    config.addinivalue_line("markers", "smoke: what runs behind every web server in make check")


# -- the stack ---------------------------------------------------------------------------------------------------------

@pytest.fixture(scope="session")
def stack():
    return find_stack()


@pytest.fixture(scope="session")
def server(stack):
    """What the stack's web server decides for itself."""
    return SERVERS[stack["server"]]


# What only a stack with a bucket can show.
collect_ignore = [] if "s3" in load_stack_or_nothing() else ["test_bucket.py"]


@pytest.fixture(scope="session")
def depot(stack):
    return Depot(stack)


@pytest.fixture(scope="session")
def starts(stack):
    """How often each service has been started."""
    def count():
        return {service["name"]: service["starts"] for service in ask(stack["control"], {"do": "status"})["services"]}
    return count


@pytest.fixture(scope="session", autouse=True)
def starts_before(starts):
    return starts()


@pytest.fixture(scope="session")
def record(stack):
    kept = Record(load_rows(stack))
    yield kept
    kept.keep(called_file(stack))


@pytest.fixture(scope="session")
def mailbox(stack):
    return Mailbox(stack)


@pytest.fixture(scope="session")
def settings(stack):
    """The stack's configuration file."""
    lines = Path(stack["config"]).read_text().splitlines()
    return dict(line.split(" = ", 1) for line in lines if " = " in line)


@pytest.fixture(scope="session")
def forge(settings):
    return Forge(settings["secret"])


@pytest.fixture(scope="session")
def database(stack):
    return Database(stack["database_url"])


@pytest.fixture(scope="session")
def sql(database):
    """Do what no call can do yet: sql("update ... where id = %s", id) -> the first column of the first row."""
    def run(statement, *values):
        quoted = tuple("'" + str(value).replace("'", "''") + "'" for value in values)
        return database(statement % quoted)
    return run


@pytest.fixture(scope="session")
def operator(stack):
    """The operator's command."""
    def run(*words, text=""):
        return output_of(f"{stack['bin']}/millrace", "--config", stack["config"], *words, text=text)
    return run


@pytest.fixture
def unheld(operator):
    """unheld("openai"): what a 429 has brought about ends; nobody waits for the service any more."""
    def end(service):
        operator("limiter", service, "1000", "1000")
        operator("limiter", service, "--remove")
    return end


@pytest.fixture
def paused(stack):
    """with paused("image"): ...   While the service stands still, what it would do waits."""
    return functools.partial(standing_still, stack)


@pytest.fixture
def runner():
    """Stop the process that runs the image worker's job, as soon as there is one."""
    seen = set()

    def running(pid):
        """As soon as it is the runner: stopped between fork and exec it would hold up the worker, too."""
        try:
            return Path(f"/proc/{pid}/comm").read_text().startswith("millrace-runner")
        except (FileNotFoundError, ProcessLookupError):     # it ended before the open, or between that and the read
            return False

    def children(pid):
        return [int(child) for task in Path(f"/proc/{pid}/task").iterdir()
                for child in (task / "children").read_text().split() if running(child)]

    def stop():
        worker = load_stack()["pids"]["image"]
        until = time.monotonic() + PATIENCE
        while not (found := set(children(worker)) - seen):
            assert time.monotonic() < until, "no job is running"
            time.sleep(0.001)
        pid = found.pop()
        seen.add(pid)
        os.kill(pid, signal.SIGSTOP)
        return pid
    return stop


@pytest.fixture
def front_away(stack, figureforge, starts_before):
    """with front_away(): ...   Nobody listens on the front's socket."""
    @contextlib.contextmanager
    def hold():
        tell(stack, "stop", "front")
        try:
            yield
        finally:
            tell(stack, "start", "front")
            starts_before["front"] += 1
            until = time.monotonic() + PATIENCE                     # lighttpd looks once a second
            while figureforge.raw_get("/-/readyz").status_code in (502, 503):
                assert time.monotonic() < until, "the web server does not find the front again"
    return hold


@pytest.fixture
def accepted(paused, operator):
    """accepted(alice, body): it may be asked for. The job is taken back before anybody draws."""
    def put(client, body=None, **more):
        with paused("image"):
            job = client.post(GENERATE, body, 202, **more)
            operator("cancel", job.job_id)
        return job
    return put


@pytest.fixture
def later():
    """later(client.get, path): goes on beside the test; .result() is the answer."""
    with ThreadPoolExecutor(32) as pool:
        def begin(call, *words, **more):
            return pool.submit(getattr(twin(call.__self__), call.__name__), *words, **more)
        yield begin


@pytest.fixture
def parked(figureforge, server):
    """How many requests wait in the front. Where each is a process of its own nobody can say."""
    if not server.runs_front:
        pytest.skip("the front is no service behind this web server")

    def count():
        return int(re.search(rb'"parked":(\d+)', figureforge.raw_get("/-/readyz").content).group(1))

    def wait(n):
        until(lambda: count() == n, f"{n} parked; there are {count()}")
    return wait


@pytest.fixture
def ctl(stack, starts_before, redis):
    """ctl("stop", "redis"): of the stack's services."""
    def on(action, service):
        tell(stack, action, service)
        if action in ("start", "restart"):
            starts_before[service] += 1
        begun.add(service)
    begun = set()
    yield on
    if "redis" in begun:                                # others find the queues as they were: open
        rebuilt(stack, redis)


@pytest.fixture
def redis(stack):
    def run(*words):
        done = subprocess.run(["redis-cli", "-s", stack["redis"], *map(str, words)], capture_output=True, text=True, timeout=20)
        assert done.returncode == 0 and not done.stdout.startswith("ERR"), done
        return done.stdout.strip()
    return run


@pytest.fixture
def configured(stack, ctl, figureforge):
    """configured("media", "media.part = 2"): the service begins anew with it. At the end all is as it was."""
    config, changed = Path(stack["config"]), []
    before, owner = config.read_text(), config.stat()

    def restart(service, text):
        draft = config.with_suffix(".draft")            # who starts just now reads the one file or the other
        draft.write_text(text)
        draft.chmod(owner.st_mode & 0o777)
        os.chown(draft, owner.st_uid, owner.st_gid)
        draft.rename(config)
        ctl("restart", service)
        if service == "front":
            until(lambda: figureforge.raw_get("/-/readyz").status_code == 200, "the front is ready")

    def begin(service, line):
        changed.append(service)
        restart(service, f"{before}{line}\n")
    yield begin
    for service in dict.fromkeys(changed):
        restart(service, before)


@pytest.fixture
def front_with(configured):
    """front_with("front.parked = 2"): the front begins anew with it."""
    return functools.partial(configured, "front")


@pytest.fixture
def waiting(alice, paused, operator):
    """A job that waits while its workers stand still; the test's end takes it back."""
    with paused("image"):
        job = alice.post(GENERATE, {"prompt": "a heron"}, 202)
        yield job
        with contextlib.suppress(AssertionError):       # it has been cancelled already
            operator("cancel", job.job_id)


# -- people ------------------------------------------------------------------------------------------------------------

@pytest.fixture
def figureforge(stack, record):
    """Nobody in particular."""
    return Client(stack, "figureforge", record)


@pytest.fixture(scope="session")
def sign_in(stack, record, mailbox):
    """sign_in("alice", email): a client of hers, signed in with the code from her mail."""
    def enter(name, email=None):
        client = Client(stack, "figureforge", record)
        client.email = email or f"{name}-{secrets.token_hex(4)}@example.org"
        before = len(mailbox.ask(list=client.email))
        client.post("/api/auth/magic-link/request/", {"email": client.email})
        code = mailbox.code(client.email, before + 1)
        entered = client.post("/api/auth/magic-link/verify/", {"email": client.email, "code": code})
        client.token, client.refresh, client.id = entered.access, entered.refresh, entered.user.id
        return client
    return enter


@pytest.fixture
def console(stack, record, operator):
    """console("viewer"): a client of an operator of that role, with .username and .password, signed in with a session."""
    def make(role="operator"):
        client = Client(stack, "operator", record)
        client.username, client.password = f"op-{secrets.token_hex(4)}", f"secret {secrets.token_hex(8)}"
        operator("operator", "add", client.username, "--role", role, text=client.password + "\n")
        return console_enter(client)
    return make


def console_enter(client):
    """Sign in: the session's cookie, and its X-CSRF-Token, go with every call from here on."""
    client.headers = {}
    entered = client.post("/api/session", {"name": client.username, "password": client.password}, 201)
    client.headers = {"Cookie": entered.http.headers["Set-Cookie"].split(";")[0], "X-CSRF-Token": entered.csrf_token}
    return client


@pytest.fixture
def account(stack, record, operator, console, forge):
    """account("expenses", role="admin"): a client of an account that the operator has made, with .username, .email and
    .password, signed in."""
    def make(product, **said):
        if product == "operator":
            return console(said.get("role", "viewer"))
        client = Client(stack, product, record)
        client.username = f"{product}-{secrets.token_hex(4)}"
        client.email, client.password = f"{client.username}@example.org", f"secret {client.username}!"
        options = [word for name, value in said.items() for word in (f"--{name}", value)]
        made = operator("user", "add", product, client.username, client.email, *options, text=client.password + "\n")
        if product == "smsagent":
            client.token = operator("token", product, client.username).strip()
        else:
            client.token = forge.token(made.split()[-2], aud=product)
        return client
    return make


# Two people of the Expense Tracker: he pays her.
@pytest.fixture
def john(account):
    return account("expenses")


@pytest.fixture
def jane(account):
    return account("expenses")


@pytest.fixture
def circle(stack, record, sql):
    """People of the Expense Tracker, and what they have together."""
    return Circle(stack, record, sql)


# -- the services outside: what is to go wrong with them does so until the test's end ------------------------------------

@pytest.fixture
def outside(stack):
    """outside("openai"): that service of the sandbox."""
    made = []

    def of(service):
        made.append(Outside(stack, service))
        return made[-1]
    yield of
    for one in made:
        one.heal()


@pytest.fixture
def till(stack):
    """Stripe."""
    made = Till(stack)
    yield made
    made.heal()


@pytest.fixture
def exchange(stack, settings):
    """Twilio."""
    made = Exchange(stack, settings)
    yield made
    made.heal()


@pytest.fixture
def alice(sign_in):
    return sign_in("alice")


@pytest.fixture
def bob(sign_in):
    return sign_in("bob")


@pytest.fixture
def mallory(sign_in):
    return sign_in("mallory")
