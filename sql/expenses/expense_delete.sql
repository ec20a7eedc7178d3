-- Take an expense away: it is kept, and neither shown nor counted any more
select e.jobs
  from expenses.expense_remove(:expense_id::bigint, :account_id::bigint, :base_url, :request_id) e
 where e.removed is not null
