# SPDX-License-Identifier: GPL-3.0-or-later
"""What fronts write of requests, rolled up by hours. MILLRACE_SEED repeats a run."""
import math
import os
import random
import secrets
import uuid

import pytest

from engine import statement
from servers import until

SEED = int(os.environ.get("MILLRACE_SEED", secrets.randbelow(1 << 32)))
HOUR = 1_700_002_800_000_000                  # microseconds since 1970, a full hour


@pytest.fixture(autouse=True)
def seed():
    print(f"MILLRACE_SEED={SEED}")


@pytest.fixture(autouse=True)
def made_today(sql):
    """Days are made from today's on, as by a migration of today: the template of all databases may be of yesterday."""
    today = sql.one("select to_char(now() at time zone 'UTC', '\"request_\"YYYYMMDD')")
    if (old := [day for day in days(sql) if day < today]):
        sql(f"drop table {', '.join(old)}")
        sql(statement("queue/requests_make"))


def array(values):
    return "{%s}" % ",".join("null" if value is None else f'"{value}"' for value in values)


def visit(at=HOUR, product="expenses", operation="expense_list", status=200, us=1000, account=None, request_id=None):
    return at, product, operation, status, us, account, request_id


def batch(visits, front=None, number=0):
    names = ("ats", "products", "operations", "statuses", "times", "accounts", "request_ids")
    return statement("core/request_put", front=front or uuid.uuid4(), number=str(number),
                     **{name: array(column) for name, column in zip(names, zip(*visits))})


def put(sql, visits, **more):
    """Any number of them, in batches."""
    front = uuid.uuid4()
    for number, first in enumerate(range(0, len(visits), 1000)):
        sql(batch(visits[first:first + 1000], front, number, **more))


def roll_up(sql):
    return sql.one(statement("queue/requests_roll_up"))


def hours(sql):
    return sql("select (extract(epoch from hour) * 1000000)::bigint, product, operation, class, requests, errors, us, "
               "(histogram).counts from request_hour order by 1, 2, 3, 4")


def percentile(values, share):
    """The true one: of the nearest rank."""
    return sorted(values)[max(math.ceil(share * len(values) - 1e-9), 1) - 1]


# ---- records ----

def test_a_record_is_kept_as_it_was_told(sql):
    put(sql, [visit(account=7), visit(at=HOUR + 1, operation="", status=404, request_id="req_1", us=49)])
    assert sql("select (extract(epoch from at) * 1000000)::bigint, product, operation, status, us, account_id, request_id "
               "from request order by at") == \
        [[str(HOUR), "expenses", "expense_list", "200", "1000", "7", ""],
         [str(HOUR + 1), "expenses", "", "404", "49", "", "req_1"]]


def test_a_batch_that_comes_twice_counts_once(sql):
    front = uuid.uuid4()
    for _ in range(2):
        sql(batch([visit()] * 3, front, 5))
    sql(batch([visit()], front, 6))
    sql(batch([visit()], uuid.uuid4(), 5))
    assert sql.one("select count(*) from request") == "5"
    roll_up(sql)
    sql(batch([visit()] * 3, front, 5))
    assert (sql.one("select count(*) from request"), roll_up(sql)) == ("5", "0")


def test_two_that_send_the_same_batch_at_once(sql, session):
    one, other, front = session(), session(), uuid.uuid4()
    one("begin")
    one(batch([visit()], front))
    other.send(batch([visit()], front))
    until(lambda: sql.one(f"select count(*) from pg_stat_activity where pid = {other.pid} and wait_event_type = 'Lock'") == "1",
          "it waits for the other")
    one("commit")
    other.take()
    assert sql.one("select count(*) from request") == "1"


# ---- hours ----

def test_hours_hold_what_there_was(sql):
    put(sql, [visit(), visit(us=3000), visit(at=HOUR + 3_599_999_999, us=3000), visit(at=HOUR + 3_600_000_000),
              visit(status=404, request_id="r"), visit(status=503, request_id="r"), visit(product="", operation="", status=404)])
    assert roll_up(sql) == "1"
    hour = str(HOUR)
    assert hours(sql) == [
        [hour, "", "", "4", "1", "1", "1000", "{1}"],
        [hour, "expenses", "expense_list", "2", "3", "0", "7000", "{1,2}"],
        [hour, "expenses", "expense_list", "4", "1", "1", "1000", "{1}"],
        [hour, "expenses", "expense_list", "5", "1", "1", "1000", "{1}"],
        [str(HOUR + 3_600_000_000), "expenses", "expense_list", "2", "1", "0", "1000", "{1}"]]


def test_statuses_by_hours_and_people_by_days(sql):
    """In any number of steps; at the end they are what the records say."""
    day = 86_400_000_000
    put(sql, [visit(account=7), visit(account=7, status=201), visit(status=404, request_id="r"), visit(account=8, operation="")])
    assert roll_up(sql) == "1" and roll_up(sql) == "0"
    put(sql, [visit(account=7), visit(at=HOUR + 3_600_000_000, account=7), visit(at=HOUR + day, product="ailice", account=7)])
    assert roll_up(sql) == "1"
    assert sql("select (extract(epoch from hour) * 1000000)::bigint, product, operation, status, requests from request_status "
               "order by 1, 2, 3, 4") == [
        [str(HOUR), "expenses", "", "200", "1"], [str(HOUR), "expenses", "expense_list", "200", "2"],
        [str(HOUR), "expenses", "expense_list", "201", "1"], [str(HOUR), "expenses", "expense_list", "404", "1"],
        [str(HOUR + 3_600_000_000), "expenses", "expense_list", "200", "1"], [str(HOUR + day), "ailice", "expense_list", "200", "1"]]
    assert sql("select day, product, account_id, operation, requests from request_user order by 1, 2, 3, 4") == [
        ["2023-11-14", "expenses", "7", "expense_list", "3"], ["2023-11-14", "expenses", "8", "", "1"],
        ["2023-11-15", "ailice", "7", "expense_list", "1"], ["2023-11-15", "expenses", "7", "expense_list", "1"]]


def test_a_roll_up_goes_on_where_the_last_one_stopped(sql):
    """However often, and in however many steps: the same as all at once."""
    rng, values = random.Random(SEED), []
    for _ in range(20):
        some = [rng.randrange(10, 200_000) for _ in range(rng.randrange(1, 50))]
        put(sql, [visit(us=us) for us in some])
        values += some
        if rng.random() < 0.5:
            sql("select request_roll_up(1)")
    while roll_up(sql) != "0":
        pass
    (hour, _, _, _, requests, _, us, _), = hours(sql)
    assert (int(requests), int(us)) == (len(values), sum(values))
    assert sql.one("select sum(n) from request_hour, unnest((histogram).counts) n") == requests
    whole = sql.one("select (row(array_agg(b order by b), array_agg(n order by b))::histogram)::text from (select "
                    "histogram_bucket(us) b, count(*) n from request group by 1) x")
    assert sql.one("select histogram::text from request_hour") == whole


def test_what_comes_late_counts_in_its_own_hour(sql):
    put(sql, [visit(at=HOUR + 7_200_000_000)])
    roll_up(sql)
    put(sql, [visit()])
    roll_up(sql)
    assert [row[0] for row in hours(sql)] == [str(HOUR), str(HOUR + 7_200_000_000)]


def test_a_killed_roll_up_has_done_nothing(sql, session):
    victim = session()
    put(sql, [visit()] * 10)
    victim("begin")
    assert roll_up(victim) == "1"
    sql(f"select pg_terminate_backend({victim.pid})")
    until(lambda: sql.one(f"select count(*) from pg_stat_activity where pid = {victim.pid}") == "0", "it is gone")
    assert hours(sql) == []
    assert roll_up(sql) == "1"
    assert [row[4] for row in hours(sql)] == ["10"]


def test_two_leaders_at_once_do_not_count_twice(sql, session):
    other = session()
    put(sql, [visit()] * 10)
    other("begin")
    assert roll_up(other) == "1"
    assert roll_up(sql) == "0"
    other("commit")
    assert roll_up(sql) == "0"
    assert [row[4] for row in hours(sql)] == ["10"]


# ---- percentiles ----

@pytest.mark.parametrize("draw", [
    lambda rng: rng.randrange(50, 100_000_000), lambda rng: int(math.exp(rng.uniform(math.log(50), math.log(1e8)))),
    lambda rng: min(max(int(rng.lognormvariate(7.5, 1.0)), 50), 100_000_000), lambda rng: rng.randrange(50, 60),
    lambda rng: rng.choice((50, 51, 99_999_999, 100_000_000))], ids=["uniform", "log", "lognormal", "small", "ends"])
@pytest.mark.parametrize("n", [1, 2, 99, 5000])
def test_percentiles_are_within_one_per_cent(sql, draw, n):
    rng = random.Random(SEED)
    values = [draw(rng) for _ in range(n)]
    hour = [rng.randrange(24) for _ in values]
    put(sql, [visit(at=HOUR + 3_600_000_000 * at, us=us, status=rng.choice((200, 404))) for us, at in zip(values, hour)])
    roll_up(sql)
    (requests, errors, mean, *found), = sql("select * from request_summary('expenses', to_timestamp(0), now())")
    assert int(requests) == n and 0 <= int(errors) <= n
    assert math.isclose(float(mean), sum(values) / n, rel_tol=1e-9)
    for share, us in zip((0.5, 0.95, 0.99), found):
        assert abs(float(us) / percentile(values, share) - 1) <= 0.01, (share, us)


def test_bounds_of_buckets(sql):
    """Each bucket's middle is within 1 % of whatever falls into it, and buckets follow each other without a gap."""
    edges = sorted({int(50 * 1.02 ** k) + d for k in range(733) for d in (-1, 0, 1, 2)} & set(range(50, 100_000_001)))
    rows = sql(f"select us, histogram_bucket(us), histogram_us(histogram_bucket(us)) from unnest('{array(edges)}'::int[]) us")
    assert all(abs(float(middle) / int(us) - 1) <= 0.01 for us, _, middle in rows)
    buckets = [int(bucket) for _, bucket, _ in rows]
    assert buckets == sorted(buckets) and buckets[0] == 1 and buckets[-1] == 733
    assert sql("select histogram_bucket(0), histogram_bucket(49), histogram_bucket(2147483647)") == [["0", "0", "734"]]


def test_the_summary_of_nothing(sql):
    assert sql("select * from request_summary('expenses', to_timestamp(0), now())") == [["0", "0", "", "", "", ""]]


def test_a_summary_is_of_what_was_asked_for(sql):
    put(sql, [visit(), visit(operation="other", us=9000), visit(product="ailice"), visit(at=HOUR + 3_600_000_000)])
    roll_up(sql)
    until_then = f"to_timestamp({HOUR // 1_000_000 + 3600})"
    def count(product="expenses", more=""):
        return sql.one(f"select requests from request_summary('{product}', to_timestamp({HOUR // 1_000_000}), {until_then}{more})")
    assert (count(), count(more=", 'other'"), count("ailice"), count("nutrition")) == ("2", "1", "1", "0")


# ---- days ----

def days(sql):
    return [row[0] for row in sql("select inhrelid::regclass::text from pg_inherits where inhparent = 'request'::regclass "
                                  "and inhrelid::regclass::text <> 'request_default' order by 1")]


def test_days_are_made_ahead(sql):
    wanted = [row[0] for row in sql("select to_char((now() at time zone 'UTC') + n * interval '1 day', '\"request_\"YYYYMMDD') "
                                    "from generate_series(0, 7) n order by 1")]
    assert days(sql) == wanted
    sql(f"drop table {wanted[7]}")
    assert sql.one(f"select stray from ({statement('queue/requests_make')}) x") == "0"
    assert days(sql) == wanted


def test_records_lie_in_their_day(sql):
    now = int(float(sql.one("select extract(epoch from now())")) * 1_000_000)
    put(sql, [visit(at=now), visit()])
    assert sql("select distinct tableoid::regclass = ('request_' || to_char(at at time zone 'UTC', 'YYYYMMDD'))::regclass "
               f"from request where at > to_timestamp({HOUR // 1_000_000 + 1})") == [["t"]]
    assert sql.one(f"select stray from ({statement('queue/requests_make')}) x") == "1"


def test_a_day_that_came_too_late_does_not_keep_the_others_from_being_made(sql):
    today, *others = days(sql)
    sql(f"drop table {today}, {others[-1]}")
    now = int(float(sql.one("select extract(epoch from now())")) * 1_000_000)
    put(sql, [visit(at=now)])
    sql("set client_min_messages = error")
    assert sql.one(f"select stray from ({statement('queue/requests_make')}) x") == "1"
    assert days(sql) == others


def test_a_day_is_made_when_nobody_reads(sql, session):
    whole = days(sql)
    sql(f"drop table {whole[-1]}")
    reader = session()
    reader("begin")
    reader("select count(*) from request")
    sql(statement("queue/requests_make"))
    assert days(sql) == whole[:-1]
    reader("commit")
    sql(statement("queue/requests_make"))
    assert days(sql) == whole


def test_what_is_older_than_90_days_goes(sql):
    for age in (89, 91, 92):
        sql("do $$ declare day timestamp := date_trunc('day', now() at time zone 'UTC') - interval '%d days'; begin execute "
            "format('create table %%I partition of request for values from (%%L) to (%%L)', to_char(day, '\"request_\"YYYYMMDD'), "
            "day at time zone 'UTC', (day + interval '1 day') at time zone 'UTC'); end $$" % age)
    now = int(float(sql.one("select extract(epoch from now())")))
    put(sql, [visit(at=(now - age * 86400) * 1_000_000, account=7) for age in (0, 89, 91, 92, 200)])
    roll_up(sql)
    sql("update request_batch set rolled_at = now() - interval '2 days'")
    put(sql, [visit()])
    gone = sql(statement("queue/requests_drop"))
    assert len(gone) == 2 and not {row[0] for row in gone} & set(days(sql))
    assert len(days(sql)) == 9
    assert sql.one("select count(*) from request where at < now() - interval '90 days'") == "0"
    assert sql.one("select count(*) from request") == "2"
    for table in ("request_hour", "request_status", "request_user"):
        assert sql.one(f"select count(*) from {table}") == "2"
    assert sql.one("select count(*) from request_batch") == "1"


def test_a_day_that_somebody_reads_is_dropped_later(sql, session):
    name = "request_20200101"
    sql(f"create table {name} partition of request for values from ('2020-01-01 00:00+00') to ('2020-01-02 00:00+00')")
    reader = session()
    reader("begin")
    reader(f"select count(*) from {name}")
    assert sql(statement("queue/requests_drop")) == []
    reader("commit")
    assert sql(statement("queue/requests_drop")) == [[name]]


def test_the_scheduler_rolls_up_and_keeps_house(sql, program, database):
    now = int(float(sql.one("select extract(epoch from now())")) * 1_000_000)
    put(sql, [visit(at=now)] * 3)
    sql("create table request_20200101 partition of request for values from ('2020-01-01 00:00+00') to ('2020-01-02 00:00+00')")
    scheduler = program("millrace-scheduler", database)
    try:
        until(lambda: [row[4] for row in hours(sql)] == ["3"] or None, "the hours are there")
        until(lambda: "request_20200101" not in days(sql), "the old day is gone")
    finally:
        scheduler.terminate()
        print(scheduler.communicate()[0])
    assert scheduler.returncode == 0
