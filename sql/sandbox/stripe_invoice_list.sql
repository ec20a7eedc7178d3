-- sql/sandbox/stripe_invoice_list.sql: invoices
select s.body, s.status
  from sandbox.stripe_list('invoice', '/v1/invoices', :query::jsonb) a
 cross join lateral sandbox.stripe_shown(a, :query::jsonb) s
