-- sql/sandbox/stripe_customer_delete.sql: delete a customer; his subscriptions end
select s.body, s.status
  from sandbox.stripe_customer_delete(:settings::json, :id) a
 cross join lateral sandbox.stripe_shown(a, coalesce(:input::jsonb, '{}')) s
