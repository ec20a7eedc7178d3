# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of expenses: what is in them, filters of both dialects, orders, pages."""
from urllib.parse import quote

import pytest

from household import EXPENSES, refused

ROWS = (   # title, amount, day, category, currency
    ("Rent", "900.00", "2024-01-01", "cat_rent", "USD"), ("Dinner at Luigi's", "250.00", "2024-01-14", "cat_restaurants", "USD"),
    ("Groceries", "45.67", "2024-01-15", "cat_groceries", "USD"), ("Taxi 100%", "30.00", "2024-01-31", "cat_taxi", "USD"),
    ("sushi_bar", "5000", "2024-02-01", "cat_food", "JPY"), ("Coffee", "4.50", "2024-02-02", None, "USD"))


@pytest.fixture
def listed(home):
    """Six of the group, whose days are their order; of bob's is one, and one is paid by cid."""
    ids = dict(line.split("|") for line in home.sql("select slug, 'cat_' || id from expenses.category").splitlines())
    home.categories = ids
    home.sql("insert into expenses.fx_rate (currency, day, usd) values ('JPY', '2024-01-31', 0.007) on conflict do nothing")
    home.made = [home.enter(title=title, amount=amount, expense_date=day, category_id=category and ids[category[4:]], currency=currency,
                            description="Fish" if title == "sushi_bar" else None, **({"paid_by": home.cid.id} if title == "Coffee" else {}))
                 for title, amount, day, category, currency in ROWS]
    home.bob.post(EXPENSES, {"title": "Bob's own", "amount": 1, "expense_date": "2023-12-31"}, 201)
    return home


def titles(home, query="", who=None):
    return [row.title for row in (who or home.ann).get(f"{EXPENSES}?{query}")["data"]]


ALL = [row[0] for row in ROWS]


def test_what_somebody_sees(listed):
    assert titles(listed) == ALL[::-1] and titles(listed, who=listed.bob) == ALL[::-1] + ["Bob's own"]
    assert titles(listed, who=listed.eve) == []
    other = listed.found("Another", listed.bob)
    listed.bob.post(EXPENSES, {"title": "Elsewhere", "amount": 2, "group_id": other, "expense_date": "2024-01-20"}, 201)
    assert titles(listed, who=listed.bob) == ["Coffee", "sushi_bar", "Taxi 100%", "Elsewhere", "Groceries", "Dinner at Luigi's", "Rent", "Bob's own"]
    assert titles(listed, f"group_id={other}", listed.bob) == ["Elsewhere"]
    listed.ann.get(f"{EXPENSES}?group_id={other}", 404)
    listed.leave(listed.bob)
    assert titles(listed, who=listed.bob) == ["Elsewhere", "Bob's own"]
    listed.bob.get(f"{EXPENSES}?group_id={listed.group}", 404)


def test_an_item_is_the_expense_that_was_entered(listed):
    assert listed.ann.get(f"{EXPENSES}?page_size=1")["data"] == [listed.made[-1]]


@pytest.mark.parametrize("query, found", [
    ("category=food", "Dinner at Luigi's,Groceries,sushi_bar"), ("category=restaurants", "Dinner at Luigi's"), ("category=Food %26 dining", "Dinner at Luigi's,Groceries,sushi_bar"),
    ("category_id={food}", "Dinner at Luigi's,Groceries,sushi_bar"), ("category_id={groceries}", "Groceries"), ("category={groceries}", "Groceries"),
    ("category=food&category_id={groceries}", "Groceries"), ("category=housing&category_id={groceries}", ""),
    ("paid_by={cid}", "Coffee"), ("paid_by={bob}", ""), ("paid_by=usr_999999999", ""),
    ("date_from=2024-01-15", "Groceries,Taxi 100%,sushi_bar,Coffee"), ("date_to=2024-01-14", "Rent,Dinner at Luigi's"),
    ("date_from=2024-01-14&date_to=2024-01-15", "Dinner at Luigi's,Groceries"), ("date_range=2024-01-14,2024-01-31", "Dinner at Luigi's,Groceries,Taxi 100%"),
    ("date_range=2024-01-14,2024-01-31&date_from=2024-01-15", "Groceries,Taxi 100%"),
    ("amount_min=45.67", "Rent,Dinner at Luigi's,Groceries,sushi_bar"), ("amount_max=45.67", "Groceries,Taxi 100%,Coffee"),
    ("amount_gt=45.67", "Rent,Dinner at Luigi's,sushi_bar"), ("amount_lt=45.67", "Taxi 100%,Coffee"), ("amount_gt=4.499&amount_lt=4.501", "Coffee"),
    ("amount_min=5000", "sushi_bar"), ("is_settled=false", ",".join(ALL)), ("is_settled=true", ""),
    ("search=DINNER", "Dinner at Luigi's"), ("search=fish", "sushi_bar"), ("search=%25", "Taxi 100%"), ("search=_", "sushi_bar"), ("search=%5C", ""),
    ("search=luigi's", "Dinner at Luigi's"), ("search=e'; drop table", ""), ("unknown=1", ",".join(ALL)),
    ("category=food&amount_gt=50&date_range=2024-01-01,2024-01-31", "Dinner at Luigi's")], ids=lambda said: said[:60])
def test_filters(listed, query, found):
    query = query.format(cid=listed.cid.id, bob=listed.bob.id, **{slug: ref for slug, ref in listed.categories.items() if slug.isalpha()})
    query = quote(query, safe="=&,%{}_-'")
    page = listed.ann.get(f"{EXPENSES}?{query}")
    assert [row.title for row in page["data"]][::-1] == (found.split(",") if found else [])
    assert page.meta.pagination.total_items == len(page["data"])
    listed.ann.get(f"{EXPENSES}?group_id={listed.group}&{query}")


@pytest.mark.parametrize("query", ["category=none", "category_id=cat_999999999", "category_id=food", "paid_by=bob", "date_from=yesterday", "date_range=2024-01-01",
                                   "date_range=2024-01-31,2024-01-01", "date_range=2024-02-30,2024-03-01", "date_range=,", "amount_min=x", "amount_gt=1.2345",
                                   "amount_lt=-1", "is_settled=maybe", "search=", "sort=", "sort=price", "sort=amount,,title", "sort=--amount", "sort=amount,-amount",
                                   "sort=id", "sort=e.id;select 1", "page=0", "page_size=0", "group_id=grp_0", "date_to=2023-01-01&date_from=2023-01-02"])
def test_what_is_no_filter(home, query):
    assert refused(home.ann.get(f"{EXPENSES}?{query}", 422).error) == [query.split("=")[0]]


@pytest.mark.parametrize("sort, found", [
    ("expense_date", ALL), ("-expense_date", ALL[::-1]), ("amount", ["Coffee", "Taxi 100%", "Groceries", "Dinner at Luigi's", "Rent", "sushi_bar"]),
    ("title", sorted(ALL, key=str.lower)), ("-title", sorted(ALL, key=str.lower, reverse=True)), ("created_at", ALL), ("-updated_at,title", ALL[::-1]),
    ("-created_at,expense_date", ALL[::-1])], ids=str)
def test_orders(listed, sort, found):
    assert titles(listed, f"sort={sort}") == found
    assert titles(listed, f"sort={sort}&page_size=2&page=2") == found[2:4]
    assert titles(listed, f"sort={sort}&group_id={listed.group}&amount_lt=100") == [title for title in found if title in ("Groceries", "Taxi 100%", "Coffee")]


def test_equals_go_by_their_ids(home):
    made = [home.enter(title=f"no {n}", amount=5 + n % 2, expense_date="2024-01-01").id for n in range(6)]
    def ids(sort):
        return [row.id for row in home.ann.get(f"{EXPENSES}?sort={sort}")["data"]]
    assert ids("expense_date") == made and ids("-expense_date") == made[::-1]
    assert ids("-amount,expense_date") == made[1::2] + made[::2] and ids("amount,-expense_date") == made[4::-2] + made[5::-2]


@pytest.mark.parametrize("sort", ["-amount,expense_date", "title,-amount", "amount", "-updated_at", "-expense_date,title"])
def test_links_lead_through_any_order(home, sort):
    """And back, whatever changes meanwhile in front."""
    for n in range(11):
        home.enter(title=f"no {n % 3}", amount=3 + n % 2, expense_date=f"2024-01-{1 + n % 4:02}")
    whole = [row.id for row in home.ann.get(f"{EXPENSES}?sort={sort}")["data"]]
    page, seen = home.ann.get(f"{EXPENSES}?page_size=3&search=no&sort={sort}"), []
    while True:
        seen.append([row.id for row in page["data"]])
        assert page.meta.pagination.total_items == 11
        if not page.links.next:
            break
        assert f"sort={sort}" in page.links.next and "search=no" in page.links.next and "page_size=3" in page.links.next
        page = home.ann.get(page.links.next.removeprefix("/expenses"))
    assert sum(seen, []) == whole and [len(one) for one in seen] == [3, 3, 3, 2]
    for expect in seen[-2::-1]:
        page = home.ann.get(page.links.previous.removeprefix("/expenses"))
        assert [row.id for row in page["data"]] == expect
    assert page.links.previous is None


def test_the_form_of_pages(listed):
    page = listed.ann.get(f"{EXPENSES}?page_size=4&category=food")
    assert page.meta.pagination == {"page": 1, "page_size": 4, "total_pages": 1, "total_items": 3, "has_next": False, "has_previous": False}
    page = listed.ann.get(f"{EXPENSES}?page_size=4&page=2")
    assert page.meta.pagination == {"page": 2, "page_size": 4, "total_pages": 2, "total_items": 6, "has_next": False, "has_previous": True}
    assert page.links.first == "/expenses/api/expenses?page_size=4&page=1" and page.links.next is None
    assert listed.ann.get(f"{EXPENSES}?page=50")["data"] == []
    assert listed.ann.get(f"{EXPENSES}?page_size=1000").meta.pagination.page_size == 100


def test_what_is_settled(listed):
    for who in (listed.bob, listed.cid):
        listed.settle(listed.made[0], who)
    assert titles(listed, "is_settled=true") == ["Rent"] and "Rent" not in titles(listed, "is_settled=false")


def test_lists_are_read_from_indexes(home, sql):
    """Of a group of many expenses a page reads as many rows as it shows, and no table as a whole."""
    home.sql("insert into expenses.expense (account_id, paid_by, group_id, title, amount, booked, currency, expense_date) "
             "select %s, %s, %s::bigint, 'No ' || n, 100 + n, 100 + n, 'USD', date '2024-01-01' + n %% 700 from generate_series(1, 20000) n",
             home.ann.number, home.ann.number, home.group[4:])
    home.sql("update expenses.expense_group set expenses = 20000 where id = %s", home.group[4:])
    home.sql("vacuum analyze expenses.expense")
    asked = "select body from expenses.expense_page({}, '{}', '-expense_date', 20, 21, 0, null, null, null, 'x')".format(home.ann.number, '{"group_id": "' + home.group[4:] + '"}')
    counted = sql(f"begin; explain (analyze, costs off, timing off) {asked}; select seq_scan || ' ' || idx_tup_fetch from pg_stat_xact_user_tables "
                  "where relid = 'expenses.expense'::regclass; rollback").splitlines()[-1]
    scans, fetched = map(int, counted.split())
    assert scans == 0 and 0 < fetched < 300, counted
