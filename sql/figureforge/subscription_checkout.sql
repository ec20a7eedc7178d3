-- Have a page made where the caller pays for a plan
select coalesce((select refuse('MR400', 'There is no such plan to be bought', 'plan_id')
                  where not exists (select from billing.plan p where p.product = :product and p.id = :plan_id)),
                (select refuse('MR400', 'You have a subscription: change it in the billing portal')
                   from billing.subscription_now(:account_id::bigint) s where billing.live(s.status)), '') as body,
       billing.put(:account_id::bigint, :product, 'billing.checkout',
                   json_build_object('plan', :plan_id::text, 'success_url', :success_url::text, 'cancel_url', :cancel_url::text),
                   :request_id) as jobs
