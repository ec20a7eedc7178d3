# SPDX-License-Identifier: GPL-3.0-or-later
"""What the books of a group have to come to, written down a second time, in whole numbers."""
from collections import defaultdict
from fractions import Fraction
from math import floor

DIGITS = {"USD": 2, "EUR": 2, "JPY": 0, "KWD": 3}
RATES = {"USD": Fraction(1), "EUR": Fraction("1.25"), "JPY": Fraction("0.008"), "KWD": Fraction("3.2")}   # dollars


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
        self.place, self.settled = None, set()       # its day and number; whose shares are settled
        self.split(who, weights)

    def split(self, who, weights):
        self.who, self.weights = list(who), list(weights)
        parts = apportioned(self.amount, self.weights)
        self.booked = converted(self.amount, self.currency, self.group.currency)
        self.shares = dict(zip(self.who, parts))
        self.owed = dict(zip(self.who, apportioned(self.booked, parts)))


class Group:
    """Members are the numbers of their accounts."""

    def __init__(self, currency):
        self.currency = currency
        self.expenses, self.settlements, self.apart = {}, [], False

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
        """The money has changed hands, and the oldest shares that are covered between the two are settled."""
        self.settlements.append((payer, payee, amount))
        self._cover(payer, payee)
        self._cover(payee, payer)
        self.reopen()

    def _between(self, debtor, creditor):
        """What one owes the other by shares less what he has paid him."""
        return sum(one.owed.get(debtor, 0) for one in self.expenses.values() if one.payer == creditor) - self._paid(debtor, creditor)

    def _paid(self, debtor, creditor):
        return sum(amount for payer, payee, amount in self.settlements if (payer, payee) == (debtor, creditor))

    def _cover(self, debtor, creditor):
        theirs = sorted((one for one in self.expenses.values() if one.payer == creditor and one.shares.get(debtor)), key=lambda one: one.place)
        covered = self._paid(debtor, creditor) + max(0, min(self._between(debtor, creditor), self._between(creditor, debtor)))
        covered -= sum(one.owed[debtor] for one in theirs if debtor in one.settled)
        so_far = 0
        for one in [one for one in theirs if debtor not in one.settled]:
            so_far += one.owed[debtor]
            if so_far <= covered and covered > 0:
                one.settled.add(debtor)

    def reopen(self):
        """What cancelled out and does no more is open again: the latest first."""
        for debtor, creditor in {(who, one.payer) for one in self.expenses.values() for who in one.settled}:
            theirs = sorted((one for one in self.expenses.values() if one.payer == creditor and debtor in one.settled and one.owed[debtor]),
                            key=lambda one: one.place, reverse=True)
            missing = sum(one.owed[debtor] for one in theirs) - self._paid(debtor, creditor)
            missing -= max(0, min(self._between(debtor, creditor), self._between(creditor, debtor)))
            for one in theirs:
                if missing > 0:
                    one.settled.remove(debtor)
                missing -= one.owed[debtor]

    def marks(self):
        """Which shares are settled: number of the expense, of the account."""
        return sorted([one.place[1], who] for one in self.expenses.values() for who in one.settled)

    def pairs(self):
        """Who owes whom one by one: (debtor, creditor): amount. Not for groups that somebody has left."""
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
