# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups of the Expense Tracker as rows, for tests of what is done in them."""
import json

from recount import wrong


def number_of(client):
    """The account's, asked for once."""
    if client.id is None:
        client.id = client.get("/api/users/me/").data.id
    return int(client.id.removeprefix("usr_"))


class Circle:
    """Its members are clients; the first one is its administrator."""

    def __init__(self, sql, *members, currency="USD", name="Roommates"):
        self._sql = sql
        self.number = int(sql("insert into expenses.expense_group (name, currency, created_by) values (%s, %s, %s) returning id", name, currency,
                              number_of(members[0])))
        self.ref, self.currency = f"grp_{self.number}", currency
        for member in members:
            self.add(member, "member" if member is not members[0] else "admin")

    def add(self, member, role="member"):
        self._sql("insert into expenses.member (group_id, account_id, email, role, status, joined_at) values (%s, %s, %s, %s, 'active', now())",
                  self.number, number_of(member), member.email, role)

    def leaves(self, member):
        self._sql("update expenses.member set status = 'left' where group_id = %s and account_id = %s", self.number, number_of(member))

    def expense(self, payer, amount, *sharers, day="2024-01-15"):
        """Split equally among sharers, minor units."""
        number = self._sql("insert into expenses.expense (account_id, paid_by, group_id, title, amount, booked, currency, expense_date) "
                           "values (%s, %s, %s, 'Groceries', %s, %s, %s, %s) returning id", number_of(payer), number_of(payer), self.number,
                           amount, amount, self.currency, day)
        self._sql(f"select expenses.group_lock({self.number}), expenses.shares_make(e, array{[number_of(one) for one in sharers]}, null) "
                  f"from expenses.expense e where id = {number}")
        self._sql("select expenses.book(%s, 1)", number)
        return number

    def balance(self, member):
        return int(self._sql("select balance from expenses.member where group_id = %s and account_id = %s", self.number, number_of(member)))

    def kept(self):
        """What is kept of it as a whole."""
        return json.loads(self._sql("select row_to_json(g) from expenses.expense_group g where id = %s", self.number))

    def activities(self):
        """Types, in their order."""
        return json.loads(self._sql("select coalesce(json_agg(type order by id), '[]') from expenses.activity where group_id = %s", self.number))

    def wrong(self, apart=False):
        return wrong(self._sql, self.number, apart)
