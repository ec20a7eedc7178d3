-- A subscription as Stripe has it now
select billing.subscription_know(:account::bigint, :subscription::json) as known
