# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done by itself, once a minute or an hour or when a job is due, is done when a test says so."""
import pytest

from waits import until


@pytest.fixture(scope="session", autouse=True)
def house_rests(operator, sql):
    """What the house does by itself (sql/queue/schedules_install.sql) it does only when a test puts it: else it might erase, tell or
    probe what a test is about, or have the fault that a test has ordered."""
    names = sql("select name from schedule where name like 'house.%%' and enabled").split()
    for name in names:
        operator("schedule", "disable", name)
    until(lambda: sql("select count(*) from job j where kind in (select kind from schedule where name like 'house.%%') and j.due_at <= now() "
                      "and not exists (select from job_end e where e.id = j.id)") == "0", "the house rests")
    yield
    for name in names:
        operator("schedule", "enable", name)


@pytest.fixture
def by_hand(operator, sql):
    """look = by_hand("house.digests"): look() puts what that schedule would, and waits for the end: twice at once, as after a worker
    that was thought dead."""
    def take(schedule):
        kind = sql("select kind from schedule where name = %s", schedule)

        def look():
            for job in [operator("put", kind).split()[0] for _ in range(2)]:
                assert until(lambda: sql("select outcome from job_end where id = %s", job), "it has not ended") == "done"
        return look
    return take


@pytest.fixture
def hurry(redis, sql):
    """hurry("ai", job): the job, which is delayed, is due now, for PostgreSQL and for Redis."""
    def soon(queue, job):
        keys = f"mr1:{{q:{queue}}}:"
        sql("update job_try set ended_at = ended_at - interval '1 day', not_before = now() where id = %s and not_before > now()", job)
        until(lambda: redis("ZADD", keys + "dl", "XX", "CH", "1", job) == "1", f"{job} is delayed")
        redis("HDEL", keys + "m", "next")                           # when anything is due is known no more
        redis("ZADD", keys + "wake", "0", "w")
    return soon
