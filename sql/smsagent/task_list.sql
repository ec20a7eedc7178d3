-- public: tasks belong to the installation, not to one of its accounts; who calls was checked before
with them as not materialized (
  select created_at, id from smsagent.tasks(:user_phone, :category, :success::boolean, :created_after::timestamptz,
                                            :created_before::timestamptz)),
page as materialized (
  select created_at, id, row_number() over () as n
    from ((select created_at, id from them
            where :page_before::json is null
              and (created_at, id) < (coalesce((:page_after::json ->> 0)::timestamptz, 'infinity'),
                                      (:page_after::json ->> 1)::bigint)
            order by created_at desc, id desc
            limit 101 offset :page_offset::bigint)
           union all
          (select created_at, id from them
            where (created_at, id) > ((:page_before::json ->> 0)::timestamptz, (:page_before::json ->> 1)::bigint)
            order by created_at, id
            limit 101)) as read
   limit :page_more::bigint)
select coalesce(json_agg(smsagent.task_json(t) order by p.created_at desc, p.id desc)
                filter (where p.n <= :page_limit::bigint), '[]') as body,
       string_agg(json_build_array(p.created_at, p.id)::text, E'\n' order by p.n) as keys,
       coalesce(list_total('smsagent.task', 0, num_nonnulls(:user_phone::text, :category::text, :success::text,
                                                          :created_after::text, :created_before::text) > 0, :page_total::bigint),
                (select count(*) from them)) as total
  from page p
  join smsagent.task t on t.id = p.id
