-- What Stripe told ninety days ago and more: it tells nothing again after three. What was told of a thing last is kept
with old as (
  delete from billing.event e
   where (e.product, e.id) in (select o.product, o.id from billing.event o
                                where o.received_at < now() - interval '90 days' and o.outcome is not null
                                order by o.received_at limit 500)
  returning e.product, e.id)
delete from webhook_event w using old
 where w.product = old.product and w.provider = 'stripe' and w.event_id = old.id
returning w.event_id
