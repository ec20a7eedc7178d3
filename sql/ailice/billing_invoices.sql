-- A page of the caller's invoices, the latest first
select coalesce(json_agg(json_build_object(
         'id', i.id, 'amount_due', i.amount_due, 'amount_paid', i.amount_paid, 'currency', i.currency, 'status', i.status,
         'created', ailice.stamp(i.created_at), 'invoice_pdf', i.invoice_pdf, 'hosted_invoice_url', i.hosted_invoice_url)
         order by i.created_at desc, i.id desc), '[]') as body
  from (select * from billing.invoice
         where account_id = :account_id
         order by created_at desc, id desc
         limit :page_limit::bigint offset :page_offset::bigint) i
