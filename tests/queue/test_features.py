# SPDX-License-Identifier: GPL-3.0-or-later
"""What the engine offers beyond running a job: in its tables and functions."""
import json

import pytest

from engine import new_id, statement
from servers import Refused, until

NIL = "00000000-0000-0000-0000-000000000000"


@pytest.fixture(autouse=True)
def kinds(sql):
    sql("insert into job_kind (name, queue, version, deadline, tries) values ('a.b', 'a', 1, 60, 3), ('c.d', 'c', 1, 60, 1)")


def put(sql, kind="a.b", **more):
    fields = {"kind": f"'{kind}'", "product": "'p'", "tenant": "'p/1'", "account_id": "null", "args": "'{}'", **more}
    return sql.one("select (job_put(" + ", ".join(f"{name} => {value}" for name, value in fields.items()) + ")).id")


def end(sql, *jobs, outcome="done"):
    """As a worker does it: the ends, then what they bring about. Tickets of what was put."""
    ids = "{%s}" % ",".join(jobs)
    many = lambda value: "{%s}" % ",".join([value] * len(jobs))
    sql(statement("queue/job_ends", ids=ids, outcomes=many(outcome), results=many("NULL"), errors=many("why"), epochs=many("7"),
                  worker="w"))
    return [row[0] for row in sql(statement("queue/job_ended", ids=ids))]


def job(sql, ticket):
    """The job that a ticket is of."""
    row, = sql(f"select kind, args, tenant, coalesce(batch_id::text, '') from job where id = '{ticket.split(' ')[1]}'")
    return row


def take(sql, one):
    names = ("id", "kind", "version", "product", "account_id", "args", "tries", "deadline", "request_id", "expired", "ended",
             "cancelled", "counted", "lost", "wait", "due_ms", "linked")
    return dict(zip(names, sql(statement("queue/job_take", ids="{%s}" % one, first=one, last=one))[0]))


# ---- names that only one open job may have ----

def test_an_open_job_has_its_name_alone(sql):
    first = put(sql, unique_name="'n'")
    assert put(sql, unique_name="'n'") == first
    assert sql.one("select count(*) from job") == "1"
    assert put(sql, unique_name="'other'") != first


@pytest.mark.parametrize("outcome", ["done", "buried", "cancelled"])
def test_a_name_is_given_up_with_the_end(sql, outcome):
    first = put(sql, unique_name="'n'")
    assert take(sql, first)["linked"] == "t"
    end(sql, first, outcome=outcome)
    assert put(sql, unique_name="'n'") != first


def test_a_name_runs_out(sql):
    first = put(sql, unique_name="'n'", unique_for="interval '-1 s'")
    assert put(sql, unique_name="'n'") != first


def test_a_name_of_a_job_that_is_not_there_is_no_job(sql):
    """As after a restore; it is not tried for ever."""
    sql("insert into job_unique values ('n', gen_random_uuid(), now() + interval '1 day')")
    with pytest.raises(Refused, match="taken by a job that is not there") as refused:
        put(sql, unique_name="'n'")
    assert refused.value.sqlstate == "MR503" and sql.one("select count(*) from job") == "0"


def test_two_that_put_at_once_get_one_job(sql, session):
    a, b = session(), session()
    a("begin")
    first = put(a, unique_name="'n'")
    b.send("select (job_put('a.b', 'p', 'p/1', null, '{}', unique_name => 'n')).id")
    until(lambda: sql.one("select count(*) from pg_stat_activity where wait_event_type = 'Lock'") == "1", "it waits")
    a("commit")
    assert b.take() == [[first]]


# ---- batches ----

def batch(sql, finally_="null"):
    return sql.one(f"select batch_open('p', 'p/1', null, 'name', {finally_})")


def test_a_batch_ends_once_with_its_last_job(sql):
    one = batch(sql, """'{"kind": "c.d", "args": {"x": 1}, "previous": "batch"}'""")
    jobs = [put(sql, batch=f"'{one}'") for _ in range(3)]
    assert sql(f"select batch_close('{one}')") == []
    assert end(sql, jobs[0]) == []
    assert end(sql, jobs[1], outcome="buried") == []
    ticket, = end(sql, jobs[2])
    kind, args, tenant, _ = job(sql, ticket)
    assert (kind, json.loads(args), tenant) == ("c.d", {"x": 1, "batch": one}, "p/1")
    assert sql("select total, done, buried, cancelled, ended_at is not null from batch") == [["3", "2", "1", "0", "t"]]


def test_a_batch_whose_jobs_end_before_it_is_closed(sql):
    one = batch(sql, """'{"kind": "c.d"}'""")
    for _ in range(2):
        assert end(sql, put(sql, batch=f"'{one}'")) == []
    assert job(sql, sql.one(f"select batch_close('{one}')"))[0] == "c.d"
    assert sql("select batch_close(id) from batch") == []
    assert sql.one("select count(*) from job where kind = 'c.d'") == "1"


def test_an_empty_batch_is_complete_when_it_is_closed(sql):
    one = batch(sql, """'{"kind": "c.d"}'""")
    assert job(sql, sql.one(f"select batch_close('{one}')"))[0] == "c.d"


def test_a_complete_batch_takes_no_more(sql):
    one = batch(sql)
    sql(f"select batch_close('{one}')")
    with pytest.raises(Refused, match="no such batch, or it is complete"):
        put(sql, batch=f"'{one}'")
    with pytest.raises(Refused, match="no such batch"):
        put(sql, batch=f"'{new_id()}'")


def test_many_ends_at_once_count_each(sql):
    one = batch(sql)
    jobs = [put(sql, batch=f"'{one}'") for _ in range(20)]
    sql(f"select batch_close('{one}')")
    end(sql, *jobs[:19])
    assert sql("select done, ended_at is null from batch") == [["19", "t"]]
    end(sql, jobs[19])
    assert sql("select done, ended_at is null from batch") == [["20", "f"]]


# ---- chains ----

CHAIN = """'[{"kind": "c.d", "args": {"n": 1}, "previous": "after"}, {"kind": "a.b", "args": {"n": 2}}]'"""


def test_a_chain_goes_on_step_by_step(sql):
    first = put(sql, chain=CHAIN)
    second, = end(sql, first)
    assert json.loads(job(sql, second)[1]) == {"n": 1, "after": first}
    third, = end(sql, second.split(" ")[1])
    assert job(sql, third)[:2] == ["a.b", '{"n": 2}']
    assert end(sql, third.split(" ")[1]) == []


@pytest.mark.parametrize("outcome", ["buried", "cancelled"])
def test_a_chain_stops_where_a_job_fails(sql, outcome):
    assert end(sql, put(sql, chain=CHAIN), outcome=outcome) == []


@pytest.mark.parametrize("chain", ['{"kind": "no.such"}', '{"args": {}}', '[{"kind": "a.b"}, {"kind": "no.such"}]', '[1]'])
def test_what_follows_must_have_a_kind(sql, chain):
    with pytest.raises(Refused, match="There is no kind .* that could follow"):
        put(sql, chain=f"'{chain}'")
    if chain[0] == "{":
        with pytest.raises(Refused, match="There is no kind .* that could follow"):
            batch(sql, f"'{chain}'")
    assert sql("select * from job") == [] and sql("select * from batch") == []


def test_what_follows_is_put_also_when_the_queue_takes_no_more(sql):
    """Else the end could not be written, nor those beside it, and the backlog that makes the queue refuse never shrinks."""
    first, one = put(sql, chain=CHAIN), batch(sql, "'{\"kind\": \"c.d\"}'")
    last = put(sql, batch=f"'{one}'")
    sql(f"select batch_close('{one}')")
    for queue in "ac":
        sql(statement("queue/queue_refuse", queue=queue, refusing="true", why="too many jobs are open"))
    assert len(end(sql, first, last)) == 2


def test_a_kind_that_has_gone_is_no_reason_to_wait(sql):
    first = put(sql, chain=CHAIN)
    sql("delete from job_kind where name = 'c.d'")
    with pytest.raises(Refused, match="there is no such kind") as refused:
        end(sql, first)
    assert refused.value.sqlstate == "MR422"


def test_a_chain_in_a_batch_is_counted_whole(sql):
    one = batch(sql)
    first = put(sql, chain=CHAIN, batch=f"'{one}'")
    sql(f"select batch_close('{one}')")
    ticket, = end(sql, first)
    for _ in range(2):
        assert sql.one("select ended_at is null from batch") == "t"
        ticket, *_ = end(sql, ticket.split(" ")[1]) or [None]
    assert ticket is None
    assert sql("select total, done, ended_at is not null from batch") == [["3", "3", "t"]]


# ---- many at once ----

def test_many_jobs_are_put_in_one_call(sql):
    rows = sql("select id, ticket from job_put_many('a.b', 'p', array['{\"n\":1}', '{\"n\":2}']::json[], "
               "tenants => array['x', null], keys => array['k', null])")
    assert len(rows) == 2 and all(row[1].startswith(f"a {row[0]} 1|2|a.b|") for row in rows)
    assert sql("select tenant, key, args ->> 'n' from job order by 3") == [["x", "k", "1"], ["p", "", "2"]]


def test_many_jobs_of_an_unknown_kind_are_refused(sql):
    with pytest.raises(Refused, match="of kind no.such cannot be put"):
        sql("select job_put_many('no.such', 'p', array['{}']::json[])")


# ---- a queue that takes no more ----

def test_a_queue_that_is_full_refuses_before_anything_is_written(sql):
    sql(statement("queue/queue_refuse", queue="a", refusing="true", why="too many jobs are open"))
    for call in ("job_put('a.b', 'p', 'p', null, '{}')", "job_put_many('a.b', 'p', array['{}']::json[])"):
        with pytest.raises(Refused, match="takes no more jobs now: too many jobs are open") as refused:
            sql(f"select {call}")
        assert refused.value.sqlstate == "MR503"
    put(sql, "c.d")
    sql(statement("queue/queue_refuse", queue="a", refusing="false", why=""))
    put(sql)


# ---- kick ----

def kick(sql, one):
    return sql.one(f"select job_kick('me', '{one}')")


@pytest.mark.parametrize("outcome", ["buried", "cancelled"])
def test_a_kicked_job_has_all_its_tries_again(sql, outcome):
    one = put(sql)
    for epoch in (1, 2):
        sql(statement("queue/job_tries", ids="{%s}" % one, epochs="{%d}" % epoch, outcomes="{failed}", counts="{t}",
                      errors="{e}", worker="w", delays="{0}"))
    end(sql, one, outcome=outcome)
    assert kick(sql, one).startswith(f"a {one} 1|")
    row = take(sql, one)
    assert (row["ended"], row["counted"]) == ("f", "0")
    assert sql(f"select epoch, outcome, counts, error from job_try where id = '{one}' order by epoch") == \
        [["1", "failed", "t", "e"], ["2", "failed", "t", "e"], ["7", outcome, "f", "why"]]
    assert sql("select who, action, target from audit") == [["me", "kick", one]]


def test_a_kicked_job_waits_for_no_back_off_of_before(sql):
    """One that was cancelled while it waited for its next try used to wait on."""
    one = put(sql)
    tried = lambda epoch, delay: sql(statement("queue/job_tries", ids="{%s}" % one, epochs="{%d}" % epoch, outcomes="{failed}", counts="{t}",
                                               errors="{e}", worker="w", delays="{%d}" % delay))
    tried(1, 3000)
    end(sql, one, outcome="cancelled")
    kick(sql, one)
    assert take(sql, one)["wait"] == "0"
    tried(9, 30)
    assert 25_000 < int(take(sql, one)["wait"]) <= 30_000


def test_tries_before_a_cancellation_that_ended_in_no_lease_do_not_count_after_a_kick(sql):
    """The end that `millrace cancel` writes of a job that waits has epoch 0, less than that of any try."""
    one = put(sql)
    sql(statement("queue/job_tries", ids="{%s}" % one, epochs="{5}", outcomes="{failed}", counts="{t}", errors="{e}",
                  worker="w", delays="{0}"))
    for times in (1, 2):
        sql(statement("queue/job_ends", ids="{%s}" % one, outcomes="{cancelled}", results="{null}", errors="{why}", epochs="{0}",
                      worker="o"))
        kick(sql, one)
        assert take(sql, one)["counted"] == "0"
        assert sql.one(f"select count(*) from job_try where id = '{one}' and outcome = 'cancelled'") == str(times)


def test_a_kicked_job_that_redis_was_not_told_of_is_found_by_the_next_look(sql):
    """Not only by the hourly pass: its id is too old for the look for recent ones."""
    one = put(sql, id="overlay(job_id_make()::text placing left(job_id_floor(now() - interval '1 h')::text, 13) from 1)::uuid")
    end(sql, one, outcome="buried")
    due = statement("queue/job_due", after=NIL, span=60)
    assert sql(due) == []
    kick(sql, one)
    assert [row[0] for row in sql(due)] == [one]
    end(sql, one)
    assert sql(due) == []
    other = put(sql)
    end(sql, other, outcome="buried")
    kick(sql, other)
    sql("update audit set at = now() - interval '1 h'")
    assert sql(due) == []


def test_what_is_done_or_open_or_unknown_cannot_be_kicked(sql):
    done = put(sql)
    end(sql, done)
    for one, code in ((done, "MR409"), (put(sql), "MR409"), (new_id(), "MR404")):
        with pytest.raises(Refused) as refused:
            kick(sql, one)
        assert refused.value.sqlstate == code


def test_a_kick_waits_for_its_name(sql):
    one = put(sql, unique_name="'n'")
    end(sql, one, outcome="buried")
    other = put(sql, unique_name="'n'")
    with pytest.raises(Refused, match="Another open job has its name"):
        kick(sql, one)
    end(sql, other)
    kick(sql, one)
    assert put(sql, unique_name="'n'") == one


def test_a_kicked_job_is_looked_for_again(sql):
    one = put(sql)
    end(sql, one, outcome="buried")
    sql("update queue_scan set oldest = 'ffffffff-ffff-ffff-ffff-ffffffffffff'")
    before = sql.one("select kicks from queue_scan")
    kick(sql, one)
    assert [row[0] for row in sql(statement("queue/job_open", after=NIL))] == [one]
    sql(statement("queue/scan_raise", oldest="ffffffff-ffff-ffff-ffff-ffffffffffff", kicks=before))
    assert [row[0] for row in sql(statement("queue/job_open", after=NIL))] == [one]


# ---- the far future ----

def test_what_is_due_later_is_told_when_it_is_near(sql):
    far, near = put(sql, due_at="now() + interval '1 hour'"), put(sql, due_at="now() + interval '5 minutes'")
    assert sql.one(f"select coalesce(job_ticket(j), 'none') from job j where id = '{far}'") == "none"
    assert sql.one(f"select job_ticket(j) from job j where id = '{near}'")
    due = statement("queue/job_due", after=NIL, span=60)
    assert sql(due) == []
    early = put(sql, due_at="now() + interval '9 minutes'",
                id="overlay(job_id_make()::text placing left(job_id_floor(now() - interval '1 h')::text, 13) from 1)::uuid")
    sql(f"update job set later = true where id = '{early}'")
    put_off = put(sql)
    sql(f"insert into job_try (id, epoch, outcome, counts, worker, ended_at, not_before) values ('{put_off}', 1, 'snoozed', "
        "false, 'w', now() - interval '1 h', now() + interval '1 minute')")
    assert sorted(row[0] for row in sql(due)) == sorted([early, put_off])
    end(sql, early)
    assert [row[0] for row in sql(due)] == [put_off]


# ---- settings ----

@pytest.mark.parametrize("name, value", [
    ("paused", "1"), ("cap", "0"), ("cap.tenant", "5"), ("cap.tenant:p/1", "5"), ("cap.kind:a.b", "2"), ("cap.key:k", "3"),
    ("rate", "0.5|1"), ("rate.kind:a.b", "100|10"), ("weight:p/1", "2.5"), ("level.1", "9"), ("age", "30"),
    ("limiter", "openai"), ("backlog", "1000")])
def test_a_setting_is_kept_and_audited(sql, name, value):
    sql(f"select queue_set('me', 'a', '{name}', '{value}')")
    listed, = sql(statement("queue/queue_list"))
    assert listed[:2] == ["a", "1"] and json.loads(listed[4]) == {name: value}
    sql(f"select queue_set('me', 'a', '{name}', null)")
    assert json.loads(sql(statement("queue/queue_list"))[0][4]) == {}
    assert sql("select action, target from audit") == [["set", "a"], ["set", "a"]]


@pytest.mark.parametrize("name, value", [
    ("paused", "0"), ("cap", "-1"), ("cap", "x"), ("cap.kind", "1"), ("cap.tenant:", "1"), ("rate", "5"), ("rate", "0|5"),
    ("rate", "5|0"), ("rate", "0.0|1"), ("weight:p", "0"), ("level.0", "1"), ("level.1", "0"), ("limiter", "A B"), ("other", "1"),
    ("cap.tenant:a b", "1")])
def test_nonsense_is_no_setting(sql, name, value):
    with pytest.raises(Refused, match="is no setting of a queue"):
        sql(f"select queue_set('me', 'a', '{name}', '{value}')")
    assert sql("select * from queue_setting") == []


# ---- weeks ----

def weeks(sql):
    return [row[0] for row in sql("select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid "
                                  "where i.inhparent = 'job'::regclass and c.relname <> 'job_default' order by 1")]


def test_weeks_go_when_they_are_old_and_nothing_in_them_is_open(sql):
    for ago in (6, 8, 10):
        sql(f"select job_week_make(now() - interval '{ago} weeks')")
    old = [name for name in weeks(sql)][:3]
    made = lambda ago: (f"overlay(job_id_make()::text placing left(job_id_floor(now() - interval '{ago} weeks')::text, 13)"
                        " from 1)::uuid")
    ended, open_ = put(sql, id=made(10)), put(sql, id=made(8))
    end(sql, ended)
    assert [row[0] for row in sql(statement("queue/weeks_drop", days=35))] == [old[0], old[2]]
    assert sql.one(f"select count(*) from job where id = '{open_}'") == "1"
    assert sql.one(f"select count(*) from job_end where id = '{ended}'") == "0"
    end(sql, open_)
    assert [row[0] for row in sql(statement("queue/weeks_drop", days=35))] == [old[1]]
    assert sql(statement("queue/weeks_drop", days=35)) == []


def test_a_week_in_use_is_left_for_the_next_time(sql, session):
    sql("select job_week_make(now() - interval '8 weeks')")
    week, reader = weeks(sql)[0], session()
    reader("begin")
    reader(f"select count(*) from {week}")
    assert sql(statement("queue/weeks_drop", days=35)) == []
    reader("commit")
    assert sql(statement("queue/weeks_drop", days=35)) == [[week]]


def old_batch(sql, weeks_ago=8, unused="36 days", closed="false"):
    """A batch of that week, with one job of it that is open."""
    sql(f"select job_week_make(now() - interval '{weeks_ago} weeks')")
    made = sql.one("select batch_open('p')")
    one = sql.one(f"update batch set id = job_id_floor(now() - interval '{weeks_ago} weeks'), closed = {closed} where id = '{made}'"
                  " returning id")
    job = put(sql, batch=f"'{one}'")
    sql(f"update batch set used_at = now() - interval '{unused}'")
    return one, job


def test_a_batch_that_nobody_closes_does_not_hold_weeks_back_for_ever(sql):
    """One whose producer had died kept all later weeks from being dropped, and batches were never removed."""
    one, job = old_batch(sql)
    sql("select job_week_make(now() - interval '7 weeks')")
    drop, held = statement("queue/weeks_drop", days=35), "select distinct held from job_weeks_held('35 days')"
    assert sql(drop) == [] and sql(held) == [[f"batch {one} is not complete"]]
    end(sql, job)
    sql(statement("queue/job_ended", ids="{%s}" % job))
    assert sql(drop) == [] and sql(held) == [[f"batch {one} is not closed"]]      # it has just been used
    sql("update batch set used_at = now() - interval '36 days'")
    assert len(sql(drop)) == 2 and sql("select * from batch") == []


def test_a_complete_batch_goes_with_its_week(sql):
    _, job = old_batch(sql, closed="true")
    young = sql.one("select batch_open('p')")
    sql(f"select batch_close('{young}')")
    assert sql(statement("queue/weeks_drop", days=35)) == []
    end(sql, job)
    sql(statement("queue/job_ended", ids="{%s}" % job))
    assert len(sql(statement("queue/weeks_drop", days=35))) == 1
    assert sql("select id, ended_at is not null from batch") == [[young, "t"]]


def test_the_audit_is_kept_for_more_than_a_year(sql):
    for ago in (500, 401, 399, 30):
        sql(f"insert into audit (at, who, action, target) values (now() - interval '{ago} days', 'w', 'set', '{ago}')")
    sql(statement("queue/audit_drop", days=450))
    assert [row[0] for row in sql("select target from audit order by id")] == ["401", "399", "30"]
    sql(statement("queue/audit_drop", days=35))
    assert [row[0] for row in sql("select target from audit order by id")] == ["399", "30"]
