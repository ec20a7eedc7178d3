# SPDX-License-Identifier: GPL-3.0-or-later
"""The SMS agent: what those who text have asked, and what an administrator makes of it."""
import secrets

import pytest

TASKS, ANALYTICS, PEOPLE = "/api/tasks/", "/api/tasks/analytics/", "/api/analytics/users/"


@pytest.fixture
def chief(account):
    return account("smsagent", role="admin")


@pytest.fixture
def texter(chief, sql):
    """texter(when, **more): a task of somebody nobody else knows; .phone is the number."""
    phone = f"+4477{secrets.randbelow(10**8):08}"
    chief.post("/api/users/", {"phone_number": phone}, 201)

    def ask_all(rows):
        values = ", ".join(["(%s, %s, 'Help me', %s::boolean, %s, %s, %s)"] * len(rows))
        told = sql(f"insert into smsagent.task (phone_number, category, user_message, success, processing_time, tokens_used, created_at) "
                   f"values {values} returning id", *(value for row in rows for value in (phone, *row)))
        return [int(task) for task in told.split()]

    def ask(when="2024-01-20T14:25:00Z", category="coding", success="true", time="2.45", tokens="450"):
        return ask_all([(category, success, time, tokens, when)])[0]
    ask.all = ask_all
    ask.phone = phone
    return ask


def ids(answer):
    return [task.id for task in answer.results]


@pytest.mark.parametrize("plus", ["+", "%2B", "%2b", "%20"])
def test_a_plus_in_a_query(chief, texter, plus):
    """Unescaped it comes as a blank."""
    mine = texter()
    page = chief.get(f"{TASKS}?user_phone={plus}{texter.phone[1:]}")
    assert ids(page) == [mine] and page.count == 1
    assert page.results[0].user_phone == texter.phone and page.results[0].processing_time == 2.45


@pytest.mark.parametrize("wrong", ["user_phone={}", "user_phone=", "user_phone=%2B+{}", "category=none", "success=maybe", "created_after=now",
                                   "created_before=2024-02-30", "page=0", "page_size=x"])
def test_what_is_no_filter(chief, texter, wrong):
    assert wrong.split("=")[0] in chief.get(f"{TASKS}?{wrong.format(texter.phone[1:])}", 400).fields


def test_filters(chief, texter):
    old = texter("2024-01-19T23:59:59Z")
    night = texter("2024-01-20T00:00:00Z", category="debug", success="false")
    last = texter("2024-01-20T23:59:59.5Z")
    new = texter("2024-01-21T00:00:00Z", category="debug")
    mine = f"{TASKS}?user_phone={texter.phone}"
    assert ids(chief.get(mine)) == [new, last, night, old]
    assert ids(chief.get(f"{mine}&category=debug")) == [new, night]
    assert ids(chief.get(f"{mine}&success=false")) == ids(chief.get(f"{mine}&success=0&category=debug")) == [night]
    assert ids(chief.get(f"{mine}&created_after=2024-01-20&created_before=2024-01-20")) == [last, night]      # the day is part of it
    assert ids(chief.get(f"{mine}&created_before=2024-01-20T00:00:00Z")) == [old]
    assert ids(chief.get(f"{mine}&created_after=2024-01-20T01:00:00%2B01:00&created_before=2024-01-20T22:00")) == [night]
    assert ids(chief.get(f"{mine}&created_after=2024-01-21&created_before=2024-01-20")) == []


@pytest.mark.parametrize("query", ["", "category=debug", "success=false", "success=true&category=explain"])
def test_every_filter_pages_in_one_order(chief, texter, query):
    """With and without somebody's number; times are shared."""
    day = f"2019-{secrets.randbelow(12) + 1:02}-{secrets.randbelow(28) + 1:02}"
    made = texter.all([(("debug", "explain")[n % 2], ("true", "false", "true")[n % 3], "1", "1", f"{day}T10:{n // 4:02}:00Z")
                       for n in range(24)])
    wanted = [task for n, task in enumerate(made) if ("debug" not in query or n % 2 == 0) and ("explain" not in query or n % 2) and
              ("true" not in query or n % 3 != 1) and ("false" not in query or n % 3 == 1)]
    page, seen = chief.get(f"{TASKS}?page_size=5&created_after={day}&created_before={day}&{query}"), []
    whole = ids(chief.get(f"{TASKS}?user_phone={texter.phone}&page_size=100&{query}"))
    while True:
        seen += ids(page)
        if not page.next:
            break
        assert query in page.next and page.next.startswith(chief.base)
        page = chief.get(page.next)
    assert whole == sorted(wanted, reverse=True)
    assert [task for task in seen if task in made] == whole and page.count == len(seen)


def test_a_word_beside_a_number(chief, texter):
    """/api/tasks/analytics/ is no task."""
    mine = texter()
    assert chief.get(f"{TASKS}{mine}/").id == chief.get(f"{TASKS}{mine}").id == mine
    assert "total_tasks" in chief.get(ANALYTICS) and "total_tasks" in chief.get(ANALYTICS.rstrip("/"))
    for nothing in ("analytic", "0", "-1", "999999999999", "1/analytics"):
        chief.get(f"{TASKS}{nothing}/", 404)
    assert chief.call("PUT", ANALYTICS, 405).error == "method_not_allowed"


def test_task_analytics(chief, texter):
    for n in range(4):
        texter("2024-01-20T10:00:00Z", success=("true", "false")[n == 3], time=n + 1, tokens=100 * n)
    texter("2024-01-21T10:00:00Z", category="debug", time="0.5", tokens=1000)
    asked = f"{ANALYTICS}?user_phone={texter.phone}&start_date=2024-01-20"
    told = chief.get(f"{asked}&end_date=2024-01-21")
    assert (told.total_tasks, told.successful_tasks, told.success_rate, told.avg_processing_time, told.avg_tokens_used) == (5, 4, 80, 2.1, 320)
    assert told.category_breakdown == {"coding": {"count": 4, "success_rate": 75, "avg_processing_time": 2.5},
                                       "debug": {"count": 1, "success_rate": 100, "avg_processing_time": 0.5}}
    assert told.daily_stats == [{"date": "2024-01-20", "total_tasks": 4, "successful_tasks": 3, "avg_processing_time": 2.5},
                                {"date": "2024-01-21", "total_tasks": 1, "successful_tasks": 1, "avg_processing_time": 0.5}]
    assert chief.get(f"{asked}&end_date=2024-01-20").total_tasks == chief.get(f"{asked}&category=coding").total_tasks == 4
    nothing = chief.get(f"{ANALYTICS}?user_phone={texter.phone}")           # the last thirty days
    assert nothing.value == {"total_tasks": 0, "successful_tasks": 0, "success_rate": 0, "avg_processing_time": 0, "avg_tokens_used": 0,
                             "category_breakdown": {}, "daily_stats": []}
    assert "end_date" in chief.get(f"{ANALYTICS}?end_date=soon", 400).fields


def test_overview(chief, texter, sql):
    before = chief.get("/api/analytics/overview/")
    now = sql("select now()")
    texter(now), texter(now), texter(sql("select now() - interval '3 days'"))
    after = chief.get("/api/analytics/overview/")
    assert (after.active_users_24h - before.active_users_24h, after.tasks_24h - before.tasks_24h, after.total_tasks - before.total_tasks,
            after.active_users_7d - before.active_users_7d) == (1, 2, 3, 1)
    assert sum(after.tier_distribution.values()) == after.total_users and list(after.tier_distribution) == ["free", "premium", "enterprise"]
    assert 1 <= len(after.top_categories) <= 3
    day = chief.get("/api/analytics/overview/?start_date=2001-01-01&end_date=2001-01-02")
    assert (day.total_tasks, day.top_categories, day.total_users) == (0, [], after.total_users)


def test_tiers(chief, account, texter, sql):
    place = f"/api/users/{texter.phone}/"
    before = chief.get(PEOPLE)
    told = chief.post(f"{place}update_tier/", {"tier": "enterprise", "reason": "Upgrade for increased usage"})
    assert told.value == chief.get(place).value and told.tier == "enterprise"
    chief.post(f"{place}update_tier/", {"tier": "enterprise"})
    chief.call("PATCH", place, 200, {"tier": "free"})
    chief.call("PATCH", place, 200, {"full_name": "Jane"})
    assert sql("select string_agg(concat_ws(' ', was, becomes, reason), ', ' order by id) from smsagent.tier_change where phone_number = %s",
               texter.phone) == "free enterprise Upgrade for increased usage, enterprise free"
    after = chief.get(PEOPLE)
    assert (after.tier_upgrades - before.tier_upgrades, after.tier_downgrades - before.tier_downgrades) == (1, 1)
    assert "tier" in chief.post(f"{place}update_tier/", {"tier": "gold"}, 400).fields
    assert "tier" in chief.post(f"{place}update_tier/", {}, 400).fields
    chief.post("/api/users/+4477000000000/update_tier/", {"tier": "free"}, 404)
    chief.post(f"/api/users/{texter.phone[1:]}/update_tier/", {"tier": "free"}, 404)
    assert account("smsagent").post(f"{place}update_tier/", {"tier": "free"}, 403).error == "permission_denied"
    assert account("smsagent").call("PATCH", place, 403, {"tier": "premium"}).error == "permission_denied"


def test_people_of_a_period(chief, texter, sql):
    """Seen through a tier that only this test gives."""
    chief.post(f"/api/users/{texter.phone}/update_tier/", {"tier": "premium"})
    sql("update smsagent.person set tier = 'free' where tier = 'premium' and phone_number <> %s", texter.phone)
    mine = f"{PEOPLE}?tier=premium&start_date=2024-01-15&end_date=2024-01-21"
    assert chief.get(mine).retention_rate == 0
    texter("2024-01-10T14:00:00Z")                                          # in the seven days before
    texter.all([("coding", "true", "1", "1", f"2024-01-17T{hour:02}:30:00Z") for hour in (14, 14, 15, 3, 20, 21, 22)])
    told = chief.get(mine)
    assert (told.total_users, told.new_users_period, told.active_users_period, told.retention_rate) == (1, 0, 1, 100)
    assert told.geographic_distribution == {"US": 0, "CA": 0, "UK": 1, "Other": 0}
    assert told.usage_patterns == {"avg_requests_per_user": 7, "most_active_hours": [3, 14, 15, 20, 21], "peak_day": "Wednesday"}
    quiet = chief.get(f"{PEOPLE}?tier=premium&start_date=2001-01-01&end_date=2001-01-07").usage_patterns
    assert quiet == {"avg_requests_per_user": 0, "most_active_hours": [], "peak_day": None}


@pytest.mark.parametrize("number, country", [("+14165550100", "CA"), ("+12125550100", "US"), ("+447700900100", "UK"), ("+491701234567", "Other")])
def test_countries(sql, number, country):
    assert sql("select smsagent.country(%s)", number) == country
