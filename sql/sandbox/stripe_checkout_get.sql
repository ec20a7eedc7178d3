-- sql/sandbox/stripe_checkout_get.sql: a page to pay on
select s.body, s.status
  from sandbox.stripe_found('checkout.session', 'checkout.session', :id) a
 cross join lateral sandbox.stripe_shown(a, :query::jsonb) s
