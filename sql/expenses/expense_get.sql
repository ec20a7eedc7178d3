-- An expense with its shares, comments and what was done with it
select expenses.expense_detail(e, :base_url) as body
  from expenses.expense_seen(:expense_id::bigint, :account_id::bigint) e
 where e.id is not null
