-- sql/sandbox/stripe_customer_update.sql: change a customer
select s.body, s.status
  from sandbox.stripe_customer_change(:settings::json, :id, coalesce(:input::jsonb, '{}')) a
 cross join lateral sandbox.stripe_shown(a, coalesce(:input::jsonb, '{}')) s
