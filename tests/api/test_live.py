# SPDX-License-Identifier: GPL-3.0-or-later
"""The feed of what happens, as a listener sees it (docs/architecture.md): woken by Redis, told by the database."""
import contextlib
import json
import queue
import subprocess
import threading

import pytest

from client import PATIENCE
from waits import until


class Listener:
    """Who is subscribed to the wake-up."""

    def __init__(self, process):
        self._lines = queue.SimpleQueue()
        threading.Thread(target=self._read, args=(process.stdout,), daemon=True).start()
        assert [self._lines.get(timeout=PATIENCE) for _ in range(3)] == ["subscribe", "mr1:live", "1"]

    def _read(self, stdout):
        for line in stdout:
            self._lines.put(line.strip())

    def woken(self):
        """The product that the next wake-up names."""
        assert [self._lines.get(timeout=PATIENCE) for _ in range(2)] == ["message", "mr1:live"]
        return self._lines.get(timeout=PATIENCE)

    def woken_until(self, redis, mark):
        """What the wake-ups name that came before a mark, which is published now."""
        redis("PUBLISH", "mr1:live", mark)
        return list(iter(self.woken, mark))


@pytest.fixture
def listener(stack):
    with contextlib.ExitStack() as stop:
        process = stop.enter_context(subprocess.Popen(["redis-cli", "-s", stack["redis"], "SUBSCRIBE", "mr1:live"],
                                                      stdout=subprocess.PIPE, text=True, bufsize=1))
        stop.callback(process.terminate)
        yield Listener(process)


@pytest.fixture
def feed(sql):
    """feed(7): what a look reads behind a row."""
    def read(floor, product="expenses"):
        found = sql("select coalesce(json_agg(l order by l.id), '[]') from (select id, audience, type, data from live_event "
                    "where product = %s and id > %s order by id limit 1000) as l", product, floor)
        return json.loads(found)
    return read


@pytest.fixture
def newest(sql):
    return lambda: int(sql("select coalesce(max(id), 0) from live_event"))


def group_of(client):
    return client.post("/api/groups/", {"name": "Roommates", "currency": "USD"}, 201).data


def lunch(client, group):
    return client.post("/api/expenses/", {"title": "Lunch", "amount": "25.50", "group_id": group.id}, 201).data


def test_an_event_wakes_who_listens(member, listener, feed, newest):
    ann = member()
    group, before = group_of(ann), newest()
    made = lunch(ann, group)
    while not (told := [row for row in feed(before) if row["type"] == "expense_update"]):
        assert listener.woken() == "expenses"
    assert [(row["audience"], row["data"]["expense_id"], row["data"]["action"]) for row in told] == [([ann.number], made.id, "created")]
    assert listener.woken() == "expenses"


def test_nothing_is_lost_when_the_wake_up_is(member, feed, newest, listener, paused, redis):
    """The worker that would wake him stands still: his own look finds it."""
    ann = member()
    group, before = group_of(ann), newest()
    with paused("hook"):
        listener.woken_until(redis, "before")
        made = lunch(ann, group)
        assert [row["data"]["expense_id"] for row in feed(before) if row["type"] == "expense_update"] == [made.id]
        assert listener.woken_until(redis, "behind") == []
    assert listener.woken() == "expenses"                            # late, and only that


def test_redis_may_be_away(member, feed, newest, ctl):
    ann = member()
    group, before = group_of(ann), newest()
    ctl("stop", "redis")
    made = lunch(ann, group)
    assert [row["data"]["expense_id"] for row in feed(before) if row["type"] == "expense_update"] == [made.id]
    ctl("start", "redis")


def test_of_what_was_taken_back_nothing_is_told(member, feed, newest, sql):
    ann = member()
    group, before = group_of(ann), newest()
    ann.post("/api/expenses/", {"title": "Lunch", "amount": "25.50", "group_id": group.id, "split_type": "exact",
                                "split_data": {ann.id: "1.00"}}, 422)
    assert feed(before) == []


def test_a_look_reads_what_is_new_only(sql):
    """However much happens in another product."""
    plan = sql("begin; insert into live_event (product, audience, type, data) select 'nutrition', '{}', 'other', '{}' "
               "from generate_series(1, 20000); insert into live_event (product, audience, type, data) values ('expenses', '{}', 'ours', '{}'); "
               "analyze live_event; explain select id, audience, type, data from live_event where product = 'expenses' and id > 7 "
               "order by id limit 1000; rollback")
    assert "live_event_of" in plan and "Seq Scan" not in plan and "Filter" not in plan, plan


def test_what_was_told_a_day_ago_goes(operator, sql):
    sql("insert into live_event (product, audience, type, data, created_at) select 'expenses', '{}'::bigint[], 'old', '{}'::json, now() - interval '25 hours' "
        "from generate_series(1, 1001) union all select 'expenses', '{}', 'young', '{}', now() - interval '23 hours'")
    job = operator("put", "maint.expire", "--wait").split()[0]
    assert json.loads(operator("job", job, "--json"))["result"]["live"] >= 1001
    assert sql("select count(*) from live_event where type = 'old'") == "0"
    assert sql("delete from live_event where type = 'young' returning 'there'") == "there"
    until(lambda: sql("select outcome from job_end where id = %s", job) == "done", "it has not ended")
