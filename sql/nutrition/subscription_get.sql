-- The caller's subscription; who has none has the plan that costs nothing, since the account was opened
select json_build_object(
         'id', s.id,
         'plan', json_build_object('name', p.name, 'price', p.price, 'currency', p.currency, 'interval', p.period),
         'status', coalesce(s.status, 'active'),
         'current_period_start', iso_time(coalesce(s.current_period_start, m.begins)),
         'current_period_end', iso_time(coalesce(s.current_period_end, m.begins + interval '1 month')),
         'cancel_at_period_end', coalesce(s.cancel_at_period_end, false),
         'stripe_subscription_id', s.stripe_id,
         'created_at', iso_time(coalesce(s.created_at, a.created_at))) as body
  from account a
 cross join (select date_trunc('month', now(), 'UTC') as begins) as m
  left join billing.subscription_now(:account_id::bigint) s on true
  join nutrition.plan p on p.id::text = coalesce(s.plan, '1')
 where a.id = :account_id
