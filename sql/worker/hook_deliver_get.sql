-- What is to be sent, and where to; no row: there is nothing to be sent any more. early: one that was made before it has not
-- been tried yet
select d.event, d.body, d.sequence, h.id as hook_id, h.url, h.secret, h.product, h.account_id, d.tries,
       exists (select from hook_delivery e where e.hook_id = d.hook_id and e.sequence < d.sequence and e.state = 'new') as early
  from hook_delivery d
  join hook h on h.id = d.hook_id
 where d.id = :delivery::uuid and d.state in ('new', 'retrying') and h.disabled_at is null
