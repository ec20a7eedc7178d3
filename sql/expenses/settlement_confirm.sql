-- The money of a settlement has changed hands: the caller, who is one of the two, says so
select s.body, s.jobs
  from expenses.settlement_confirm(:settlement_id::bigint, :account_id::bigint, :confirmation_type, :payment_method, :notes, :request_id) s
