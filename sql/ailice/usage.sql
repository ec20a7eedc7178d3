-- The caller's own requests of so many days: of the API, and of pages
select json_build_object(
         'total_events', count(*), 'api_calls', count(*) filter (where p.value like '/api/%'),
         'page_views', count(*) filter (where p.value not like '/api/%'), 'errors', count(*) filter (where r.status >= 400),
         'avg_response_time', coalesce(round(avg(r.us) / 1000, 1), 0.0),
         'period_start', ailice.stamp(now() - :days::integer * interval '1 day'), 'period_end', ailice.stamp(now())) as body
  from request r
  left join json_each_text(:paths::json) as p on p.key = r.operation
 where r.account_id = :account_id::bigint and r.at >= now() - :days::integer * interval '1 day'
