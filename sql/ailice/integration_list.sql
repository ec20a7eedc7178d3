-- The caller's services: at most one of each name
select coalesce(json_agg(ailice.integration_json(p.i) order by (p.i).service), '[]') as body
  from (select i from ailice.integration i where i.account_id = :account_id order by i.service
         limit :page_limit::bigint offset :page_offset::bigint) as p
