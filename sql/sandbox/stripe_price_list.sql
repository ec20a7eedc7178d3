-- sql/sandbox/stripe_price_list.sql: prices
select s.body, s.status
  from sandbox.stripe_list('price', '/v1/prices', :query::jsonb) a
 cross join lateral sandbox.stripe_shown(a, :query::jsonb) s
