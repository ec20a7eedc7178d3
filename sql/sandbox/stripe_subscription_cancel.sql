-- sql/sandbox/stripe_subscription_cancel.sql: end a subscription at once
select s.body, s.status
  from sandbox.stripe_subscription_cancel(:settings::json, :id, :query::jsonb || coalesce(:input::jsonb, '{}')) a
 cross join lateral sandbox.stripe_shown(a, coalesce(:input::jsonb, '{}')) s
