-- sql/sandbox/stripe_invoice_void.sql: have an invoice not be paid any more
select s.body, s.status
  from sandbox.stripe_invoice_void(:settings::json, :id) a
 cross join lateral sandbox.stripe_shown(a, coalesce(:input::jsonb, '{}')) s
