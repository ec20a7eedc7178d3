-- A settlement of the caller's is not to be paid any more
select s.body, s.jobs from expenses.settlement_cancel(:settlement_id::bigint, :account_id::bigint, :request_id) s
