# SPDX-License-Identifier: GPL-3.0-or-later
"""Nutrition: what an administrator is told of requests and of those who make them."""
import json
import secrets
import time

import pytest
from client import PATIENCE, POLL
from waits import HOUR, room_in

USAGE, USERS, MEALS = "/api/v1/admin/stats/api-usage/", "/api/v1/admin/stats/users/", "/api/v1/meals/"


@pytest.fixture
def chief(account):
    room_in(HOUR)                        # no day ends meanwhile
    return account("nutrition", role="admin")


def until(told, holds):
    """Requests are told of within two seconds, and rolled up within ten more."""
    end = time.monotonic() + PATIENCE
    while not holds(answer := told()):
        assert time.monotonic() < end, answer
        time.sleep(POLL)
    return answer


@pytest.fixture
def past(sql):
    """past(days, hour, operation, status, requests, us): requests of long ago, as they were rolled up."""
    def make(days, hour, operation, status, requests, us=1000):
        at = f"date_trunc('day', now(), 'UTC') - interval '{days} days' + interval '{hour} hours'"
        sql(f"insert into request_hour (hour, product, operation, class, requests, us, histogram) values ({at}, 'nutrition', %s, %s, "
            f"%s, %s, row(array[histogram_bucket({us})], array[{requests}])::histogram)", operation, status // 100, requests,
            requests * us)
        sql(f"insert into request_status values ({at}, 'nutrition', %s, %s, %s)", operation, status, requests)
    yield make
    sql("delete from request_hour where product = 'nutrition' and operation like 'past%%'")
    sql("delete from request_status where product = 'nutrition' and operation like 'past%%'")


def test_requests_are_told_by_path_and_status(chief, account, sql):
    eater = account("nutrition")
    mine = sql("select id from account where email = %s", eater.email)
    for _ in range(3):
        eater.post(MEALS, {"name": "Lunch"}, 201)
    eater.get(MEALS)
    eater.post(MEALS, {}, 400)
    eater.get(f"{MEALS}1/x/", 404)

    def both():
        """What records say, and what the administrator is told."""
        return sql("select json_build_object('by', (select json_object_agg(status, n) from (select status, count(*) as n from request "
                   "where product = 'nutrition' and operation in ('meal_list', 'meal_create') and at >= date_trunc('day', now(), 'UTC') "
                   "group by status) as s), 'mine', (select count(*) from request where account_id = %s), 'users', (select "
                   "count(distinct account_id) from request where product = 'nutrition' and operation in ('meal_list', 'meal_create') "
                   "and at >= date_trunc('day', now(), 'UTC')))", mine), chief.get(f"{USAGE}?endpoint={MEALS.rstrip('/')}")
    truth, usage = until(both, lambda both: '"mine" : 5' in both[0] and json.loads(both[0])["by"] == both[1].by_status_code)
    made, bad = usage.total_requests, sum(n for status, n in usage.by_status_code.items() if status >= "400")
    assert usage.unique_users == json.loads(truth)["users"]
    assert usage.by_status_code["201"] >= 3 and usage.by_status_code["400"] >= 1 and "404" not in usage.by_status_code
    assert list(usage.by_endpoint) == [MEALS] and usage.by_endpoint[MEALS].requests == made == sum(usage.by_status_code.values())
    assert usage.success_rate == pytest.approx(100 * (made - bad) / made, abs=0.051)
    assert usage.by_endpoint[MEALS].error_rate == pytest.approx(100 * bad / made, abs=0.051)
    assert 0 < usage.percentiles.p50 <= usage.percentiles.p95 <= usage.percentiles.p99
    assert 1 <= len(usage.peak_hours) <= 2 and all(0 <= peak.hour <= 23 for peak in usage.peak_hours)
    whole = until(lambda: chief.get(USAGE), lambda whole: "404" in whole.by_status_code)
    assert whole.period == "day" and sum(whole.by_status_code.values()) == whole.total_requests > made


def test_periods(chief, past):
    """Of paths that the product has not, so that nothing else is counted with them."""
    before = {period: chief.get(f"{USAGE}?period={period}") for period in ("day", "week", "month")}
    past(1, 5, "past_a", 200, 10000, us=7000)
    past(6, 5, "past_a", 503, 5000)
    past(29, 21, "past_b", 200, 90000)
    past(30, 22, "past_b", 200, 100000)
    more = {period: chief.get(f"{USAGE}?period={period}").by_status_code for period in before}
    assert more["week"]["503"] - before["week"].by_status_code.get("503", 0) == 5000
    assert more["day"].get("503", 0) == before["day"].by_status_code.get("503", 0)
    assert 10000 <= more["week"]["200"] - before["week"].by_status_code["200"] < 10500
    assert 100000 <= more["month"]["200"] - before["month"].by_status_code["200"] < 100500
    month = chief.get(f"{USAGE}?period=month")
    assert [peak.hour for peak in month.peak_hours] == [5, 21] and month.percentiles.p50 == pytest.approx(1, rel=0.011)
    assert month.peak_hours[1].requests >= 90000 and "past_a" not in str(month.by_endpoint)


def test_nothing_is_told_of_other_products(chief, account):
    eater, writer = account("nutrition"), account("ailice")
    for _ in range(5):
        writer.get("/api/auth/me")
    eater.get(MEALS)
    usage = until(lambda: chief.get(USAGE), lambda usage: MEALS in usage.by_endpoint)
    assert all(path.startswith(("/api/v1/",)) for path in usage.by_endpoint), usage.by_endpoint


@pytest.mark.parametrize("wrong", ["period=year", "period=", "endpoint="])
def test_what_is_no_question(chief, wrong):
    assert wrong.split("=")[0] in chief.get(f"{USAGE}?{wrong}", 400).details


def test_a_path_that_is_not_there(chief):
    none = chief.get(f"{USAGE}?endpoint=/api/v1/{secrets.token_hex(4)}/")
    assert (none.total_requests, none.unique_users, none.by_endpoint, none.by_status_code, none.peak_hours) == (0, 0, {}, {}, [])
    assert none.percentiles == {"p50": None, "p95": None, "p99": None}


def test_who_came_back(chief, account, sql):
    """Somebody who joined ten days ago came on the day after and a week later."""
    eater = account("nutrition")
    mine = sql("select id from account where email = %s", eater.email)
    sql("update account set created_at = now() - interval '10 days' where id = %s", mine)
    before = chief.get(USERS)
    eater.post(MEALS, {"name": "Lunch"}, 201)
    for days in (9, 3):
        sql("insert into request_user values ((now() at time zone 'UTC')::date - %s::integer, 'nutrition', %s, 'me_get', 4)", days, mine)
    told = until(lambda: chief.get(USERS), lambda told: told.active_users_30d > before.active_users_30d)
    assert told.total_users >= before.total_users and told.retention_rates.day_1 > 0 and told.retention_rates.day_7 > 0
    assert told.retention_rates.day_30 == 0
    until(lambda: chief.get(USERS), lambda told: told.user_engagement.features_usage.manual_entry > 0)
    eater.post("/api/v1/ai/analyze/", {"text": "an apple"}, 202)
    until(lambda: chief.get(USERS), lambda told: 0 < told.user_engagement.features_usage.ai_analysis <= 100)


def test_where_people_are_and_what_they_pay(chief, account, sql):
    numbers = []
    for country in ("US", "US", "GB", "ca", None):
        eater = account("nutrition")
        eater.call("PATCH", "/api/v1/users/me/", 200, {"preferences": {"country": country}})
        numbers.append(sql("select id from account where email = %s", eater.email))
    before = chief.get(USERS)
    for plan, number in ((2, numbers[0]), (1, numbers[1])):
        sql("insert into billing.subscription (account_id, plan, status, amount, currency, current_period_start, current_period_end) "
            "values (%s, %s, 'active', 999, 'usd', now(), now())", number, plan)
    told = chief.get(USERS)
    assert told.premium_users == before.premium_users + 1
    places = told.geographic_distribution
    assert places["US"] > places["UK"] > 0 and places["CA"] > 0 and "GB" not in places and sum(places.values()) == pytest.approx(100, abs=0.3)
    assert len(places) <= 5


def test_a_session_ends_with_half_an_hour_of_nothing(chief, account, sql):
    eater = account("nutrition")
    mine = sql("select id from account where email = %s", eater.email)
    sql("delete from request where product = 'nutrition'")
    sql("insert into request (at, batch, account_id, us, status, product, operation) select now() - m * interval '1 minute', 0, %s, 1, 200, "
        "'nutrition', 'past' from unnest('{100, 90, 75, 40, 20, 1500}'::integer[]) as m", mine)
    sessions = [25 * 60, 20 * 60]
    average = sql("with s as (select at - lag(at) over (order by at) as pause from request where account_id = %s and at > now() - "
                  "interval '1 day') select round(extract(epoch from sum(pause) filter (where pause < '30 min')) / "
                  "count(*) filter (where pause is null or pause >= '30 min')) from s", mine)
    assert int(average) == sum(sessions) / 2
    told = chief.get(USERS).user_engagement.average_session_duration
    assert 0 < told <= sum(sessions) / 2


# -- AIlice: everybody's own -------------------------------------------------------------------------------------------

def test_own_requests_by_path(account):
    writer, other = account("ailice"), account("ailice")
    item = writer.post("/api/items", {"title": "x", "item_type": "note"}, 201).id
    for _ in range(3):
        writer.get(f"/api/items/{item}")
    for _ in range(2):
        writer.get("/api/items/9223372036854775807", 404)
    other.get("/api/items/9223372036854775807", 404)
    errors = until(lambda: writer.get("/api/analytics/errors"), lambda errors: errors.value and errors.value[0].error_count == 2).value
    assert [(row.endpoint, row.last_error) for row in errors] == [("/api/items/{item_id}", "HTTP 404")]
    times = writer.get("/api/analytics/performance?days=1").value
    by_path = {row.endpoint: row for row in times}
    assert by_path["/api/items/{item_id}"].total_calls == 5 and by_path["/api/items"].total_calls == 1
    assert all(row.min_response_time <= row.avg_response_time + 0.5 and row.avg_response_time <= row.max_response_time + 0.5 for row in times)
    assert [row.total_calls for row in times] == sorted((row.total_calls for row in times), reverse=True)
    assert len(writer.get("/api/analytics/performance?limit=1").value) == 1
    usage = writer.get("/api/analytics/usage")
    assert usage.total_events == usage.api_calls >= 6 and usage.page_views == 0 and usage.errors == 2 and usage.avg_response_time > 0
    for wrong in ("days=0", "days=91", "days=x"):
        for path in ("usage", "errors", "performance"):
            assert "days" in writer.get(f"/api/analytics/{path}?{wrong}", 400).detail
