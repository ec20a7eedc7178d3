-- Pay a settlement of the caller's with one of his payment methods, once
select s.body, s.jobs
  from expenses.settlement_pay(:settlement_id::bigint, :account_id::bigint, :payment_method_id, :amount::numeric, :currency, :request_id) s
