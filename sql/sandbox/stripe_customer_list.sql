-- sql/sandbox/stripe_customer_list.sql: customers
select s.body, s.status
  from sandbox.stripe_list('customer', '/v1/customers', :query::jsonb) a
 cross join lateral sandbox.stripe_shown(a, :query::jsonb) s
