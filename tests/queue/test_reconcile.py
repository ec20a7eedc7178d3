# SPDX-License-Identifier: GPL-3.0-or-later
"""The scheduler's passes over the open jobs: how many, what they say, and who may make them."""
import pytest

from proxy import Proxy
from servers import until


class Watch:
    """Of the calls of the script put: how many there were for each queue."""

    def __init__(self):
        self.calls = {}

    def __call__(self, raw):
        words = raw.split(b"\r\n")[2::2]
        if words[0] == b"FCALL" and words[1].endswith(b"_put"):
            queue = words[3].decode()
            self.calls[queue] = self.calls.get(queue, 0) + 1


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
    until(lambda: len(rows()) == 20, "they are open", 20)
    assert 1 <= watch.calls["mr1:{q:mail}:"] < 10, "it is put by each pass"


def test_a_queue_that_is_opened_tells_of_its_own_jobs(fleet, redis_alone):
    """It told how many were open in all queues."""
    for queue in ("image", "image", "mail"):
        fleet.put(queue)
    scheduler = fleet.start("millrace-scheduler")
    assert " open_jobs=2 added=" in fleet.line(scheduler, "reconcile.open queue=image")
    assert " open_jobs=1 added=" in fleet.line(scheduler, "reconcile.open queue=mail")
