-- A page of the caller's items, newest first
select coalesce(json_agg(ailice.item_json(i) order by i.created_at desc, i.id desc), '[]') as body
  from (select * from ailice.item
         where account_id = :account_id::bigint
           and (:item_type::text is null or item_type = :item_type)
           and (:status::text is null or status = :status)
         order by created_at desc, id desc
         limit :page_limit::bigint offset :page_offset::bigint) as i
