-- Change the caller's names; a user name that somebody has is told by its field
with taken as (
  select from account x
   where x.product = :product and lower(x.username) = lower(:username) and x.deleted_at is null and x.id <> :account_id::bigint),
a as (
  update account
     set username = coalesce(:username, username),
         display_name = case when 'display_name' = any (:said::text[]) then :display_name else display_name end
   where id = :account_id and not exists (select from taken)
  returning *)
select json_build_object(
         'id', figureforge.user_ref(a.id), 'email', a.email, 'username', a.username,
         'subscription', json_build_object(
           'tier', p.tier, 'plan_id', p.id, 'status', coalesce(s.status, 'none'),
           'current_period_end', iso_time(coalesce(s.current_period_end, ends.at)),
           'cancel_at_period_end', coalesce(s.cancel_at_period_end, false)),
         'quota', json_build_object(
           'unit', 'credits', 'limit', p.credits, 'used', coalesce(u.used, 0),
           'remaining', greatest(p.credits - coalesce(u.used, 0), 0), 'resets_at', iso_time(ends.at)),
         'display_name', a.display_name) as body, null as error, null as message, null as field
  from a
 cross join lateral figureforge.plan_of(a.id) p
 cross join lateral (select (figureforge.period() + interval '1 month') at time zone 'UTC' as at) ends
  left join billing.subscription_now(a.id) s on billing.live(s.status)
  left join figureforge.usage u on u.account_id = a.id and u.period = figureforge.period()
union all
select null, 'duplicate', 'Somebody has this name', 'username' where exists (select from taken)
