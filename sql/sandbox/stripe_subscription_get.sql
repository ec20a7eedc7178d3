-- sql/sandbox/stripe_subscription_get.sql: a subscription
select s.body, s.status
  from sandbox.stripe_found('subscription', 'subscription', :id) a
 cross join lateral sandbox.stripe_shown(a, :query::jsonb) s
