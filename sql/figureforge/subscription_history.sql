-- A page of the caller's invoices, the latest first
select coalesce(json_agg(json_build_object(
         'id', i.id, 'amount', billing.money(i.amount_paid, i.currency), 'currency', i.currency, 'status', i.status,
         'description', i.description, 'created_at', iso_time(i.created_at), 'invoice_url', i.hosted_invoice_url)
         order by i.created_at desc, i.id desc), '[]') as body,
       (select count(*) from billing.invoice where account_id = :account_id::bigint) as total
  from (select * from billing.invoice
         where account_id = :account_id::bigint
         order by created_at desc, id desc
         limit :page_limit::bigint offset :page_offset::bigint) i
