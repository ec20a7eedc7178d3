-- sql/sandbox/stripe_payment_cancel.sql: cancel a payment intent
select s.body, s.status
  from sandbox.stripe_payment_cancel(:settings::json, :id) a
 cross join lateral sandbox.stripe_shown(a, coalesce(:input::jsonb, '{}')) s
