-- Where the caller's events are sent: at most twenty addresses
with mine as (
  select h from hook h where h.product = :product and h.account_id = :account_id order by h.id)
select coalesce((select json_agg(expenses.hook_json(p.h) order by (p.h).id)
                   from (select h from mine order by (h).id limit :page_limit::bigint offset :page_offset::bigint) as p), '[]') as body,
       (select count(*) from mine) as total
