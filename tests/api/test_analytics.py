# SPDX-License-Identifier: GPL-3.0-or-later
"""The Expense Tracker's analytics: whose amounts they are of, which days, in which currency, and how they are rounded."""
import datetime
from decimal import Decimal

import pytest

from books import Books
from waits import in_one

SUMMARY, TRENDS, CATEGORIES = "/api/analytics/summary/", "/api/analytics/trends/", "/api/analytics/categories/"
JANUARY = "date_from=2024-01-01&date_to=2024-01-31"


@pytest.fixture
def books(sql):
    return Books(sql)


@pytest.fixture
def person(account, sql):
    """person("EUR"): somebody who counts in it, in UTC; .number of the account."""
    def make(currency="EUR", zone="UTC"):
        client = account("expenses")
        client.number = client.get("/api/users/me/").data.id.removeprefix("usr_")
        sql("update expenses.profile set preferred_currency = %s, timezone = %s where account_id = %s", currency, zone, client.number)
        return client
    return make


@pytest.fixture
def ann(person):
    return person()


@pytest.fixture
def rates(sql):
    """rates(CHF={"2024-01-10": "1.1"}): dollars for one; gone at the end."""
    told = set()

    def tell(**currencies):
        for currency, days in currencies.items():
            for day, usd in days.items():
                sql("insert into expenses.fx_rate (currency, day, usd) values (%s, %s, %s) on conflict (currency, day) do update "
                    "set usd = excluded.usd", currency, day, usd)
                told.add((currency, day))
    yield tell
    for currency, day in told:
        sql("delete from expenses.fx_rate where currency = %s and day = %s", currency, day)


def summary(client, query=JANUARY):
    return client.get(f"{SUMMARY}?{query}").data


def trends(client, query=JANUARY):
    return client.get(f"{TRENDS}?{query}").data


def categories(client, query=JANUARY):
    return client.get(f"{CATEGORIES}?{query}").data


# -- the summary -------------------------------------------------------------------------------------------------------

def test_a_summary(ann, person, books):
    bob = person()
    books.expense(ann.number, "dinner", 10001, bob.number, category="restaurants")          # 50.01 is hers
    books.expense(bob.number, "beans", 1000, ann.number, category="coffee", day="2024-01-31")
    books.expense(ann.number, "bus", 1499, category="transport", day="2024-01-01")
    books.expense(ann.number, "?", 1)
    books.expense(ann.number, "before", 5000, day="2023-12-31")
    books.expense(ann.number, "long before", 77700, day="2023-11-30")
    books.expense(bob.number, "his own", 100)
    shown = summary(ann)
    assert list(shown) == ["period", "date_range", "summary", "comparison", "top_categories", "unconverted"]
    assert (shown.period, dict(shown.date_range)) == ("monthly", {"from": "2024-01-01", "to": "2024-01-31"})
    assert shown.summary == {"total_expenses": "70.01", "expense_count": 4, "average_expense": "17.50", "currency": "EUR"}
    assert shown.comparison.previous_period == {"total_expenses": "50.00", "change_percentage": 40.0, "unconverted": [],
                                                "date_range": {"from": "2023-12-01", "to": "2023-12-31"}}
    assert shown.top_categories == [{"category": "Food & Dining", "amount": "55.01", "percentage": 78.6, "count": 2},
                                    {"category": "Transportation", "amount": "14.99", "percentage": 21.4, "count": 1}]


def test_nothing_was_spent(ann):
    shown = summary(ann)
    assert shown.summary == {"total_expenses": "0.00", "expense_count": 0, "average_expense": "0.00", "currency": "EUR"}
    assert shown.comparison.previous_period.change_percentage is None and shown.top_categories == []
    assert trends(ann).statistics == {"average_daily": "0.00", "peak_day": None, "peak_amount": "0.00", "trend_direction": "stable",
                                      "trend_percentage": None}
    shown = categories(ann)
    assert (shown.categories, shown.uncategorized) == ([], {"amount": "0.00", "percentage": 0.0, "expense_count": 0})


def test_percentages_are_half_away_from_zero(ann, books):
    """2005 less 2000 is 0.25 per cent of it, 1995 less 2000 is -0.25."""
    for day, amount in (("2024-01-01", 2000), ("2024-01-02", 2005), ("2024-01-03", 2000), ("2024-01-04", 1995)):
        books.expense(ann.number, "x", amount, day=day)
    assert [summary(ann, f"date_from=2024-01-0{day}&date_to=2024-01-0{day}").comparison.previous_period.change_percentage
            for day in (2, 4)] == [0.3, -0.3]


def test_the_five_most(ann, books):
    for n, category in enumerate(("food", "transport", "housing", "utilities", "shopping", "health", "travel")):
        books.expense(ann.number, "x", 100 * (n + 1), category=category)
    assert [one.category for one in summary(ann).top_categories] == ["Travel", "Health", "Shopping", "Utilities", "Housing"]


def test_deleted_expenses_do_not_count(ann, books, sql):
    number = books.expense(ann.number, "x", 100)
    sql("update expenses.share set live = false where expense_id = %s", number)
    sql("update expenses.expense set deleted_at = now() where id = %s", number)
    assert summary(ann).summary.expense_count == 0


def test_sums_beyond_what_an_amount_can_be(ann, books, sql):
    books.expense(ann.number, "x", 1)
    for _ in range(11):
        sql("insert into expenses.expense (account_id, paid_by, title, amount, booked, currency, expense_date) "
            "values (%s, %s, 'big', 9e17::bigint, 9e17::bigint, 'EUR', '2024-01-15')", ann.number, ann.number)
    sql("insert into expenses.share (expense_id, account_id, position, amount, booked, owed_to, day, currency) "
        "select id, paid_by, 0, amount, amount, paid_by, expense_date, currency from expenses.expense where paid_by = %s and title = 'big'", ann.number)
    assert summary(ann).summary.total_expenses == "99000000000000000.01"
    assert trends(ann).statistics.peak_amount == categories(ann).total_expenses == "99000000000000000.01"


# -- of which days -----------------------------------------------------------------------------------------------------

def day(sql, zone="UTC"):
    """The date there, now."""
    return datetime.date.fromisoformat(sql("select (now() at time zone %s)::date", zone))


def monday(day):
    return day - datetime.timedelta(days=day.weekday())


def next_month(day):
    return (day.replace(day=28) + datetime.timedelta(days=4)).replace(day=1)


def spans(today):
    """period: first and last day."""
    one = datetime.timedelta(days=1)
    return {"daily": (today, today), "weekly": (monday(today), monday(today) + 6 * one),
            "monthly": (today.replace(day=1), next_month(today) - one), "yearly": (today.replace(month=1, day=1), today.replace(month=12, day=31))}


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])            # 25 hours apart
def test_a_period_is_that_of_the_callers_day(person, sql, zone):
    ann = person(zone=zone)

    def asked():
        return day(sql, zone), {period: summary(ann, f"period={period}") for period in ("daily", "weekly", "monthly", "yearly")}, \
            [shown(ann, "").date_range for shown in (summary, categories)]
    today, told, unsaid = in_one(lambda: day(sql, zone), asked)
    for period, (first, last) in spans(today).items():
        assert told[period].period == period
        assert dict(told[period].date_range) == {"from": str(first), "to": str(last)}, period
    assert unsaid == [told["monthly"].date_range] * 2


def test_bounds_that_are_said(ann, sql):
    assert dict(summary(ann, "date_to=2024-02-20").date_range) == {"from": "2024-02-01", "to": "2024-02-20"}
    assert dict(summary(ann, "date_to=2024-02-20&period=yearly").date_range) == {"from": "2024-01-01", "to": "2024-02-20"}
    begun, unsaid = in_one(lambda: day(sql), lambda: [summary(ann, query).date_range for query in ("date_from=2023-01-17", "")])
    assert begun["from"] == "2023-01-17" and begun["to"] == unsaid["to"]
    assert dict(summary(ann, "date_from=2222-02-03").date_range) == {"from": "2222-02-03", "to": "2222-02-28"}
    assert summary(ann, "date_from=2014-01-01&date_to=2023-12-31").comparison.previous_period.date_range["from"] == "2004-01-02"


@pytest.mark.parametrize("path", [SUMMARY, TRENDS, CATEGORIES])
@pytest.mark.parametrize("query, field", [
    ("date_from=2024-02-01&date_to=2024-01-31", "date_to"), ("date_from=2014-01-01&date_to=2024-01-01", "date_from"),
    ("date_from=2001-01-01", "date_from"), ("date_from=2024-02-30", "date_from"), ("date_to=yesterday", "date_to"), ("group_id=7", "group_id"),
    ("group_id=cat_7", "group_id"),
])
def test_what_cannot_be_asked_for(ann, path, query, field):
    assert [one.field for one in ann.get(f"{path}?{query}", 422).error.details] == [field]


def test_periods_there_are(ann):
    for path in (SUMMARY, TRENDS):
        assert ann.get(f"{path}?period=hourly", 422).error.details[0].field == "period"


# -- whose -------------------------------------------------------------------------------------------------------------

def test_of_a_group_it_is_the_whole(ann, person, books, sql):
    bob, mallory = person(), person()
    group = books.group("Flat", ann.number, bob.number)
    books.expense(ann.number, "rent", 90000, bob.number, group=group, category="rent")
    books.expense(bob.number, "bulb", 1000, group=group, day="2024-01-20")
    books.expense(ann.number, "her own", 5)
    query = f"{JANUARY}&group_id=grp_{group}"
    for client in (ann, bob):
        assert summary(client, query).summary == {"total_expenses": "910.00", "expense_count": 2, "average_expense": "455.00", "currency": "EUR"}
        assert [one.name for one in categories(client, query).categories] == ["Housing"]
        assert trends(client, query).statistics.peak_amount == "900.00"
    assert summary(ann).summary.total_expenses == "450.05" and summary(bob).summary.total_expenses == "460.00"
    for path in (SUMMARY, TRENDS, CATEGORIES):
        mallory.get(f"{path}?{query}", 404)
        ann.get(f"{path}?{JANUARY}&group_id=grp_999999999", 404)
    for status in ("left", "invited"):
        sql("update expenses.member set status = %s where group_id = %s and account_id = %s", status, group, bob.number)
        bob.get(f"{SUMMARY}?{query}", 404)
    assert summary(bob).summary.expense_count == 2                      # his shares are still his


# -- in which currency -------------------------------------------------------------------------------------------------

def test_amounts_are_converted_by_the_day(ann, books, rates):
    rates(EUR={"2024-01-02": "1.25", "2024-01-10": "1.00"}, CHF={"2024-01-02": "1.10", "2024-01-10": "1.20"})
    books.expense(ann.number, "train", 10000, day="2024-01-02", currency="CHF", category="transport")      # 88.00
    books.expense(ann.number, "train", 10000, day="2024-01-09", currency="CHF", category="transport")      # a week later: still
    books.expense(ann.number, "train", 10000, day="2024-01-10", currency="CHF", category="transport")      # 120.00
    books.expense(ann.number, "tea", 125, day="2024-01-03", currency="USD")                                # 1.00
    books.expense(ann.number, "bread", 400)
    shown = summary(ann)
    assert (shown.summary.total_expenses, shown.summary.expense_count, shown.unconverted) == ("301.00", 5, [])
    assert trends(ann).statistics.peak_day == "2024-01-10"
    assert categories(ann).categories[0].amount == "296.00"


def test_each_expense_is_rounded_by_itself(ann, books, rates):
    """Half a cent each: two of them are two cents, and not one."""
    rates(EUR={"2024-01-10": "2"})
    for _ in range(2):
        books.expense(ann.number, "pin", 1, day="2024-01-10", currency="USD")
    assert summary(ann).summary.total_expenses == "0.02"


def test_digits_of_both_currencies(person, books, rates):
    rates(JPY={"2024-01-10": "0.0075"}, KWD={"2024-01-10": "3.25"})
    yuko = person("JPY")
    books.expense(yuko.number, "oil", 12345, day="2024-01-10", currency="KWD")          # 12.345 dinars are 5349.5 yen
    assert summary(yuko).summary == {"total_expenses": "5350", "expense_count": 1, "average_expense": "5350", "currency": "JPY"}


def test_what_has_no_rate_is_told(ann, books, rates):
    rates(EUR={"2024-01-10": "1.25", "2023-12-10": "1.25"})
    books.expense(ann.number, "tea", 125, day="2024-01-10", currency="USD", category="food")
    books.expense(ann.number, "oil", 1500, day="2024-01-10", currency="KWD", category="food")
    books.expense(ann.number, "oil", 250, day="2024-01-11", currency="KWD")
    books.expense(ann.number, "late", 300, day="2024-01-25", currency="USD")            # the rate is older than a week
    books.expense(ann.number, "before", 7, day="2023-12-10", currency="KWD")
    missing = [{"currency": "KWD", "amount": "1.750"}, {"currency": "USD", "amount": "3.00"}]
    shown = summary(ann)
    assert (shown.summary.total_expenses, shown.summary.expense_count, shown.unconverted) == ("1.00", 1, missing)
    assert shown.comparison.previous_period.unconverted == [{"currency": "KWD", "amount": "0.007"}]
    assert trends(ann).unconverted == categories(ann).unconverted == missing
    assert (categories(ann).categories[0].expense_count, categories(ann).uncategorized.expense_count) == (1, 0)


def test_a_groups_books_are_converted(person, books, rates):
    """What counts is what the group has booked, at the rate of then; that becomes the caller's currency."""
    rates(EUR={"2024-01-10": "1.25"}, CHF={"2024-01-10": "1.00"})
    uma = person("USD")
    group = books.group("Trip", uma.number, currency="EUR")
    books.expense(uma.number, "train", 10000, day="2024-01-10", currency="CHF", group=group)
    rates(CHF={"2024-01-10": "2.00"})                                                   # it was corrected
    assert summary(uma, f"{JANUARY}&group_id=grp_{group}").summary.total_expenses == "100.00"
    assert summary(uma).summary.total_expenses == "200.00"                              # her share, as it was paid


# -- trends ------------------------------------------------------------------------------------------------------------

def test_a_trend(ann, books):
    for day, amount in ((1, 100), (1, 250), (15, 50), (16, 999_999), (17, 400), (31, 4)):   # the 16th is in neither half
        books.expense(ann.number, "x", amount, day=f"2024-01-{day:02}")
    shown = trends(ann)
    assert list(shown) == ["trends", "statistics", "period", "date_range", "currency", "unconverted"]
    assert [one.date for one in shown.trends] == [f"2024-01-{day:02}" for day in range(1, 32)]
    assert shown.trends[0] == {"date": "2024-01-01", "amount": "3.50", "expense_count": 2}
    assert shown.trends[1] == {"date": "2024-01-02", "amount": "0.00", "expense_count": 0}
    assert shown.statistics == {"average_daily": "322.84", "peak_day": "2024-01-16", "peak_amount": "9999.99", "trend_direction": "stable",
                                "trend_percentage": 1.0}
    assert (shown.period, shown.currency) == ("daily", "EUR")


@pytest.mark.parametrize("first, second, direction, percentage", [
    (10000, 10100, "stable", 1.0), (10000, 10101, "increasing", 1.0), (10000, 9900, "stable", -1.0), (10000, 9899, "decreasing", -1.0),
    (10000, 11250, "increasing", 12.5), (300, 100, "decreasing", -66.7), (0, 100, "increasing", None), (100, 0, "decreasing", -100.0),
])
def test_where_it_leads_to(ann, books, first, second, direction, percentage):
    for day, amount in (("2024-01-02", first), ("2024-01-30", second)):
        if amount:
            books.expense(ann.number, "x", amount, day=day)
    found = trends(ann).statistics
    assert (found.trend_direction, found.trend_percentage) == (direction, percentage)


def test_steps(ann, books):
    for day in ("2024-01-10", "2024-02-04", "2024-02-05", "2024-03-31"):
        books.expense(ann.number, "x", 100, day=day)
    span = "date_from=2024-01-10&date_to=2024-03-31"
    weekly = trends(ann, f"{span}&period=weekly").trends
    assert [one.date for one in weekly][:3] == ["2024-01-10", "2024-01-15", "2024-01-22"] and len(weekly) == 12       # the first is a part of one
    assert [one.date for one in weekly if one.expense_count] == ["2024-01-10", "2024-01-29", "2024-02-05", "2024-03-25"]
    assert [(one.date, one.amount) for one in trends(ann, f"{span}&period=monthly").trends] == \
        [("2024-01-10", "1.00"), ("2024-02-01", "2.00"), ("2024-03-01", "1.00")]
    yearly = trends(ann, f"{span}&period=yearly")
    assert [(one.date, one.amount) for one in yearly.trends] == [("2024-01-10", "4.00")]
    assert yearly.statistics.peak_day == "2024-01-10"                     # a day, whatever the steps are; of equal ones the first


def test_too_many_steps(ann):
    year = "date_from=2023-01-01&date_to=2024-02-04"                      # 400 days
    assert len(trends(ann, year).trends) == 400
    assert ann.get(f"{TRENDS}?{year.replace('02-04', '02-05')}", 422).error.details[0].field == "period"
    assert len(trends(ann, year.replace("02-04", "02-05") + "&period=weekly").trends) == 59
    assert len(trends(ann, "date_from=2014-01-02&date_to=2024-01-01&period=monthly").trends) == 121
    ann.get(f"{TRENDS}?date_from=2014-01-02&date_to=2024-01-01&period=weekly", 422)


def test_days_still_to_come_do_not_lower_a_trend(ann, books, sql):
    """Ten days that have come and ten that have not: it is judged by those that have."""
    def asked():
        days = [str(day(sql) + datetime.timedelta(days=n)) for n in range(-9, 11)]
        sql("delete from expenses.share where account_id = %s", ann.number)
        for n in range(10):
            books.expense(ann.number, "x", 100, day=days[n])
        books.expense(ann.number, "rent", 5000, day=days[-1])
        return days[0], trends(ann, f"date_from={days[0]}&date_to={days[-1]}")
    first, shown = in_one(lambda: day(sql), asked)
    assert shown.trends[-1].amount == "50.00"
    assert shown.statistics == {"average_daily": "1.00", "peak_day": first, "peak_amount": "1.00", "trend_direction": "stable", "trend_percentage": 0.0}


def test_spans_when_no_days_are_said(ann, sql):
    ranges = in_one(lambda: day(sql), lambda: {period: trends(ann, period and f"period={period}")
                                              for period in ("daily", "weekly", "monthly", "yearly", "")})
    year = ranges["monthly"].date_range["from"][:4]
    assert ranges[""].trends == ranges["daily"].trends and 28 <= len(ranges["daily"].trends) <= 31
    assert 52 <= len(ranges["weekly"].trends) <= 54 and ranges["weekly"].date_range == ranges["monthly"].date_range
    assert [one.date for one in ranges["monthly"].trends] == [f"{year}-{month:02}-01" for month in range(1, 13)]
    assert [one.date for one in ranges["yearly"].trends] == [f"{year[:3]}{n}-01-01" for n in range(10)]


def test_a_trend_of_a_category(ann, books):
    for category, amount in (("food", 100), ("coffee", 200), ("transport", 400), (None, 800)):
        books.expense(ann.number, "x", amount, category=category)
    number = {name: "cat_" + books._sql("select id from expenses.category where slug = %s", name) for name in ("food", "coffee", "rent")}
    found = {name: trends(ann, f"{JANUARY}&category_id={ref}").statistics.peak_amount for name, ref in number.items()}
    assert found == {"food": "3.00", "coffee": "2.00", "rent": "0.00"}
    for wrong in ("cat_999999", "cat_9223372036854775807", "food"):
        assert ann.get(f"{TRENDS}?category_id={wrong}", 422).error.details[0].field == "category_id"


# -- categories --------------------------------------------------------------------------------------------------------

def test_categories_with_what_is_in_them(ann, books):
    for category, amount in (("food", 100), ("coffee", 300), ("groceries", 200), ("coffee", 301), ("fuel", 50), (None, 49)):
        books.expense(ann.number, "x", amount, category=category)
    shown = categories(ann)
    assert list(shown) == ["categories", "uncategorized", "date_range", "total_expenses", "currency", "unconverted"]
    food, transport = shown.categories
    assert food.id == "cat_" + books._sql("select id from expenses.category where slug = 'food'")
    assert {key: food[key] for key in food if key not in ("id", "subcategories")} == {
        "name": "Food & Dining", "amount": "9.01", "percentage": 90.1, "expense_count": 4, "average_expense": "2.25"}
    assert food.subcategories == [{"name": "Coffee & Snacks", "amount": "6.01", "percentage": 66.7},
                                  {"name": "Groceries", "amount": "2.00", "percentage": 22.2}, {"name": "General", "amount": "1.00", "percentage": 11.1}]
    assert (transport.name, transport.subcategories[0].name, transport.subcategories[0].percentage) == ("Transportation", "Fuel", 100.0)
    assert shown.uncategorized == {"amount": "0.49", "percentage": 4.9, "expense_count": 1}
    assert sum(Decimal(one.amount) for one in shown.categories) + Decimal(shown.uncategorized.amount) == Decimal(shown.total_expenses)


def test_they_are_counted_as_analytics(person):
    """Of its rates the hour's hundred."""
    headers = person().get(SUMMARY, headers={"X-Forwarded-For": "192.0.2.9"}).http.headers
    assert headers["X-RateLimit-Limit"] == "100"
