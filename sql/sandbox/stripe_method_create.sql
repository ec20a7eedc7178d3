-- sql/sandbox/stripe_method_create.sql: make a payment method of a card's number or token
select s.body, s.status
  from sandbox.stripe_method_create(coalesce(:input::jsonb, '{}')) a
 cross join lateral sandbox.stripe_shown(a, coalesce(:input::jsonb, '{}')) s
