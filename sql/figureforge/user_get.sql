-- The caller's profile, with the plan and what is left of this period's credits
select json_build_object(
         'id', figureforge.user_ref(a.id), 'email', a.email, 'username', a.username,
         'subscription', json_build_object(
           'tier', p.tier, 'plan_id', p.id, 'status', coalesce(s.status, 'none'),
           'current_period_end', iso_time(coalesce(s.current_period_end, ends.at)),
           'cancel_at_period_end', coalesce(s.cancel_at_period_end, false)),
         'quota', json_build_object(
           'unit', 'credits', 'limit', p.credits, 'used', coalesce(u.used, 0),
           'remaining', greatest(p.credits - coalesce(u.used, 0), 0), 'resets_at', iso_time(ends.at)),
         'display_name', a.display_name) as body
  from account a
 cross join lateral figureforge.plan_of(a.id) p
 cross join lateral (select (figureforge.period() + interval '1 month') at time zone 'UTC' as at) ends
  left join billing.subscription_now(a.id) s on billing.live(s.status)
  left join figureforge.usage u on u.account_id = a.id and u.period = figureforge.period()
 where a.id = :account_id
