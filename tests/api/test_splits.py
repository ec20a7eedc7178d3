# SPDX-License-Identifier: GPL-3.0-or-later
"""How expenses are split: the parts come to the amount, and who gets the units that are left over is always the same."""
import json
import random
from fractions import Fraction

import pytest

from household import EXPENSES, refused, shares


def split(home, made, kind, data, expect=200, who=None):
    return (who or home.ann).post(f"{EXPENSES}{made.id}/split/", {"split_type": kind, "split_data": data}, expect)["data" if expect == 200 else "error"]


def named(home, *values):
    return {one.id: value for one, value in zip(home.members, values)}


def largest_remainder(amount, weights):
    whole = [amount * weight // sum(weights) for weight in weights]
    rest = [Fraction(amount * weight, 1) / sum(weights) - part for weight, part in zip(weights, whole)]
    order = sorted(range(len(weights)), key=lambda n: (-rest[n], n))
    for n in order[:amount - sum(whole)]:
        whole[n] += 1
    return [int(part) for part in whole]


def test_spare_units_of_an_equal_split_go_to_the_first(home):
    assert shares(home.enter(amount="100.00")) == ["33.34", "33.33", "33.33"]
    assert shares(home.enter(amount="0.02")) == ["0.01", "0.01", "0.00"]
    made = home.enter(amount="100.00", split_data={"participants": [home.cid.id, home.bob.id, home.ann.id]})
    assert [(one.user_id, one.share) for one in made.participants] == [(home.cid.id, "33.34"), (home.bob.id, "33.33"), (home.ann.id, "33.33")]
    home.books_hold()


def test_the_reference_s_percentages(home):
    made = home.enter(amount="250.00")
    assert split(home, made, "percentage", named(home, 40, 30, 30)) == {"shares": [
        {"user_id": home.ann.id, "amount": "100.00", "percentage": 40}, {"user_id": home.bob.id, "amount": "75.00", "percentage": 30},
        {"user_id": home.cid.id, "amount": "75.00", "percentage": 30}]}
    raw = home.ann.post(f"{EXPENSES}{made.id}/split/", {"split_type": "percentage", "split_data": named(home, "33.34", 33.33, 33.33)})
    assert [one["percentage"] for one in raw["data"].shares] == [33.34, 33.33, 33.33] and b'"percentage" : 33.34' in raw.http.content
    assert [one.amount for one in raw["data"].shares] == ["83.35", "83.33", "83.32"]
    home.books_hold()


@pytest.mark.parametrize("kind, values, parts", [
    ("percentage", (33.33, 33.33, 33.34), ["33.33", "33.33", "33.34"]), ("percentage", ("0.01", "99.99"), ["0.01", "99.99"]),
    ("exact", ("10.00", 20.5, "69.50"), ["10.00", "20.50", "69.50"]), ("exact", ("0", "100"), ["0.00", "100.00"]),
    ("shares", (2, 1, 4), ["28.57", "14.29", "57.14"]), ("shares", ("1", 1, 1), ["33.34", "33.33", "33.33"]),
    ("shares", (1000000, 1), ["100.00", "0.00"])], ids=str)
def test_parts(home, kind, values, parts):
    data = named(home, *values)
    assert shares(home.enter(amount="100.00", split_type=kind, split_data=data)) == parts
    changed = split(home, home.enter(amount="100.00"), kind, data)
    assert [one.amount for one in changed.shares] == parts
    home.books_hold()


@pytest.mark.parametrize("kind, data", [
    ("percentage", (50, 49)), ("percentage", (50.005, 49.995)), ("percentage", (150, "-50")), ("percentage", ("x", 100)), ("percentage", (None, 100)),
    ("exact", (50, 49)), ("exact", ("50.005", "49.995")), ("exact", (110, "-10")), ("exact", ([], 100)), ("exact", ("1e2",)), ("exact", ("NaN",)),
    ("shares", (0, 1)), ("shares", (1.5, 1)), ("shares", (1000001, 1)), ("shares", (-1, 1)), ("shares", (True, 1)), ("shares", ()),
    ("equal", (1, 1, 1))], ids=str)
def test_what_is_no_split(home, kind, data):
    made, before = home.enter(amount="100.00"), home.kept()
    error = split(home, made, kind, named(home, *data), 422)
    assert refused(error)[0].startswith("split_data") and home.kept() == before


@pytest.mark.parametrize("people", [[], ["ann", "ann"], ["eve"], ["usr_999999999"], ["nobody"], [5], [None], "ann", None, {}], ids=str)
def test_who_is_no_participant(home, people):
    named = [{"ann": home.ann.id, "eve": home.eve.id}.get(one, one) if isinstance(one, str) else one for one in people] if isinstance(people, list) else people
    before = home.kept()
    assert refused(home.enter(split_data={"participants": named}, expect=422))[0].startswith("split_data") and home.kept() == before
    home.leave(home.cid)
    assert refused(home.enter(split_type="shares", split_data={home.ann.id: 1, home.cid.id: 1}, expect=422)) == ["split_data"]


def test_five_hundred_share_at_most(home):
    many = {f"usr_{n}": 1 for n in range(1, 502)}
    assert "1 to 500" in home.enter(split_type="shares", split_data=many, expect=422).details[0].message
    assert "1 to 500" in home.enter(split_data={"participants": list(many)}, expect=422).details[0].message


def test_a_type_that_needs_to_be_told_how(home):
    for kind in ("percentage", "exact", "shares"):
        assert refused(home.enter(split_type=kind, expect=422)) == ["split_data"]
        assert refused(home.enter(split_type=kind, split_data=None, expect=422)) == ["split_data"]
    assert refused(split(home, home.enter(), "equal", None, 422)) == ["split_data"]
    assert refused(split(home, home.enter(), "fair", {}, 422)) == ["split_type"]


def test_another_amount_is_split_in_the_same_way(home):
    def changed(made, **body):
        return home.ann.call("PUT", f"{EXPENSES}{made.id}/", 200, body)["data"]
    assert shares(changed(home.enter(amount="100.00", split_type="percentage", split_data=named(home, 50, 25, 25)), amount="10.01")) == ["5.01", "2.50", "2.50"]
    assert shares(changed(home.enter(amount="100.00", split_type="shares", split_data=named(home, 1, 2, 3)), amount="60")) == ["10.00", "20.00", "30.00"]
    exact = home.enter(amount="100.00", split_type="exact", split_data=named(home, 50, 25, 25))
    assert refused(home.ann.call("PUT", f"{EXPENSES}{exact.id}/", 422, {"amount": "10.01"}).error) == ["split_data"]
    assert shares(changed(exact, amount="10.01", split_data=named(home, 10, "0.01"))) == ["10.00", "0.01"]
    assert shares(changed(exact, title="Renamed")) == ["10.00", "0.01"]
    equally = changed(exact, split_type="equal")
    assert (equally.split_type, shares(equally)) == ("equal", ["5.01", "5.00"])
    home.books_hold()


def test_a_split_that_is_the_same_changes_nothing(home):
    made = home.enter(split_type="shares", split_data=named(home, 1, 2, 3))
    split(home, made, "shares", named(home, 1, 2, 3))
    assert home.sql("select count(*) from expenses.activity where expense_id = %s", made.id[4:]) == "1"
    split(home, made, "shares", named(home, 3, 2, 1))
    changes = json.loads(home.sql("select metadata -> 'changes' from expenses.activity where expense_id = %s and type = 'split_updated'", made.id[4:]))
    assert changes == {"split": {"old": named(home, "1", "2", "3"), "new": named(home, "3", "2", "1")}}
    home.books_hold()


def test_who_may_split(home):
    made = home.enter(home.bob)
    split(home, made, "shares", named(home, 1, 1, 1), 403, home.cid)
    split(home, made, "shares", named(home, 1, 1, 1), 404, home.eve)
    split(home, made, "shares", named(home, 1, 1, 2), who=home.bob)
    home.settle(made, home.cid)
    assert split(home, made, "shares", named(home, 1, 1, 1), 409).code == "CONFLICT"


def test_random_splits_come_to_their_amounts(home):
    chance = random.Random(20240115)
    for _ in range(25):
        count, amount = chance.randint(1, 3), chance.randint(1, 10**chance.randint(1, 9))
        weights = [chance.randint(1, 10**chance.randint(0, 6)) for _ in range(count)]
        made = home.enter(amount=f"{amount // 100}.{amount % 100:02}", split_type="shares", split_data=named(home, *weights))
        assert [int(part.replace(".", "")) for part in shares(made)] == largest_remainder(amount, weights), (amount, weights)
    home.books_hold()


def test_what_is_not_there_is_told_from_what_is_wrong(home):
    """gaps E03: UNKNOWN_REFERENCE."""
    def code(path, body):
        return [detail.code for detail in home.ann.post(path, body, 422).error.details]

    made = {"title": "Dinner", "amount": "30.00", "group_id": home.group}
    for named in ({"category_id": "cat_999999"}, {"paid_by": home.eve.id}, {"split_data": {"participants": [home.eve.id]}}, {"currency": "XQX"}):
        assert code(EXPENSES, {**made, **named}) == ["UNKNOWN_REFERENCE"], named
    assert code(EXPENSES, {**made, "split_data": {"participants": []}}) == code(EXPENSES, {**made, "amount": "1.234"}) == ["INVALID_VALUE"]
    for named in ({"payee_id": home.eve.id}, {"payee_id": home.eve.id, "group_id": home.group}, {"payee_id": home.bob.id, "group_id": "grp_999999999"}):
        assert code("/api/payments/settlements/", {"amount": "1.00", **named}) == ["UNKNOWN_REFERENCE"], named
    report = {"report_type": "group_summary", "format": "csv", "filters": {"group_ids": ["grp_999999999"]}}
    assert code("/api/analytics/reports/generate/", report) == ["UNKNOWN_REFERENCE"]
