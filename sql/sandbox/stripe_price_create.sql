-- sql/sandbox/stripe_price_create.sql: make a price
select s.body, s.status
  from sandbox.stripe_price_create(coalesce(:input::jsonb, '{}')) a
 cross join lateral sandbox.stripe_shown(a, coalesce(:input::jsonb, '{}')) s
