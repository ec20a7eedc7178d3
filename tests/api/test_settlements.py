# SPDX-License-Identifier: GPL-3.0-or-later
"""Settlements of the Expense Tracker: asked for, confirmed by one of the two, taken back; who may, and what it does to the books."""
import datetime
import json

import pytest

from roommates import Circle, number_of
from subscriber import Subscriber
from waits import HOUR, room_in, until

LIST = "/api/payments/settlements/"
TODAY = datetime.date.today()
MINE = ["id", "payer", "payee", "amount", "currency", "group", "status", "method", "description", "due_date", "created_at",
        "completed_at", "notes"]


def place(settlement, action=""):
    return f"{LIST}{settlement.id}/{action}{'/' if action else ''}"


def day(days=0):
    return (TODAY + datetime.timedelta(days=days)).isoformat()


@pytest.fixture
def bob(account):
    return account("expenses")


@pytest.fixture
def circle(sql, john, jane, bob):
    """John is its administrator."""
    return Circle(sql, john, jane, bob)


@pytest.fixture
def asked(circle, john, jane):
    """asked("45.67"): john is to pay jane."""
    def ask(amount="45.67", **more):
        return john.post(LIST, {"payee_id": jane.id, "group_id": circle.ref, "amount": amount, **more}, 201).data
    return ask


def refused(client, path, body, status, field=None):
    answer = client.post(path, body, status)
    assert [detail.field for detail in answer.error.details] == ([field] if field else []), answer
    return answer


# -- asked for ---------------------------------------------------------------------------------------------------------

def test_a_settlement_is_asked_for(circle, john, jane, bob):
    answer = john.post(LIST, {"payee_id": jane.id, "group_id": circle.ref, "amount": "45.67", "currency": "usd", "due_date": day(14),
                              "description": "Settlement for January expenses"}, 201)
    made = answer.data
    assert list(made) == MINE and answer.message
    assert made.payer.id == john.id and made.payer.name and made.payee.id == jane.id
    assert (made.amount, made.currency, made.group) == ("45.67", {"code": "USD", "symbol": "$"}, {"id": circle.ref, "name": "Roommates"})
    assert (made.status, made.method, made.description, made.due_date) == ("pending", "manual", "Settlement for January expenses", day(14))
    assert made.completed_at is None and made.notes is None
    for one in (john, jane):
        assert one.get(place(made)).data == made and one.get(LIST)["data"] == [made]
    assert bob.get(LIST)["data"] == []
    assert circle.balance(john) == circle.balance(jane) == 0 and circle.activities() == ["settlement_created"]


def test_the_group_that_two_share_need_not_be_said(sql, circle, john, jane, account):
    assert john.post(LIST, {"payee_id": jane.id, "amount": 3.5}, 201).data.group.id == circle.ref
    stranger = account("expenses")
    refused(john, LIST, {"payee_id": f"usr_{number_of(stranger)}", "amount": "1"}, 422, "payee_id")
    refused(john, LIST, {"payee_id": "usr_999999999", "amount": "1"}, 422, "payee_id")
    other = Circle(sql, jane, john, currency="EUR")
    refused(john, LIST, {"payee_id": jane.id, "amount": "1"}, 422, "group_id")
    assert john.post(LIST, {"payee_id": jane.id, "amount": "1", "group_id": other.ref}, 201).data.currency.code == "EUR"
    sql("update expenses.expense_group set is_active = false where id = %s", other.number)
    assert john.post(LIST, {"payee_id": jane.id, "amount": "1"}, 201).data.group.id == circle.ref
    refused(john, LIST, {"payee_id": jane.id, "amount": "1", "group_id": other.ref}, 409)


@pytest.mark.parametrize("field, value", [
    ("amount", "0"), ("amount", "-1"), ("amount", "0.001"), ("amount", "1000000000.01"), ("amount", "1e3"), ("amount", "all"), ("amount", None),
    ("currency", "EUR"), ("currency", "XXQ"), ("due_date", day(-2)), ("due_date", day(3660)), ("due_date", "tomorrow"), ("due_date", "2024-02-30"),
    ("description", "x" * 501), ("description", 5), ("payee_id", "usr_0"), ("payee_id", "2"), ("payee_id", None), ("group_id", "grp_999999999"),
    ("group_id", "stl_1")], ids=lambda value: str(value)[:20])
def test_what_is_no_settlement(circle, john, jane, field, value):
    number_of(jane)
    refused(john, LIST, {"payee_id": jane.id, "group_id": circle.ref, "amount": "45.67", field: value}, 422, field)
    assert john.get(LIST)["data"] == []


def test_who_can_be_paid(sql, circle, john, jane, account):
    stranger, others = account("expenses"), account("expenses")
    elsewhere = Circle(sql, others, jane)
    refused(john, LIST, {"payee_id": john.id, "group_id": circle.ref, "amount": "1"}, 422, "payee_id")
    refused(john, LIST, {"payee_id": f"usr_{number_of(stranger)}", "group_id": circle.ref, "amount": "1"}, 422, "payee_id")
    refused(john, LIST, {"payee_id": jane.id, "group_id": elsewhere.ref, "amount": "1"}, 422, "group_id")
    refused(stranger, LIST, {"payee_id": jane.id, "group_id": circle.ref, "amount": "1"}, 422, "group_id")
    circle.leaves(jane)
    refused(john, LIST, {"payee_id": jane.id, "group_id": circle.ref, "amount": "1"}, 422, "payee_id")
    refused(jane, LIST, {"payee_id": john.id, "group_id": circle.ref, "amount": "1"}, 422, "group_id")


@pytest.mark.parametrize("currency, amount, shown", [
    ("JPY", "1000000000", "1000000000"), ("JPY", 5, "5"), ("KWD", "0.001", "0.001"), ("KWD", "1000000000", "1000000000.000"),
    ("USD", 25.5, "25.50"), ("USD", "0.01", "0.01"), ("CHF", "1", "1.00")])
def test_amounts_are_exact(sql, john, jane, currency, amount, shown):
    number_of(jane)
    there = Circle(sql, john, jane, currency=currency)
    assert john.post(LIST, {"payee_id": jane.id, "amount": amount, "group_id": there.ref}, 201).data.amount == shown


def test_decimals_are_the_currencys(sql, john, jane):
    there = Circle(sql, john, jane, currency="JPY")
    refused(john, LIST, {"payee_id": jane.id, "amount": "1.5", "group_id": there.ref}, 422, "amount")
    refused(john, LIST, {"payee_id": jane.id, "amount": "1.000001", "group_id": there.ref}, 422, "amount")


def test_the_day_is_the_callers(sql, asked, john):
    """What is over in UTC may be today still, and what begins there may be over."""
    def days(zone):
        sql("update expenses.profile set timezone = %s where account_id = %s", zone, number_of(john))
        return datetime.date.fromisoformat(sql("select (now() at time zone %s)::date", zone))
    room_in(HOUR)
    for zone in ("Etc/GMT+12", "Etc/GMT-14"):
        here = days(zone)
        assert asked(due_date=here.isoformat()).due_date == here.isoformat()
        refused(john, LIST, {"payee_id": asked().payee.id, "amount": "1", "due_date": (here - datetime.timedelta(1)).isoformat()}, 422, "due_date")


def test_a_hundred_are_enough(sql, circle, john, jane, bob, asked):
    sql("insert into expenses.settlement (payer_id, payee_id, group_id, amount, currency) select %s, %s, %s, 1, 'USD' from generate_series(1, 99)",
        number_of(john), number_of(jane), circle.number)
    last = asked()
    refused(john, LIST, {"payee_id": bob.id or f"usr_{number_of(bob)}", "group_id": circle.ref, "amount": "1"}, 409)
    jane.post(LIST, {"payee_id": john.id, "group_id": circle.ref, "amount": "1"}, 201)
    john.post(place(last, "cancel"))
    asked()


def test_a_request_that_is_repeated_asks_once(circle, john, jane):
    body = {"payee_id": jane.id or f"usr_{number_of(jane)}", "group_id": circle.ref, "amount": "45.67"}
    key = {"Idempotency-Key": "january"}
    first, again = (john.call("POST", LIST, 201, body, headers=key).data for _ in range(2))
    assert again == first and len(john.get(LIST)["data"]) == 1
    john.call("POST", LIST, 409, {**body, "amount": "1"}, headers=key)


# -- confirmed ---------------------------------------------------------------------------------------------------------

def test_the_payer_says_that_it_was_paid(circle, john, jane, bob, asked):
    first = circle.expense(jane, 9000, john, jane, bob, day="2024-01-01")
    second = circle.expense(jane, 3001, john, jane, bob, day="2024-01-02")
    assert [circle.balance(one) for one in (john, jane, bob)] == [-4001, 8001, -4000] and circle.kept()["unsettled"] == 8001
    made = asked("35.00")
    done = john.post(place(made, "confirm"), {"confirmation_type": "paid", "payment_method": "cash", "notes": "Paid in cash on Jan 15"}).data
    assert list(done) == MINE and (done.id, done.status, done.method, done.notes) == (made.id, "completed", "cash", "Paid in cash on Jan 15")
    assert done.completed_at.endswith("Z") and jane.get(place(made)).data == done
    assert [circle.balance(one) for one in (john, jane, bob)] == [-501, 4501, -4000]
    shares = json.loads(circle._sql("select json_agg(expense_id order by expense_id) from expenses.share where settled_at is not null"
                                    " and group_id = %s", circle.number))
    assert shares == [int(first)] and circle.kept()["unsettled"] == 5001           # the older one; the other it does not cover
    assert circle.wrong() == []
    john.post(place(asked("10.01"), "confirm"), {"confirmation_type": "paid"})
    assert circle.kept()["unsettled"] == 4000 and circle.wrong() == [] and int(second)
    assert circle.activities() == ["settlement_created", "settlement_completed"] * 2


def test_the_payee_says_that_it_was_received(circle, john, jane, asked):
    made = asked()
    done = jane.post(place(made, "confirm"), {"confirmation_type": "received"}).data
    assert (done.status, done.method, done.notes) == ("completed", "manual", None)
    assert (circle.balance(john), circle.balance(jane)) == (4567, -4567) and circle.wrong() == []


def test_it_is_completed_once(circle, john, jane, asked):
    made = asked()
    paid, received = {"confirmation_type": "paid"}, {"confirmation_type": "received"}
    key = {"Idempotency-Key": "done"}
    first, again = (john.call("POST", place(made, "confirm"), 200, paid, headers=key).data for _ in range(2))
    assert again == first
    for client, body in ((john, paid), (jane, received)):
        assert "completed" in refused(client, place(made, "confirm"), body, 409).error.message
        refused(client, place(made, "cancel"), None, 409)
    assert circle.balance(john) == 4567 and circle.wrong() == []


@pytest.mark.parametrize("field, value", [
    ("confirmation_type", "maybe"), ("confirmation_type", None), ("payment_method", "gold"), ("notes", "x" * 501), ("notes", 7)])
def test_what_is_no_confirmation(john, asked, field, value):
    made = asked()
    refused(john, place(made, "confirm"), {"confirmation_type": "paid", field: value}, 422, field)
    assert john.get(place(made)).data.status == "pending"


def test_whose_word_it_is(circle, john, jane, bob, asked, account):
    made, stranger = asked(), account("expenses")
    paid, received = {"confirmation_type": "paid"}, {"confirmation_type": "received"}
    refused(john, place(made, "confirm"), received, 403)
    refused(jane, place(made, "confirm"), paid, 403)
    for body in (paid, received):
        refused(bob, place(made, "confirm"), body, 403)
        refused(stranger, place(made, "confirm"), body, 404)
        john.post(f"{LIST}stl_999999999/confirm/", body, 404)
    for client, status in ((bob, 403), (stranger, 404)):
        client.get(place(made), status)
        client.post(place(made, "cancel"), None, status)
    circle.leaves(bob)
    bob.get(place(made), 404)
    john.get(f"{LIST}x/", 404)
    assert john.get(place(made)).data == made and circle.balance(john) == 0


def test_who_has_left_settles_no_more(circle, john, jane, asked):
    made = asked()
    circle.leaves(jane)
    refused(john, place(made, "confirm"), {"confirmation_type": "paid"}, 409)
    refused(jane, place(made, "confirm"), {"confirmation_type": "received"}, 409)
    assert jane.get(place(made)).data.status == "pending" and circle.balance(john) == 0
    assert jane.post(place(made, "cancel")).data.status == "cancelled"


@pytest.mark.parametrize("whose", ["payer", "payee"])
def test_it_is_taken_back(circle, john, jane, asked, whose):
    made = asked()
    client = john if whose == "payer" else jane
    assert client.post(place(made, "cancel")).data.status == "cancelled"
    refused(client, place(made, "cancel"), None, 409)
    assert "cancelled" in refused(john, place(made, "confirm"), {"confirmation_type": "paid"}, 409).error.message
    assert circle.balance(john) == 0 and circle.activities() == ["settlement_created", "settlement_cancelled"]


# -- lists -------------------------------------------------------------------------------------------------------------

def test_a_list_is_filtered(sql, circle, john, jane, bob, asked):
    other = Circle(sql, john, jane, currency="EUR")
    first, second = asked("1"), asked("2")
    third = jane.post(LIST, {"payee_id": john.id, "amount": "3", "group_id": other.ref}, 201).data
    john.post(place(first, "confirm"), {"confirmation_type": "paid"})
    bob.post(LIST, {"payee_id": jane.id, "amount": "4", "group_id": circle.ref}, 201)

    def amounts(client, query=""):
        return [row.amount for row in client.get(LIST + query)["data"]]
    assert amounts(john) == ["3.00", "2.00", "1.00"] and amounts(jane) == ["4.00", "3.00", "2.00", "1.00"]
    assert amounts(john, "?role=payer") == ["2.00", "1.00"] and amounts(john, "?role=payee") == ["3.00"]
    assert amounts(john, "?status=completed") == ["1.00"] and amounts(john, "?status=pending&role=payer") == ["2.00"]
    assert amounts(john, f"?group_id={other.ref}") == ["3.00"] and amounts(john, "?group_id=grp_999999999") == []
    assert amounts(john, f"?group_id={circle.ref}&status=pending&role=payer") == ["2.00"]
    for query in ("?status=paid", "?role=owner", "?group_id=7"):
        john.get(LIST + query, 422)
    assert [third.id, second.id] == [row.id for row in john.get(LIST)["data"]][:2]


# -- who is told -------------------------------------------------------------------------------------------------------

def live(sql, account, kind="payment_update"):
    """What somebody who listens is told, in its order."""
    return json.loads(sql("select coalesce(json_agg(data order by id), '[]') from live_event where product = 'expenses' and type = %s "
                          "and %s::bigint = any (audience)", kind, number_of(account)))


@pytest.fixture
def heard():
    """heard(client): an address that hears of all that happens about settlements."""
    made = []

    def subscribe(client):
        made.append(Subscriber())
        client.post("/api/webhooks/", {"url": made[-1].url, "events": ["settlement.created", "settlement.completed", "payment.completed",
                                                                       "payment.failed"]}, 201)
        return made[-1]
    yield subscribe
    for one in made:
        one.close()


def told(client, count):
    return until(lambda: (rows := client.get("/api/notifications/")["data"]) and len(rows) >= count and rows, f"{count} notifications")


def test_both_are_told(sql, circle, john, jane, bob, asked, heard):
    his, hers, others = heard(john), heard(jane), heard(bob)
    made = asked()
    note, = told(jane, 1)
    assert (note.type, note.title, note.sender.id) == ("settlement_requested", "Settlement in Roommates", john.id)
    assert note.message == f"{made.payer.name} wants to settle $45.67 with {made.payee.name}"
    assert note.metadata == {"settlement_id": made.id, "group_id": circle.ref} and note.action_url == f"/settlements/{made.id}"
    done = jane.post(place(made, "confirm"), {"confirmation_type": "received"}).data
    note, = told(john, 1)
    assert (note.type, note.message) == ("settlement_completed", f"{made.payer.name} paid {made.payee.name} $45.67")
    for one in (his, hers):
        got = one.wait(2)
        assert [delivery.body["event"] for delivery in got] == ["settlement.created", "settlement.completed"]
        assert [delivery.body["data"] for delivery in got] == [{"settlement": made}, {"settlement": done}]
    told_live = [{"settlement_id": made.id, "status": status, "payer": made.payer.name, "amount": "45.67"} for status in ("pending", "completed")]
    for one in (john, jane, bob):
        assert live(sql, one) == told_live
        assert [row["activity"]["type"] for row in live(sql, one, "group_activity")] == ["settlement_created", "settlement_completed"]
    assert len(told(jane, 1)) == 1 and bob.get("/api/notifications/")["data"] == [] and others.got == []


def test_what_was_refused_is_told_nobody(sql, circle, john, jane, bob, asked):
    made = asked()
    told(jane, 1)
    refused(bob, place(made, "confirm"), {"confirmation_type": "paid"}, 403)
    refused(john, place(made, "confirm"), {"confirmation_type": "received"}, 403)
    refused(john, LIST, {"payee_id": jane.id, "group_id": circle.ref, "amount": "0.001"}, 422, "amount")
    assert len(live(sql, jane)) == 1 and circle.activities() == ["settlement_created"]
    assert sql("select count(*) from job where kind = 'hook.fanout' and (args ->> 'audience')::jsonb @> to_jsonb(%s::bigint)", number_of(jane)) == "1"


# -- what cancels out no more ------------------------------------------------------------------------------------------

def test_what_cancelled_out_and_does_no_more_is_open_again(home, sql):
    """A share that nobody had paid stayed settled, and its expense could not be changed any more."""
    def settles(payer, payee, amount):
        made = payer.post(LIST, {"payee_id": payee.id, "amount": amount, "group_id": home.group}, 201).data
        payee.post(place(made, "confirm"), {"confirmation_type": "received"})

    def open_in(expense):
        return [part.name for part in home.ann.get(f"/api/expenses/{expense.id}/").data.participants if not part.is_settled]

    def unsettled():
        return home.ann.get(f"/api/groups/{home.group}/").data.unsettled_amount
    names = [one.username + " " + one.username for one in home.members]
    hers, his = home.enter(home.ann, "30.00"), home.enter(home.bob, "15.00")
    settles(home.bob, home.ann, "1.00")
    assert open_in(his) == names[1:] and unsettled() == "25.00"          # ann's 5.00 cancel out: bob owes her 9.00
    home.ann.call("PUT", f"/api/expenses/{hers.id}/", 200, {"amount": "33.00"})
    assert open_in(his) == names[1:] and unsettled() == "27.00"
    home.ann.call("PUT", f"/api/expenses/{hers.id}/", 200, {"amount": "9.00"})
    assert open_in(his) == names and unsettled() == "13.00"              # bob's 3.00 are covered by 1.00 and what she owes him in turn
    home.ann.call("PUT", f"/api/expenses/{hers.id}/", 200, {"amount": "30.00"})
    assert open_in(his) == names[1:] and unsettled() == "25.00"
    settles(home.bob, home.ann, "0.01")
    assert open_in(his) == names[1:]
    home.ann.delete(f"/api/expenses/{hers.id}/", 204)
    assert open_in(his) == names and unsettled() == "10.00"
    assert sql("select settled from expenses.debt where group_id = %s and debtor_id = %s and creditor_id = %s", home.group[4:], home.ann.number,
               home.bob.number) == "0"
