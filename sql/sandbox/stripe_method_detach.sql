-- sql/sandbox/stripe_method_detach.sql: detach a payment method
select s.body, s.status
  from sandbox.stripe_method_detach(:settings::json, :id) a
 cross join lateral sandbox.stripe_shown(a, coalesce(:input::jsonb, '{}')) s
