-- Add the receipt of an expense that the caller takes part in, and have it read
select r.body, r.jobs
  from expenses.receipt_keep(:expense_id::bigint, :account_id::bigint, :receipt, :receipt_type, :base_url, :request_id) r
 where r.body is not null
