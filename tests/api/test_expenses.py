# SPDX-License-Identifier: GPL-3.0-or-later
"""Expenses of the Expense Tracker: entered, shown, changed, taken away, commented on."""
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from household import EXPENSES, refused, shares
from waits import in_one, twin, until


@pytest.fixture
def rate(sql):
    """rate("EUR", "2024-01-14", "1.10"): what one was worth in dollars."""
    def enter(currency, day, usd):
        sql("insert into expenses.fx_rate (currency, day, usd) values (%s, %s, %s) on conflict (currency, day) do update set usd = excluded.usd",
            currency, day, usd)
    return enter


def path_of(expense, more=""):
    return f"{EXPENSES}{expense.id}/{more}"


def put(who, expense, body, expect=200):
    return who.call("PUT", path_of(expense), expect, body)["data" if expect == 200 else "error"]


# -- categories --------------------------------------------------------------------------------------------------------

def test_categories_are_a_tree(home):
    found = home.ann.get("/api/categories/")
    names = {one.id: one for one in found["data"]}
    food = next(one for one in found["data"] if one.slug == "food")
    assert (food.name, food.icon, food.color, food.parent_id) == ("Food & Dining", "restaurant", "#FF6B6B", None)
    below = [one.slug for one in found["data"] if one.parent_id == food.id]
    assert below == ["restaurants", "groceries", "coffee"]
    assert all(one.parent_id is None or one.parent_id in names for one in found["data"])
    assert len(found["data"]) == found.meta.pagination.total_items == 22
    third = home.ann.get("/api/categories/?page_size=10&page=3")
    assert [one.id for one in third["data"]] == [one.id for one in found["data"]][20:]


# -- entering ----------------------------------------------------------------------------------------------------------

def test_the_smallest_request(home):
    """Title and amount, a number: a personal one of today, in the caller's currency and zone."""
    home.sql("update expenses.profile set preferred_currency = 'EUR', timezone = 'Pacific/Kiritimati' where account_id = %s", home.ann.number)
    def today():
        return home.sql("select (now() at time zone 'Pacific/Kiritimati')::date")
    day, made = in_one(today, lambda: (today(), home.ann.post(EXPENSES, {"title": "Lunch", "amount": 25.50, "category_id": "cat_1"}, 201)))
    assert made.message == "Expense created successfully"
    made = made["data"]
    assert (made.amount, made.currency, made.expense_type, made.group) == ("25.50", {"code": "EUR", "symbol": "€"}, "personal", None)
    assert made.paid_by.id == home.ann.id and made.category.name == "Food & Dining" and made.is_settled
    assert made.expense_date == day
    assert [(one.user_id, one.share, one.is_settled) for one in made.participants] == [(home.ann.id, "25.50", True)]
    assert home.ann.get(path_of(made))["data"].activity[0].type == "created"
    assert home.sql("select count(*) from expenses.activity where group_id is null and expense_id = %s", made.id[4:]) == "1"


def test_a_group_s_expense(home):
    made = home.enter(amount="250.00", description="Team dinner", category_id="cat_1", expense_type="group", expense_date="2024-01-14",
                      split_type="equal", split_data={"participants": [home.bob.id, home.ann.id]}, tags=["dinner", "team-event"],
                      vendor="Luigi's", location="123 Main St")
    assert list(made) == ["id", "title", "description", "amount", "currency", "category", "expense_type", "group", "paid_by", "expense_date",
                          "split_type", "participants", "receipt", "tags", "is_settled", "created_at", "updated_at", "vendor", "location", "participant_count"]
    assert made.group == {"id": home.group, "name": "Roommates"} and made.expense_type == "group" and made.tags == ["dinner", "team-event"]
    assert [(one.user_id, one.share, one.is_settled) for one in made.participants] == [(home.bob.id, "125.00", False), (home.ann.id, "125.00", False)]
    assert (made.vendor, made.location, made.receipt, made.is_settled) == ("Luigi's", "123 Main St", None, False)
    assert home.bob.get(path_of(made))["data"].participants == made.participants
    home.eve.get(path_of(made), 404)
    home.books_hold()


def test_all_active_members_share_when_nobody_is_named(home):
    home.sql("insert into expenses.member (group_id, email) values (%s, 'later@example.org')", home.group[4:])
    home.leave(home.cid)
    assert [one.user_id for one in home.enter().participants] == [home.ann.id, home.bob.id]


@pytest.mark.parametrize("body, field", [
    ({"amount": "0"}, "amount"), ({"amount": "-1"}, "amount"), ({"amount": "1.005"}, "amount"), ({"amount": "1e3"}, "amount"),
    ({"amount": None}, "amount"), ({"amount": "1000000000.01"}, "amount"), ({"amount": "10.5", "currency": "JPY"}, "amount"),
    ({"currency": "XXY"}, "currency"), ({"currency": "KWD", "amount": "1.005"}, "currency"), ({"title": ""}, "title"), ({"title": "x" * 201}, "title"),
    ({"title": " \t\r\n"}, "title"), ({"tags": ["food", "\u3000"]}, "tags[1]"),
    ({"description": "x" * 2001}, "description"), ({"vendor": "x" * 201}, "vendor"), ({"location": "x" * 201}, "location"),
    ({"category_id": "cat_999999999"}, "category_id"), ({"category_id": "cat_9223372036854775807"}, "category_id"), ({"category_id": "food"}, "category_id"),
    ({"expense_date": "2024-02-31"}, "expense_date"), ({"tags": ["x"] * 21}, "tags"), ({"tags": ["x" * 51]}, "tags[0]"), ({"tags": [""]}, "tags[0]"),
    ({"paid_by": "usr_999999999"}, "paid_by"), ({"paid_by": "ann"}, "paid_by"), ({"expense_type": "personal"}, "expense_type"),
    ({"expense_type": "shared"}, "expense_type"), ({"group_id": "grp_x"}, "group_id")], ids=lambda said: json.dumps(said)[:50])
def test_what_is_no_expense(home, body, field):
    before = home.kept()
    error = home.enter(expect=422, **body)
    assert field in refused(error) and home.kept() == before


def test_what_a_personal_expense_is_not(home):
    for body, field in (({"expense_type": "group"}, "group_id"), ({"paid_by": home.bob.id}, "paid_by"),
                        ({"split_data": {"participants": [home.ann.id, home.bob.id]}}, "split_data")):
        assert refused(home.ann.post(EXPENSES, {"title": "x", "amount": 1, **body}, 422).error) == [field]


def test_a_group_of_others_is_not_there(home):
    home.enter(home.eve, expect=404)
    home.enter(group_id="grp_999999999", expect=404)
    home.leave(home.bob)
    home.enter(home.bob, expect=404)
    home.sql("update expenses.expense_group set is_active = false where id = %s", home.group[4:])
    assert home.enter(expect=409).code == "CONFLICT"
    assert home.kept().startswith("0|0|0")


def test_who_paid_need_not_have_entered_it(home):
    made = home.enter(paid_by=home.bob.id)
    assert made.paid_by.id == home.bob.id and made.paid_by.name == f"{home.bob.username} {home.bob.username}"
    assert home.enter(paid_by=home.eve.id, expect=422).details[0].field == "paid_by"
    home.books_hold()


def test_null_is_as_left_out(home):
    made = home.enter(currency=None, category_id=None, split_data=None, split_type=None, tags=None, vendor=None, expense_date=None, paid_by=None)
    assert made.currency.code == "USD" and made.category is None and made.tags == [] and len(made.participants) == 3


def test_the_same_key_enters_once(home):
    body, key = {"title": "Once", "amount": 3, "group_id": home.group}, {"Idempotency-Key": "one-dinner"}
    first = home.ann.post(EXPENSES, body, 201, headers=key)["data"]
    assert home.ann.post(EXPENSES, body, 201, headers=key)["data"].id == first.id
    assert home.kept().startswith("300|1|200")


# -- other currencies --------------------------------------------------------------------------------------------------

def test_another_currency_is_booked_at_the_day_s_rate(home, rate):
    rate("CHF", "2024-01-12", "1.25")
    made = home.enter(amount="10.00", currency="CHF", expense_date="2024-01-14", split_data={"participants": [home.ann.id, home.bob.id, home.cid.id]})
    assert made.amount == "10.00" and made.currency.code == "CHF" and shares(made) == ["3.34", "3.33", "3.33"]
    assert home.sql("select string_agg(booked::text, ' ' order by position) from expenses.share where expense_id = %s", made.id[4:]) == "418 416 416"
    assert home.kept().startswith("1250|1|832")
    assert home.ann.get(path_of(made))["data"].currency == {"code": "CHF", "symbol": "CHF", "exchange_rate_to_usd": "1.25"}
    assert refused(home.enter(amount="10.00", currency="CHF", expense_date="2024-01-20", expect=422)) == ["currency"]     # a week is too old
    assert refused(home.enter(amount="10.00", currency="CHF", expense_date="2024-01-11", expect=422)) == ["currency"]
    home.books_hold()


def test_a_rate_that_is_known_later_changes_nothing(home, rate):
    rate("SEK", "2024-01-12", "0.10")
    made = home.enter(amount="100.00", currency="SEK", expense_date="2024-01-13")
    rate("SEK", "2024-01-13", "0.20")
    put(home.ann, made, {"title": "Renamed"})
    assert home.kept().startswith("1000|")
    put(home.ann, made, {"expense_date": "2024-01-12"})
    assert home.kept().startswith("1000|")
    put(home.ann, made, {"expense_date": "2024-01-13"})
    assert home.kept().startswith("2000|")
    assert home.sql("select distinct day from expenses.share where expense_id = %s", made.id[4:]) == "2024-01-13"
    home.books_hold()


def test_currencies_of_other_decimals(home):
    for currency, amount, parts in (("JPY", "100", ["34", "33", "33"]), ("KWD", "1.000", ["0.334", "0.333", "0.333"])):
        house = home.found("Abroad", *home.members, currency=currency)
        made = home.ann.post(EXPENSES, {"title": "x", "amount": amount, "group_id": house}, 201)["data"]
        assert (made.currency.code, made.amount, shares(made)) == (currency, amount, parts)
    assert home.ann.get(path_of(home.ann.post(EXPENSES, {"title": "x", "amount": 5, "currency": "BHD"}, 201)["data"]))["data"] \
        .currency.exchange_rate_to_usd is None


# -- details -----------------------------------------------------------------------------------------------------------

def test_all_there_is_to_know(home):
    made = home.enter()
    said = home.bob.post(path_of(made, "comments/"), {"comment": "Thanks for covering this!"}, 201)["data"]
    assert said.user == {"id": home.bob.id, "name": f"{home.bob.username} {home.bob.username}"} and said.id.startswith("cmt_")
    put(home.ann, made, {"title": "Supper"})
    seen = home.cid.get(path_of(made))["data"]
    assert (seen.title, seen.currency.exchange_rate_to_usd, seen.ocr_status, seen.ocr_data) == ("Supper", "1.00", None, None)
    assert [(share.user.id, share.amount, share.is_settled, share.settled_at) for share in seen.shares] == [
        (one.id, "10.00", False, None) for one in home.members]
    assert [(one.type, one.user) for one in seen.activity] == [
        ("created", f"{home.ann.username} {home.ann.username}"), ("commented", f"{home.bob.username} {home.bob.username}"),
        ("updated", f"{home.ann.username} {home.ann.username}")]
    assert [dict(one) for one in seen.comments] == [said]
    home.eve.get(path_of(made), 404)
    home.ann.get(f"{EXPENSES}exp_999999999/", 404)
    home.leave(home.cid)
    home.cid.get(path_of(made), 404)


def test_the_payer_s_share_is_settled_with_the_others(home):
    made = home.enter()
    home.settle(made, home.bob)
    assert [one.is_settled for one in home.ann.get(path_of(made))["data"].participants] == [False, True, False]
    home.settle(made, home.cid)
    seen = home.ann.get(path_of(made))["data"]
    assert seen.is_settled and [one.is_settled for one in seen.shares] == [True, True, True] and seen.shares[1].settled_at


def test_the_latest_hundred_comments(home):
    made = home.enter()
    home.sql("insert into expenses.comment (expense_id, account_id, comment) select %s, %s, 'no ' || n from generate_series(1, 103) n",
             made.id[4:], home.ann.number)
    assert [one.comment for one in home.ann.get(path_of(made))["data"].comments] == [f"no {n}" for n in range(4, 104)]


# -- changing ----------------------------------------------------------------------------------------------------------

def test_only_what_is_named_changes(home):
    made = home.enter(description="As it was", tags=["a"], vendor="Luigi's", category_id="cat_1")
    changed = put(home.bob, made, {"title": "x"}, 403)
    assert changed.code == "PERMISSION_DENIED"
    changed = put(home.ann, made, {"title": "Updated: Dinner", "amount": "60.00", "id": "exp_1", "group_id": "grp_1"})
    assert {**changed, "updated_at": 0, "shares": 0, "activity": 0, "comments": 0, "currency": 0, "ocr_status": 0, "ocr_data": 0} == {
        **made, "title": "Updated: Dinner", "amount": "60.00", "participants": [{**one, "share": "20.00"} for one in made.participants],
        "updated_at": 0, "shares": 0, "activity": 0, "comments": 0, "currency": 0, "ocr_status": 0, "ocr_data": 0}
    changed = put(home.ann, made, {"description": None, "tags": None, "vendor": None, "category_id": None})
    assert (changed.description, changed.tags, changed.vendor, changed.category) == ("", [], None, None)
    assert home.sql("select count(*) from expenses.share where expense_id = %s and category_id is not null", made.id[4:]) == "0"
    home.eve.call("PUT", path_of(made), 404, {"title": "mine"})
    home.books_hold()


def test_shares_keep_their_ids(home):
    made = home.enter()
    before = [one.id for one in home.ann.get(path_of(made))["data"].shares]
    assert [one.id for one in put(home.ann, made, {"amount": "33.00"}).shares] == before


@pytest.mark.parametrize("body, field", [
    ({"title": None}, "title"), ({"title": "  "}, "title"), ({"amount": None}, "amount"), ({"amount": "0"}, "amount"), ({"currency": "JPY", "amount": "1.5"}, "amount"),
    ({"currency": "JPY"}, "amount"), ({"category_id": "cat_999999"}, "category_id"), ({"paid_by": "usr_999999"}, "paid_by"),
    ({"split_type": "percentage"}, "split_data"), ({"split_data": {"participants": []}}, "split_data"), ({"expense_date": None}, "expense_date")],
                         ids=lambda said: json.dumps(said)[:50])
def test_what_is_no_change(home, body, field):
    made = home.enter(amount="10.50")
    before = home.kept()
    assert refused(put(home.ann, made, body, 422)) == [field]
    assert home.kept() == before and home.ann.get(path_of(made))["data"].updated_at == made.updated_at


def test_who_may_change_one(home):
    entered = home.enter(home.bob, paid_by=home.cid.id)
    for who in (home.bob, home.cid, home.ann):                  # entered it, paid it, is the group's admin
        assert put(who, entered, {"title": f"by {who.username}"}).title == f"by {who.username}"
    other = home.enter()
    assert put(home.bob, other, {"title": "x"}, 403).code == "PERMISSION_DENIED"
    home.bob.delete(path_of(other), 403)
    home.bob.post(path_of(other, "split/"), {"split_type": "equal", "split_data": {"participants": [home.ann.id]}}, 403)
    home.eve.delete(path_of(other), 404)
    home.leave(home.bob)
    put(home.bob, entered, {"title": "still"}, 404)


def test_another_payer(home):
    made = home.enter()
    changed = put(home.ann, made, {"paid_by": home.bob.id})
    assert changed.paid_by.id == home.bob.id
    assert home.sql("select distinct owed_to from expenses.share where expense_id = %s", made.id[4:]) == str(home.bob.number)
    home.books_hold()


@pytest.mark.parametrize("body", [{"amount": "31.00"}, {"currency": "GBP"}, {"paid_by": "bob"}, {"split_type": "shares", "split_data": "parts"},
                                  {"split_data": {"participants": ["ann"]}}], ids=json.dumps)
def test_what_was_settled_stays(home, rate, body):
    rate("GBP", home.sql("select current_date"), "1.5")
    made = home.enter()
    home.settle(made, home.cid)
    before = home.kept()
    named = {"paid_by": home.bob.id, "split_data": {home.ann.id: 1, home.bob.id: 2}} if body.get("split_data") == "parts" else \
        {"paid_by": home.bob.id, "split_data": {"participants": [home.ann.id]}}
    error = put(home.ann, made, {key: named.get(key, value) for key, value in body.items()}, 409)
    assert error.code == "CONFLICT" and home.kept() == before
    assert put(home.ann, made, {"title": "Renamed", "category_id": "cat_2", "expense_date": "2024-01-01"}).title == "Renamed"
    home.ann.delete(path_of(made), 409)
    assert home.kept() == before


def test_what_a_former_member_has_left_stays(home):
    made = home.enter()
    home.leave(home.cid)
    assert put(home.ann, made, {"amount": "31.00"}, 409).code == "CONFLICT"
    home.ann.delete(path_of(made), 409)
    assert put(home.ann, made, {"vendor": "Luigi's"}).vendor == "Luigi's"


def test_what_changed_is_kept(home):
    made = home.enter()
    put(home.ann, made, {"title": "Supper", "amount": "31.00", "description": ""})
    kept = json.loads(home.sql("select json_build_object('d', description, 'm', metadata) from expenses.activity "
                               "where group_id = %s and type = 'expense_updated'", home.group[4:]))
    assert kept == {"d": f"{home.ann.username} updated 'Supper' expense of $31.00", "m": {
        "expense_id": made.id, "amount": "31.00",
        "changes": {"title": {"old": "Dinner", "new": "Supper"}, "amount": {"old": "30.00", "new": "31.00"}}}}
    put(home.ann, made, {"title": "Supper", "amount": 31})      # nothing changes, and nobody hears of it
    assert home.sql("select count(*) from expenses.activity where expense_id = %s", made.id[4:]) == "2"


def test_two_who_change_it_at_once(home):
    """Nothing that anybody has said is lost: each field has what was said last, and what each said is kept."""
    made, changes = home.enter(paid_by=home.bob.id), {home.ann: "title", home.bob: "description", home.ann.username: "amount"}
    callers = [(twin(who if who in home.members else home.ann), field) for who, field in changes.items()]

    def change(caller, field, n):
        return put(caller, made, {field: f"{n}.00" if field == "amount" else f"no {n}"})
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda pair: [change(*pair, n) for n in range(1, 16)], callers))
    seen = home.ann.get(path_of(made))["data"]
    assert (seen.title, seen.description, seen.amount) == ("no 15", "no 15", "15.00")
    told = json.loads(home.sql("select json_agg(metadata -> 'changes' order by id) from expenses.activity where expense_id = %s "
                               "and type = 'expense_updated'", made.id[4:]))
    assert len(told) == 45 and all(len(change) == 1 for change in told)
    for field in changes.values():
        said = [change[field] for change in told if field in change]
        assert [one["new"] for one in said[:-1]] == [one["old"] for one in said[1:]] and len(said) == 15
    home.books_hold()


def test_many_who_enter_and_take_away_at_once(home):
    def work(who):
        for n in range(12):
            made = home.enter(who, amount=f"{n + 1}.01", paid_by=home.members[n % 3].id)
            if n % 3 == 0:
                who.delete(path_of(made), 204)
            elif n % 3 == 1:
                put(who, made, {"amount": "7.77"})
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(work, [twin(who) for who in home.members]))
    assert home.kept().split("|")[1] == "24"
    home.books_hold()


# -- taking away -------------------------------------------------------------------------------------------------------

def test_one_that_is_taken_away(home):
    made = home.enter()
    home.bob.delete(path_of(made), 403)
    home.ann.delete(path_of(made), 204)
    for call in (home.ann.get, home.ann.delete):
        call(path_of(made), 404)
    put(home.ann, made, {"title": "x"}, 404)
    home.ann.post(path_of(made, "comments/"), {"comment": "x"}, 404)
    assert home.kept().startswith("0|0|0") and home.ann.get(f"{EXPENSES}?group_id={home.group}")["data"] == []
    assert home.sql("select count(*) from expenses.share where expense_id = %s and live", made.id[4:]) == "0"
    home.books_hold()


# -- comments ----------------------------------------------------------------------------------------------------------

def test_comments_are_of_those_who_take_part(home):
    made = home.enter(split_data={"participants": [home.ann.id, home.bob.id]})
    assert home.bob.post(path_of(made, "comments/"), {"comment": "mine"}, 201)["data"].comment == "mine"
    assert home.cid.post(path_of(made, "comments/"), {"comment": "x"}, 403).error.code == "PERMISSION_DENIED"
    home.eve.post(path_of(made, "comments/"), {"comment": "x"}, 404)
    for wrong in ("", "\u00a0\n", "x" * 2001, None, 5):
        assert refused(home.bob.post(path_of(made, "comments/"), {"comment": wrong}, 422).error) == ["comment"]
    own = home.eve.post(EXPENSES, {"title": "Tea", "amount": 2}, 201)["data"]
    home.eve.post(path_of(own, "comments/"), {"comment": "to myself"}, 201)
    assert [one.comment for one in home.eve.get(path_of(own))["data"].comments] == ["to myself"]
    home.ann.get(path_of(own), 404)


# -- what is told ------------------------------------------------------------------------------------------------------

def told(home, group=True):
    """Events, live events and the feed, the oldest first."""
    hooked = json.loads(home.sql("select coalesce(json_agg(args order by id), '[]') from job where kind = 'hook.fanout' and "
                                 "(args ->> 'audience')::jsonb @> to_jsonb(%s::bigint)", home.ann.number))
    live = json.loads(home.sql("select coalesce(json_agg(json_build_object('type', type, 'data', data, 'audience', audience) order by id), '[]') "
                               "from live_event where %s = any (audience)", home.ann.number))
    return hooked, live


def test_what_happens_is_told(home):
    made = home.enter(amount="45.67", title="Groceries")
    put(home.ann, made, {"title": "Food"})
    home.ann.post(path_of(made, "split/"), {"split_type": "equal", "split_data": {"participants": [home.ann.id, home.bob.id]}})
    home.bob.post(path_of(made, "comments/"), {"comment": "Thanks"}, 201)
    home.ann.delete(path_of(made), 204)
    hooked, live = told(home)
    name = home.ann.username
    assert [one["event"] for one in hooked] == ["expense.created", "expense.updated", "expense.updated", "comment.added", "expense.deleted"]
    assert [one["notice"]["type"] for one in hooked] == ["expense_added", "expense_updated", "expense_updated", "comment_added", "expense_updated"]
    assert hooked[0]["data"] == {"expense": json.loads(json.dumps(made))} and hooked[0]["audience"] == sorted(one.number for one in home.members)
    assert hooked[0]["notice"] == {"type": "expense_added", "title": "New expense in Roommates", "sender_id": home.ann.number,
                                   "message": f"{name} added 'Groceries' expense of $45.67", "action_url": f"/expenses/{made.id}",
                                   "metadata": {"expense_id": made.id, "group_id": home.group}}
    assert hooked[3]["audience"] == sorted((home.ann.number, home.bob.number)) and hooked[3]["data"] == {}
    updates = [one["data"] for one in live if one["type"] == "expense_update"]
    assert [(one["expense_id"], one["action"]) for one in updates] == [(made.id, "created"), (made.id, "updated"), (made.id, "updated"), (made.id, "deleted")]
    assert hooked[-1]["data"] == {"expense_id": made.id, "group_id": home.group}
    assert updates[0]["expense"] == hooked[0]["data"]["expense"] and updates[1]["expense"]["title"] == "Food"
    feed = [one["data"] for one in live if one["type"] == "group_activity"]
    assert [one["activity"]["type"] for one in feed] == ["expense_added", "expense_updated", "split_updated", "comment_added", "expense_deleted"]
    assert all(one["group_id"] == home.group for one in feed)
    notice = until(lambda: home.bob.get("/api/notifications/?type=expense_added")["data"], "bob is told")[0]
    assert notice.message == hooked[0]["notice"]["message"] and notice.sender.id == home.ann.id
    assert home.sql("select string_agg(description, '; ' order by id) from expenses.activity where group_id = %s", home.group[4:]) == \
        f"{name} added 'Groceries' expense of $45.67; {name} updated 'Food' expense of $45.67; {name} changed the split of 'Food' expense of $45.67; " \
        f"{home.bob.username} commented on 'Food' expense; {name} deleted 'Food' expense of $45.67"


def test_what_is_one_s_own_is_told_to_nobody_else(home):
    made = home.ann.post(EXPENSES, {"title": "Tea", "amount": 2}, 201)["data"]
    home.ann.post(path_of(made, "comments/"), {"comment": "hot"}, 201)
    hooked, live = told(home)
    assert [(one["event"], one["audience"], one["notice"]) for one in hooked] == [("expense.created", [home.ann.number], None)]
    assert [(one["type"], one["audience"]) for one in live] == [("expense_update", [home.ann.number])]


def test_of_many_participants_the_first_are_shown(home):
    """And however long names are, an expense fits into a job's arguments."""
    home.sql("with a as (insert into account (product, email, username) select 'expenses', 'many' || n || '-' || %s || '@example.org', "
             "'many' || n || '-' || %s from generate_series(1, 480) n returning id, email), p as (insert into expenses.profile "
             "(account_id, first_name, last_name, preferred_currency, timezone) select id, repeat('🦊', 80), repeat('🦊', 80), 'USD', 'UTC' from a) "
             "insert into expenses.member (group_id, account_id, email, status) select %s::bigint, id, email, 'active' from a",
             home.group, home.group, home.group[4:])
    made = home.enter(amount="48.30", title="🦊" * 200, description="🦊" * 2000, vendor="🦊" * 200, location="🦊" * 200,
                      tags=["🦊" * 47 + f"{n:03}" for n in range(20)])
    assert (len(made.participants), made.participant_count, set(shares(made))) == (10, 483, {"0.10"})
    seen = home.bob.get(path_of(made))["data"]
    assert [one.user.id for one in seen.shares][:10] == [one.user_id for one in made.participants] and len(seen.shares) == 483
    hooked, _ = told(home)
    assert hooked[-1]["data"]["expense"] == made
    assert until(lambda: home.sql("select e.outcome from job j join job_end e on e.id = j.id where j.kind = 'hook.fanout' and "
                                  "j.args -> 'data' -> 'expense' ->> 'id' = %s", made.id), "it is told") == "done"
    home.books_hold()


# -- the caller --------------------------------------------------------------------------------------------------------

def test_a_profile_s_totals(home, rate):
    before = home.bob.get("/api/users/me/")["data"].profile
    assert (before.total_expenses, before.expense_count, before.group_count) == ("0.00", 0, 1)
    rate("NOK", "2024-01-12", "0.10")
    home.enter(amount="30.00")                                                           # a third is his
    home.enter(amount="10.00", split_data={"participants": [home.ann.id]})               # nothing is
    gone = home.enter(amount="99.00")
    home.ann.delete(path_of(gone), 204)
    home.bob.post(EXPENSES, {"title": "Tea", "amount": "2.50"}, 201)
    home.bob.post(EXPENSES, {"title": "Fish", "amount": "50.00", "currency": "NOK", "expense_date": "2024-01-13"}, 201)
    home.bob.post(EXPENSES, {"title": "Far", "amount": "50", "currency": "XPF", "expense_date": "2024-01-13"}, 201)     # no rate
    seen = home.bob.get("/api/users/me/")["data"].profile
    assert (seen.total_expenses, seen.expense_count, seen.group_count) == ("17.50", 4, 1)
