-- The caller's subscription
select ailice.subscription_json(s) as body from billing.subscription_now(:account_id::bigint) s
