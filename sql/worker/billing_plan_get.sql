-- A plan that is sold
select p.name, p.amount, p.currency, p.period, p.stripe_price_id as price
  from billing.plan p where p.product = :product and p.id = :plan
