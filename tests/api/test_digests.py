# SPDX-License-Identifier: GPL-3.0-or-later
"""The Expense Tracker's mails of what is told once a day or once a week: at eight in the morning, one a day, nothing lost."""
import json
import threading

import pytest

from waits import in_one, until

CHOICE = "/api/notifications/preferences/"
OFF = {"enabled": False, "start": "22:00", "end": "08:00", "timezone": "UTC"}
NIGHT = {**OFF, "enabled": True}


@pytest.fixture
def reader(member):
    """reader("weekly", timezone=...): somebody who wants to be told of expenses so."""
    def make(frequency="daily", **said):
        client = member(**said)
        client.call("PUT", CHOICE, 200, {"preferences": [{"type": "expense_added", "frequency": frequency}]})
        return client
    return make


@pytest.fixture
def told(happens, outcome):
    """told(ann, bob): an expense was added that concerns them, and they know."""
    def tell(*readers, title="New expense", message="John added 'Groceries'", kind="expense_added"):
        job = happens("expense.created", readers, notice={"type": kind, "title": title, "message": message}, stream=f"group-{readers[0].number}")
        assert outcome(job) == "done"
    return tell


@pytest.fixture
def look(by_hand):
    return by_hand("house.digests")


@pytest.fixture
def put(sql, look):     # pylint: disable=unused-argument
    """put("2026-01-15T08:00Z"): what a look at that time does. Only those of the tests are due in other years."""
    return lambda at: sql("select count(*) from expenses.digest_put(1000, %s)", at)


def keep(sql, client, at, due, count=1, kind="expense_added"):
    """Lines that wait since then, for a mail that is looked after then."""
    sql("insert into expenses.digest_item (account_id, type, title, message, created_at) "
        "select %s, %s, 'No ' || n, 'It was ' || n, %s::timestamptz from generate_series(1, %s) as n", client.number, kind, at, count)
    sql("insert into expenses.digest (account_id, due_at) values (%s, %s) on conflict (account_id) do update set due_at = excluded.due_at",
        client.number, due)


def due(sql, client):
    """When somebody is looked after next; None: never."""
    return sql("select iso_time(due_at) from expenses.digest where account_id = %s", client.number) or None


def is_due(sql, client):
    """His time has come, a minute ago."""
    assert sql("update expenses.digest set due_at = now() - interval '1 minute' where account_id = %s returning 1", client.number) == "1"


def waiting(sql, client):
    return int(sql("select count(*) from expenses.digest_item where account_id = %s", client.number))


def mails(sql, client):
    """What was put to be mailed to somebody: of each mail its values."""
    return json.loads(sql("select coalesce(json_agg(args -> 'values' order by id), '[]') from job where kind = 'mail.send' and "
                          "args ->> 'letter' = 'digest' and account_id = %s", client.number))


def lines(mail):
    return [line["title"] for line in mail["lines"]]


# -- one mail ----------------------------------------------------------------------------------------------------------

def test_what_happens_in_a_day_is_one_mail(reader, told, look, sql, mailbox):
    ann = reader()
    told(ann, title="First in <Roommates>", message="John & 'Jane'\nadded it")
    told(ann, title="Second")
    sql("update expenses.digest set due_at = now() + interval '1 hour' where account_id = %s", ann.number)
    look()
    assert mails(sql, ann) == [] and sql("select count(*) from job where kind = 'mail.send' and account_id = %s", ann.number) == "0"
    is_due(sql, ann)
    look()
    look()
    mail, = mails(sql, ann)
    assert (mail["news"], lines(mail), mail["more"]) == ("2 notifications", ["First in <Roommates>", "Second"], None)
    came = next(one for one in mailbox.wait(ann.email, 2) if "notifications" in one["subject"])
    assert came["subject"] == "Expense Tracker: 2 notifications"
    text = came["text"].replace("\r\n", "\n")
    assert "First in <Roommates>: John & 'Jane' added it\n- " in text and f"{ann.base}/notifications" in text
    assert "First in &lt;Roommates&gt;: John &amp; &#39;Jane&#39;<br>" in came["html"] and came["html"].count("<li>") == 2
    assert [one.title for one in ann.get("/api/notifications/")["data"]] == ["Second", "First in <Roommates>"]


def test_what_happens_after_the_mail_is_in_tomorrows(reader, told, look, sql):
    ann, today = reader(), "select (now() at time zone 'UTC')::date"
    told(ann, title="Today's")
    is_due(sql, ann)
    days = [sql(today), look(), sql(today)]
    next_one = due(sql, ann)
    told(ann, title="Tomorrow's")
    look()
    assert len(mails(sql, ann)) == 1 and due(sql, ann) == next_one
    assert sql("select (%s::timestamptz at time zone 'UTC')::date - 1", next_one) in days
    is_due(sql, ann)
    look()
    assert [lines(mail) for mail in mails(sql, ann)] == [["Today's"], ["Tomorrow's"]]


def test_sixty_are_fifty_lines_and_a_number(reader, look, sql, mailbox):
    ann = reader()
    keep(sql, ann, "2026-01-15T10:00Z", "2026-01-16T08:00Z", count=60)
    look()
    mail, = mails(sql, ann)
    assert (mail["news"], len(mail["lines"]), mail["more"]) == ("60 notifications", 50, "10")
    assert (lines(mail)[0], lines(mail)[-1]) == ("No 1", "No 50") and waiting(sql, ann) == 0
    came = next(one for one in mailbox.wait(ann.email, 2) if "notifications" in one["subject"])
    assert "and 10 more" in came["text"] and came["html"].count("<li>") == 50 and "Jan 15 10:00  No 50: It was 50" in came["text"]


def test_long_words_are_cut(reader, told, look, sql):
    """The widest lines that there can be still go into one job."""
    ann = reader()
    told(ann, title="\U0001F600" * 200, message="\U0001F600" * 5000)
    sql("insert into expenses.digest_item (account_id, type, title, message) select account_id, type, title, message "
        "from expenses.digest_item, generate_series(1, 49) where account_id = %s", ann.number)
    is_due(sql, ann)
    look()
    mail, = mails(sql, ann)
    assert mail["lines"][49]["title"] == "\U0001F600" * 97 + "..." and len(mail["lines"][49]["message"]) == 160
    job = sql("select id from job where kind = 'mail.send' and args ->> 'letter' = 'digest' and account_id = %s", ann.number)
    assert until(lambda: sql("select outcome from job_end where id = %s", job), "it is not mailed") == "done"


def test_everybody_has_his_own(reader, told, look, sql):
    ann, bob, eve = reader(), reader(), reader("immediate")
    told(ann, bob, eve, title="For all")
    told(bob, title="For Bob")
    for client in (ann, bob):
        is_due(sql, client)
    look()
    assert [lines(mail) for client in (ann, bob, eve) for mail in mails(sql, client)] == [["For all"], ["For all", "For Bob"]]
    assert due(sql, eve) is None


def test_text_messages_are_not_gathered(reader, told, sql):
    ann = reader()
    ann.call("PATCH", "/api/users/me/", 200, {"phone_number": "+15550001234"})
    ann.call("PUT", CHOICE, 200, {"sms_enabled": True, "preferences": [{"type": "expense_added", "channels": ["sms"]}]})
    told(ann)
    assert waiting(sql, ann) == 0 and sql("select count(*) from job where kind = 'sms.send' and account_id = %s", ann.number) == "0"


# -- when --------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("zone, at, next_one", [
    ("Pacific/Auckland", "2026-01-15T18:59:59Z", "2026-01-15T19:00:00Z"),      # a second to eight, tomorrow's date
    ("Pacific/Auckland", "2026-01-15T19:00:00Z", "2026-01-16T19:00:00Z"),
    ("Pacific/Auckland", "2026-07-15T19:00:00Z", "2026-07-15T20:00:00Z"),      # winter
    ("America/New_York", "2026-01-15T12:59:59Z", "2026-01-15T13:00:00Z"),
    ("America/New_York", "2026-01-15T13:00:00Z", "2026-01-16T13:00:00Z"),
    ("America/New_York", "2026-01-16T04:30:00Z", "2026-01-16T13:00:00Z"),      # still the 15th there
    ("America/New_York", "2026-03-07T14:00:00Z", "2026-03-08T12:00:00Z"),      # a night that is an hour short
    ("America/New_York", "2026-10-31T13:00:00Z", "2026-11-01T13:00:00Z"),      # and one that is an hour longer
    ("Mars/Olympus", "2026-01-15T07:00:00Z", "2026-01-15T08:00:00Z")])
def test_it_is_at_eight_where_somebody_lives(sql, zone, at, next_one):
    assert sql("select iso_time(expenses.digest_next(%s, %s, %s))", zone, json.dumps(OFF), at) == next_one


@pytest.mark.parametrize("at, mailed_at, next_one", [
    ("2026-01-15T12:00:00Z", "2026-01-15T11:00:00Z", "2026-01-16T13:00:00Z"),  # late, at six; then nothing more at eight
    ("2026-01-15T12:00:00Z", "2026-01-15T04:00:00Z", "2026-01-15T13:00:00Z"),  # the evening before
    ("2026-01-15T14:00:00Z", "2026-01-15T13:00:00Z", "2026-01-16T13:00:00Z")])
def test_there_is_one_a_day(sql, at, mailed_at, next_one):
    assert sql("select iso_time(expenses.digest_next('America/New_York', %s, %s, %s))", json.dumps(OFF), at, mailed_at) == next_one


@pytest.mark.parametrize("start, end, zone, next_one", [
    ("22:00", "09:30", "UTC", "2026-01-16T09:30:00Z"), ("22:00", "08:00", "UTC", "2026-01-16T08:00:00Z"),
    ("07:00", "07:59", "UTC", "2026-01-16T08:00:00Z"), ("13:00", "14:00", "Asia/Kolkata", "2026-01-16T08:30:00Z"),
    ("07:00", "09:00", "Mars/Olympus", "2026-01-16T08:00:00Z")])
def test_quiet_hours_put_it_off(sql, start, end, zone, next_one):
    quiet = json.dumps({"enabled": True, "start": start, "end": end, "timezone": zone})
    assert sql("select iso_time(expenses.digest_next('UTC', %s, '2026-01-15T08:00Z'))", quiet) == next_one


@pytest.mark.parametrize("zone, at, monday", [
    ("UTC", "2026-01-19T08:00:00Z", "2026-01-19T08:00:00Z"), ("UTC", "2026-01-19T07:59:59Z", "2026-01-12T08:00:00Z"),
    ("UTC", "2026-01-25T23:59:59Z", "2026-01-19T08:00:00Z"),
    ("Pacific/Auckland", "2026-01-18T19:00:00Z", "2026-01-18T19:00:00Z"), ("Pacific/Auckland", "2026-01-18T18:59:59Z", "2026-01-11T19:00:00Z"),
    ("America/New_York", "2026-01-19T13:00:00Z", "2026-01-19T13:00:00Z"), ("America/New_York", "2026-01-19T12:59:59Z", "2026-01-12T13:00:00Z"),
    ("America/New_York", "2026-03-09T12:00:00Z", "2026-03-09T12:00:00Z")])
def test_a_week_begins_on_monday_at_eight(sql, zone, at, monday):
    assert sql("select iso_time(expenses.digest_week(%s, %s))", zone, at) == monday


@pytest.mark.parametrize("zone, eight", [("UTC", "08"), ("Pacific/Auckland", "19"), ("America/New_York", "13")])
def test_a_week_of_looks(reader, put, sql, zone, eight):
    """What is weekly comes on Monday, together with what is daily; what is daily the morning after. The 19th is a Monday."""
    monday = 18 if zone == "Pacific/Auckland" else 19
    ann = reader("weekly", timezone=zone)
    ann.call("PUT", CHOICE, 200, {"preferences": [{"type": "comment_added", "frequency": "daily"}]})
    at = "2026-01-{:02d}T" + eight + ":00:00Z"
    for kind in ("expense_added", "comment_added"):
        keep(sql, ann, f"2026-01-{monday - 5}T{int(eight) + 2}:00Z", at.format(monday - 4), kind=kind)
    seen = {}
    while (when := due(sql, ann)) and len(seen) < 9:
        if when == at.format(monday):
            keep(sql, ann, f"2026-01-{monday - 1}T{int(eight) + 2}:00Z", when, kind="comment_added")
        before = len(mails(sql, ann))
        put(when)
        seen[when] = [len(mail["lines"]) for mail in mails(sql, ann)[before:]]
    assert seen == {at.format(monday - 4): [1], at.format(monday - 3): [], at.format(monday - 2): [], at.format(monday - 1): [],
                    at.format(monday): [2], at.format(monday + 1): []}
    assert due(sql, ann) is None and waiting(sql, ann) == 0


def test_who_sleeps_is_not_written_to(reader, put, sql):
    """It is late, because nobody looked at eight."""
    ann = reader()
    ann.call("PUT", CHOICE, 200, {"quiet_hours": NIGHT})
    keep(sql, ann, "2026-01-14T10:00Z", "2026-01-15T08:00Z")
    put("2026-01-15T23:00:00Z")
    assert mails(sql, ann) == [] and waiting(sql, ann) == 1 and due(sql, ann) == "2026-01-16T08:00:00Z"
    put("2026-01-16T08:00:00Z")
    assert len(mails(sql, ann)) == 1 and due(sql, ann) == "2026-01-17T08:00:00Z"


def test_who_moves_has_it_in_the_morning_there(reader, told, sql):
    ann = reader(timezone="UTC")
    told(ann)

    def moved(method, path, body, zone, quiet):
        """When it is due then, and when it has to be."""
        def morning():
            return sql("select iso_time(expenses.digest_next(%s, %s, now()))", zone, json.dumps(quiet))

        def move():
            sql("update expenses.digest set due_at = now() + interval '1 hour' where account_id = %s", ann.number)
            ann.call(method, path, 200, body)
            return due(sql, ann), morning()
        return in_one(morning, move)
    for zone in ("Pacific/Auckland", "America/New_York"):
        found, there = moved("PATCH", "/api/users/me/", {"timezone": zone}, zone, OFF)
        assert found == there
    noon = {**NIGHT, "start": "07:00", "end": "12:00", "timezone": "America/New_York"}
    found, there = moved("PUT", CHOICE, {"quiet_hours": noon}, "America/New_York", noon)
    assert found == there
    is_due(sql, ann)
    before = due(sql, ann)
    ann.call("PATCH", "/api/users/me/", 200, {"timezone": "UTC"})
    assert due(sql, ann) == before                                   # what is due stays so


# -- what is wanted by then --------------------------------------------------------------------------------------------

CLOSED = "update account set deleted_at = now() where id = %s"


@pytest.mark.parametrize("method, path, wish", [
    ("PUT", CHOICE, {"preferences": [{"type": "expense_added", "enabled": False}]}),
    ("PUT", CHOICE, {"preferences": [{"type": "expense_added", "channels": ["in_app", "sms"]}]}),
    ("PUT", CHOICE, {"email_enabled": False}),
    ("PATCH", "/api/users/me/", {"settings": {"email_notifications": False}}),
    ("PATCH", "/api/users/me/", {"settings": {"notifications_enabled": False}}),
    (None, CLOSED, {})], ids=str)
def test_what_is_not_wanted_any_more_is_dropped(reader, told, look, sql, method, path, wish):
    ann = reader()
    told(ann)
    assert waiting(sql, ann) == 1
    if method:
        ann.call(method, path, 200, wish)
    else:
        sql(path, ann.number)
    is_due(sql, ann)
    look()
    assert mails(sql, ann) == [] and waiting(sql, ann) == 0 and due(sql, ann) is None


def test_other_types_go_all_the_same(reader, told, look, sql):
    ann = reader()
    ann.call("PUT", CHOICE, 200, {"preferences": [{"type": "member_joined", "frequency": "daily"}]})
    told(ann, title="Not wanted")
    told(ann, title="Wanted", kind="member_joined")
    ann.call("PUT", CHOICE, 200, {"preferences": [{"type": "expense_added", "enabled": False}]})
    is_due(sql, ann)
    look()
    assert [lines(mail) for mail in mails(sql, ann)] == [["Wanted"]]


@pytest.mark.parametrize("becomes, mailed", [("immediate", 1), ("daily", 1), ("weekly", 0)])
def test_how_often_may_change_meanwhile(reader, put, sql, becomes, mailed):
    """On a Thursday: what has become weekly waits for Monday."""
    ann = reader()
    keep(sql, ann, "2026-01-14T10:00Z", "2026-01-15T08:00Z")
    ann.call("PUT", CHOICE, 200, {"preferences": [{"type": "expense_added", "frequency": becomes}]})
    put("2026-01-15T08:00:00Z")
    assert len(mails(sql, ann)) == mailed and waiting(sql, ann) == 1 - mailed and due(sql, ann) == "2026-01-16T08:00:00Z"


def test_a_zone_that_nobody_knows_any_more_holds_up_no_other(reader, told, look, sql):
    lost, ann = reader(), reader()
    told(lost, ann)
    sql("update expenses.profile set timezone = 'Mars/Olympus', notices = json_over(notices, %s) where account_id = %s",
        json.dumps({"quiet_hours": {**NIGHT, "timezone": "Mars/Olympus"}}), lost.number)
    for client in (lost, ann):
        is_due(sql, client)
    look()
    assert len(mails(sql, lost)) == len(mails(sql, ann)) == 1


# -- whatever happens --------------------------------------------------------------------------------------------------

def test_a_worker_that_was_away_for_a_day_and_killed_loses_nothing(reader, told, operator, paused, ctl, sql):
    ann = reader()
    told(ann)
    with paused("mail"):
        sql("update expenses.digest set due_at = now() - interval '1 day' where account_id = %s", ann.number)
        job = operator("put", "mail.digest").split()[0]
        assert mails(sql, ann) == []
        ctl("kill", "mail")
    assert until(lambda: sql("select outcome from job_end where id = %s", job), "it has not ended") == "done"
    assert len(mails(sql, ann)) == 1 and waiting(sql, ann) == 0


def test_a_mail_that_cannot_be_put_is_put_with_the_next_look(reader, told, look, operator, sql, trouble):
    ann = reader()
    told(ann)
    is_due(sql, ann)
    trouble.refuse("expenses.digest_item", "delete", f"old.account_id = {ann.number}")
    job = operator("put", "mail.digest").split()[0]
    assert trouble.failed(job) == "the result could not be written"
    assert mails(sql, ann) == [] and waiting(sql, ann) == 1
    operator("cancel", job)
    trouble.heal()
    look()
    assert len(mails(sql, ann)) == 1


def test_what_comes_while_mails_are_written_is_in_one_of_them(reader, told, sql):
    """Lines are added and mails written at once, many times over: each line is in one mail."""
    ann, count = reader(), 24
    told(ann, title="No 0")

    def add(first):
        for n in range(first, count, 2):
            told(ann, title=f"No {n + 1}")
    threads = [threading.Thread(target=add, args=(first,)) for first in range(2)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        sql("update expenses.digest set due_at = now() where account_id = %s; select expenses.digest_put(1000)", ann.number)
    sql("update expenses.digest set due_at = now() where account_id = %s; select expenses.digest_put(1000)", ann.number)
    assert sorted(line for mail in mails(sql, ann) for line in lines(mail)) == sorted(f"No {n}" for n in range(count + 1))
    assert waiting(sql, ann) == 0 and len(mails(sql, ann)) > 1


def test_a_look_reads_those_who_are_due_only(sql):
    plan = sql("set enable_seqscan = off; explain select account_id from expenses.digest where due_at <= now() order by due_at, account_id limit 1000")
    assert "digest_due" in plan and "Seq Scan" not in plan, plan


def test_the_schedule_is_installed(operator):
    there = {row["name"]: row["kind"] for row in json.loads(operator("schedules", "--json"))}
    assert there["house.digests"] == "mail.digest"
