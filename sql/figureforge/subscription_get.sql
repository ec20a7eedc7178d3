-- The caller's plan; nobody has bought one yet
select json_build_object('plan_id', p.id, 'tier', p.tier, 'status', 'none',
                         'current_period_start', iso_time(figureforge.period() at time zone 'UTC'),
                         'current_period_end', iso_time((figureforge.period() + interval '1 month') at time zone 'UTC'),
                         'cancel_at_period_end', false) as body
  from figureforge.plan_of(:account_id::bigint) as p
