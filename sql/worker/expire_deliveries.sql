-- Deliveries that have ended 30 days ago, some of them
delete from hook_delivery
 where id in (select id from hook_delivery where ended_at < now() - interval '30 days' order by ended_at limit 1000)
returning id
