-- Cancel the caller's subscription, at the end of its period or now
select ailice.subscription_json(w.s) as body, w.ticket as jobs
  from billing.wish(:account_id::bigint, :product, case when :cancel_immediately::boolean then 'cancel_now' else 'cancel' end, null,
                    :request_id) w
