-- Look at an event that Stripe has told. While its thing is asked for it is not looked at yet
with looked as (
  select billing.event_apply(:product, :event_id, :fresh::json) as outcome),
kept as (
  update billing.event e set outcome = nullif(l.outcome, 'ask')
    from looked l
   where e.product = :product and e.id = :event_id
  returning e.data)
select l.outcome, k.data -> 'object' as object from looked l cross join kept k
