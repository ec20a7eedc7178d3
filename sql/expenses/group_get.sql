-- One of the caller's groups
select expenses.group_json(g, m, :base_url) as body
  from expenses.membership(:group_id::bigint, :account_id::bigint) m
  join expenses.expense_group g on g.id = m.group_id
