-- sql/sandbox/stripe_subscription_create.sql: make a subscription
select s.body, s.status
  from sandbox.stripe_subscription_create(:settings::json, coalesce(:input::jsonb, '{}')) a
 cross join lateral sandbox.stripe_shown(a, coalesce(:input::jsonb, '{}')) s
