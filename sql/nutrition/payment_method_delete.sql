-- Have one of the caller's payment methods detached
select '' as body,
       billing.put(:account_id::bigint, :product, 'billing.detach', json_build_object('payment_method_id', m.id),
                   :request_id, true) as jobs
  from billing.payment_method m
 where m.id = :method_id and m.account_id = :account_id and m.detached_at is null
