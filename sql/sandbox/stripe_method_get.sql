-- sql/sandbox/stripe_method_get.sql: a payment method
select s.body, s.status
  from sandbox.stripe_found('payment_method', 'PaymentMethod', :id) a
 cross join lateral sandbox.stripe_shown(a, :query::jsonb) s
