# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports of the Expense Tracker: amounts in another currency, and what groups have booked."""
import json
import re

import pytest

from books import Books
from test_reports import JANUARY, made, rows_of, text


@pytest.fixture
def books(sql):
    return Books(sql)


@pytest.fixture
def person(account, sql):
    """Somebody who counts in euros; .number of the account."""
    def make():
        client = account("expenses")
        client.number = client.get("/api/users/me/").data.id.removeprefix("usr_")
        sql("update expenses.profile set preferred_currency = 'EUR' where account_id = %s", client.number)
        return client
    return make


@pytest.fixture
def rates(sql):
    """rates(NOK="0.1"): dollars for one on 10 January 2024; gone at the end."""
    told = set()

    def tell(**currencies):
        for currency, usd in currencies.items():
            sql("insert into expenses.fx_rate (currency, day, usd) values (%s, '2024-01-10', %s) on conflict (currency, day) do update "
                "set usd = excluded.usd", currency, usd)
            told.add(currency)
    yield tell
    for currency in told:
        sql("delete from expenses.fx_rate where currency = %s and day = '2024-01-10'", currency)


def test_amounts_in_another_currency_are_counted(person, books, rates):
    """At the rate of their day; a settlement at that of the day it was completed on."""
    ann, bob = person(), person()
    rates(EUR="1.25", NOK="0.1")
    books.expense(ann.number, "ferry", 10000, bob.number, day="2024-01-10", currency="NOK", category="transport")      # 4.00 of it hers
    books.expense(ann.number, "cabin", 10000, bob.number, day="2024-01-18", currency="NOK")                            # no rate
    books.expense(ann.number, "bread", 400, day="2024-01-12", category="food")
    books.settlement(ann.number, bob.number, 5000, day="2024-01-11", currency="NOK")
    books.settlement(bob.number, ann.number, 100, day="2024-01-11")
    _, content = made(ann, "expense_summary", "json")
    told = json.loads(content)
    assert {row["label"]: row["value"] for row in told["sections"][0]["rows"]}["Your share in all"] == "8.00"
    assert [(row["name"], row["amount"]) for row in told["sections"][1]["rows"]] == [("Food & Dining", "4.00"), ("Transportation", "4.00")]
    assert [row["amount"] for row in told["sections"][2]["rows"] if row["n"]] == ["4.00", "4.00"]
    assert [(row["own"], row["own_currency"]) for row in told["sections"][-1]["rows"]] == [("50.00", "NOK"), ("4.00", "EUR"), ("50.00", "NOK")]
    _, pdf = made(ann)
    assert "Amounts in NOK are listed, and not counted in figures that are in EUR" in re.sub(r"\s+", " ", text(pdf, 1))
    _, content = made(ann, "category_breakdown", "csv")
    assert [row[3] for row in rows_of(content)[1:]] == ["4.00"] * 4
    _, content = made(ann, "settlement_history", "json")
    facts = {row["label"]: row["value"] for row in json.loads(content)["sections"][0]["rows"]}
    assert (facts["You have paid"], facts["You have received"], facts["Settlements"]) == ("4.00", "1.00", 2)


def test_a_groups_figures_are_of_its_books(person, books, rates):
    """What was paid in another currency is what was booked, whatever the rate is now; what is open comes of the shares."""
    ann, bob = person(), person()
    group = books.group("Trip", ann.number, bob.number)
    rates(EUR="1.25", NOK="0.1")
    books.expense(ann.number, "ferry", 10001, bob.number, day="2024-01-10", group=group, currency="NOK")              # 8.00 euros
    rates(NOK="0.2")
    books.expense(bob.number, "tea", 300, ann.number, day="2024-01-11", group=group)
    books.settlement(bob.number, ann.number, 250, group=group)                  # it and the tea cover what he owes
    said = {**JANUARY, "group_ids": [f"grp_{group}"]}
    _, content = made(ann, "group_summary", "json", said)
    groups, balances = json.loads(content)["sections"][:2]
    assert [(row["n"], row["amount"], row["open"]) for row in groups["rows"]] == [(2, "11.00", "0.00")]
    assert sorted((row["paid"], row["share"], row["balance"]) for row in balances["rows"]) == [("3.00", "5.50", "0.00"), ("8.00", "5.50", "0.00")]
    books.expense(ann.number, "later", 1000, bob.number, day="2024-02-02", group=group)
    _, content = made(ann, "group_summary", "json", said)
    groups, balances = json.loads(content)["sections"][:2]
    assert [(row["amount"], row["open"]) for row in groups["rows"]] == [("11.00", "0.00")]      # of the period
    assert sorted(row["balance"] for row in balances["rows"]) == ["-5.00", "5.00"]                    # now


def test_the_cover_says_what_a_report_is_of(person, books):
    ann = person()
    trip, flat = (books.group(name, ann.number) for name in ("Trip", "Flat"))
    for groups, said in (((trip,), "Of the group Trip."), ((trip, flat), "Of the groups Flat, Trip.")):
        _, pdf = made(ann, filters={**JANUARY, "group_ids": [f"grp_{group}" for group in groups], "category_ids": ["cat_1"]})
        assert f"{said} Of the category Food & Dining." in re.sub(r"\s+", " ", text(pdf, 1))


def test_words_stay_whole(person, books):
    """As long as there is room for them: one that no column can hold takes it from none."""
    ann, bob = person(), person()
    group = books.group("Summer in the Alps with Bartholomew", ann.number, bob.number)
    for title in ("Breakfast for all, and what was left of it for the way", "x" * 200, "Bergwanderung"):
        books.expense(ann.number, title, 90045, bob.number, group=group)
        books.expense(bob.number, title, 90045, ann.number, group=group, category="entertainment")
    _, pdf = made(ann)
    words = text(pdf).split()
    for word in ("Uncategorized", "Entertainment", "Bartholomew", "Breakfast", "Summer", "Bergwanderung"):
        assert word in words, word
    assert "x" * 200 not in words
