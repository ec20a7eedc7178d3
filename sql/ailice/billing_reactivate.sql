-- Let the caller's subscription go on
select ailice.subscription_json(w.s) as body, w.ticket as jobs
  from billing.wish(:account_id::bigint, :product, 'reactivate', null, :request_id) w
