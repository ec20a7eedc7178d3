# SPDX-License-Identifier: GPL-3.0-or-later
"""Payers of settlements are told of what is due: in the morning, once a day, seven times, where their group wants it."""
import datetime
import json

import pytest

from roommates import Circle, number_of
from waits import until

LIST = "/api/payments/settlements/"


def today(zone_hours=0):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=zone_hours)).date()


@pytest.fixture
def circle(sql, john, jane):
    return Circle(sql, john, jane)


@pytest.fixture
def lives(sql):
    """lives(client, 12): where it is noon now. The hours between UTC and there."""
    def move(client, hour=12):
        east = (hour - datetime.datetime.now(datetime.timezone.utc).hour + 11) % 24 - 11          # -11 to 12
        sql("update expenses.profile set timezone = %s where account_id = %s", f"Etc/GMT{-east:+}", number_of(client))
        return east
    return move


@pytest.fixture
def due(sql, circle, john, jane, lives):
    """due(days): what john is to pay jane, so many days from today where he is, where it is noon. Its number."""
    def ask(days=0, hour=12):
        on = today(lives(john, hour)) + datetime.timedelta(days=days)
        made = john.post(LIST, {"payee_id": jane.id, "group_id": circle.ref, "amount": "45.67", "due_date": max(on, today(lives(john, hour))).isoformat()}, 201)
        number = made.data.id.removeprefix("stl_")
        if days < 0:
            sql("update expenses.settlement set due_date = %s where id = %s", on.isoformat(), number)
        return number
    return ask


@pytest.fixture
def tick(by_hand):
    return by_hand("house.settlements")


def reminders(sql, client):
    """What he is told: title, message and weight, in their order."""
    return json.loads(sql("select coalesce(json_agg(json_build_array(args -> 'notice' ->> 'title', args -> 'notice' ->> 'message', "
                          "args -> 'notice' ->> 'priority') order by id), '[]') from job where kind = 'hook.fanout' and "
                          "args -> 'notice' ->> 'type' = 'payment_due' and (args -> 'audience' ->> 0)::bigint = %s", number_of(client)))


def next_day(sql, number):
    """A day goes by."""
    sql("update expenses.settlement set remind_at = remind_at - interval '1 day', due_date = due_date - 1 where id = %s", number)


@pytest.mark.parametrize("days, said, weight", [(1, "is due", "normal"), (0, "is due", "normal"), (-3, "was due", "high")])
def test_what_is_due_is_told_once_a_day(due, tick, sql, john, jane, days, said, weight):
    number = due(days)
    tick()
    tick()
    on = sql("select due_date from expenses.settlement where id = %s", number)
    assert reminders(sql, john) == [["Payment due in Roommates", f"$45.67 to {jane.username} {jane.username} {said} on {on}", weight]]
    note = until(lambda: john.get("/api/notifications/?type=payment_due")["data"], "the notification")[0]
    assert (note.priority, note.metadata["settlement_id"], note.sender) == (weight, f"stl_{number}", None)
    assert reminders(sql, jane) == []


def test_seven_times_and_no_more(due, tick, sql, john):
    number = due()
    for told in (1, 2, 3, 4, 5, 6, 7, 7, 7):
        tick()
        assert len(reminders(sql, john)) == told
        next_day(sql, number)
    assert sql("select remind_at is null and reminders = 7 from expenses.settlement where id = %s", number) == "t"


def test_what_nobody_is_reminded_of(due, tick, sql, circle, john):
    due(2)                                                     # the day after tomorrow
    john.post(f"{LIST}stl_{due()}/cancel/")
    john.post(f"{LIST}stl_{due()}/confirm/", {"confirmation_type": "paid"})
    john.post(LIST, {"payee_id": f"usr_{sql('select payee_id from expenses.settlement where group_id = %s limit 1', circle.number)}",
                     "group_id": circle.ref, "amount": "1"}, 201)          # by no day at all
    tick()
    assert reminders(sql, john) == []


def test_a_group_that_wants_no_reminders(due, tick, sql, circle, john):
    number = due()
    sql("update expenses.expense_group set settings = '{\"simplify_debts\": true, \"require_approval\": false, \"auto_reminder\": false}' where id = %s",
        circle.number)
    tick()
    assert reminders(sql, john) == []
    sql("update expenses.expense_group set settings = '{\"auto_reminder\": true}' where id = %s", circle.number)
    tick()
    assert reminders(sql, john) == []                          # tomorrow
    next_day(sql, number)
    tick()
    assert len(reminders(sql, john)) == 1


def test_the_morning_is_the_payers(due, tick, sql, john):
    number = due(1, hour=7)                                   # in two hours
    tick()
    assert reminders(sql, john) == []
    sql("update expenses.settlement set remind_at = remind_at - interval '2 hours' where id = %s", number)
    tick()
    assert len(reminders(sql, john)) == 1


def test_what_was_due_long_ago_is_told_once(due, tick, sql, john):
    number = due(-40)
    tick()
    assert len(reminders(sql, john)) == 1
    assert sql("select remind_at is null from expenses.settlement where id = %s", number) == "t"


def test_a_zone_that_nobody_knows_any_more_holds_up_nobody(due, tick, sql, john):
    number = due()
    sql("update expenses.profile set timezone = 'Mars/Olympus' where account_id = %s", number_of(john))
    tick()
    assert len(reminders(sql, john)) == 1
    assert sql("select remind_at > now() from expenses.settlement where id = %s", number) == "t"


def test_a_reminder_that_cannot_be_written_down_is_not_told(due, tick, sql, operator, john, trouble):
    number = due()
    trouble.refuse("expenses.settlement", "update", f"new.id = {number}")
    job = operator("put", "maint.remind").split()[0]
    assert trouble.failed(job) == "the result could not be written"
    assert reminders(sql, john) == []
    operator("cancel", job)
    trouble.heal()
    tick()
    assert len(reminders(sql, john)) == 1


def test_the_schedule_is_installed(operator):
    there = {row["name"]: row["kind"] for row in json.loads(operator("schedules", "--json"))}
    assert there["house.settlements"] == "maint.remind"
