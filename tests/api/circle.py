# SPDX-License-Identifier: GPL-3.0-or-later
"""People of the Expense Tracker, their groups, and what they spend together."""
import json
import re
import secrets

from client import Client

GROUPS, JOIN = "/api/groups/", "/api/groups/join/"
PASSWORD = "SecurePassword123!"

# What the books of a group must be, whatever has happened: each line is empty.
WRONG = """
  with pair as (select d.debtor, d.creditor, d.amount from expenses.debts(%(g)s) d),
  open as (select s.* from expenses.share s where s.group_id = %(g)s and s.live and s.settled_at is null and s.account_id <> s.owed_to
                                              and s.booked > 0)
  select 'the balances do not come to zero' where (select sum(balance) from expenses.member where group_id = %(g)s) <> 0
  union all
  select 'member ' || m.id || ' stands otherwise than with the others' from expenses.member m
   where m.group_id = %(g)s and m.balance <> coalesce((select sum(case when p.creditor = m.account_id then p.amount else -p.amount end)
                                                        from pair p where m.account_id in (p.creditor, p.debtor)), 0)
  union all
  select 'unsettled is wrong' from expenses.expense_group g
   where g.id = %(g)s and g.unsettled <> (select coalesce(sum(booked), 0) from open)
  union all
  select 'expense ' || e.id || ' is not as open as its shares' from expenses.expense e
   where e.group_id = %(g)s and e.open <> (select count(*) from open where open.expense_id = e.id)
  union all
  select 'what is settled between ' || d.debtor_id || ' and ' || d.creditor_id from expenses.debt d
   where d.group_id = %(g)s and d.settled <> (select coalesce(sum(s.booked), 0) from expenses.share s
                                              where s.group_id = d.group_id and s.account_id = d.debtor_id and s.owed_to = d.creditor_id
                                                and s.live and s.settled_at is not null)
  union all
  select 'more is settled than was paid or cancels out between ' || d.debtor_id || ' and ' || d.creditor_id from expenses.debt d
    left join expenses.debt r on r.group_id = d.group_id and r.debtor_id = d.creditor_id and r.creditor_id = d.debtor_id
   where d.group_id = %(g)s and d.settled > d.paid + greatest(0, least(d.owed - d.paid, coalesce(r.owed - r.paid, 0)))
  union all
  select 'members are miscounted' from expenses.expense_group g
   where g.id = %(g)s and (g.members, g.active) <> (select count(*) filter (where status <> 'left'), count(*) filter (where status = 'active')
                                                     from expenses.member m where m.group_id = g.id)"""


def number(ref):
    return int(ref.rsplit("_", 1)[1])


def array(values):
    return "{%s}" % ",".join(map(str, values))


class Circle:
    def __init__(self, stack, record, sql):
        self._stack, self._record, self._sql = stack, record, sql

    def person(self, first="Ann", email=None, verified=False):
        """A client who has just registered: .number, .ref, .name, .email."""
        client = Client(self._stack, "expenses", self._record)
        client.email = email or f"{first.lower()}-{secrets.token_hex(5)}@example.org"
        entered = client.post("/api/auth/register/", {"email": client.email, "username": f"p{secrets.token_hex(6)}", "password": PASSWORD,
                                                      "first_name": first, "last_name": "Doe"}, 201).data
        client.token, client.ref, client.name = entered.tokens.access, entered.user.id, f"{first} Doe"
        client.number = number(client.ref)
        if verified:
            self._sql("update account set verified_at = now() where id = %s", client.number)
        return client

    def people(self, *firsts):
        return [self.person(first) for first in firsts]

    def group(self, founder, *members, **said):
        """Its path; all of them are in it."""
        made = founder.post(GROUPS, {"name": "Roommates", "currency": "USD", **said}, 201).data
        for member in members:
            member.post(JOIN, {"invite_code": made.invite_code})
        return f"{GROUPS}{made.id}/"

    def expense(self, group, payer, amount, *sharers, weights=None):
        """Minor units, among sharers in this order."""
        made = self._sql("insert into expenses.expense (account_id, paid_by, group_id, title, amount, booked, currency, expense_date) "
                         "select %s, %s, g.id, 'Groceries', %s, %s, g.currency, '2026-01-15' from expenses.expense_group g where g.id = %s "
                         "returning id", payer.number, payer.number, amount, amount, number(group.rstrip("/")))
        self._sql("select expenses.shares_make(e, %s::bigint[], nullif(%s, '')::numeric[]), expenses.book(e.id, 1) "
                  "from expenses.expense e where e.id = %s", array(sharer.number for sharer in sharers), array(weights) if weights else "", made)
        return made

    def settlement(self, group, payer, payee, amount, status="completed"):
        made = self._sql("insert into expenses.settlement (payer_id, payee_id, group_id, amount, currency, status) "
                         "select %s, %s, g.id, %s, g.currency, %s from expenses.expense_group g where g.id = %s returning id", payer.number,
                         payee.number, amount, "pending" if status == "completed" else status, number(group.rstrip("/")))
        if status == "completed":
            self._sql("select expenses.settlement_complete(%s, 'cash')", made)
        return made

    def wrong(self, group):
        """What is wrong with a group's books, one sentence a line."""
        return self._sql(WRONG % {"g": number(group.rstrip("/"))})

    def debts(self, group):
        """Who owes whom, by their numbers."""
        found = self._sql("select coalesce(json_agg(array[debtor, creditor, amount]), '[]') from expenses.debts(%s)", number(group.rstrip("/")))
        return {(debtor, creditor): amount for debtor, creditor, amount in json.loads(found)}


def invitations(mailbox, address, count=1):
    """The mails that invite an address, as soon as there are count of them: who has registered gets others, too."""
    found, seen = [], 0
    while len(found) < count:
        mails = mailbox.wait(address, seen + 1)
        found, seen = [mail for mail in mails if "invites you" in mail["subject"]], len(mails)
    return found


def invited(mailbox, address, count=1):
    """The token of the count-th of them."""
    text = invitations(mailbox, address, count)[count - 1]["text"]
    return re.search(r"^[\w-]{43}(?=\r?$)", text, re.M).group()


def accept(token):
    return f"{GROUPS}invitations/{token}/accept/"
