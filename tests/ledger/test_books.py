# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever people do in a group, in whatever order: its books come to what they have to."""
import random
import threading

from hypothesis import given, settings
from hypothesis import strategies as st

from deeds import ANY, COMMUTING, CURRENCY, WITHOUT_ENDS, several
from house import House
from recount import wrong

MEMBERS = st.integers(2, 6)


@given(MEMBERS, CURRENCY, several(WITHOUT_ENDS, 20, 60))
def test_the_books_are_right(office, members, currency, deeds):
    house = House(office, office.people(members), currency)
    for deed in deeds:
        house.do(deed)
    house.check()
    house.check_pairs()


@given(st.integers(3, 6), CURRENCY, several(ANY, 20, 60))
def test_the_books_are_right_when_people_come_and_go(office, members, currency, deeds):
    """In the end all that is owed is paid; then anybody can leave."""
    house = House(office, office.people(members), currency)
    for deed in deeds:
        house.do(deed)
    house.check()
    for debtor, creditor, amount in list(settling(house)):
        house.settle(debtor, creditor, amount)
    assert not any(house.balances().values())
    house.check()
    house.leave(len(deeds))
    house.check()
    house.check_pairs()


def settling(house):
    """What the API says that is to be paid, by those who are there."""
    places = {one.ref: place for place, one in enumerate(house.active)}
    for debt in house.active[0].get(f"/groups/{house.ref}/balances/")["simplified_debts"]:
        debtor, creditor = places[debt["from"]["id"]], places[debt["to"]["id"]]
        yield debtor, (creditor - debtor - 1) % len(places), int(debt["amount"].replace(".", ""))


@given(MEMBERS, CURRENCY, several(COMMUTING, 8, 30), st.randoms(use_true_random=False))
def test_the_order_does_not_matter(office, members, currency, deeds, order):
    """The same expenses and settlements by the same people in two groups, one in another order."""
    people = office.people(members)
    houses = [House(office, people, currency) for _ in range(2)]
    turned = list(deeds)
    order.shuffle(turned)
    for house, todo in zip(houses, (deeds, turned)):
        for deed in todo:
            house.do(deed)
        house.check()

    def books(house):
        return people[0].get(f"/groups/{house.ref}/balances/")
    assert books(houses[0]) == books(houses[1])
    for house in houses:
        house.check_pairs()
    assert books(houses[0]) == books(houses[1])
    kept = [office.sql("select json_agg(json_build_array(debtor_id, creditor_id, owed, paid) order by debtor_id, creditor_id) from expenses.debt "
                       f"where group_id = {house.number} and (owed, paid) <> (0, 0)") for house in houses]
    assert kept[0] == kept[1]


def busy(house, seed, deeds, troubles):
    """One of several: what has been changed meanwhile by another may be refused, but nothing goes wrong."""
    dice = random.Random(seed)
    refused, office = (400, 403, 404, 409, 422), house.office

    def one():
        return dice.choice(house.members)

    def member(call, *words, **more):
        """A status, or what came."""
        answer = call(*words, expect=(200, 201, 204, *refused), **more)
        return answer

    def a_name(path):
        rows = member(one().call, "GET", path)
        return dice.choice(rows)["id"] if isinstance(rows, list) and rows else None

    def create():
        sharers = dice.sample(house.members, dice.randint(1, len(house.members)))
        member(one().post, "/expenses/", {
            "title": "Busy", "amount": f"{dice.randint(1, 99999) / 100:.2f}", "group_id": house.ref, "paid_by": one().ref, "expense_date": "2024-02-01",
            "split_type": "shares", "split_data": {sharer.ref: dice.randint(1, 9) for sharer in sharers}})

    def change():
        if name := a_name(f"/expenses/?group_id={house.ref}&page_size=10"):
            what = dice.randrange(3)
            if what == 0:
                member(one().call, "PUT", f"/expenses/{name}/", {"amount": f"{dice.randint(1, 99999) / 100:.2f}"})
            elif what == 1:
                member(one().post, f"/expenses/{name}/split/", {"split_type": "equal", "split_data": {
                    "participants": [sharer.ref for sharer in dice.sample(house.members, 2)]}})
            else:
                member(one().call, "DELETE", f"/expenses/{name}/")

    def settle():
        payer, payee = dice.sample(house.members, 2)
        made = member(payer.post, "/payments/settlements/", {"payee_id": payee.ref, "group_id": house.ref, "amount": f"{dice.randint(1, 9999) / 100:.2f}"})
        if isinstance(made, dict):
            place = f"/payments/settlements/{made['id']}/"
            for actor, word in dice.sample([(payer, "paid"), (payee, "received"), (payee, None)], 2):
                member(actor.post, f"{place}{'confirm' if word else 'cancel'}/", {"confirmation_type": word} if word else None)

    def leave():
        gone = one()
        if member(gone.post, f"/groups/{house.ref}/leave/") == {}:
            member(gone.post, "/groups/join/", {"invite_code": house.code})

    try:
        for _ in range(deeds):
            dice.choices((create, change, settle, leave), (4, 4, 3, 1))[0]()
            office.counts["operations"] += 1
    except BaseException as why:                                         # pylint: disable=broad-exception-caught
        troubles.append(why)


def test_many_at_once(office):
    """Four do everything in one group at the same time: what is kept is what the rows come to. Several groups, one after the other."""
    for number in range(max(2, settings().max_examples // 10)):
        house, troubles = House(office, office.people(6), "USD"), []
        threads = [threading.Thread(target=busy, args=(house, f"{number} {n}", 40, troubles)) for n in range(4)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert troubles == []
        left = int(office.sql(f"select count(*) from expenses.activity where group_id = {house.number} and type = 'member_left'"))
        assert wrong(office.sql, house.number, apart=left > 0) == []
        office.counts["groups at once"] += 1
