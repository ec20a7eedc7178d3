-- The caller is to pay somebody of a group of his
select s.body, s.jobs, 'Settlement requested' as message
  from expenses.settlement_request(:account_id::bigint, :payee_id::bigint, :group_id::bigint, :amount::numeric, :currency, :description,
                                   :due_date::date, :request_id) s
