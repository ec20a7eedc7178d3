-- A page of what the caller was told, the latest first
with mine as not materialized (
  select created_at, id from nutrition.notification where account_id = :account_id::bigint),
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
select coalesce(json_agg(json_build_object(
         'id', 'notif_' || t.id, 'title', t.title, 'message', t.message, 'priority', t.priority,
         'is_read', t.read_at is not null, 'created_at', iso_time(t.created_at)) order by p.created_at desc, p.id desc)
                filter (where p.n <= :page_limit::bigint), '[]') as body,
       string_agg(json_build_array(p.created_at, p.id)::text, E'\n' order by p.n) as keys,
       coalesce(list_total('nutrition.notification', :account_id::bigint, false, :page_total::bigint),
                (select count(*) from mine)) as total
  from page p
  join nutrition.notification t on t.id = p.id
