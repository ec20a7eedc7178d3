-- sql/sandbox/stripe_checkout_create.sql: make a page to pay on
select s.body, s.status
  from sandbox.stripe_checkout_create(coalesce(:input::jsonb, '{}'), :base_url) a
 cross join lateral sandbox.stripe_shown(a, coalesce(:input::jsonb, '{}')) s
