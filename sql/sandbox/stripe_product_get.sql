-- sql/sandbox/stripe_product_get.sql: a product
select s.body, s.status
  from sandbox.stripe_found('product', 'product', :id) a
 cross join lateral sandbox.stripe_shown(a, :query::jsonb) s
