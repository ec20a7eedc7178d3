-- sql/sandbox/stripe_payment_list.sql: payment intents
select s.body, s.status
  from sandbox.stripe_list('payment_intent', '/v1/payment_intents', :query::jsonb) a
 cross join lateral sandbox.stripe_shown(a, :query::jsonb) s
