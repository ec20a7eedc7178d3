-- sql/sandbox/stripe_invoice_get.sql: an invoice
select s.body, s.status
  from sandbox.stripe_found('invoice', 'invoice', :id) a
 cross join lateral sandbox.stripe_shown(a, :query::jsonb) s
