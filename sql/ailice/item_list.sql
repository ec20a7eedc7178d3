-- A page of the caller's items, newest first
with mine as not materialized (
  select created_at, id from ailice.item
   where account_id = :account_id::bigint
     and (:item_type::text is null or item_type = :item_type)
     and (:status::text is null or status = :status)),
page as materialized (
  select created_at, id, row_number() over () as n
    from ((select created_at, id from mine
            where :page_before::json is null
              and (created_at, id) < (coalesce((:page_after::json ->> 0)::timestamptz, 'infinity'),
                                      (:page_after::json ->> 1)::bigint)
            order by created_at desc, id desc
            limit 101 offset :page_offset::bigint)
           union all
          (select created_at, id from mine
            where (created_at, id) > ((:page_before::json ->> 0)::timestamptz, (:page_before::json ->> 1)::bigint)
            order by created_at, id
            limit 101)) as read
   limit :page_more::bigint)
select coalesce(json_agg(ailice.item_json(i) order by p.created_at desc, p.id desc)
                filter (where p.n <= :page_limit::bigint), '[]') as body,
       string_agg(json_build_array(p.created_at, p.id)::text, E'\n' order by p.n) as keys
  from page p
  join ailice.item i on i.id = p.id
