-- How those stand who are in one of the caller's groups, and whoever has left it otherwise than even. pairs: who owes whom one by
-- one, in the order of accounts, where debts are not to be simplified and are not too many to be told
select g.currency,
       (select coalesce(json_agg(json_build_object('account', m.account_id, 'balance', m.balance) order by m.account_id), '[]')
          from expenses.member m
         where m.group_id = g.id and m.account_id is not null and (m.status = 'active' or m.balance <> 0)) as nets,
       case when not (g.settings ->> 'simplify_debts')::boolean
             and (select count(*) from (select from expenses.debt d where d.group_id = g.id limit 5001) as few) <= 5000
            then (select coalesce(json_agg(json_build_object('from', d.debtor, 'to', d.creditor, 'amount', d.amount)
                                           order by d.debtor, d.creditor), '[]')
                    from expenses.debts(g.id) d) end as pairs
  from expenses.membership(:group_id::bigint, :account_id::bigint) own
  join expenses.expense_group g on g.id = own.group_id
