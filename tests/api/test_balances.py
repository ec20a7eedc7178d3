# SPDX-License-Identifier: GPL-3.0-or-later
"""How the members of a group stand, and how one leaves."""
import random
import subprocess

import pytest

from circle import JOIN, number
from subscriber import Subscriber
from waits import until


def payments(answer):
    """[(from, to, amount)], by first names."""
    return [(p["from"]["name"].split()[0], p["to"]["name"].split()[0], p.amount) for p in answer.data.simplified_debts]


def balances(answer):
    return {b.user.name.split()[0]: b.balance for b in answer.data.balances}


@pytest.fixture
def three(circle):
    ann, bob, carl = circle.people("Ann", "Bob", "Carl")
    return circle.group(ann, bob, carl), ann, bob, carl


# -- who stands how ----------------------------------------------------------------------------------------------------

def test_debts_are_simplified(circle, three):
    """Carl owes Bob what Bob owes Ann: he pays Ann."""
    group, ann, bob, carl = three
    circle.expense(group, ann, 1000, bob)
    circle.expense(group, bob, 1000, carl)
    shown = carl.get(f"{group}balances/")
    assert balances(shown) == {"Ann": "10.00", "Bob": "0.00", "Carl": "-10.00"}
    assert payments(shown) == [("Carl", "Ann", "10.00")] and shown.data.is_simplified is True
    owing = {b.user.id: b.owes for b in shown.data.balances}
    assert owing == {ann.ref: [], bob.ref: [], carl.ref: [{"to_user": {"id": ann.ref, "name": "Ann Doe"}, "amount": "10.00"}]}
    assert bob.get(f"{group}balances/").data == shown.data


def test_debts_one_by_one(circle, three):
    group, ann, bob, carl = three
    circle.expense(group, ann, 1000, bob)
    circle.expense(group, bob, 1000, carl)
    circle.expense(group, bob, 300, ann)
    ann.call("PATCH", group, 200, {"settings": {"simplify_debts": False}})
    shown = ann.get(f"{group}balances/")
    assert payments(shown) == [("Bob", "Ann", "7.00"), ("Carl", "Bob", "10.00")] and shown.data.is_simplified is False
    circle.settlement(group, bob, ann, 900)                       # more than he owes: it turns round
    shown = ann.get(f"{group}balances/")
    assert payments(shown) == [("Ann", "Bob", "2.00"), ("Carl", "Bob", "10.00")]
    assert balances(shown) == {"Ann": "-2.00", "Bob": "12.00", "Carl": "-10.00"} and circle.wrong(group) == ""
    assert [b.owes for b in shown.data.balances][1] == []


def test_too_many_debts_are_simplified(circle, sql):
    """Everybody of a hundred and one owes each: 5050 payments."""
    ann = circle.person()
    group = circle.group(ann)
    mine = number(group.rstrip("/"))
    sql("with a as (insert into account (product, email, username) select 'expenses', 'many' || n || '-' || %s || '@example.org', 'many' || n || '-' || %s "
        "from generate_series(1, 100) n returning id, email), p as (insert into expenses.profile (account_id, first_name, last_name, "
        "preferred_currency, timezone) select id, 'M', 'any', 'USD', 'UTC' from a) "
        "insert into expenses.member (group_id, account_id, email, status) select %s, id, email, 'active' from a", ann.number, ann.number, mine)
    ann.call("PATCH", group, 200, {"settings": {"simplify_debts": False}})
    sql("insert into expenses.debt (group_id, debtor_id, creditor_id, owed) select %s, a.account_id, b.account_id, 1 from expenses.member a "
        "join expenses.member b on b.group_id = a.group_id and a.account_id < b.account_id where a.group_id = %s", mine, mine)
    sql("update expenses.member m set owed = (select count(*) from expenses.debt where group_id = m.group_id and debtor_id = m.account_id), "
        "paid = (select count(*) from expenses.debt where group_id = m.group_id and creditor_id = m.account_id) where m.group_id = %s", mine)
    shown = ann.get(f"{group}balances/").data
    assert shown.is_simplified is True and len(shown.balances) == 101 and len(shown.simplified_debts) <= 100
    sql("delete from expenses.debt where group_id = %s and debtor_id = %s", mine, ann.number)
    sql("update expenses.member m set owed = 0, paid = 0 where group_id = %s and account_id = %s", mine, ann.number)
    assert len(ann.get(f"{group}balances/").data.simplified_debts) == 4950


def test_a_group_in_which_nobody_owes(three):
    group, ann, *_ = three
    shown = ann.get(f"{group}balances/")
    assert balances(shown) == {"Ann": "0.00", "Bob": "0.00", "Carl": "0.00"} and payments(shown) == []


# -- leaving -----------------------------------------------------------------------------------------------------------

@pytest.fixture
def subscriber():
    made = Subscriber()
    yield made
    made.close()


def test_a_member_leaves(circle, three, subscriber):
    group, ann, bob, carl = three
    ann.post("/api/webhooks/", {"url": subscriber.url, "events": ["group.member_left"]}, 201)
    left = bob.post(f"{group}leave/")
    assert left.message == "Successfully left the group" and "data" not in left
    sent, = subscriber.wait(1)
    assert sent.body["data"] == {"group_id": ann.get(group).data.id, "group_name": "Roommates", "user": {"id": bob.ref, "name": "Bob Doe"},
                                 "role": "member"}
    until(lambda: any(n.type == "member_left" for n in carl.get("/api/notifications/")["data"]), "carl is told")
    bob.get(group, 404)
    bob.post(f"{group}leave/", None, 404)
    shown = ann.get(group).data
    assert shown.member_count == shown.statistics.active_members == 2
    assert balances(ann.get(f"{group}balances/")) == {"Ann": "0.00", "Carl": "0.00"}


def test_who_owes_or_is_owed_stays(circle, three):
    group, ann, bob, carl = three
    circle.expense(group, ann, 900, ann, bob, carl)
    for one in (ann, bob):
        assert one.post(f"{group}leave/", None, 409).error.code == "CONFLICT"
    circle.settlement(group, bob, ann, 300)
    bob.post(f"{group}leave/")
    assert circle.wrong(group) == "" and carl.get(group).data.unsettled_amount == "3.00"


def test_settlements_of_who_leaves(circle, three, sql):
    group, ann, bob, carl = three
    paying = circle.settlement(group, bob, ann, 100, "processing")
    assert bob.post(f"{group}leave/", None, 409).error.code == "CONFLICT"
    sql("update expenses.settlement set status = 'failed' where id = %s", paying)
    asked, done, others = circle.settlement(group, ann, bob, 50, "pending"), circle.settlement(group, carl, bob, 70), \
        circle.settlement(group, ann, carl, 80, "pending")
    circle.settlement(group, bob, carl, 70)
    bob.post(f"{group}leave/")
    states = sql("select string_agg(status, ' ' order by id) from expenses.settlement where id in (%s, %s, %s, %s)", paying, asked, done, others)
    assert states == "cancelled cancelled completed pending"
    assert sorted(sql("select string_agg(data ->> 'settlement_id', ' ') from live_event where type = 'payment_update' and data ->> 'status' = "
                      "'cancelled' and %s = any (audience)", bob.number).split()) == sorted([f"stl_{paying}", f"stl_{asked}"])
    assert [a.type for a in ann.get(f"{group}activity/")["data"]][:3] == ["member_left", "settlement_cancelled", "settlement_cancelled"]
    sql("select expenses.settlement_complete(%s, 'cash')", asked)
    assert balances(ann.get(f"{group}balances/")) == {"Ann": "0.00", "Carl": "0.00"}


def test_debts_go_on_without_who_leaves(circle, three):
    """Ann owes Bob ten, Bob owes Carl ten: when Bob leaves, Ann owes Carl."""
    group, ann, bob, carl = three
    first, second = circle.expense(group, bob, 1000, ann), circle.expense(group, carl, 1000, bob)
    assert circle.debts(group) == {(ann.number, bob.number): 1000, (bob.number, carl.number): 1000}
    bob.post(f"{group}leave/")
    assert circle.debts(group) == {(ann.number, carl.number): 1000} and circle.wrong(group) == ""
    shown = carl.get(f"{group}balances/")
    assert balances(shown) == {"Ann": "-10.00", "Carl": "10.00"} and payments(shown) == [("Ann", "Carl", "10.00")]
    assert carl.get(group).data.unsettled_amount == "0.00" and first != second
    circle.settlement(group, ann, carl, 1000)
    assert circle.debts(group) == {} and circle.wrong(group) == ""
    for one in (ann, carl):
        one.post(f"{group}leave/")


def test_what_is_passed_on_settles_what_it_covers(circle, three, sql):
    """Carl owes Ann four of his own: with what he is owed by her through Bob that is settled."""
    group, ann, bob, carl = three
    circle.expense(group, bob, 1000, ann)
    circle.expense(group, carl, 1000, bob)
    own = circle.expense(group, ann, 400, carl)
    bob.post(f"{group}leave/")
    assert circle.debts(group) == {(ann.number, carl.number): 600} and circle.wrong(group) == ""
    assert sql("select open from expenses.expense where id = %s", own) == "0" and carl.get(group).data.unsettled_amount == "0.00"


@pytest.mark.parametrize("seed", range(3))
def test_nobody_stands_otherwise_when_somebody_leaves(circle, sql, seed):
    """Any books: whoever is even goes, until nobody is; then what is owed is paid and all go."""
    chance, people = random.Random(f"leaving {seed}"), circle.people("Ann", "Bob", "Carl", "Dora", "Eve")
    group = circle.group(*people)
    for _ in range(12):
        sharers = chance.sample(people, chance.randint(1, 5))
        circle.expense(group, chance.choice(people), chance.randint(1, 5000), *sharers, weights=[chance.randint(1, 9) for _ in sharers])
    for _ in range(2):
        circle.settlement(group, *chance.sample(people, 2), chance.randint(1, 2000))
    stand = "select json_object_agg(account_id, balance order by account_id) from expenses.member where group_id = %s and account_id <> %s"
    while people:
        assert circle.wrong(group) == ""
        leaver = people.pop(0)
        balance = int(sql("select balance from expenses.member where group_id = %s and account_id = %s", number(group.rstrip("/")), leaver.number))
        if balance and people:
            other = chance.choice(people)
            circle.settlement(group, *((leaver, other) if balance < 0 else (other, leaver)), abs(balance))
        before = sql(stand, number(group.rstrip("/")), leaver.number)
        leaver.post(f"{group}leave/")
        assert sql(stand, number(group.rstrip("/")), leaver.number) == before
        assert not any(leaver.number in pair for pair in circle.debts(group))
        assert sql("select count(*) from expenses.share where group_id = %s and settled_at is null and account_id <> owed_to and amount > 0 "
                   "and %s in (account_id, owed_to)", number(group.rstrip("/")), leaver.number) == "0"
    assert circle.wrong(group) == "" and circle.debts(group) == {}


def test_the_oldest_member_becomes_admin(circle, three):
    group, ann, bob, carl = three
    ann.post(f"{group}leave/")
    assert bob.get(group).data.is_admin is True and carl.get(group).data.is_admin is False
    ann.post(JOIN, {"invite_code": bob.get(group).data.invite_code})
    bob.post(f"{group}leave/")
    assert carl.get(group).data.is_admin is True and ann.get(group).data.is_admin is False     # she came after him


def test_an_empty_group_is_active_no_more(circle, sql):
    ann, bob = circle.people("Ann", "Bob")
    group = circle.group(ann)
    code = ann.get(group).data.invite_code
    ann.post(f"{group}leave/")
    assert sql("select is_active, active from expenses.expense_group where id = %s", number(group.rstrip("/"))) == "f|0"
    assert bob.post(JOIN, {"invite_code": code}, 409).error.code == "CONFLICT"


def test_who_leaves_while_an_expense_is_entered(circle, three, later, sql, stack):
    """He waits for the group's lock, and judges by what is there then."""
    group, ann, bob, _ = three
    mine = number(group.rstrip("/"))
    made = circle.expense(group, ann, 1000, bob)
    sql("select expenses.book(%s, -1)", made)
    with subprocess.Popen(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", stack["database_url"]], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as psql:
        psql.stdin.write(f"begin;\nselect expenses.group_lock({mine});\nselect expenses.book({made}, 1);\n")
        psql.stdin.flush()
        assert psql.stdout.readline().strip() == str(mine)
        leaving = later(bob.post, f"{group}leave/", None, 409)
        until(lambda: sql("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like %s", "%%group_leave%%") != "0",
              "he waits")
        psql.stdin.write("commit;\n")
        psql.stdin.close()
        psql.stdout.read()
    assert leaving.result().error.code == "CONFLICT" and bob.get(group).data.my_balance == "-10.00" and circle.wrong(group) == ""
