-- What went wrong of the caller's own requests of so many days, by path, the most first
select coalesce(json_agg(json_build_object(
         'endpoint', e.path, 'error_count', e.n, 'last_error', 'HTTP ' || e.status, 'last_occurred', ailice.stamp(e.at))
         order by e.n desc, e.path), '[]') as body
  from (select p.value as path, count(*) as n, max(r.at) as at, (array_agg(r.status order by r.at desc))[1] as status
          from request r
          join json_each_text(:paths::json) as p on p.key = r.operation
         where r.account_id = :account_id::bigint and r.at >= now() - :days::integer * interval '1 day' and r.status >= 400
         group by p.value
         order by n desc, path
         limit :page_limit::bigint offset :page_offset::bigint) as e
