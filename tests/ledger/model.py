# SPDX-License-Identifier: GPL-3.0-or-later
"""What the books of a group have to come to, written down a second time, in whole numbers."""
from collections import defaultdict
from fractions import Fraction
from math import floor

DIGITS = {"USD": 2, "EUR": 2, "JPY": 0, "KWD": 3, "VND": 0}
RATES = {"USD": Fraction(1), "EUR": Fraction("1.25"), "JPY": Fraction("0.008"), "KWD": Fraction("3.2"),
         "VND": Fraction("0.00004")}   # dollars


def text_of(minor, currency):
    """Minor units as the API writes them."""
    digits = DIGITS[currency]
    sign, minor = "-" if minor < 0 else "", abs(minor)
    return f"{sign}{minor // 10 ** digits}" + (f".{minor % 10 ** digits:0{digits}}" if digits else "")


def apportioned(amount, weights):
    """Whole units of each part; those that are left go to the largest remainders, of equal ones to the first."""
    total = sum(weights)
    parts = [amount * weight // total for weight in weights]
    order = sorted(range(len(weights)), key=lambda n: (-(amount * weights[n] % total), n))
    for n in order[:amount - sum(parts)]:
        parts[n] += 1
    return parts


def converted(amount, source, target):
    """Half a unit goes up."""
    worth = Fraction(amount, 10 ** DIGITS[source]) * RATES[source] / RATES[target] * 10 ** DIGITS[target]
    return floor(worth + Fraction(1, 2))


class Expense:
    def __init__(self, group, payer, amount, currency, who, weights):
        self.group, self.payer, self.amount, self.currency = group, payer, amount, currency
        self.place, self.settled, self.credited = None, set(), set()     # its day and number; whose shares are settled, without a settlement since
        self.split(who, weights)

    def split(self, who, weights):
        """Anew: what was settled without a settlement is judged again."""
        self.settled -= self.credited
        self.credited = set()
        self.who, self.weights = list(who), list(weights)
        parts = apportioned(self.amount, self.weights)
        self.booked = converted(self.amount, self.currency, self.group.currency)
        self.shares = dict(zip(self.who, parts))
        self.owed = dict(zip(self.who, apportioned(self.booked, parts)))

    def owing(self):
        """Who owes the payer something by it."""
        return [who for who, part in self.owed.items() if part and who != self.payer]

    def is_settled(self, who=None):
        """A share, or all of it: the payer's is when all others are, one of nothing in any case."""
        if who not in (None, self.payer):
            return who in self.settled or who not in self.owing()
        return who is not None and not self.owed[who] or self.settled.issuperset(self.owing())

    def is_free(self):
        """No settlement holds it as it is."""
        return self.settled - {self.payer} <= self.credited


class Group:
    """Members are the numbers of their accounts."""

    def __init__(self, currency):
        self.currency = currency
        self.expenses, self.settlements = {}, []

    def balances(self, members):
        """Paid less owed, in the group's currency."""
        of = dict.fromkeys(members, 0)
        for one in self.expenses.values():
            of[one.payer] += one.booked
            for who, part in one.owed.items():
                of[who] -= part
        for payer, payee, amount in self.settlements:
            of[payer] += amount
            of[payee] -= amount
        return of

    def settle(self, payer, payee, amount):
        """The money has changed hands."""
        self.settlements.append((payer, payee, amount))
        self.follow(False)

    def leave(self, who):
        """What is open with the others counts as settled; who owes him owes those whom he owes, as if money had gone once around."""
        owed = sorted((debtor, amount) for (debtor, creditor), amount in self.pairs().items() if creditor == who)
        owes = sorted((creditor, amount) for (debtor, creditor), amount in self.pairs().items() if debtor == who)
        for one in self.expenses.values():
            one.settled.update(debtor for debtor in one.owing() if who in (debtor, one.payer))
        while owed:
            (debtor, due), (creditor, claim) = owed.pop(0), owes.pop(0)
            amount = min(due, claim)
            owed[:0] = [(debtor, due - amount)] * (due > amount)
            owes[:0] = [(creditor, claim - amount)] * (claim > amount)
            self.settlements += [(debtor, who, amount), (who, creditor, amount), (creditor, debtor, amount)]
        self.follow(False)

    def _between(self, debtor, creditor):
        """What one owes the other by shares less what he has paid him."""
        return sum(one.owed.get(debtor, 0) for one in self.expenses.values() if one.payer == creditor) - self._paid(debtor, creditor)

    def _paid(self, debtor, creditor):
        return sum(amount for payer, payee, amount in self.settlements if (payer, payee) == (debtor, creditor))

    def follow(self, credited):
        """Shares are settled as the books say, of any two: where too much is, the latest are open again; then the oldest open ones are
        settled that what was paid, and what the two owe each other in turn, covers wholly."""
        for debtor, creditor in sorted({(who, one.payer) for one in self.expenses.values() for who in one.owing()}):
            theirs = sorted((one for one in self.expenses.values() if one.payer == creditor and debtor in one.owing()), key=lambda one: one.place)
            spare = self._paid(debtor, creditor) + max(0, min(self._between(debtor, creditor), self._between(creditor, debtor)))
            spare -= sum(one.owed[debtor] for one in theirs if debtor in one.settled)
            for one in reversed(theirs):
                if spare < 0 and debtor in one.settled:
                    one.settled.remove(debtor)
                    one.credited.discard(debtor)
                    spare += one.owed[debtor]
            for one in [one for one in theirs if debtor not in one.settled]:
                spare -= one.owed[debtor]
                if spare < 0:
                    break
                one.settled.add(debtor)
                one.credited |= {debtor} if credited else set()

    def unsettled(self):
        return sum(one.owed[who] for one in self.expenses.values() for who in one.owing() if who not in one.settled)

    def marks(self):
        """Which shares are settled: number of the expense, of the account."""
        return sorted([one.place[1], who] for one in self.expenses.values() for who in one.settled)

    def pairs(self):
        """Who owes whom one by one: (debtor, creditor): amount."""
        net = defaultdict(int)
        for one in self.expenses.values():
            for who, part in one.owed.items():
                if who != one.payer:
                    net[min(who, one.payer), max(who, one.payer)] += part if who < one.payer else -part
        for payer, payee, amount in self.settlements:
            net[min(payer, payee), max(payer, payee)] -= amount if payer < payee else -amount
        return {(a, b) if owed > 0 else (b, a): abs(owed) for (a, b), owed in net.items() if owed}


def transfers(balances):
    """The largest debtor pays the largest creditor, until all is settled; of equal ones the first."""
    left, made = dict(balances), []
    while any(left.values()):
        debtor = min(left, key=lambda who: (left[who], who))
        creditor = min(left, key=lambda who: (-left[who], who))
        amount = min(-left[debtor], left[creditor])
        left[debtor] += amount
        left[creditor] -= amount
        made.append((debtor, creditor, amount))
    return made
