-- sql/sandbox/stripe_customer_create.sql: make a customer
select s.body, s.status
  from sandbox.stripe_customer_take(:settings::json, null, coalesce(:input::jsonb, '{}')) a
 cross join lateral sandbox.stripe_shown(a, coalesce(:input::jsonb, '{}')) s
