-- Cancel the caller's subscription, at the end of its period or now
select json_build_object(
         'message', case when :cancel_at_period_end::boolean
                         then 'Subscription will be cancelled at the end of the current period'
                         else 'Subscription has been cancelled' end,
         'cancel_at_period_end', :cancel_at_period_end::boolean,
         'current_period_end', iso_time((w.s).current_period_end)) as body, w.ticket as jobs
  from billing.wish(:account_id::bigint, :product, case when :cancel_at_period_end::boolean then 'cancel' else 'cancel_now' end,
                    :cancellation_reason, :request_id) w
