-- sql/sandbox/stripe_method_list.sql: payment methods
select s.body, s.status
  from sandbox.stripe_list('payment_method', '/v1/payment_methods', :query::jsonb) a
 cross join lateral sandbox.stripe_shown(a, :query::jsonb) s
