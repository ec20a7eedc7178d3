# SPDX-License-Identifier: GPL-3.0-or-later
"""The books of a group of the Expense Tracker, added up anew from its expenses, shares and settlements, beside what is kept."""
import json

# When somebody leaves, what he owed and was owed is passed on, as payments that nobody has made: then those of pairs are held by
# what they come to only (apart).
RECOUNT = """
with e as (select * from expenses.expense where group_id = {group}),
now_there as (select * from e where deleted_at is null),
s as (select s.*, e.paid_by, s.settled_at is not null as done from expenses.share s join now_there e on e.id = s.expense_id),
t as (select * from expenses.settlement where group_id = {group} and status = 'completed'),
m as (select account_id, sum(paid) as paid, sum(owed) as owed, sum(balance) as balance from expenses.member
       where group_id = {group} and account_id is not null group by 1),
d as (select * from expenses.debt where group_id = {group}),
pairs as (select debtor_id, creditor_id, sum(owed) as owed, sum(settled) as settled, sum(paid) as paid
            from (select account_id as debtor_id, paid_by as creditor_id, booked as owed, case when done then booked else 0 end as settled, 0 as paid
                    from s where account_id <> paid_by
                   union all select payer_id, payee_id, 0, 0, amount from t) as one group by 1, 2),
told (what, whose, kept, counted) as (
  select 'spent', id, spent, (select coalesce(sum(booked), 0) from now_there) from expenses.expense_group where id = {group}
  union all select 'expenses', id, expenses, (select count(*) from now_there) from expenses.expense_group where id = {group}
  union all select 'unsettled', id, unsettled, (select coalesce(sum(booked) filter (where not done and account_id <> paid_by), 0) from s)
              from expenses.expense_group where id = {group}
  union all select 'sum of balances', {group}, (select coalesce(sum(balance), 0) from m), 0
  union all select 'paid', account_id, paid, (select coalesce(sum(booked), 0) from now_there where paid_by = m.account_id)
                                             + (select coalesce(sum(amount), 0) from t where payer_id = m.account_id) from m
  union all select 'owed', account_id, owed, (select coalesce(sum(booked), 0) from s where s.account_id = m.account_id)
                                             + (select coalesce(sum(amount), 0) from t where payee_id = m.account_id) from m
  union all select 'balance by pairs', account_id, balance,
                   (select coalesce(sum(owed - paid), 0) from d where creditor_id = m.account_id)
                   - (select coalesce(sum(owed - paid), 0) from d where debtor_id = m.account_id) from m
  union all select 'open', e.id, e.open, (select count(*) from s where s.expense_id = e.id and not done and account_id <> paid_by and booked > 0)
              from now_there e
  union all select 'shares', e.id, e.amount, (select coalesce(sum(amount), 0) from s where s.expense_id = e.id) from now_there e
  union all select 'booked shares', e.id, e.booked, (select coalesce(sum(booked), 0) from s where s.expense_id = e.id) from now_there e
  union all select 'share as its expense', e.id, 0, (
                     select count(*) from expenses.share s
                      where s.expense_id = e.id
                        and (s.group_id, s.owed_to, s.day, s.category_id, s.currency, s.live)
                            is distinct from (e.group_id, e.paid_by, e.expense_date, e.category_id, e.currency, e.deleted_at is null)) from e
  union all select 'pair owed', debtor_id * 1000000 + creditor_id, coalesce(d.owed, 0), coalesce(p.owed, 0)
              from d full join pairs p using (debtor_id, creditor_id)
  union all select 'pair settled', debtor_id * 1000000 + creditor_id, coalesce(d.settled, 0), coalesce(p.settled, 0)
              from d full join pairs p using (debtor_id, creditor_id)
  union all select 'pair settled beyond what covers it', d.debtor_id * 1000000 + d.creditor_id,
                   greatest(0, d.settled - d.paid - greatest(0, least(d.owed - d.paid, coalesce(r.owed - r.paid, 0)))), 0
              from d left join d r on r.debtor_id = d.creditor_id and r.creditor_id = d.debtor_id
  union all select 'pair open though it is covered', d.debtor_id * 1000000 + d.creditor_id, count(*) filter (
                     where o.booked <= d.paid + greatest(0, least(d.owed - d.paid, coalesce(r.owed - r.paid, 0))) - d.settled), 0
              from d left join d r on r.debtor_id = d.creditor_id and r.creditor_id = d.debtor_id
              left join lateral (select booked from s where s.account_id = d.debtor_id and s.paid_by = d.creditor_id and not done and booked > 0
                                  order by day, expense_id limit 1) o on true
             group by d.debtor_id, d.creditor_id
  union all select 'pair paid', debtor_id * 1000000 + creditor_id, coalesce(d.paid, 0), coalesce(p.paid, 0)
              from d full join pairs p using (debtor_id, creditor_id) where not {apart})
select coalesce(json_agg(json_build_array(what, whose, kept, counted)), '[]') from told where kept is distinct from counted"""


def wrong(ask, group, apart=False):
    """What of a group's books is not what its rows come to: [what, whose, kept, counted]; ask(statement) gives the answer's text.
    apart: somebody has left it."""
    return json.loads(ask(RECOUNT.format(group=int(group), apart=str(apart).lower())))
