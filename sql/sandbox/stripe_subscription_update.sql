-- sql/sandbox/stripe_subscription_update.sql: change a subscription
select s.body, s.status
  from sandbox.stripe_subscription_change(:settings::json, :id, coalesce(:input::jsonb, '{}')) a
 cross join lateral sandbox.stripe_shown(a, coalesce(:input::jsonb, '{}')) s
