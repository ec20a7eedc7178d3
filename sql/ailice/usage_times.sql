-- How long the caller's own requests of so many days took, by path, the most called first
select coalesce(json_agg(json_build_object(
         'endpoint', e.path, 'avg_response_time', round(e.mean / 1000, 1), 'min_response_time', round(e.least / 1000.0),
         'max_response_time', round(e.most / 1000.0), 'total_calls', e.n) order by e.n desc, e.path), '[]') as body
  from (select p.value as path, count(*) as n, avg(r.us) as mean, min(r.us) as least, max(r.us) as most
          from request r
          join json_each_text(:paths::json) as p on p.key = r.operation
         where r.account_id = :account_id::bigint and r.at >= now() - :days::integer * interval '1 day'
         group by p.value
         order by n desc, path
         limit :page_limit::bigint offset :page_offset::bigint) as e
