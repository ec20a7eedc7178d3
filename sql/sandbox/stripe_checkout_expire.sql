-- sql/sandbox/stripe_checkout_expire.sql: close a page to pay on
select s.body, s.status
  from sandbox.stripe_checkout_expire(:settings::json, :id) a
 cross join lateral sandbox.stripe_shown(a, coalesce(:input::jsonb, '{}')) s
