# SPDX-License-Identifier: GPL-3.0-or-later
"""Ids of jobs: what they tell, which are taken, and putting again under the same."""
import re

import pytest

from engine import statement
from servers import Refused

NIL = "00000000-0000-0000-0000-000000000000"


def put(sql, **more):
    """A job's id."""
    fields = {"kind": "'image.generate'", "product": "'p'", "tenant": "'t'", "account_id": "null", "args": "'{}'", **more}
    return sql.one("select (job_put(" + ", ".join(f"{name} => {value}" for name, value in fields.items()) + ")).id")


def made_at(time):
    """An id of that time."""
    return f"overlay(job_id_make()::text placing left(job_id_floor({time})::text, 13) from 1)::uuid"


def put_rows(*ids, unique="null"):
    columns = {"kinds": "image.generate", "products": "p", "tenants": "t", "accounts": "null", "args": '"{}"', "priorities": 2,
               "keys": '""', "costs": 1, "delays": 0, "dues": "null", "uniques": unique}
    return statement("queue/put_rows", ids="{%s}" % ",".join(ids), batch=None, request_id="r",
                     **{name: "{%s}" % ",".join([str(value)] * len(ids)) for name, value in columns.items()})


def test_ids_are_version_7_and_ordered_by_time(sql):
    rows = sql("select job_id_make(), pg_sleep(0.002) from generate_series(1, 50)")
    ids = [row[0] for row in rows]
    assert ids == sorted(ids) and len(set(ids)) == 50
    for one in ids:
        assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", one)


def test_an_id_tells_when_it_was_made(sql):
    assert sql.one("select abs(extract(epoch from job_id_time(job_id_make()) - clock_timestamp())) < 1") == "t"


@pytest.mark.parametrize("time", ["1970-01-01 00:00:00.001+00", "2026-11-22 01:02:03.456+00", "2099-12-31 23:59:59.999+00"])
def test_the_floor_of_a_time_is_that_time(sql, time):
    assert sql.one(f"select job_id_time(job_id_floor('{time}')) = '{time}'::timestamptz") == "t"


def test_milliseconds_are_rounded_as_numeric_rounds_them(sql):
    """Also between two; until 2106, when a double no longer tells microseconds apart."""
    for start in ("1970-01-01Z", "2026-11-22 01:02:03Z", "2106-02-07Z"):
        assert sql.one("select bool_and(job_ms(t) = (extract(epoch from t) * 1000)::bigint) from (select timestamptz "
                       f"'{start}' + n * interval '499 us' as t from generate_series(0, 20000) n) times") == "t"


def test_an_id_lies_between_the_floors_around_it(sql):
    assert sql.one("select bool_and(job_id_floor(job_id_time(id)) <= id and "
                   "id < job_id_floor(job_id_time(id) + interval '1 ms')) "
                   "from (select job_id_make() as id from generate_series(1, 1000)) made") == "t"


@pytest.mark.parametrize("id, why", [("gen_random_uuid()", "is no id of a job"), ("job_id_floor(now())", "is no id of a job"),
                                     (made_at("now() + interval '90 s'"), "is of a time to come")])
def test_an_id_that_no_look_would_find_is_refused(sql, id, why):
    """A job under a random id lay in the default partition, behind all that looks and rebuilds ask for."""
    for more in ({}, {"unique_name": "'n'"}):
        with pytest.raises(Refused, match=why) as refused:
            put(sql, id=id, **more)
        assert refused.value.sqlstate == "MR400"
    with pytest.raises(Refused, match=why) as refused:
        sql(put_rows(sql.one(f"select {id}")))
    assert refused.value.sqlstate == "MR400"
    assert sql("select * from job") == sql("select * from job_unique") == []
    put(sql, id=made_at("now() + interval '30 s'"))


def test_a_retry_of_what_was_put_under_a_name_answers_the_same_job(sql):
    """It was refused when the job had ended meanwhile and given up its name, and with it all that was put beside it."""
    job, other = [row[0] for row in sql("select job_id_make(), pg_sleep(0.002) from generate_series(1, 2)")]
    assert [row[0] for row in sql(put_rows(job, unique="n"))] == [job]
    assert [row[0] for row in sql(put_rows(job, unique="n"))] == [job]            # it is open
    sql(f"insert into job_end (id, outcome, epoch, worker) values ('{job}', 'done', 7, 'w')")
    sql(statement("queue/job_ended", ids="{%s}" % job))
    assert sql(put_rows(job, unique="n")) == [[job, ""]]
    assert sql("select count(*), (select count(*) from job_unique) from job") == [["1", "0"]]
    assert sql(put_rows(other, unique="n"))[0][0] == other


def test_whole_passes_see_a_job_whose_id_is_old(sql):
    """Only those of schedules and of the command were seen."""
    raised = statement("queue/scan_raise", oldest="ffffffff-ffff-ffff-ffff-ffffffffffff", kicks=0)
    sql(raised)
    old = put(sql, id=made_at("now() - interval '2 hours'"))
    sql(raised)                                # by a pass that began before
    assert [row[0] for row in sql(statement("queue/job_open", after=NIL))] == [old]


def test_only_an_id_that_was_given_is_looked_at(sql):
    """A put costs what it did."""
    sql("set track_functions = 'all'")
    sql("begin")
    put(sql)
    sql("select job_put_many('image.generate', 'p', array['{}', '{}']::json[])")
    looked = "select coalesce(sum(calls), 0) from pg_stat_xact_user_functions where funcname = 'job_id_given'"
    assert sql.one(looked) == "0"
    put(sql, id="job_id_make()")
    assert sql.one(looked) == "1"
    sql("commit")
