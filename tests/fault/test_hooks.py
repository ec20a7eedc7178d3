# SPDX-License-Identifier: GPL-3.0-or-later
"""Deliveries of events while things die, and to addresses that are slow or dead."""
import json
import os
import secrets
import signal
import time

import pytest
import requests

from servers import until
from subscriber import Subscriber
from world import PATIENCE

QUEUE = "mr1:{q:hook}:"


class Member:
    """Somebody of the Expense Tracker who wants events."""

    def __init__(self, world):
        self.world = world
        self.base, name = world.stack["url"] + "/expenses/api", f"member{secrets.token_hex(5)}"
        entered = requests.post(f"{self.base}/auth/register/", timeout=PATIENCE, json={
            "email": f"{name}@millrace.test", "password": "SecurePassword123!", "username": name, "first_name": "Ann", "last_name": "M"})
        assert entered.status_code == 201, entered.text
        data = entered.json()["data"]
        self.headers = {"Authorization": "Bearer " + data["tokens"]["access"]}
        self.number = int(data["user"]["id"].removeprefix("usr_"))

    def subscribe(self, url):
        made = requests.post(f"{self.base}/webhooks/", json={"url": url, "events": ["expense.created"]}, headers=self.headers,
                             timeout=PATIENCE)
        assert made.status_code == 201, made.text
        return made.json()["data"]

    def leave(self):
        """Nothing is tried any more."""
        for hook in requests.get(f"{self.base}/webhooks/", headers=self.headers, timeout=PATIENCE).json()["data"]:
            requests.delete(f"{self.base}/webhooks/{hook['id']}/", headers=self.headers, timeout=PATIENCE)
        for (job,) in self.world.sql(f"select id from job j where account_id = {self.number} and kind = 'hook.retry' and "
                                     "not exists (select from job_end e where e.id = j.id)"):
            self.world.millrace("cancel", job)

    def happens(self, n):
        done = self.world.millrace("put", "hook.fanout", "--product", "expenses", "--tenant", "expenses", "--key",
                                   f"event/expenses/{self.number}", "--args", json.dumps({
                                       "event": "expense.created", "at": "2026-01-15T10:30:00Z", "audience": [self.number],
                                       "data": {"n": n}}))
        assert done.returncode == 0, done.stderr

    def delivery(self, n):
        """state, tries, error of the n-th."""
        rows = self.world.sql("select d.state, d.tries, coalesce(d.error, ''), d.id from hook_delivery d join hook h on "
                              f"h.id = d.hook_id where h.account_id = {self.number} and d.sequence = {n}")
        return rows[0] if rows else [None, 0, "", None]


@pytest.fixture
def subscriber():
    made = Subscriber()
    yield made
    made.close()


@pytest.fixture
def member(world):
    made = Member(world)
    yield made
    made.leave()


def test_a_worker_dies_with_a_delivery_under_way(world, member, subscriber):
    """It may have arrived: it comes again, under the same id, before those behind it."""
    secret = member.subscribe(subscriber.url)["secret"]
    subscriber.hold()
    member.happens(1)
    member.happens(2)
    subscriber.wait(1)
    worker = world.pid("hook")
    os.kill(worker, signal.SIGKILL)
    world.restarted("hook", worker)
    subscriber.wait(2)
    subscriber.release()
    first, again, second = subscriber.wait(3)
    assert (first.id, first.raw) == (again.id, again.raw) and [one.body["data"]["n"] for one in (first, again, second)] == [1, 1, 2]
    assert second.id != first.id and all(one.signed_with(secret) for one in (first, again, second))
    until(lambda: member.delivery(2)[0] == "delivered" and member.delivery(1)[:2] == ["delivered", "1"], "both are delivered", PATIENCE)


def test_a_worker_frozen_with_a_delivery_under_way(world, member, subscriber):
    """What it hears when it thaws is too late: another lease has the job, and the delivery is made once more."""
    member.subscribe(subscriber.url)
    subscriber.hold()
    member.happens(1)
    subscriber.wait(1)
    world.freeze(world.pid("hook"))
    subscriber.release()                                            # the answer lies there while nobody reads
    job = world.one(f"select id from job where kind = 'hook.deliver' and account_id = {member.number}")
    until(lambda: int(world.redis("TIME")[0]) > int(world.redis("ZSCORE", QUEUE + "lease", job)) / 1000, "the lease is over", PATIENCE)
    world.thaw(world.pid("hook"))
    first, again = subscriber.wait(2)
    assert first.id == again.id
    until(lambda: member.delivery(1)[:2] == ["delivered", "1"], "it is delivered", PATIENCE)
    assert [row[:2] for row in world.tries(job)] == [["lost", "f"]]


def test_a_slow_address_is_given_up_and_others_do_not_wait(world, member, subscriber):
    quick, other = Subscriber(), Member(world)
    try:
        member.subscribe(subscriber.url)
        other.subscribe(quick.url)
        subscriber.hold()
        began = time.monotonic()
        for n in range(4):
            member.happens(n)
        subscriber.wait(1)
        for n in range(4):
            other.happens(n)
        assert [one.body["data"]["n"] for one in quick.wait(4)] == [0, 1, 2, 3]
        assert len(subscriber.got) == 1 or time.monotonic() - began > 9        # before the first attempt is given up
        until(lambda: member.delivery(1)[0] == "retrying", "the first attempt is given up", PATIENCE)
        assert 9 < time.monotonic() - began and "imeout" in member.delivery(1)[2]
        subscriber.release()
        subscriber.wait(4)
    finally:
        quick.close()
        other.leave()


def soon(world, job, holds):
    """The job is due now, for PostgreSQL and, when it is near enough to know of it, for Redis."""
    world.sql(f"update job_try set ended_at = ended_at - interval '1 day', not_before = now() where id = '{job}' and not_before > now()")

    def tried():
        world.redis("ZADD", QUEUE + "dl", "XX", "1", job)
        world.redis("HDEL", QUEUE + "m", "next")
        world.redis("ZADD", QUEUE + "wake", "0", "w")
        return holds()
    until(tried, "it is tried again", PATIENCE, every=0.1)


def test_six_attempts_and_no_more(world, member, subscriber):
    """After a minute, 5, 30, 2 hours and 12 hours; each time it is made to be now."""
    member.subscribe(subscriber.url)
    subscriber.answers = [500, 404, 302, 503, 429, 410]
    member.happens(1)
    until(lambda: member.delivery(1)[:2] == ["retrying", "1"], "the first attempt has failed", PATIENCE)
    delivery = member.delivery(1)[3]
    job = until(lambda: world.sql(f"select id from job where kind = 'hook.retry' and args ->> 'delivery' = '{delivery}'"),
                "it will be tried again")[0][0]
    # Its name tells the time in whole milliseconds, by another clock.
    assert 50 < float(world.one(f"select extract(epoch from due_at - job_id_time(id)) from job where id = '{job}'")) < 61
    waits = []
    for tries in range(2, 7):
        soon(world, job, lambda tries=tries: member.delivery(1)[1] == str(tries))
        if tries < 6:
            waits.append(until(lambda tries=tries: [row for row in world.sql(
                "select round(extract(epoch from not_before - ended_at)), count(*) over () from job_try "
                f"where id = '{job}' order by epoch desc") if row[1] == str(tries - 1)], "the attempt is written down")[0][0])
    assert waits == ["300", "1800", "7200", "43200"]
    got = subscriber.wait(6)
    assert len({one.id for one in got}) == 1 and len({one.raw for one in got}) == 1
    assert world.ended(job)[0] == "buried" and member.delivery(1)[:3] == ["failed", "6", "the answer was 410"]
    assert world.one(f"select failures from hook where account_id = {member.number}") == "6"
    assert world.millrace("kick", job).returncode == 0              # the operator has heard that it is back
    soon(world, job, lambda: member.delivery(1)[0] == "delivered")
    assert subscriber.wait(7)[-1].id == got[0].id
    assert world.one(f"select failures from hook where account_id = {member.number}") == "0"
