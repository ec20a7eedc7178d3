-- sql/sandbox/stripe_payment_get.sql: a payment intent
select s.body, s.status
  from sandbox.stripe_found('payment_intent', 'payment_intent', :id) a
 cross join lateral sandbox.stripe_shown(a, :query::jsonb) s
