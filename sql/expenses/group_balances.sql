-- The balances that were read before this (group_standing.sql), and the payments that would settle them. Who they are is all that
-- is read here
with people as materialized (
  select n.account, n.balance, expenses.person_json(p) as person
    from json_to_recordset(:nets::json) as n(account bigint, balance bigint)
    join expenses.profile p on p.account_id = n.account),
payments as materialized (
  select t.payer, t.n, f.person as from_person, o.person as to_person, expenses.money(t.amount, :currency) as amount
    from rows from (json_to_recordset(:transfers::json) as ("from" bigint, "to" bigint, amount bigint))
         with ordinality as t(payer, payee, amount, n)
    join people f on f.account = t.payer
    join people o on o.account = t.payee),
owing as (
  select t.payer, json_agg(json_build_object('to_user', t.to_person, 'amount', t.amount) order by t.n) as owes
    from payments t
   group by t.payer)
select json_build_object(
         'balances', (select coalesce(json_agg(json_build_object(
                               'user', p.person, 'balance', expenses.money(p.balance, :currency), 'owes', coalesce(o.owes, '[]'))
                                               order by p.account), '[]')
                        from people p
                        left join owing o on o.payer = p.account),
         'simplified_debts', (select coalesce(json_agg(json_build_object('from', t.from_person, 'to', t.to_person, 'amount', t.amount)
                                                       order by t.n), '[]')
                                from payments t),
         'is_simplified', :is_simplified::boolean) as body
 where exists (select from expenses.membership(:group_id::bigint, :account_id::bigint))
