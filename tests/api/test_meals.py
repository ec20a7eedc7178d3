# SPDX-License-Identifier: GPL-3.0-or-later
"""Nutrition: meals, what they add up to, and what is told of them."""
import json
from datetime import datetime, timedelta, timezone

import pytest

from waits import HOUR, room_in

MEALS, ME, STATS, TOLD = "/api/v1/meals/", "/api/v1/users/me/", "/api/v1/mobile/stats/", "/api/v1/notifications/"


@pytest.fixture
def eater(account):
    room_in(HOUR)                        # nowhere does a day end meanwhile
    return account("nutrition")


def days_ago(days, hour=12):
    return (datetime.now(timezone.utc) - timedelta(days=days)).strftime(f"%Y-%m-%dT{hour:02}:00:00Z")


def soup(calories=100, **more):
    return {"name": "Soup", "calories": calories, **more}


def lunch(client, *items, expect=201, **more):
    return client.post(MEALS, {"name": "Lunch", "meal_items": list(items), **more}, expect)


def test_a_meal_is_the_sum_of_its_items(eater):
    meal = lunch(eater, {"name": "Egg", "quantity": "2.50", "unit": "piece", "calories": 77.25, "protein": 6},
                 {"name": "Rice", "calories": "130", "carbs": 28.1, "fat": 0.3, "unknown": 1}, consumed_at="2024-01-20T14:30:00+02:00",
                 device_id="ABC", local_id="meal_1")
    assert meal.consumed_at == "2024-01-20T12:30:00Z" and not meal.favorite
    assert (meal.calories, meal.protein, meal.carbs, meal.fat) == (207.25, 6, 28.1, 0.3)
    assert meal.meal_items == [{"name": "Egg", "quantity": 2.5, "unit": "piece", "calories": 77.25, "protein": 6, "carbs": 0, "fat": 0},
                               {"name": "Rice", "quantity": 1, "unit": "serving", "calories": 130, "protein": 0, "carbs": 28.1, "fat": 0.3}]
    assert eater.get(f"{MEALS}{meal.id}/").value == eater.get(f"{MEALS}{meal.id}").value == meal.value
    assert eater.post(MEALS, {"name": "Breakfast"}, 201).calories == 0


def test_what_is_left_out_stays(eater):
    meal = lunch(eater, soup(250), consumed_at="2024-01-20T12:30:00Z")
    place = f"{MEALS}{meal.id}/"
    changed = eater.call("PATCH", place, 200, {"favorite": True})
    assert changed.favorite and (changed.calories, changed.consumed_at) == (250, meal.consumed_at)
    changed = eater.call("PATCH", place, 200, {"name": "Dinner", "meal_items": [soup(1), soup(2)]})
    assert (changed.name, changed.calories, len(changed.meal_items), changed.favorite) == ("Dinner", 3, 2, True)
    assert eater.call("PATCH", place, 200, {"meal_items": []}).calories == 0
    assert eater.call("PATCH", place, 200, {}).name == "Dinner"
    eater.delete(place, 204)
    eater.get(place, 404)
    eater.delete(place, 404)


@pytest.mark.parametrize("body, field", [
    ({}, "name"), ({"name": ""}, "name"), ({"name": " "}, "name"), ({"name": "x", "meal_items": [{"name": "\t"}]}, "meal_items[0].name"),
    ({"name": "x", "meal_items": {}}, "meal_items"),
    ({"name": "x", "meal_items": [{"calories": 1}]}, "meal_items[0].name"),
    ({"name": "x", "meal_items": [soup(), soup(-1)]}, "meal_items[1].calories"),
    ({"name": "x", "meal_items": [soup(1.234)]}, "meal_items[0].calories"),
    ({"name": "x", "meal_items": [soup(100001)]}, "meal_items[0].calories"),
    ({"name": "x", "meal_items": [soup()] * 101}, "meal_items"), ({"name": "x", "meal_items": ["soup"]}, "meal_items[0]"),
    ({"name": "x", "consumed_at": "yesterday"}, "consumed_at"), ({"name": "x", "favorite": 1}, "favorite"),
], ids=str)
def test_what_is_no_meal(eater, body, field):
    assert field in eater.post(MEALS, body, 400).details
    assert eater.get(MEALS).count == 0


def test_a_device_enters_a_meal_once(eater, account):
    lunch(eater, device_id="A", local_id="meal_1")
    assert lunch(eater, device_id="A", local_id="meal_1", expect=409).error == "conflict"
    lunch(eater, device_id="B", local_id="meal_1")
    lunch(eater, local_id="meal_1")
    lunch(eater, local_id="meal_1", expect=409)
    lunch(account("nutrition"), device_id="A", local_id="meal_1")
    assert eater.get(MEALS).count == 3


def test_meals_are_their_owners(eater, account):
    other, mine = account("nutrition"), f"{MEALS}{lunch(eater, soup()).id}/"
    assert other.get(MEALS).value == {"count": 0, "next": None, "previous": None, "results": []}
    other.get(mine, 404)
    other.call("PATCH", mine, 404, {"name": "mine now"})
    other.delete(mine, 404)
    assert eater.get(mine).name == "Lunch"
    for nothing in ("0", "x", "-1", "1.5", "9223372036854775807", "99999999999999999999"):
        eater.get(f"{MEALS}{nothing}/", 404)


def test_pages_of_meals(eater):
    made = [lunch(eater, consumed_at=days_ago(day // 2)).id for day in range(5)]     # two share each day's noon
    latest = [made[1], made[0], made[3], made[2], made[4]]
    page = eater.get(f"{MEALS}?page_size=2&note=x%20y")
    assert page.count == 5 and page.previous is None
    assert page.next.startswith(f"{eater.base}{MEALS}?note=x%20y&page_size=2&page=2&cursor=")
    seen = [meal.id for meal in page.results]
    while page.next:
        page = eater.get(page.next)
        seen += [meal.id for meal in page.results]
    assert seen == latest
    assert page.previous.startswith(f"{eater.base}{MEALS}?note=x%20y&page_size=2&page=2&cursor=")
    assert "page" in eater.get(f"{MEALS}?page=0", 400).details


# -- goals -------------------------------------------------------------------------------------------------------------

def test_preferences(eater):
    me = eater.get(ME)
    assert me.email == eater.email and me.preferences == {
        "daily_calorie_goal": 2000, "protein_goal": 100, "timezone": "UTC", "meal_reminders": ["08:00", "12:30", "19:00"],
        "country": None, "phone": None, "sms_reminders": False}
    wished = {"daily_calorie_goal": 2200, "timezone": "Europe/Berlin", "meal_reminders": [], "phone": "+15551234567", "color": "red"}
    assert eater.call("PATCH", ME, 200, {"preferences": wished}).preferences == {
        "daily_calorie_goal": 2200, "protein_goal": 100, "timezone": "Europe/Berlin", "meal_reminders": [], "country": None,
        "phone": "+15551234567", "sms_reminders": False}
    assert eater.call("PATCH", ME, 200, {"preferences": {"phone": None}}).preferences["phone"] is None
    assert eater.call("PATCH", ME, 200, {}).value == eater.get(ME).value
    assert eater.get(ME).preferences["daily_calorie_goal"] == 2200


@pytest.mark.parametrize("preferences, field", [
    ({"daily_calorie_goal": 0}, "preferences.daily_calorie_goal"), ({"timezone": "Mars/Olympus"}, "timezone"),
    ({"timezone": None}, "preferences.timezone"), ({"meal_reminders": ["25:00"]}, "preferences.meal_reminders[0]"),
    ({"phone": "123"}, "preferences.phone"), ("none", "preferences"),
], ids=str)
def test_what_is_no_preference(eater, preferences, field):
    before = eater.get(ME).value
    assert field in eater.call("PATCH", ME, 400, {"preferences": preferences}).details
    assert eater.get(ME).value == before


def test_a_goal_is_told_once(eater):
    assert eater.get(TOLD).value == {"count": 0, "next": None, "previous": None, "results": []}
    lunch(eater, soup(1999.99))
    lunch(eater, soup(5000), consumed_at=days_ago(1))
    lunch(eater, soup(5000), consumed_at=days_ago(-2))                      # is still to be eaten
    assert eater.get(TOLD).count == 0
    lunch(eater, soup(0.01))
    lunch(eater, soup(300))
    (told,) = eater.get(TOLD).results
    assert told.id.startswith("notif_") and told.title == "Daily Goal Achieved" and not told.is_read and told.priority == "medium"


def test_notifications_are_paged(eater, sql, account):
    mine = sql("select id from account where email = %s", eater.email)
    sql("insert into nutrition.notification (account_id, about, title, message, priority) "
        "select %s, 'test:' || n, 'No ' || n, 'x', 'low' from generate_series(1, 5) as n", mine)
    page = eater.get(f"{TOLD}?page_size=2&page=2")
    assert [told.title for told in page.results] == ["No 3", "No 2"] and page.count == 5
    assert page.next.startswith(eater.base) and page.previous.startswith(eater.base)
    assert account("nutrition").get(TOLD).count == 0


def test_quick_stats(eater):
    nothing = eater.get(STATS)
    assert nothing.today == {"calories": 0, "calories_goal": 2000, "calories_percentage": 0, "protein": 0, "protein_goal": 100,
                             "meals_logged": 0, "water_intake": 0, "steps": 0}
    assert nothing.week == {"average_calories": 0, "days_on_track": 0, "total_meals": 0, "streak_days": 0}
    assert nothing.achievements == [] and nothing.next_meal_reminder in ("08:00", "12:30", "19:00")
    for day, calories in ((0, 1850), (1, 2200), (2, 1000), (3, 1800), (4, 2201), (5, 1), (6, 1), (7, 9999)):
        lunch(eater, soup(calories, protein=20.4), consumed_at=days_ago(day, hour=0))
    stats = eater.get(STATS)
    assert stats.today["calories"] == 1850 and stats.today.calories_percentage == 92.5 and stats.today.protein == 20
    assert stats.week == {"average_calories": 1293, "days_on_track": 3, "total_meals": 7, "streak_days": 8}
    assert [reached.title for reached in stats.achievements] == ["7-Day Streak! 🔥", "3-Day Streak! 🔥"]
    assert [told.title for told in eater.get(TOLD).results] == ["7-Day Streak! 🔥", "3-Day Streak! 🔥"]


def test_a_streak_may_end_yesterday_and_has_no_holes(eater):
    for day in (1, 2, 4):
        lunch(eater, soup(), consumed_at=days_ago(day))
    assert eater.get(STATS).week.streak_days == 2 and eater.get(STATS).achievements == []
    filled = lunch(eater, soup(), consumed_at=days_ago(3))
    assert eater.get(STATS).week.streak_days == 4 and len(eater.get(STATS).achievements) == 1
    eater.delete(f"{MEALS}{filled.id}/", 204)
    assert eater.get(STATS).week.streak_days == 2 and len(eater.get(STATS).achievements) == 1


def test_a_day_is_a_day_where_one_lives(eater):
    """Kiritimati is at UTC+14, Midway at UTC-11: no moment is the same day in both."""
    lunch(eater, soup(700))
    for zone in ("Pacific/Kiritimati", "Pacific/Midway"):
        eater.call("PATCH", ME, 200, {"preferences": {"timezone": zone}})
        assert eater.get(STATS).today["calories"] == 700
    lunch(eater, soup(1), consumed_at=(datetime.now(timezone.utc) + timedelta(hours=24)).isoformat())
    assert eater.get(STATS).today["calories"] == 700


# -- payments ----------------------------------------------------------------------------------------------------------

def test_who_never_paid(eater):
    assert eater.get("/api/v1/payments/methods/").value == {"payment_methods": []}
    assert eater.get("/api/v1/payments/history/").value == {"count": 0, "next": None, "previous": None, "results": []}
    none = eater.get("/api/v1/payments/subscription/")
    assert (none.id, none.plan.name, none.status, none.stripe_subscription_id) == (None, "Basic", "active", None)


def test_what_was_paid(eater, account, sql):
    mine = sql("select id from account where email = %s", eater.email)
    sql("insert into billing.payment (account_id, amount, currency, status, description, payment_date, stripe_payment_intent_id) "
        "select %s, 990, 'usd', 'succeeded', 'Month ' || n, now() - n * interval '1 month', 'pi_' || %s || '_' || n "
        "from generate_series(1, 3) as n", mine, mine)
    sql("insert into billing.payment_method (id, account_id, type, brand, last4, exp_month, exp_year, is_default) values "
        "('pm_' || %s, %s, 'card', 'visa', '0042', 12, 2030, true)", mine, mine)
    sql("insert into billing.subscription (account_id, plan, status, amount, currency, current_period_start, current_period_end, "
        "stripe_id) values (%s, '2', 'active', 999, 'usd', '2024-01-01Z', '2024-02-01Z', 'sub_' || %s)", mine, mine)
    page = eater.get("/api/v1/payments/history/?page_size=2")
    assert [paid.description for paid in page.results] == ["Month 1", "Month 2"] and page.count == 3
    assert b'"amount" : 9.90' in page.http.content and page.results[0].invoice_url is None
    assert [paid.description for paid in eater.get(page.next).results] == ["Month 3"]
    (method,) = eater.get("/api/v1/payments/methods/").payment_methods
    assert method.card == {"brand": "visa", "last4": "0042", "exp_month": 12, "exp_year": 2030} and method.is_default
    bought = eater.get("/api/v1/payments/subscription/")
    assert (bought.plan.name, bought.current_period_end) == ("Premium", "2024-02-01T00:00:00Z")
    assert json.loads(account("nutrition").get("/api/v1/payments/methods/").http.content) == {"payment_methods": []}
