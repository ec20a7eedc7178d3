# SPDX-License-Identifier: GPL-3.0-or-later
"""The scheduler's passes over the open jobs: how many, what they say, and who may make them."""
import threading

import pytest

from proxy import Proxy
from servers import until


PAGE = 5000                                     # jobs, of queue/look.c


def put_words(raw):
    """Of a call of the script put: the queue's prefix and all that follows it."""
    words = raw.split(b"\r\n")[2::2]
    return words[3:] if words[0] == b"FCALL" and words[1].endswith(b"_put") else None


class Watch:
    """How many calls of the script put there were for each queue."""

    def __init__(self):
        self.calls = {}

    def __call__(self, raw):
        if words := put_words(raw):
            queue = words[0].decode()
            self.calls[queue] = self.calls.get(queue, 0) + 1


class Gate:
    """Holds up who puts the first job of each page, until it may go on."""

    def __init__(self):
        self.jobs, self.held, self.free = set(), threading.Semaphore(0), threading.Semaphore(0)

    def __call__(self, raw):
        words = put_words(raw)
        if words and not self.jobs.issuperset(words[1::2]):     # a server that lacks the script is told again
            if len(self.jobs) % PAGE == 0:
                self.held.release()
                assert self.free.acquire(timeout=60)
            self.jobs.update(words[1::2])

    def wait(self):
        assert self.held.acquire(timeout=60), "nobody came"

    def go_on(self):
        self.free.release()


@pytest.fixture
def through(servers, fleet, tmp_path):
    """Have programs reach Redis through a proxy whose commands are seen by what is given."""
    made = []

    def start(see):
        made.append(Proxy(tmp_path / "proxy", servers.redis_socket, {}, see))
        fleet.settings["redis_url"] = made[0].path
        return see
    yield start
    fleet.stop()
    for proxy in made:
        proxy.close()


def test_one_pass_over_the_open_jobs_opens_all_queues(fleet, redis_alone, sql, through):
    """A pass for each queue took as many times as long after a loss of Redis, and the lead was lost meanwhile."""
    sql("insert into job_kind (name, queue, version, deadline, tries)"
        " select 'k.' || n, 'q-' || n, 1, 60, 3 from generate_series(1, 20) n")
    fleet.put("mail")
    watch = through(Watch())
    scheduler = fleet.start("millrace-scheduler")
    rows = lambda: [line for line in list(fleet.lines[scheduler.pid]) if "reconcile.open queue=q-" in line]
    until(lambda: len(rows()) == 20, "they are open")
    assert 1 <= watch.calls["mr1:{q:mail}:"] < 10, "it is put by each pass"


def test_a_queue_that_is_opened_tells_of_its_own_jobs(fleet, redis_alone):
    """It told how many were open in all queues."""
    for queue in ("image", "image", "mail"):
        fleet.put(queue)
    scheduler = fleet.start("millrace-scheduler")
    assert " open_jobs=2 added=" in fleet.line(scheduler, "reconcile.open queue=image")
    assert " open_jobs=1 added=" in fleet.line(scheduler, "reconcile.open queue=mail")


# ---- the lead ----

@pytest.fixture
def held(fleet, sql, through):
    """A scheduler that is held up at the first page of three, until its lead is to be renewed."""
    sql(f"select count(*) from job_put_many('mail.magic_link', 'p', array_fill('{{}}'::json, array[{PAGE * 5 // 2}]))")
    fleet.settings["redis_timeout"] = 60000
    gate = through(Gate())
    gate.scheduler = fleet.start("millrace-scheduler")
    gate.wait()
    until(lambda: sql("select 1 from leader where expires < now() + interval '6.9 seconds'"), "it should be renewed")
    yield gate
    for _ in range(100):
        gate.go_on()


def test_the_lead_is_kept_while_a_pass_takes_long(held, redis_alone, sql):
    """Among millions of open jobs a pass takes longer than the ten seconds of the lead, and another one began its own."""
    ends = sql.one("select expires from leader")
    held.go_on()
    held.wait()
    assert sql.one(f"select expires > '{ends}' and expires > now() and term = 1 from leader") == "t"


def test_who_has_lost_the_lead_does_not_go_on(held, fleet, redis_alone, sql):
    sql("update leader set holder = 'other', term = term + 1, expires = now() + interval '1 hour'")
    held.go_on()
    fleet.line(held.scheduler, "reconcile.lead term=1 lost")
    held.scheduler.terminate()                  # of which it hears when the pass is over
    assert held.scheduler.wait(60) == 0
    assert len(held.jobs) == PAGE == redis_alone("HLEN", "mr1:{q:mail}:j")
    assert sql.one("select oldest from queue_scan") < "0001", "it has not seen all that is open"
