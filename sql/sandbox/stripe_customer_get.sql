-- sql/sandbox/stripe_customer_get.sql: a customer
select s.body, s.status
  from sandbox.stripe_found('customer', 'customer', :id) a
 cross join lateral sandbox.stripe_shown(a, :query::jsonb) s
