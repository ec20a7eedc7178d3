-- Cancel the caller's subscription at the end of its period
select figureforge.subscription_json(w.s) as body, coalesce(w.ticket, refuse('MR400', 'There is no subscription')) as jobs
  from (values (1)) as one
  left join billing.wish(:account_id::bigint, :product, 'cancel', null, :request_id) w on true
