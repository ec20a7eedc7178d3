-- sql/sandbox/stripe_charge_get.sql: a charge
select s.body, s.status
  from sandbox.stripe_found('charge', 'charge', :id) a
 cross join lateral sandbox.stripe_shown(a, :query::jsonb) s
