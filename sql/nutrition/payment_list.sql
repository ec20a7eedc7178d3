-- A page of the caller's payments, the latest first
select coalesce(json_agg(json_build_object(
         'id', p.id, 'amount', p.amount, 'currency', p.currency, 'status', p.status, 'description', p.description,
         'payment_date', iso_time(p.payment_date), 'stripe_payment_intent_id', p.stripe_payment_intent_id,
         'invoice_url', p.invoice_url) order by p.payment_date desc, p.id desc), '[]') as body,
       (select count(*) from nutrition.payment where account_id = :account_id::bigint) as total
  from (select * from nutrition.payment
         where account_id = :account_id::bigint
         order by payment_date desc, id desc
         limit :page_limit::bigint offset :page_offset::bigint) as p
