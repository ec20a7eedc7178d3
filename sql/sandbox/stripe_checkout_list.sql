-- sql/sandbox/stripe_checkout_list.sql: pages to pay on
select s.body, s.status
  from sandbox.stripe_list('checkout.session', '/v1/checkout/sessions', :query::jsonb) a
 cross join lateral sandbox.stripe_shown(a, :query::jsonb) s
