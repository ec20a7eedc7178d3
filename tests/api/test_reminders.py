# SPDX-License-Identifier: GPL-3.0-or-later
"""Nutrition reminds of meals by text message: who has a phone and wants it, at his own times, once."""
import datetime
import json
import zoneinfo

import pytest

from telephony import number
from waits import until

ME, ZONE = "/api/v1/users/me/", "Asia/Kolkata"


def clock(minutes=0, zone=ZONE):
    return (datetime.datetime.now(zoneinfo.ZoneInfo(zone)) + datetime.timedelta(minutes=minutes)).strftime("%H:%M")


@pytest.fixture
def eater(account):
    return account("nutrition")


@pytest.fixture
def wants(eater, sql):
    """wants(phone=...): his preferences, which he has had for some minutes. The number of his account."""
    def prefer(minutes=5, **wish):
        at = clock()
        eater.call("PATCH", ME, 200, {"preferences": {"timezone": ZONE, "meal_reminders": [at], "phone": number(), "sms_reminders": True} | wish})
        mine = eater.get(ME).id
        sql("update nutrition.profile set reminded_to = now() - make_interval(mins => %s) where account_id = %s", minutes, mine)
        return mine, at
    return prefer


@pytest.fixture
def tick(by_hand):
    return by_hand("house.reminders")


def texts(sql, account):
    """What was put for him to be sent: number and text, in their order."""
    return json.loads(sql("select coalesce(json_agg(json_build_array(args ->> 'to', args ->> 'body') order by id), '[]') from job "
                          "where kind = 'sms.send' and account_id = %s", account))


def test_a_reminder_is_texted_once_and_what_became_of_it_is_known(eater, wants, tick, sql):
    phone = number()
    mine, at = wants(phone=phone)
    tick()
    tick()
    assert texts(sql, mine) == [[phone, f"It is {at}: time to enter your meal. Reply STOP to end these reminders."]]
    told, = eater.get("/api/v1/notifications/").results
    assert (told.title, told.message) == ("Meal Reminder", f"It is {at}: time to enter your meal")
    until(lambda: sql("select state from sms where account_id = %s and product = 'nutrition'", mine) == "delivered",
          "Twilio's call has not changed the message's row")


def test_a_reminder_that_cannot_be_written_down_is_not_texted(eater, wants, tick, operator, sql, trouble):
    """The database refuses the notification: nothing of it is done, and whoever looks next reminds of it."""
    mine, _ = wants()
    trouble.refuse("nutrition.notification", "insert", f"new.account_id = {mine}")
    job = operator("put", "sms.remind").split()[0]
    assert trouble.failed(job) == "the result could not be written"
    assert texts(sql, mine) == [] and eater.get("/api/v1/notifications/").results == []
    operator("cancel", job)
    trouble.heal()
    tick()
    assert len(texts(sql, mine)) == 1 and len(eater.get("/api/v1/notifications/").results) == 1


def test_who_has_not_asked_for_it_is_not_texted(eater, wants, tick, sql):
    assert eater.get(ME).preferences["sms_reminders"] is False
    for wish in ({"sms_reminders": False}, {"phone": None}, {"meal_reminders": []}, {"meal_reminders": [clock(30)]}, {"timezone": "UTC"}):
        mine, _ = wants(**wish)
        tick()
        assert texts(sql, mine) == [], wish


def test_what_was_due_before_it_was_asked_for_or_long_ago_is_gone(wants, tick, sql):
    mine, _ = wants(minutes=0)
    tick()
    assert texts(sql, mine) == []
    mine, _ = wants(minutes=600, meal_reminders=[clock(-15)])
    tick()
    assert texts(sql, mine) == []


def test_who_said_stop_is_not_texted(wants, tick, sql):
    phone = number()
    sql("insert into sms_stop (phone_number) values (%s)", phone)
    mine, _ = wants(phone=phone)
    tick()
    assert until(lambda: sql("select state from sms where account_id = %s", mine), "it was not looked at") == "skipped"


def test_a_zone_that_nobody_knows_any_more_holds_up_no_other(account, eater, wants, tick, sql):
    """Databases of zones change: who lives in one that is gone is passed over, also when he was due by then."""
    lost = sql("insert into nutrition.profile (account_id, preferences) select id, json_over(nutrition.standard_preferences(), %s) "
               "from account where username = %s returning account_id",
               json.dumps({"timezone": "Mars/Olympus", "meal_reminders": [clock()], "phone": number(), "sms_reminders": True}),
               account("nutrition").username)
    assert sql("select remind_at is null from nutrition.profile where account_id = %s", lost) == "t"
    sql("update nutrition.profile set remind_at = now() - interval '1 minute' where account_id = %s", lost)
    mine, _ = wants()
    tick()
    assert len(texts(sql, mine)) == 1 and texts(sql, lost) == []
    assert sql("select remind_at is null from nutrition.profile where account_id = %s", lost) == "t"


@pytest.mark.parametrize("zone, clocks, since, due", [
    ("Europe/Berlin", ["19:00", "12:30"], "2026-07-01T10:29:59Z", "2026-07-01T10:30Z"),
    ("Europe/Berlin", ["12:30", "19:00"], "2026-07-01T10:30:00Z", "2026-07-01T17:00Z"),
    ("Europe/Berlin", ["08:00", "12:30"], "2026-07-01T10:30:00Z", "2026-07-02T06:00Z"),
    ("Pacific/Auckland", ["00:01"], "2026-07-01T11:50:00Z", "2026-07-01T12:01Z"),              # his tomorrow
    ("Europe/Berlin", ["02:30"], "2026-03-29T00:59:00Z", "2026-03-29T01:30Z"), ("Europe/Berlin", [], "2026-07-01T00:00Z", "")])
def test_when_the_next_reminder_is(sql, zone, clocks, since, due):
    found = sql("select to_char(nutrition.remind_next(json_build_object('timezone', %s, 'meal_reminders', %s::json, 'phone', '+1', "
                "'sms_reminders', true), %s::timestamptz) at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI\"Z\"')", zone, json.dumps(clocks), since)
    assert found == due


@pytest.mark.parametrize("zone, clock, upto, due", [
    ("Europe/Berlin", "12:30", "2026-07-01T10:30:05Z", "2026-07-01T10:30Z"),
    ("Europe/Berlin", "12:30", "2026-01-01T11:30:05Z", "2026-01-01T11:30Z"),
    ("Europe/Berlin", "12:30", "2026-07-01T10:29:59Z", ""), ("Europe/Berlin", "12:30", "2026-07-01T10:40:01Z", ""),
    ("Pacific/Auckland", "23:59", "2026-07-01T12:03:00Z", "2026-07-01T11:59Z"),              # his yesterday
    ("Europe/Berlin", "02:30", "2026-03-29T01:31:00Z", "2026-03-29T01:30Z"),                  # left out: an hour later by the clock
    ("Europe/Berlin", "02:30", "2026-10-25T01:31:00Z", "2026-10-25T01:30Z"), ("Europe/Berlin", "02:30", "2026-10-25T00:31:00Z", ""),
    ("UTC", "00:00", "2026-07-01T00:00:00Z", "2026-07-01T00:00Z")])
def test_when_a_reminder_is_due(sql, zone, clock, upto, due):
    found = sql("select to_char(nutrition.reminder_due(json_build_object('timezone', %s, 'meal_reminders', json_build_array(%s)), "
                "'-infinity', %s::timestamptz) at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI\"Z\"')", zone, clock, upto)
    assert found == due


def test_the_schedule_is_installed(operator):
    there = {row["name"]: row["kind"] for row in json.loads(operator("schedules", "--json"))}
    assert there["house.reminders"] == "sms.remind"
