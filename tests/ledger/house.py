# SPDX-License-Identifier: GPL-3.0-or-later
"""A group whose members do what they are told through the API, and its model, which does the same."""
import datetime
import json

from model import DIGITS, Expense, Group, apportioned, text_of, transfers
from recount import wrong

FIRST_DAY = datetime.date(2024, 1, 1)
MARKS = """select coalesce(json_agg(json_build_array(expense_id, account_id) order by expense_id, account_id), '[]')
             from expenses.share where group_id = {} and live and settled_at is not null"""


class House:
    def __init__(self, office, members, currency):
        self.office, self.members, self.currency = office, members, currency
        self.active, self.model, self.open, self.apart = list(members), Group(currency), {}, False
        made = members[0].post("/groups/", {"name": "Ledger", "currency": currency})
        self.ref, self.code = made["id"], made["invite_code"]
        self.number = int(self.ref.removeprefix("grp_"))
        for one in members[1:]:
            one.post("/groups/join/", {"invite_code": self.code})
        office.counts["groups"] += 1

    # -- what is meant by numbers --------------------------------------------------------------------------------------

    def one(self, number):
        return self.active[number % len(self.active)]

    def two(self, number, other):
        """Two different ones."""
        first = number % len(self.active)
        return self.active[first], self.active[(first + 1 + other % (len(self.active) - 1)) % len(self.active)]

    def money(self, minor, currency=None):
        return text_of(minor, currency or self.currency)

    def split(self, said, amount, currency):
        """What is sent, and what it means: who takes part, by what weights."""
        kind, parts = said
        who = list(dict.fromkeys(self.one(number) for number, _ in parts))
        weights = [weight for _, weight in parts][:len(who)]
        if kind == "exact" and amount < len(who):
            kind = "equal"
        if kind == "equal":
            return {"split_type": kind, "split_data": {"participants": [one.ref for one in who]}}, who, [1] * len(who)
        if kind == "percentage":
            weights = apportioned(10000, weights)
            sent = [weight / 100 for weight in weights]
        elif kind == "exact":
            weights = [1 + part for part in apportioned(amount - len(who), weights)]
            sent = [text_of(weight, currency) for weight in weights]
        else:
            sent = weights
        return {"split_type": kind, "split_data": {one.ref: part for one, part in zip(who, sent)}}, who, weights

    # -- what they do --------------------------------------------------------------------------------------------------

    def do(self, deed):
        getattr(self, deed[0])(*deed[1:])
        self.office.counts["operations"] += 1

    def create(self, payer, actor, amount, currency, day, said):
        currency = currency or self.currency
        sent, who, weights = self.split(said, amount, currency)
        payer = self.one(payer)
        made = self.one(actor).post("/expenses/", {
            "title": "Ledger", "amount": self.money(amount, currency), "currency": currency, "group_id": self.ref, "paid_by": payer.ref,
            "expense_date": (FIRST_DAY + datetime.timedelta(days=day)).isoformat(), **sent})
        known = Expense(self.model, payer.number, amount, currency, [one.number for one in who], weights)
        known.actor, known.kind, known.place = self.one(actor), sent["split_type"], (day, int(made["id"].removeprefix("exp_")))
        self.model.expenses[made["id"]] = known
        self.model.follow(True)
        self.held(made, known)
        self.office.counts["expenses"] += 1

    def held(self, shown, known):
        """The answer against the model: the shares sum up, and are those, settled or not."""
        shares = {part["user_id"]: part["share"] for part in shown["participants"]}
        assert shown["amount"] == self.money(known.amount, known.currency)
        assert shares == {f"usr_{who}": self.money(part, known.currency) for who, part in known.shares.items()}
        assert sum(known.shares.values()) == known.amount and sum(known.owed.values()) == known.booked
        assert {part["user_id"]: part["is_settled"] for part in shown["participants"]} == {f"usr_{who}": known.is_settled(who) for who in known.who}
        assert shown["is_settled"] == known.is_settled()

    def chosen(self, which):
        """An expense, its name, who may change it, and whether it can be: not when a settlement has settled another's
        share, or somebody has left."""
        if not self.model.expenses:
            return None
        name = sorted(self.model.expenses)[which % len(self.model.expenses)]
        known = self.model.expenses[name]
        there = {one.number for one in self.active}
        actor = known.actor if known.actor in self.active else next((one for one in self.active if one.number == known.payer), self.admin())
        self.held(actor.get(f"/expenses/{name}/"), known)
        return name, known, actor, known.is_free() and {known.payer, *known.who} <= there

    def admin(self):
        shown = self.active[0].get(f"/groups/{self.ref}/members/?page_size=100")
        number = next(row["user"]["id"] for row in shown if row["role"] == "admin" and row["status"] == "active")
        return next(one for one in self.active if one.ref == number)

    def changes(self, answer, free):
        """What may be done is done, and what may not is a conflict: whether it was done."""
        assert (answer != 409) == free, (answer, free)
        return free

    def edit(self, which, amount, payer):
        found = self.chosen(which)
        if not found or amount is None and payer is None:
            return
        name, known, actor, free = found
        sent = {}
        if amount is not None and known.kind != "exact":
            sent["amount"] = self.money(amount, known.currency)
        if payer is not None:
            sent["paid_by"] = self.one(payer).ref
        fresh = {"amount": self.money(known.amount, known.currency), "paid_by": f"usr_{known.payer}"}
        if not any(sent[key] != fresh[key] for key in sent):
            return
        if self.changes(actor.call("PUT", f"/expenses/{name}/", sent, expect=(200, 409)), free):
            known.amount = amount if "amount" in sent else known.amount
            known.payer = self.one(payer).number if "paid_by" in sent else known.payer
            known.split(known.who, known.weights)
            self.model.follow(True)
            self.held(actor.get(f"/expenses/{name}/"), known)
            self.office.counts["edits"] += 1

    def move(self, which, day):
        """To another day, which is no matter of amounts: but what is older is settled first."""
        found = self.chosen(which)
        if found:
            name, known, actor, _ = found
            known.place = (day, known.place[1])
            made = actor.call("PUT", f"/expenses/{name}/", {"expense_date": (FIRST_DAY + datetime.timedelta(days=day)).isoformat()})
            self.model.follow(True)
            self.held(made, known)
            self.office.counts["moves"] += 1

    def resplit(self, which, said):
        found = self.chosen(which)
        if not found:
            return
        name, known, actor, free = found
        sent, who, weights = self.split(said, known.amount, known.currency)
        same = (known.kind, known.who, known.weights) == (sent["split_type"], [one.number for one in who], weights)      # changes nothing
        if self.changes(actor.post(f"/expenses/{name}/split/", sent, expect=(200, 409)), free or same):
            if not same:
                known.kind = sent["split_type"]
                known.split([one.number for one in who], weights)
                self.model.follow(True)
            self.held(actor.get(f"/expenses/{name}/"), known)
            self.office.counts["edits"] += 1

    def delete(self, which):
        found = self.chosen(which)
        if found and self.changes(found[2].call("DELETE", f"/expenses/{found[0]}/", expect=(204, 409)), found[3]):
            del self.model.expenses[found[0]]
            self.model.follow(True)
            self.office.counts["deletions"] += 1

    def ask(self, payer, payee, amount):
        if len(self.active) > 1:
            payer, payee = self.two(payer, payee)
            made = payer.post("/payments/settlements/", {"payee_id": payee.ref, "group_id": self.ref, "amount": self.money(amount)})
            self.open[made["id"]] = payer, payee, amount
            self.office.counts["settlements"] += 1
            return made["id"]
        return None

    def settle(self, payer, payee, amount):
        """Asked for and confirmed."""
        name = self.ask(payer, payee, amount)
        if name:
            self.end(name, True, "confirm")

    def end(self, name, by_payer, how):
        payer, payee, amount = self.open.pop(name)
        actor, word = (payer, "paid") if by_payer else (payee, "received")
        actor.post(f"/payments/settlements/{name}/{how}/", {"confirmation_type": word} if how == "confirm" else None)
        actor.post(f"/payments/settlements/{name}/{how}/", {"confirmation_type": word} if how == "confirm" else None, expect=(409,))
        if how == "confirm":
            self.model.settle(payer.number, payee.number, amount)
            self.office.counts["confirmations"] += 1

    def confirm(self, which, by_payer):
        if self.open:
            self.end(sorted(self.open)[which % len(self.open)], by_payer, "confirm")

    def cancel(self, which, by_payer):
        if self.open:
            self.end(sorted(self.open)[which % len(self.open)], by_payer, "cancel")

    def leave(self, who):
        """Who owes nothing and is owed nothing may; the others cannot. A group of two stays one."""
        if len(self.active) < 3:
            return
        one = self.one(who)
        free = self.balances()[one.number] == 0
        if self.changes(one.post(f"/groups/{self.ref}/leave/", expect=(200, 409)), free):
            self.active.remove(one)
            self.apart = True
            self.model.leave(one.number)
            self.open = {name: known for name, known in self.open.items() if one not in known[:2]}
            self.office.counts["leavings"] += 1

    def join(self, who):
        away = [one for one in self.members if one not in self.active]
        if away:
            one = away[who % len(away)]
            one.post("/groups/join/", {"invite_code": self.code})
            self.active.append(one)

    # -- what has come of it -------------------------------------------------------------------------------------------

    def balances(self):
        return self.model.balances([one.number for one in self.members])

    def check(self):
        """The API, the model and the rows themselves say the same."""
        kept = self.balances()
        assert sum(kept.values()) == 0
        self.check_debts(kept, transfers(kept))
        shown = {row["user"]["id"]: row["balance"] for row in self.active[0].get(f"/groups/{self.ref}/members/?page_size=100")}
        for one in self.active:
            assert shown[one.ref] == self.money(kept[one.number])
        spent, group = sum(one.booked for one in self.model.expenses.values()), self.active[0].get(f"/groups/{self.ref}/")["statistics"]
        assert (group["total_expenses"], group["expense_count"]) == (self.money(spent), len(self.model.expenses))
        assert group["unsettled_amount"] == self.money(self.model.unsettled())
        assert wrong(self.office.sql, self.number, self.apart) == []
        assert json.loads(self.office.sql(MARKS.format(self.number))) == self.model.marks()
        shown = {row["id"] for row in self.active[0].get(f"/expenses/?group_id={self.ref}&is_settled=true&page_size=100")}
        assert shown == {name for name, one in self.model.expenses.items() if one.is_settled()}

    def check_debts(self, kept, expected):
        """The transfers are these, settle everybody, and are fewer than there are people."""
        shown = self.active[0].get(f"/groups/{self.ref}/balances/")
        told = [(debt["from"]["id"], debt["to"]["id"], debt["amount"]) for debt in shown["simplified_debts"]]
        assert told == [(f"usr_{debtor}", f"usr_{creditor}", self.money(amount)) for debtor, creditor, amount in expected]
        assert len(told) <= max(0, len([amount for amount in kept.values() if amount]) - 1)
        left = dict(kept)
        for debtor, creditor, amount in expected:
            left[debtor] += amount
            left[creditor] -= amount
        assert not any(left.values())
        for row in shown["balances"]:
            number = int(row["user"]["id"].removeprefix("usr_"))
            assert row["balance"] == self.money(kept[number])
            assert sum(to_minor(debt["amount"], self.currency) for debt in row["owes"]) == max(0, -kept[number])

    def check_pairs(self):
        """Unsimplified: what two owe each other, which settles everybody, too."""
        self.admin().call("PATCH", f"/groups/{self.ref}/", {"settings": {"simplify_debts": False}})
        shown = self.active[0].get(f"/groups/{self.ref}/balances/")["simplified_debts"]
        told = {(int(debt["from"]["id"][4:]), int(debt["to"]["id"][4:])): to_minor(debt["amount"], self.currency) for debt in shown}
        left = self.balances()
        for (debtor, creditor), amount in told.items():
            left[debtor] += amount
            left[creditor] -= amount
        assert not any(left.values()) and all(amount > 0 for amount in told.values())
        assert told == self.model.pairs()


def to_minor(text, currency):
    whole, _, part = text.partition(".")
    assert len(part) == DIGITS[currency]
    return int(whole + part)
