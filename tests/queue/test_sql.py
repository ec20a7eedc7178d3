# SPDX-License-Identifier: GPL-3.0-or-later
"""The queue's tables, functions and statements, also under concurrency."""
import json
import threading

import pytest

from engine import new_id, statement
from servers import Refused, until

NIL = "00000000-0000-0000-0000-000000000000"


def put(sql, args="{}", **more):
    """A job's id."""
    fields = {"kind": "'image.generate'", "product": "'figureforge'", "tenant": "'figureforge/1'", "account_id": "null",
              "args": f"'{args}'", **more}
    return sql.one("select (job_put(" + ", ".join(f"{name} => {value}" for name, value in fields.items()) + ")).id")


def made_at(time):
    """An id of that time."""
    return f"overlay(job_id_make()::text placing left(job_id_floor({time})::text, 13) from 1)::uuid"


def end(job, outcome="done", epoch=7, worker="w", result=None, error=None):
    one = lambda value: "{%s}" % ("null" if value is None else json.dumps(str(value)))
    return statement("queue/job_ends", ids=one(job), outcomes=one(outcome), results=one(result), errors=one(error),
                     epochs=one(epoch), worker=worker)


def attempt(job, epoch=7, outcome="failed", counts="true", delay=0, worker="w", error="why"):
    return statement("queue/job_tries", ids="{%s}" % job, epochs="{%s}" % epoch, outcomes="{%s}" % outcome,
                     counts="{%s}" % counts, errors='{"%s"}' % error, worker=worker, delays="{%s}" % delay)


def lost(*rows):
    ids, epochs, workers = zip(*rows)
    return statement("queue/job_lost", ids="{%s}" % ",".join(ids), epochs="{%s}" % ",".join(map(str, epochs)),
                     workers="{%s}" % ",".join(f'"{one}"' for one in workers))


def tries(sql, job):
    return sql(f"select epoch, outcome, counts, worker from job_try where id = '{job}' order by epoch")


def waits_for_a_lock(sql, session):
    return until(lambda: sql.one(f"select count(*) from pg_stat_activity where pid = {session.pid} and "
                                 "wait_event_type = 'Lock'") == "1", "it waits for the other")


# ---- put ----

def test_a_job_of_an_unknown_kind_is_refused(sql):
    with pytest.raises(Refused, match="of kind no.such cannot be put") as refused:
        put(sql, kind="'no.such'")
    assert refused.value.sqlstate == "MR503"
    assert sql.one("select count(*) from job") == "0"


def test_a_job_takes_its_limits_from_its_kind_as_they_are_now(sql):
    sql("update job_kind set deadline = 17, tries = 4 where name = 'image.generate'")
    job = put(sql)
    sql("update job_kind set deadline = 99 where name = 'image.generate'")
    assert sql(f"select queue, version, deadline, tries, priority from job where id = '{job}'") == \
        [["image", "1", "17", "4", "2"]]


@pytest.mark.parametrize("size, fits", [(65_536, True), (65_537, False)])
def test_arguments_to_64_kib(sql, size, fits):
    args = json.dumps({"a": "x" * (size - len('{"a": ""}'))})
    assert len(args) == size
    if fits:
        put(sql, args)
    else:
        with pytest.raises(Refused) as refused:
            put(sql, args)
        assert refused.value.sqlstate == "23514"


@pytest.mark.parametrize("tenant", ["", "two words", "a|b", "x" * 129])
def test_a_tenant_that_would_break_the_packed_form_is_refused(sql, tenant):
    with pytest.raises(Refused) as refused:
        put(sql, tenant=f"'{tenant}'")
    assert refused.value.sqlstate == "23514"


def test_a_job_is_put_or_not_with_the_transaction_around_it(sql):
    sql("begin")
    put(sql)
    sql("rollback")
    assert sql.one("select count(*) from job") == "0"


def test_the_ticket_says_what_redis_needs(sql):
    job = put(sql, priority="0", key="'k1'", due_at="'2026-03-01 00:00:00.25+00'")
    assert sql.one(f"select job_ticket(j) from job j where id = '{job}'") == \
        f"image {job} 1|0|image.generate|1772323200250|120|k1|1|figureforge/1"
    assert sql.one(f"select job_ticket(j, '2026-03-01 00:00:01+00') from job j where id = '{job}'").split("|")[3] == \
        "1772323201000"
    assert sql.one(f"select job_ticket(j, '2020-01-01') from job j where id = '{job}'").split("|")[3] == "1772323200250"


# ---- weeks ----

def test_making_a_week_again_changes_nothing(sql):
    count = "select count(*) from pg_class where relispartition and relkind = 'r'"
    before = sql.one(count)
    sql("select job_weeks_make(4), job_weeks_make(4)")
    assert sql.one(count) == before
    sql("select job_week_make(now() + interval '60 days')")
    assert int(sql.one(count)) == int(before) + 3


def test_many_make_the_same_weeks_at_once(session):
    sessions = [session() for _ in range(6)]
    before = int(sessions[0].one("select count(*) from pg_class where relispartition and relkind = 'r'"))
    for round in range(4):
        for one in sessions:
            one.send(f"select job_week_make('2027-06-07'::timestamptz + {round} * interval '7 days')")
        for one in sessions:
            one.take()
    assert int(sessions[0].one("select count(*) from pg_class where relispartition and relkind = 'r'")) == before + 12


def test_a_week_is_made_while_another_session_still_makes_it(session):
    first, second, third = session(), session(), session()
    first("begin")
    first("select job_week_make('2027-06-07')")
    second.send("select job_week_make('2027-06-07')")
    waits_for_a_lock(third, second)
    first("commit")
    second.take()
    assert third.one("select count(*) from pg_class where relname = 'job_2027w23'") == "1"


def test_a_job_lies_in_its_week_on_both_sides_of_the_border(sql):
    sql("select job_week_make('2027-06-07'), job_week_make('2027-06-14')")
    for time, week in (("2027-06-13 23:59:59.999+00", "job_2027w23"), ("2027-06-14 00:00:00+00", "job_2027w24")):
        job = sql.one(f"update job set id = job_id_floor('{time}') where id = '{put(sql)}' returning id")
        assert sql.one(f"select tableoid::regclass from job where id = '{job}'") == week


def test_a_job_of_no_week_lies_in_the_default(sql):
    put(sql, id=made_at("'2011-01-01'"))
    assert sql(statement("queue/weeks_make"))[0][1] == "1"


def test_a_week_that_came_too_late_keeps_no_other_from_being_made(sql):
    job = put(sql, id=made_at("'2011-01-05'"))
    sql("select job_week_make('2011-01-05'), job_week_make('2011-01-12')")
    assert sql.one(f"select tableoid::regclass from job where id = '{job}'") == "job_default"
    assert sql.one("select count(*) from pg_class where relname in ('job_2011w01', 'job_2011w02')") == "1"


# ---- files ----

@pytest.mark.parametrize("key, name, type", [
    ("figureforge/ab/j.1/../../../x.png", "x.png", "image/png"),
    ("figureforge/ab/j.1//x.png", "x.png", "image/png"),
    ("/etc/x.png", "x.png", "image/png"),
    ("figureforge/ab/j.1/..", "..", "image/png"),
    ("figureforge/ab/j.1/x.png", 'x";y.png', "image/png"),
    ("figureforge/ab/j.1/x.png", "x\ny.png", "image/png"),
    ("figureforge/ab/j.1/x.png", "x.png", "text/html; charset=utf-7"),
])
def test_what_a_fenced_program_says_of_its_files_is_bounded(sql, key, name, type):
    account = sql.one("insert into account (product, email, username) values ('figureforge', 'f@x', 'f')"
                      " on conflict do nothing returning id")
    row = "insert into file (product, account_id, storage_key, name, type) values ('figureforge', {}, '{}', '{}', '{}')"
    sql(row.format(account, "figureforge/ab/0-0.17/image-1.png", "image-1.png", "image/png"))
    with pytest.raises(Refused) as refused:
        sql(row.format(account, key, name, type))
    assert refused.value.sqlstate == "23514"


# ---- ends and tries ----

def test_the_first_end_stands(sql):
    job = put(sql)
    sql(end(job, result='{"a":1}'))
    for again in (end(job, "buried", epoch=8), end(job, result='{"a":1}')):
        with pytest.raises(Refused) as refused:
            sql(again)
        assert refused.value.sqlstate == "23505"
    assert sql(f"select outcome, epoch, worker from job_end where id = '{job}'") == [["done", "7", "w"]]


@pytest.mark.parametrize("how, stands", [("commit", "buried"), ("rollback", "done")])
def test_of_two_ends_at_once_one_stands(session, how, stands):
    first, second, third = session(), session(), session()
    job = put(first)
    first("begin")
    first(end(job, "buried", epoch=1))
    second.send(end(job, "done", epoch=2))
    waits_for_a_lock(third, second)
    first(how)
    if how == "commit":
        with pytest.raises(Refused) as refused:
            second.take()
        assert refused.value.sqlstate == "23505"
    else:
        assert second.take() == []
    assert third(f"select outcome from job_end where id = '{job}'") == [[stands]]


def test_a_second_end_takes_its_products_rows_back_with_it(sql):
    job = put(sql)
    sql(end(job))
    sql("begin")
    sql("create table written (what text)")
    with pytest.raises(Refused):
        sql(end(job, "cancelled"))
    sql("commit")
    assert sql.one("select count(*) from pg_class where relname = 'written'") == "0"


def test_a_result_to_256_kib(sql):
    job = put(sql)
    with pytest.raises(Refused) as refused:
        sql(end(job, result=json.dumps("x" * 262_143)))
    assert refused.value.sqlstate == "23514"
    sql(end(job, result=json.dumps("x" * 262_142)))


def test_a_try_is_written_once(sql):
    job = put(sql)
    for _ in range(2):
        sql(attempt(job, delay=5))
    sql(lost((job, 7, "v")))
    assert tries(sql, job) == [["7", "failed", "t", "w"]]
    sql(attempt(job, epoch=8, outcome="snoozed", counts="false"))
    assert [row[0] for row in tries(sql, job)] == ["7", "8"]


def test_lost_leases_are_written_once_and_do_not_count(sql):
    first, second = put(sql), put(sql)
    for _ in range(2):
        sql(lost((first, 5, "host:1:ab"), (second, 6, "host:2:cd")))
    assert tries(sql, first) == [["5", "lost", "f", "host:1:ab"]]
    assert tries(sql, second) == [["6", "lost", "f", "host:2:cd"]]


def test_a_lease_that_ran_out_after_the_end_was_written_is_not_called_lost(sql):
    """The worker died, or Redis did, between the commit of the end and the finish script."""
    job, other = put(sql), put(sql)
    sql(end(job, epoch=5))
    sql(lost((job, 5, "w"), (other, 5, "w")))
    assert tries(sql, job) == []
    assert tries(sql, other) == [["5", "lost", "f", "w"]]


# ---- take, open, recent ----

def take(sql, *ids):
    columns = ["id", "kind", "version", "product", "account_id", "args", "tries", "deadline", "request_id", "expired",
               "ended", "cancelled", "counted", "lost", "wait"]
    rows = sql(statement("queue/job_take", ids="{%s}" % ",".join(ids), first=min(ids), last=max(ids)))
    found = {row[0]: dict(zip(columns, row)) for row in rows}
    assert len(found) == len(rows)
    return [found.get(id) for id in ids]


def test_take_tells_of_all_that_are_there(sql):
    ids = [put(sql, f'{{"n":{n}}}') for n in range(5)] + [new_id()]
    ids.reverse()
    rows = take(sql, *ids)
    assert rows[0] is None and [row["args"] for row in rows[1:]] == [f'{{"n":{n}}}' for n in (4, 3, 2, 1, 0)]
    assert {row["kind"] for row in rows[1:]} == {"image.generate"} and {row["counted"] for row in rows[1:]} == {"0"}


def test_take_of_jobs_of_several_weeks(sql):
    """Also of one that has none and lies in the default partition."""
    ids = [put(sql, id=made_at(time)) for time in ("now()", "'2011-03-01Z'", "now() - interval '1 h'")]
    sql(attempt(ids[1]))
    sql(end(ids[2]))
    rows = take(sql, *ids)
    assert [(row["id"], row["counted"], row["ended"]) for row in rows] == \
        [(ids[0], "0", "f"), (ids[1], "1", "f"), (ids[2], "0", "t")]


def test_take_looks_into_no_other_week(sql):
    """As connections of ours have it: one plan, for whatever ids."""
    ids = [put(sql) for _ in range(2)]
    sql("set plan_cache_mode = force_generic_plan")
    text = statement("queue/job_take", ids="%ids", first="%first", last="%last")
    for n, name in enumerate(("ids", "first", "last"), 1):
        text = text.replace(f"'%{name}'", f"${n}")
    sql(f"prepare take (uuid[], uuid, uuid) as {text}")
    plan = sql(f"explain (analyze) execute take ('{{{','.join(ids)}}}', '{min(ids)}', '{max(ids)}')")
    weeks = sql.one("select count(*) from pg_inherits where inhparent = 'job'::regclass")
    removed = [row[0].split(": ")[1] for row in plan if "Subplans Removed" in row[0]]
    assert removed == [str(int(weeks) - 1)] * 3, plan


def test_take_counts_tries_and_losses_apart(sql):
    job = put(sql)
    sql(attempt(job, epoch=1))
    sql(attempt(job, epoch=2, outcome="snoozed", counts="false", delay=30))
    sql(lost((job, 3, "w"), (job, 4, "w")))
    row, = take(sql, job)
    assert (row["counted"], row["lost"]) == ("1", "2")
    assert 25_000 < int(row["wait"]) <= 30_000


def test_take_of_a_job_whose_only_try_was_lost(sql):
    """It has no time before which it may not start, which is not the same as a time."""
    job = put(sql)
    sql(lost((job, 3, "w")))
    row, = take(sql, job)
    assert (row["counted"], row["lost"], row["wait"]) == ("0", "1", "0")


def test_take_tells_of_ends_cancellations_and_expiry(sql):
    ended, cancelled, expired = put(sql), put(sql), put(sql, expires_at="now() - interval '1 s'")
    sql(end(ended))
    for _ in range(2):
        sql(statement("queue/cancel_ask", job_id=cancelled, asked_by="me"))
    rows = take(sql, ended, cancelled, expired)
    assert [(row["ended"], row["cancelled"], row["expired"]) for row in rows] == \
        [("t", "f", "f"), ("f", "t", "f"), ("f", "f", "t")]


def test_open_jobs_come_in_pages_with_their_due_times(sql):
    ids = [put(sql) for _ in range(6)]
    sql(end(ids[2]))
    sql(attempt(ids[3], delay=3600))
    sql(attempt(ids[4], delay=300))
    pages, after = [], NIL
    while page := sql(f"select id, coalesce(queue, ''), coalesce(ticket, '') from job_open_page('{after}', "
                      "now() + interval '1 min', 2)"):
        after, pages = page[-1][0], pages + [row for row in page if row[1]]
        assert len(page) <= 3
        if page[-1][1]:
            break
    assert [row[0] for row in pages] == sorted(set(ids) - {ids[2]})
    tickets = {row[0]: row[2] for row in pages}
    assert tickets[ids[3]] == ""               # Redis need not know of it for an hour
    due = int(tickets[ids[4]].split("|")[3])
    assert due > int(sql.one("select (extract(epoch from now()) * 1000)::bigint")) + 290_000


def test_recent_leaves_alone_what_the_front_may_still_be_putting(sql):
    def made(age):
        return put(sql, id=made_at(f"now() - interval '{age}'"))
    young, right, older, old = made("0 s"), made("20 s"), made("40 s"), made("90 s")
    def recent(span):
        return [row[0] for row in sql(statement("queue/job_recent", after=NIL, span=span))]
    assert recent(60) == [older, right]
    assert recent(600) == [old, older, right]
    assert young not in recent(600)


def test_whether_any_job_is_open(sql):
    ask = statement("queue/job_any_open", queue="image")
    assert sql.one(ask) == "f"
    job = put(sql)
    assert sql.one(ask) == "t"
    assert sql.one(statement("queue/job_any_open", queue="mail")) == "f"
    sql(end(job))
    assert sql.one(ask) == "f"


def test_open_cancellations_are_those_of_jobs_that_have_not_ended(sql):
    first, second = put(sql), put(sql)
    for job in (first, second):
        sql(statement("queue/cancel_ask", job_id=job, asked_by="me"))
    sql(end(first))
    (job, queue, ticket), = sql(statement("queue/cancel_open"))
    assert (job, queue) == (second, "image") and ticket.startswith(f"image {second} 1|0|")


# ---- leading ----

def test_one_leads_and_the_term_grows_with_each_change(sql):
    def lead(holder):
        return sql(statement("queue/lead", holder=holder))
    assert lead("a") == [["1"]] and lead("b") == [] and lead("a") == [["1"]]
    sql("update leader set expires = now() - interval '1 s'")
    assert lead("b") == [["2"]] and lead("a") == []
    sql(statement("queue/lead_end", holder="a"))
    assert lead("b") == [["2"]]
    sql(statement("queue/lead_end", holder="b"))
    assert len(lead("a")) == 1


def test_of_many_at_once_one_leads(session):
    sessions = [session() for _ in range(6)]
    for number, one in enumerate(sessions):
        one.send(statement("queue/lead", holder=f"h{number}"))
    assert sorted(len(one.take()) for one in sessions) == [0, 0, 0, 0, 0, 1]


# ---- throttles ----

def test_a_throttle_counts_exactly_under_concurrency(session):
    sessions = [session() for _ in range(4)]
    waits = []

    def hit(one):
        waits.extend(int(one.one("select throttle_hit('s', 'x', 25, '1 h')")) for _ in range(20))
    threads = [threading.Thread(target=hit, args=(one,)) for one in sessions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(waits) == 80 and waits.count(0) == 25
    assert all(3500 < wait <= 3601 for wait in waits if wait)
    assert sessions[0].one("select count from throttle") == "80"


def test_a_throttle_starts_anew_after_its_window(sql):
    hit = "select throttle_hit('s', 'x', 1, '1 h')"
    assert sql.one(hit) == "0" and int(sql.one(hit)) > 0
    sql("update throttle set resets_at = now() - interval '1 ms'")
    assert sql.one(hit) == "0" and int(sql.one(hit)) > 0


def test_what_has_run_out_is_forgotten_and_nothing_else(sql):
    sql("insert into account (product, email, username) values ('p', 'a@b.c', 'a')")
    for when in ("-", "+"):
        at = f"now() {when} interval '2 hours'"
        sql(f"insert into throttle values ('s', '{when}', 1, {at})")
        sql(f"insert into signin_code (product, email, digest, expires_at) values ('p', '{when}', 'd', {at})")
        sql(f"insert into refresh_token select decode(md5('{when}'), 'hex'), id, {at} from account")
    sql(statement("core/forget"))
    for table, column in (("throttle", "resets_at"), ("signin_code", "expires_at"),
                          ("refresh_token", "expires_at")):
        assert sql(f"select {column} > now() from {table}") == [["t"]], table


def test_taken_back_tokens_are_few_and_end_by_themselves(sql):
    account = sql.one("insert into account (product, email, username) values ('p', 'a@b.c', 'a') returning id")

    def revoke(when="now() + interval '1 hour'"):
        sql(f"select revoke_token({account}, gen_random_uuid(), {when})")
        return sql("select cardinality(revoked), tokens_valid_after > '-infinity', revoked_until > now() from account")[0]

    for count in range(1, 101):
        assert revoke() == [str(count), "f", "t"]
    assert revoke() == ["1", "t", "t"]          # that was much: all tokens up to now are over
    sql("update account set tokens_valid_after = '-infinity', revoked_until = now() - interval '1 s'")
    assert revoke("now() - interval '1 s'") == ["1", "f", "f"]
    sql(statement("core/forget"))
    assert sql("select cardinality(revoked), revoked_until from account") == [["0", "-infinity"]]
