-- sql/sandbox/stripe_subscription_list.sql: subscriptions
select s.body, s.status
  from sandbox.stripe_list('subscription', '/v1/subscriptions', :query::jsonb) a
 cross join lateral sandbox.stripe_shown(a, :query::jsonb) s
