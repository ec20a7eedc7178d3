-- sql/sandbox/stripe_customer_search.sql: customers, by what they are like
select s.body, s.status
  from sandbox.stripe_search('customer', '/v1/customers/search', :query::jsonb) a
 cross join lateral sandbox.stripe_shown(a, :query::jsonb) s
