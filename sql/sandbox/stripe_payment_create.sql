-- sql/sandbox/stripe_payment_create.sql: make a payment intent, and confirm it when that is said
select s.body, s.status
  from sandbox.stripe_payment_create(:settings::json, coalesce(:input::jsonb, '{}')) a
 cross join lateral sandbox.stripe_shown(a, coalesce(:input::jsonb, '{}')) s
