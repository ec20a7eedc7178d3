-- Have a page made where the caller pays
select coalesce((select refuse('MR400', 'You have a subscription') from billing.subscription_now(:account_id::bigint) s
                  where billing.live(s.status)), '') as body,
       billing.put(:account_id::bigint, :product, 'billing.checkout',
                   json_build_object('plan', 'pro', 'success_url', :success_url::text, 'cancel_url', :cancel_url::text),
                   :request_id) as jobs
