-- sql/sandbox/stripe_price_get.sql: a price
select case when p is not null then p else (sandbox.stripe_missing('price', :id)).body end as body,
       case when p is null then 404 end as status
  from (select sandbox.stripe_price(:id) as p) x
