-- Comment on an expense that the caller takes part in
select c.body, c.jobs
  from expenses.comment_add(:expense_id::bigint, :account_id::bigint, :comment, :request_id) c
 where c.body is not null
