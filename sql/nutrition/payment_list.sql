-- A page of the caller's payments, the latest first
with mine as not materialized (
  select payment_date, id from billing.payment where account_id = :account_id::bigint),
page as materialized (
  select payment_date, id, row_number() over () as n
    from ((select payment_date, id from mine
            where :page_before::json is null
              and (payment_date, id) < (coalesce((:page_after::json ->> 0)::timestamptz, 'infinity'),
                                        (:page_after::json ->> 1)::bigint)
            order by payment_date desc, id desc
            limit 101 offset :page_offset::bigint)
           union all
          (select payment_date, id from mine
            where (payment_date, id) > ((:page_before::json ->> 0)::timestamptz, (:page_before::json ->> 1)::bigint)
            order by payment_date, id
            limit 101)) as read
   limit :page_more::bigint)
select coalesce(json_agg(json_build_object(
         'id', y.id, 'amount', billing.money(y.amount, y.currency), 'currency', upper(y.currency), 'status', y.status, 'description', y.description,
         'payment_date', iso_time(y.payment_date), 'stripe_payment_intent_id', y.stripe_payment_intent_id,
         'invoice_url', y.invoice_url) order by p.payment_date desc, p.id desc)
                filter (where p.n <= :page_limit::bigint), '[]') as body,
       string_agg(json_build_array(p.payment_date, p.id)::text, E'\n' order by p.n) as keys,
       coalesce(list_total('billing.payment', :account_id::bigint, false, :page_total::bigint),
                (select count(*) from mine)) as total
  from page p
  join billing.payment y on y.id = p.id
