-- What became of cancelling the caller's subscription
select json_build_object(
         'message', case when :cancel_at_period_end::boolean
                         then 'Subscription will be cancelled at the end of the current period'
                         else 'Subscription has been cancelled' end,
         'cancel_at_period_end', :cancel_at_period_end::boolean,
         'current_period_end', iso_time(s.current_period_end)) as body, o.pending, o.error, o.message
  from billing.outcome(:job_id::uuid, :account_id::bigint) o
  join billing.subscription s on s.id = (o.args ->> 'subscription_id')::bigint
