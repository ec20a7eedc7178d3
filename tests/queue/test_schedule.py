# SPDX-License-Identifier: GPL-3.0-or-later
"""Recurring jobs: which jobs are put for which ticks, and by whom."""
import os
import re
import signal
import subprocess

import pytest

from conftest import BUILD
from engine import statement
from servers import PATIENCE, Refused, until

DRAW = '{"prompt": "a figure", "batch_size": 1, "model": "croquis"}'
NIL, LAST = "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"
NOON = "timestamptz '2026-05-01 12:00+00'"


def add(sql, name="s", expression="* * * * *", **more):
    """The first tick."""
    words = {"who": "'tester'", "name": f"'{name}'", "kind": "'image.generate'", "expression": f"'{expression}'",
             "args": f"'{DRAW}'", **more}
    return sql.one("select schedule_add(" + ", ".join(f"{word} => {value}" for word, value in words.items()) + ")")


def run(sql, at="now()", most=100):
    """Tickets, and milliseconds until the next tick."""
    rows = sql(f"select coalesce(ticket, ''), coalesce(refused, ''), coalesce(wait::text, '') from schedule_run({at}, {most})")
    assert [row for row in rows[:-1] if row[2]] == []
    assert not [row for row in rows if row[1]], rows
    return [row[0] for row in rows[:-1]], int(rows[-1][2]) if rows[-1][2] else None


def ticks(sql):
    """Of all jobs, in their order, as PostgreSQL writes them."""
    return [row[0] for row in sql("select job_id_time(id) from job order by id")]


def moments(sql, *texts):
    return [sql.one(f"select ({text})::timestamptz") for text in texts]


@pytest.fixture(autouse=True)
def early(sql):
    """Not within the last seconds of a minute: no tick comes while a test looks twice."""
    until(lambda: sql.one("select extract(second from clock_timestamp()) < 40") == "t", "the next minute begins", every=0.1)


def overdue(sql, since, name="s"):
    """Nobody has led since then."""
    sql(f"update schedule set next_tick = cron_next(expression, zone, {since}) where name = '{name}'")


# ---- the jobs of ticks ----

def test_a_tick_becomes_a_job(sql):
    add(sql, expression="30 4 * * *", zone="'europe/berlin'", product="'figureforge'", priority="1", key="'k'")
    overdue(sql, "now() - interval '1 day'")
    tick = sql.one("select next_tick from schedule")
    tickets, _ = run(sql)
    made = sql("select id, kind, product, tenant, account_id, priority, key, request_id, deadline, due_at, args from job")
    assert [row[1:] for row in made] == [["image.generate", "figureforge", "figureforge", "", "1", "k", "schedule/s", "120",
                                          tick, DRAW]]
    due = int(sql.one(f"select extract(epoch from '{tick}'::timestamptz)::bigint")) * 1000
    assert tickets == [f"image {made[0][0]} 1|1|image.generate|{due}|120|k|1|figureforge"]
    assert sql("select last_tick, next_tick = cron_next('30 4 * * *', 'Europe/Berlin', now()), zone, error from schedule") \
        == [[tick, "t", "Europe/Berlin", ""]]


def test_a_second_call_puts_nothing(sql):
    add(sql)
    overdue(sql, "now() - interval '1 minute'")
    assert len(run(sql)[0]) == 1
    tickets, wait = run(sql)
    assert tickets == [] and 0 < wait <= 60_000
    assert len(ticks(sql)) == 1


def test_a_tick_that_is_put_anew_puts_nothing(sql):
    """A restored backup of this table, or a clock: the job's id is the tick's."""
    add(sql)
    overdue(sql, "now() - interval '1 minute'")
    before = sql.one("select next_tick from schedule")
    assert len(run(sql)[0]) == 1
    sql(f"update schedule set next_tick = '{before}'")
    assert run(sql)[0] == []
    assert len(ticks(sql)) == 1


def test_ids_of_ticks_are_of_version_7_and_tell_schedule_and_tick_apart(sql):
    made = [sql.one(f"select schedule_job_id('{name}', '2026-05-01 12:00:{second}+00')")
            for name in ("a", "b") for second in ("00", "01")]
    assert len(set(made)) == 4
    assert made[0] == sql.one("set timezone = 'Asia/Tokyo'; select schedule_job_id('a', '2026-05-01 21:00+09')")
    for one, second in zip(made, (0, 1, 0, 1)):
        assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", one)
        assert sql.one(f"select job_id_time('{one}') = '2026-05-01 12:00:0{second}+00'") == "t"


def test_the_forms_of_ids_hold_for_many(sql):
    assert sql.one("select bool_and(id::text ~ '^.{14}7.{4}[89ab]') from (select schedule_job_id('s' || n, now()) as id"
                   " from generate_series(1, 2000) as n) made") == "t"


# ---- what was missed ----

@pytest.mark.parametrize("catch_up, expected", [(0, []), (1, [4]), (5, [0, 1, 2, 3, 4])])
def test_after_a_long_outage_the_latest_ticks_are_made_up_for(sql, catch_up, expected):
    """A year without a leader, of a job every hour; the last tick was half an hour ago."""
    add(sql, expression="0 * * * *", catch_up=catch_up)
    overdue(sql, f"{NOON} - interval '365 days'")
    tickets, wait = run(sql, f"{NOON} + interval '30 minutes'")
    assert len(tickets) == len(expected) and wait == 1_800_000
    assert ticks(sql) == moments(sql, *[f"{NOON} - interval '{4 - n} hours'" for n in expected])
    assert sql.one(f"select next_tick = {NOON} + interval '1 hour' from schedule") == "t"


@pytest.mark.parametrize("late, put", [("1 microsecond", 1), ("59 seconds", 1), ("60 seconds", 0), ("2 minutes", 0)])
def test_a_tick_within_a_minute_is_on_time(sql, late, put):
    """Also when nothing is made up for: leaders come and go."""
    add(sql, expression="0 12 * * *", catch_up="0")
    overdue(sql, f"{NOON} - interval '1 hour'")
    assert len(run(sql, f"{NOON} + interval '{late}'")[0]) == put


def test_a_tick_that_is_made_up_for_is_seen_by_whole_passes(sql):
    """All that is older has ended, so they would begin behind it: after a loss of Redis nobody would ever run it."""
    sql(statement("queue/scan_raise", oldest=LAST, kicks=0))
    add(sql, expression="0 * * * *")
    overdue(sql, f"{NOON} - interval '1 day'")
    before = sql.one("select kicks from queue_scan")
    run(sql, f"{NOON} + interval '30 minutes'")
    assert [row[0] for row in sql(statement("queue/job_open", after=NIL))] == [row[0] for row in sql("select id from job")] != []
    assert sql.one(statement("queue/job_any_open", queue="image")) == "t"
    sql(statement("queue/scan_raise", oldest=LAST, kicks=before))
    assert len(sql(statement("queue/job_open", after=NIL))) == 1, "a pass that had begun before does not raise it"


def test_fewer_ticks_than_would_be_made_up_for(sql):
    add(sql, expression="0 * * * *", catch_up="60")
    overdue(sql, f"{NOON} - interval '150 minutes'")
    assert len(run(sql, f"{NOON} + interval '1 minute'")[0]) == 3
    assert ticks(sql) == moments(sql, f"{NOON} - interval '2 hours'", f"{NOON} - interval '1 hour'", NOON)


def test_nothing_is_made_up_for_after_four_weeks(sql):
    """Nor does a job lie in no week, when nobody made it or it was dropped."""
    add(sql, expression="0 0 * * *", catch_up="60")
    overdue(sql, "now() - interval '365 days'")
    assert len(run(sql)[0]) == 28
    assert sql.one("select min(job_id_time(id)) > now() - interval '28 days' and max(job_id_time(id)) <= now() from job") == "t"
    assert sql.one("select count(*) from job_default") == "0"


@pytest.mark.parametrize("days, put", [(27, 1), (29, 0)])
def test_a_yearly_tick_is_made_up_for_within_four_weeks(sql, days, put):
    add(sql, expression=sql.one(f"select to_char((now() - interval '{days} days') at time zone 'UTC', '0 0 DD MM *')"))
    overdue(sql, "now() - interval '32 days'")
    assert sql.one("select next_tick < now() - interval '26 days' from schedule") == "t"
    assert len(run(sql)[0]) == put
    assert sql.one("select next_tick > now() + interval '300 days' and error is null from schedule") == "t"


def test_each_run_goes_on_where_the_last_one_ended(sql):
    add(sql, expression="*/20 * * * *", catch_up="0")
    overdue(sql, NOON)
    at, waits = 0, []
    for _ in range(7):
        _, wait = run(sql, f"{NOON} + interval '{at} ms'")
        waits.append(wait)
        at += wait
    assert waits == [1_200_000] * 7
    assert len(ticks(sql)) == 6


# ---- when the next is due ----

def test_there_is_nothing_to_wait_for_without_a_schedule(sql):
    assert run(sql) == ([], None)
    add(sql)
    sql("select schedule_enable('tester', 's', false)")
    assert run(sql) == ([], None)


def test_the_next_tick_of_all_is_waited_for(sql):
    add(sql, "a", "@every 1h")
    add(sql, "b", "@every 7m")
    overdue(sql, NOON, "a")
    overdue(sql, NOON, "b")
    seven = 420 - int(sql.one(f"select extract(epoch from {NOON})::bigint % 420"))
    assert run(sql, f"{NOON} + interval '0.5 ms'") == ([], seven * 1000)


def test_a_call_is_bounded_and_says_that_more_is_due(sql):
    for n in range(5):
        add(sql, f"s{n}")
        overdue(sql, f"now() - interval '{n + 1} minutes'", f"s{n}")
    tickets, wait = run(sql, most=2)
    assert len(tickets) == 2 and wait == 0
    assert sql("select name from schedule where last_tick is not null order by name") == [["s3"], ["s4"]]
    assert len(run(sql, most=2)[0]) == 2
    tickets, wait = run(sql, most=2)
    assert len(tickets) == 1 and wait > 0


# ---- two leaders ----

@pytest.mark.parametrize("how, left", [("commit", 0), ("rollback", 1)])
def test_a_second_leader_passes_over_what_the_first_has_hold_of(session, how, left):
    first, second = session(), session()
    add(first)
    overdue(first, "now() - interval '1 minute'")
    first("begin")
    assert len(run(first)[0]) == 1
    assert run(second) == ([], None)
    first(how)
    assert len(run(second)[0]) == left
    assert len(ticks(first)) == 1


def test_many_leaders_at_once_put_each_tick_once(session):
    sessions = [session() for _ in range(5)]
    for n in range(30):
        add(sessions[0], f"s{n}", catch_up="3")
    sessions[0]("update schedule set next_tick = cron_next(expression, zone, now() - interval '3 minutes')")
    for one in sessions * 2:
        one.send("select ticket from schedule_run(now(), 4) where ticket is not null")
    tickets = [row[0] for one in sessions * 2 for row in one.take()]
    while more := run(sessions[0], most=4)[0]:
        tickets += more
    assert len(tickets) == len(set(tickets)) == len(ticks(sessions[0])) == 90


# ---- clocks ----

def test_a_clock_that_was_ahead_stops_nothing_and_doubles_nothing(sql):
    add(sql, expression="0 * * * *", catch_up="3")
    overdue(sql, f"{NOON} - interval '1 second'")
    assert len(run(sql, NOON)[0]) == 1
    assert len(run(sql, f"{NOON} + interval '24 hours'")[0]) == 3        # it was not that late at all
    assert run(sql, f"{NOON} + interval '1 minute'") == ([], 59 * 60_000)
    assert sql.one(f"select next_tick = {NOON} + interval '1 hour' from schedule") == "t"
    assert run(sql, f"{NOON} + interval '2 minutes'") == ([], 58 * 60_000)
    for hour in range(1, 27):
        assert len(run(sql, f"{NOON} + interval '{hour} hours'")[0]) == (hour not in (22, 23, 24)), hour
    assert ticks(sql) == moments(sql, *[f"{NOON} + interval '{n} hours'" for n in range(27)])


def test_a_clock_that_goes_back_a_little_is_waited_for(sql):
    add(sql, expression="* * * * *")
    overdue(sql, f"{NOON} - interval '1 second'")
    assert len(run(sql, f"{NOON} + interval '1 second'")[0]) == 1
    assert run(sql, f"{NOON} - interval '59 seconds'") == ([], 119_000)
    assert len(run(sql, f"{NOON} + interval '61 seconds'")[0]) == 1


# ---- what cannot be put ----

def test_a_refused_job_keeps_no_other_from_being_put_and_is_tried_again(sql):
    add(sql, "bad")
    add(sql, "good", kind="'mail.magic_link'")
    kept = sql("select * from job_kind where name = 'image.generate'")[0]
    sql("delete from job_kind where name = 'image.generate'")
    sql("update schedule set next_tick = cron_next(expression, zone, now() - interval '1 minute')")
    rows = sql("select schedule_name, ticket, refused from schedule_run() where wait is null")
    assert len(rows) == 2 and sorted(row[0] for row in rows) == ["bad", "good"]
    why = "Jobs of kind image.generate cannot be put, the database does not know it: run millrace migrate, or start the" \
          " workers of the program that has it"
    assert [row[2] for row in rows if row[0] == "bad"] == [why] == [sql.one("select error from schedule where name = 'bad'")]
    tickets, wait = run(sql)                                             # told once, and no reason to come back at once
    assert tickets == [] and wait > 0
    assert len(ticks(sql)) == 1
    sql("insert into job_kind values (" + ", ".join(f"'{value}'" for value in kept) + ")")
    assert len(run(sql)[0]) == 1
    assert sql.one("select count(*) from schedule where error is null") == "2"


def test_those_that_fail_come_last(sql):
    add(sql, "bad")
    add(sql, "good")
    sql("update schedule set next_tick = cron_next(expression, zone, now() - interval '1 minute')")
    overdue(sql, "now() - interval '1 hour'", "bad")
    sql("update schedule set error = 'why' where name = 'bad'")
    run(sql, most=1)
    assert sql("select name from schedule where last_tick is not null") == [["good"]]


# ---- changes ----

def test_what_rests_puts_nothing_and_makes_up_for_nothing(sql):
    add(sql, catch_up="60")
    sql("select schedule_enable('tester', 's', false)")
    assert run(sql, "now() + interval '1 hour'") == ([], None)
    sql("select schedule_enable('tester', 's', false)")
    sql("select schedule_enable('tester', 's', true)")
    assert run(sql)[0] == []
    overdue(sql, "now() - interval '2 minutes'")
    sql("select schedule_enable('tester', 's', true)")                   # it is already: nothing is forgotten
    assert len(run(sql)[0]) == 2


def test_what_is_removed_leaves_its_jobs(sql):
    add(sql)
    overdue(sql, "now() - interval '1 minute'")
    run(sql)
    sql("select schedule_remove('tester', 's')")
    assert run(sql) == ([], None) and len(ticks(sql)) == 1


def test_changes_are_written_down_with_who_made_them(sql):
    add(sql)
    sql("select schedule_enable('ann', 's', false)")
    assert sql("select made_by, changed_by from schedule") == [["tester", "ann"]]
    sql("select schedule_enable('bob', 's', true)")
    sql("select schedule_remove('cid', 's')")
    assert sql("select who, action, target from audit order by at, id") == [
        ["tester", "schedule.add", "s"], ["ann", "schedule.disable", "s"], ["bob", "schedule.enable", "s"],
        ["cid", "schedule.remove", "s"]]


def test_a_refused_change_changes_nothing(sql):
    add(sql)
    for change, state in (("schedule_add('x', 's', 'mail.magic_link', '@daily')", "MR409"),
                          ("schedule_remove('x', 'no')", "MR404"), ("schedule_enable('x', 'no', true)", "MR404")):
        with pytest.raises(Refused) as refused:
            sql(f"select {change}")
        assert refused.value.sqlstate == state
    assert sql("select kind, made_by, changed_by from schedule") == [["image.generate", "tester", "tester"]]
    assert sql.one("select count(*) from audit") == "1"


@pytest.mark.writes_nothing
@pytest.mark.parametrize("more, state, why", [
    ({"name": ""}, "MR400", "A name has"), ({"name": "a b"}, "MR400", "A name has"),
    ({"name": "a" * 65}, "MR400", "A name has"), ({"tenant": "'a b'"}, "MR400", "A tenant has"),
    ({"product": "'a|b'"}, "MR400", "A tenant has"), ({"key": "'a b'"}, "MR400", "A key has"),
    ({"priority": "4"}, "MR400", "A priority is"), ({"catch_up": "-1"}, "MR400", "At most 60"),
    ({"catch_up": "61"}, "MR400", "At most 60"), ({"args": "'[]'"}, "MR400", "Arguments are an object"),
    ({"args": "json_build_object('a', repeat('x', 65536))"}, "MR400", "at most 64 KiB"),
    ({"kind": "'no.such'"}, "MR404", "There is no kind no.such"), ({"zone": "'Europe/Berln'"}, "MR400", "no time zone"),
    ({"expression": "0 0 31 2 *"}, "MR400", "day of month: 31 never comes"),
])
def test_what_cannot_be_a_schedule_is_refused(sql, more, state, why):
    with pytest.raises(Refused, match=why) as refused:
        add(sql, **more)
    assert refused.value.sqlstate == state
    assert sql.one("select (select count(*) from schedule) + (select count(*) from audit)") == "0"


# ---- the scheduler ----

@pytest.fixture
def scheduler(servers, database, redis, tmp_path):
    """Start schedulers of this test's database; gives what one has logged so far, as a call."""
    running = []

    def start(reconcile):
        environment = {**os.environ, "MILLRACE_DATABASE_URL": servers.url(database), "MILLRACE_SECRET": "s" * 32,
                       "MILLRACE_REDIS_URL": servers.redis_socket, "MILLRACE_QUEUE_RECONCILE": str(reconcile)}
        path = tmp_path / f"log{len(running)}"
        with open(path, "w", encoding="utf-8") as log:
            running.append(subprocess.Popen([BUILD / "millrace-scheduler"], env=environment, stderr=log))
        return path.read_text
    yield start
    for one in running:
        one.send_signal(signal.SIGTERM)
        assert one.wait(PATIENCE) == 0


def test_the_leader_puts_each_tick_when_it_comes_and_tells_redis(sql, redis, scheduler):
    """Nothing is made up for that is followed by another: so it came back for each, and did not wait for its next look."""
    add(sql, expression="@every 5s", catch_up="0")
    scheduler(60)
    scheduler(60)
    until(lambda: len(ticks(sql)) >= 3, "three ticks")
    times = [int(row[0]) for row in sql("select extract(epoch from job_id_time(id))::bigint from job order by id")]
    assert [b - a for a, b in zip(times, times[1:])] == [5] * (len(times) - 1)
    first = sql.one("select id from job order by id limit 1")
    assert redis("HGET", "mr1:{q:image}:j", first).split("|")[1:3] == ["2", "image.generate"]


def test_a_late_tick_that_redis_would_not_take_is_told_again(sql, redis, scheduler):
    """Its id is older than what the look for recent jobs looks at."""
    add(sql, expression="0 0 1 * *")
    log = scheduler(1)
    until(lambda: "reconcile.full" in log(), "the first full pass is through")
    try:
        redis("SET", "mr1:{q:image}:j", "no hash")
        sql("update schedule set expression = extract(minute from late.tick) || ' * * * *', next_tick = late.tick"
            " from (select date_trunc('minute', now() - interval '10 minutes') as tick) late")
        job = until(lambda: sql("select id from job"), "the job is put")[0][0]
        until(lambda: "schedule.put" in log(), "Redis has refused it")
    finally:
        redis("DEL", "mr1:{q:image}:j")
    until(lambda: redis("HGET", "mr1:{q:image}:j", job), "Redis knows the job")
    assert "schedule.late" in log()
