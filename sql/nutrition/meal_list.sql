-- A page of the caller's meals, the latest first
with mine as not materialized (
  select consumed_at, id from nutrition.meal where account_id = :account_id::bigint),
page as materialized (
  select consumed_at, id, row_number() over () as n
    from ((select consumed_at, id from mine
            where :page_before::json is null
              and (consumed_at, id) < (coalesce((:page_after::json ->> 0)::timestamptz, 'infinity'),
                                       (:page_after::json ->> 1)::bigint)
            order by consumed_at desc, id desc
            limit 101 offset :page_offset::bigint)
           union all
          (select consumed_at, id from mine
            where (consumed_at, id) > ((:page_before::json ->> 0)::timestamptz, (:page_before::json ->> 1)::bigint)
            order by consumed_at, id
            limit 101)) as read
   limit :page_more::bigint)
select coalesce(json_agg(nutrition.meal_json(m) order by p.consumed_at desc, p.id desc)
                filter (where p.n <= :page_limit::bigint), '[]') as body,
       string_agg(json_build_array(p.consumed_at, p.id)::text, E'\n' order by p.n) as keys,
       coalesce(list_total('nutrition.meal', :account_id::bigint, false, :page_total::bigint),
                (select count(*) from mine)) as total
  from page p
  join nutrition.meal m on m.id = p.id
