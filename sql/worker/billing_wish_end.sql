-- A wish that Stripe did not grant, or was not told of because of a later one, is taken back, where the subscription still shows
-- it: neither another of its kind nor anything that Stripe has told came after it
update billing.subscription s
   set status = j.args ->> 'was_status', cancel_at_period_end = (j.args ->> 'was_ending')::boolean, ended_at = null, wished_by = null
  from job j
 where j.id = :job_id and s.id = (j.args ->> 'subscription_id')::bigint and s.account_id = j.account_id and s.wished_by = j.id
   and (:outcome <> 'done' or :result::json -> 'refused' is not null or :result::json -> 'superseded' is not null)
