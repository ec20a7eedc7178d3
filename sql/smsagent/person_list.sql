-- public: those who text belong to the installation, not to one of its accounts; who calls was checked before
with them as not materialized (
  select created_at, phone_number from smsagent.person where :tier::text is null or tier = :tier),
page as materialized (
  select created_at, phone_number, row_number() over () as n
    from ((select created_at, phone_number from them
            where :page_before::json is null
              and (created_at, phone_number) < (coalesce((:page_after::json ->> 0)::timestamptz, 'infinity'),
                                                :page_after::json ->> 1)
            order by created_at desc, phone_number desc
            limit 101 offset :page_offset::bigint)
           union all
          (select created_at, phone_number from them
            where (created_at, phone_number) > ((:page_before::json ->> 0)::timestamptz, :page_before::json ->> 1)
            order by created_at, phone_number
            limit 101)) as read
   limit :page_more::bigint)
select coalesce(json_agg(json_build_object(
         'phone_number', p.phone_number, 'tier', p.tier, 'email', p.email, 'full_name', p.full_name,
         'created_at', iso_time(p.created_at), 'last_active', iso_time(p.last_active),
         'total_requests', p.total_requests, 'monthly_requests', smsagent.this_month(p), 'timezone', p.timezone,
         'preferences', p.preferences) order by page.created_at desc, page.phone_number desc)
                filter (where page.n <= :page_limit::bigint), '[]') as body,
       string_agg(json_build_array(page.created_at, page.phone_number)::text, E'\n' order by page.n) as keys,
       coalesce(list_total('smsagent.person', 0, :tier::text is not null, :page_total::bigint),
                (select count(*) from them)) as total
  from page
  join smsagent.person p on p.phone_number = page.phone_number
