-- It is bought no more; one that Stripe was never asked for, or that was refused, has come to nothing
update billing.subscription s
   set buying = false, status = case when e.nothing then 'incomplete_expired' else s.status end,
       ended_at = case when e.nothing then now() else s.ended_at end
  from job j
 cross join lateral (
  select x.stripe_id is null and x.ended_at is null and (:outcome <> 'done' or :result::json -> 'refused' is not null) as nothing
    from billing.subscription x
   where x.id = (j.args ->> 'subscription_id')::bigint) e
 where j.id = :job_id and s.id = (j.args ->> 'subscription_id')::bigint and s.account_id = j.account_id
   and (s.buying or e.nothing)
