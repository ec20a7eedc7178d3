-- A settlement of the caller's, as payer or payee
select expenses.settlement_json(t) as body from expenses.settlement_of(:settlement_id::bigint, :account_id::bigint) t
