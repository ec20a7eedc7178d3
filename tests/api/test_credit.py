# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether shares of the Expense Tracker are settled follows its books with every change of an expense, too."""
import pytest

from household import EXPENSES


@pytest.fixture
def paid(home):
    """paid(home.bob, "50.00"): to ann, who has got it."""
    def pay(who, amount, payee=None):
        made = who.post("/api/payments/settlements/", {"payee_id": (payee or home.ann).id, "amount": amount, "group_id": home.group}, 201).data
        who.post(f"/api/payments/settlements/{made.id}/confirm/", {"confirmation_type": "paid"})
    return pay


def shown(home, expense):
    return home.ann.get(f"{EXPENSES}{expense.id}/").data


def open_of(home, expense):
    """Whose shares in it are open."""
    return [one.user_id for one in shown(home, expense).participants if not one.is_settled]


def unsettled(home):
    return home.ann.get(f"/api/groups/{home.group}/").data.unsettled_amount


def change(home, expense, expect=200, **body):
    return home.ann.call("PUT", f"{EXPENSES}{expense.id}/", expect, body)


def two(home, *others):
    return {"participants": [home.ann.id, *(other.id for other in others or (home.bob,))]}


def test_what_was_paid_too_much_covers_what_comes(home, paid):
    """Its share was open until the next settlement."""
    paid(home.bob, "50.00")
    made = home.enter(amount="80.00", split_data=two(home))
    assert made.is_settled and [one.is_settled for one in made.participants] == [True, True] and unsettled(home) == "0.00"
    assert shown(home, made).shares[1].settled_at
    more = home.enter(amount="40.00", split_data=two(home))
    assert open_of(home, more) == [home.ann.id, home.bob.id] and unsettled(home) == "20.00"       # 10.00 are left
    titles = [row.title for row in home.ann.get(f"{EXPENSES}?group_id={home.group}&is_settled=true")["data"]]
    assert titles == ["Dinner"] and home.ann.get(f"{EXPENSES}?group_id={home.group}&is_settled=false").meta.pagination.total_items == 1
    paid(home.bob, "10.00")
    assert open_of(home, more) == [] and unsettled(home) == "0.00"


def test_what_is_covered_without_a_settlement_can_be_changed(home, paid):
    paid(home.bob, "50.00")
    made, more = home.enter(amount="80.00", split_data=two(home)), home.enter(amount="40.00", split_data=two(home))
    change(home, made, amount="60.00")
    assert open_of(home, made) == [] and open_of(home, more) == [] and unsettled(home) == "0.00"
    change(home, made, amount="101.00")
    assert open_of(home, made) == [home.ann.id, home.bob.id] and open_of(home, more) == [] and unsettled(home) == "50.50"
    change(home, more, paid_by=home.bob.id)
    assert open_of(home, made) == [] and unsettled(home) == "20.00"       # 50.00 and 0.50 of what ann owes in turn cover it
    assert open_of(home, more) == [home.ann.id, home.bob.id]
    home.ann.post(f"{EXPENSES}{made.id}/split/", {"split_type": "equal", "split_data": two(home, home.cid)})
    assert open_of(home, made) == [home.ann.id, home.cid.id] and open_of(home, more) == [home.ann.id, home.bob.id]
    home.ann.delete(f"{EXPENSES}{more.id}/", 204)
    assert unsettled(home) == "50.50"


def test_what_is_taken_away_leaves_its_cover_to_others(home, paid):
    paid(home.bob, "50.00")
    made, more = home.enter(amount="80.00", split_data=two(home)), home.enter(amount="90.00", split_data=two(home))
    assert open_of(home, more) == [home.ann.id, home.bob.id]
    home.ann.delete(f"{EXPENSES}{made.id}/", 204)
    assert open_of(home, more) == [] and unsettled(home) == "0.00"


def test_what_a_settlement_has_settled_stays(home, paid):
    made = home.enter(amount="80.00", split_data=two(home))
    paid(home.bob, "50.00")
    assert open_of(home, made) == []
    later = home.enter(amount="20.00", split_data=two(home))
    assert open_of(home, later) == []
    assert change(home, made, 409, amount="60.00").error.code == "CONFLICT"
    home.ann.delete(f"{EXPENSES}{made.id}/", 409)
    change(home, later, amount="21.00")
    assert open_of(home, later) == [home.ann.id, home.bob.id] and unsettled(home) == "10.50"


def test_the_oldest_is_covered_first(home, paid):
    paid(home.bob, "50.00")
    made = home.enter(amount="120.00", split_data=two(home), expense_date="2024-01-10")
    more = home.enter(amount="100.00", split_data=two(home), expense_date="2024-01-11")
    assert open_of(home, made) == open_of(home, more) == [home.ann.id, home.bob.id]
    change(home, made, expense_date="2024-01-12")
    assert open_of(home, more) == [] and unsettled(home) == "60.00"


def test_what_two_owe_each_other_cancels_out_at_once(home):
    hers = home.enter(amount="30.00", split_data=two(home))
    his = home.enter(home.bob, amount="20.00", split_data=two(home))
    assert his.is_settled and open_of(home, hers) == [home.ann.id, home.bob.id] and unsettled(home) == "15.00"
    home.bob.call("PUT", f"{EXPENSES}{his.id}/", 200, {"amount": "30.00"})
    assert open_of(home, his) == open_of(home, hers) == [] and unsettled(home) == "0.00"
    home.ann.delete(f"{EXPENSES}{hers.id}/", 204)
    assert open_of(home, his) == [home.ann.id, home.bob.id] and unsettled(home) == "15.00"


def test_a_share_of_nothing_is_owed_by_nobody(home, sql, paid):
    """It was open for ever: no settlement covers nothing."""
    sql("insert into expenses.fx_rate (currency, day, usd) values ('VND', '2024-01-12', 0.00004) on conflict do nothing")
    made = home.enter(amount="100", currency="VND", expense_date="2024-01-12")
    assert made.is_settled and [one.is_settled for one in made.participants] == [True] * 3
    assert [row.id for row in home.ann.get(f"{EXPENSES}?is_settled=true")["data"]] == [made.id] and unsettled(home) == "0.00"
    paid(home.bob, "1.00")
    change(home, made, amount="1000")                              # four cents: of the three shares the payer's is two
    assert open_of(home, made) == [home.ann.id, home.cid.id] and unsettled(home) == "0.01"
    change(home, made, amount="100")
    assert shown(home, made).is_settled and unsettled(home) == "0.00"


@pytest.mark.parametrize("paid, turned", [(250, 2), (-250, -3)])
def test_of_many_shares_few_are_read(home, sql, paid, turned):
    """All that were open between two were read and sorted with every change, and all of a person's to open one again."""
    settled = f"(select count(settled_at) from expenses.share where group_id = {home.group[4:]})"
    looked = "(select idx_tup_fetch + seq_tup_read from pg_stat_xact_user_tables where relid = 'expenses.share'::regclass)"
    found = sql(f"""begin;
      with made as (
        insert into expenses.expense (account_id, paid_by, group_id, title, amount, booked, currency, expense_date)
        select p.id, p.id, {home.group[4:]}, 'Tea', 100, 100, 'USD', p.day + i / 10
          from (values ({home.ann.number}, date '2024-01-01'), ({home.cid.number}, '2025-06-01')) as p(id, day), generate_series(1, 4000) i
        returning id, expense_date, paid_by)
      insert into expenses.share (expense_id, account_id, position, amount, booked, group_id, owed_to, day, currency, settled_at)
      select id, {home.bob.number}, 1, 100, 100, {home.group[4:]}, paid_by, expense_date, 'USD', case when id / 2 %% 2 = 0 then now() end from made;
      insert into expenses.debt (group_id, debtor_id, creditor_id, owed, settled, paid)
      values ({home.group[4:]}, {home.bob.number}, {home.ann.number}, 400000, 200000, 200000 + {paid});
      analyze expenses.share;
      select set_config('test.settled', {settled}::text, true) is null;
      select set_config('test.looked', {looked}::text, true) is null;
      select expenses.shares_follow({home.group[4:]}, {home.ann.number}, array[{home.bob.number}], false) is null;
      select {looked} - current_setting('test.looked')::bigint;
      select {settled} - current_setting('test.settled')::bigint;
      rollback""").split("\n")[-2:]
    read, changed = map(int, found)
    assert changed == turned and read < 100
