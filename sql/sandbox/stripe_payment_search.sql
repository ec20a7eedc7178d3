-- sql/sandbox/stripe_payment_search.sql: payment intents, by what they are like
select s.body, s.status
  from sandbox.stripe_search('payment_intent', '/v1/payment_intents/search', :query::jsonb) a
 cross join lateral sandbox.stripe_shown(a, :query::jsonb) s
