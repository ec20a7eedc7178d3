-- sql/sandbox/stripe_method_attach.sql: attach a payment method to a customer
select s.body, s.status
  from sandbox.stripe_method_attach(:settings::json, :id, coalesce(:input::jsonb, '{}')) a
 cross join lateral sandbox.stripe_shown(a, coalesce(:input::jsonb, '{}')) s
