-- sql/sandbox/stripe_payment_confirm.sql: confirm a payment intent
select s.body, s.status
  from sandbox.stripe_payment_confirm(:settings::json, :id, coalesce(:input::jsonb, '{}')) a
 cross join lateral sandbox.stripe_shown(a, coalesce(:input::jsonb, '{}')) s
