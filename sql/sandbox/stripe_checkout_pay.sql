-- sql/sandbox/stripe_checkout_pay.sql: the sandbox's own: somebody pays on the page
select s.body, s.status
  from sandbox.stripe_checkout_pay(:settings::json, :id, coalesce(:input::jsonb, '{}')) a
 cross join lateral sandbox.stripe_shown(a, coalesce(:input::jsonb, '{}')) s
