-- What became of the wish about the caller's subscription
select ailice.subscription_json(s) as body, o.pending, o.error, o.message
  from billing.outcome(:job_id::uuid, :account_id::bigint) o
  join billing.subscription s on s.id = (o.args ->> 'subscription_id')::bigint
