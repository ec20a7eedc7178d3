# SPDX-License-Identifier: GPL-3.0-or-later
"""People who share expenses, and what their group's books come to when they are added up anew."""
import secrets

import pytest

from books import Books
from client import Client

EXPENSES = "/api/expenses/"


class Household:
    """home.ann, .bob and .cid share home.group, which ann has founded; home.eve is a stranger. Each has a .number, an .id and a
    .username, which is both of its names."""

    def __init__(self, stack, record, sql, forge):
        self._stack, self._record, self.sql, self._forge, self.books = stack, record, sql, forge, Books(sql)
        self.ann, self.bob, self.cid, self.eve = self.people("ann", "bob", "cid", "eve")
        self.members = (self.ann, self.bob, self.cid)
        self.group = self.found("Roommates", *self.members)

    def people(self, *names):
        """Accounts that have signed in."""
        tag = secrets.token_hex(4)
        made = self.sql("with a as (insert into account (product, email, username, tier, verified_at) select 'expenses', n || '-' || %s || '@example.org', "
                        "n || '-' || %s, 'premium', now() from unnest(('{' || %s || '}')::text[]) n returning id, username), "
                        "p as (insert into expenses.profile (account_id, first_name, last_name, preferred_currency, timezone) "
                        "select id, username, username, 'USD', 'UTC' from a) select id || ' ' || username from a order by id", tag, tag, ",".join(names))
        return [self._person(*line.split()) for line in made.splitlines()]

    def _person(self, number, name):
        client = Client(self._stack, "expenses", self._record)
        client.number, client.id, client.username, client.email = int(number), f"usr_{number}", name, f"{name}@example.org"
        client.token = self._forge.token(number, aud="expenses")
        return client

    def found(self, name, *members, currency="USD"):
        return f"grp_{self.books.group(name, *(member.number for member in members), currency=currency)}"

    def enter(self, who=None, amount="30.00", expect=201, **more):
        """An expense of the group, entered by ann when nobody is named."""
        return (who or self.ann).post(EXPENSES, {"title": "Dinner", "amount": amount, "group_id": self.group, **more}, expect)["data" if expect == 201 else "error"]

    def settle(self, expense, who):
        """By a settlement of as much as this share, which is the oldest that is open between the two."""
        made = self.sql("insert into expenses.settlement (payer_id, payee_id, group_id, amount, currency) "
                        "select s.account_id, s.owed_to, g.id, s.booked, g.currency from expenses.share s join expenses.expense_group g on g.id = s.group_id "
                        "where s.expense_id = %s and s.account_id = %s returning id", expense.id[4:], who.number)
        self.sql("select expenses.settlement_complete(%s, 'cash')", made)
        assert self.sql("select settled_at is not null from expenses.share where expense_id = %s and account_id = %s", expense.id[4:], who.number) == "t"

    def leave(self, who):
        self.sql("update expenses.member set status = 'left' where group_id = %s and account_id = %s", self.group[4:], who.number)

    def kept(self):
        """What is kept of the group: spent, how many, unsettled; of each member paid and owed; of each pair what is owed and settled."""
        return self.sql("select g.spent, g.expenses, g.unsettled, (select string_agg(concat_ws(':', m.account_id, m.paid, m.owed), ' ' order by m.account_id) "
                        "from expenses.member m where m.group_id = g.id), "
                        "(select string_agg(concat_ws(':', d.debtor_id, d.creditor_id, d.owed, d.settled), ' ' order by d.debtor_id, d.creditor_id) "
                        "from expenses.debt d where d.group_id = g.id and (d.owed, d.settled) <> (0, 0)) "
                        "from expenses.expense_group g where g.id = %s", self.group[4:])

    def added_up(self):
        """The same of what expenses and shares say."""
        return self.sql("with e as (select * from expenses.expense where group_id = %s and deleted_at is null), "
                        "s as (select s.*, e.paid_by from expenses.share s join e on e.id = s.expense_id) "
                        "select coalesce((select sum(booked) from e), 0), (select count(*) from e), "
                        "coalesce((select sum(booked) from s where settled_at is null and account_id <> paid_by), 0), "
                        "(select string_agg(concat_ws(':', m.account_id, coalesce((select sum(booked) from e where paid_by = m.account_id), 0), "
                        "coalesce((select sum(booked) from s where s.account_id = m.account_id), 0)), ' ' order by m.account_id) "
                        "from expenses.member m where m.group_id = %s), "
                        "(select string_agg(concat_ws(':', d.account_id, d.paid_by, d.owed, d.settled), ' ' order by d.account_id, d.paid_by) "
                        "from (select account_id, paid_by, sum(booked) as owed, coalesce(sum(booked) filter (where settled_at is not null), 0) as settled "
                        "from s where account_id <> paid_by group by 1, 2 having sum(booked) > 0) d)", self.group[4:], self.group[4:])

    def books_hold(self):
        assert self.kept() == self.added_up()


def shares(expense):
    return [one.share for one in expense.participants]


def refused(error):
    """The fields that a refusal names."""
    return [detail.field for detail in error.details]


@pytest.fixture
def home(stack, record, sql, forge):
    return Household(stack, record, sql, forge)
