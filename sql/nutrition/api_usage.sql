-- public: an administrator asks of all accounts; who calls was checked before. Days are in UTC.
with asked as (
  select date_trunc('day', now(), 'UTC') - (case :period when 'month' then 29 when 'week' then 6 else 0 end) * interval '1 day'
           as since),
named as materialized (
  select p.key as operation, p.value as path
    from json_each_text(:paths::json) as p
   where :endpoint::text is null or rtrim(p.value, '/') = rtrim(:endpoint, '/')),
hour as materialized (
  select h.*
    from asked join request_hour h on h.hour >= asked.since
   where h.product = :product and (:endpoint::text is null or h.operation in (select operation from named))),
code as (
  select s.status, sum(s.requests) as requests
    from asked join request_status s on s.hour >= asked.since
   where s.product = :product and (:endpoint::text is null or s.operation in (select operation from named))
   group by s.status),
bucket as (
  select b.bucket, sum(b.count) as count
    from hour, unnest((hour.histogram).buckets, (hour.histogram).counts) as b(bucket, count)
   group by b.bucket),
whole as (
  select row(array_agg(bucket order by bucket), array_agg(count::bigint order by bucket))::histogram as histogram from bucket),
path as (
  select n.path, sum(h.requests) as requests, sum(h.errors) as errors, sum(h.us) as us
    from hour h join named n using (operation)
   group by n.path)
select json_build_object(
         'period', :period, 'total_requests', coalesce(sum(h.requests), 0),
         'unique_users', (select count(distinct u.account_id)
                            from asked join request_user u on u.day >= (asked.since at time zone 'UTC')::date
                           where u.product = :product
                             and (:endpoint::text is null or u.operation in (select operation from named))),
         'success_rate', coalesce(round(100 * (1 - sum(h.errors) / nullif(sum(h.requests), 0)), 1), 0.0),
         'average_response_time', coalesce(round(sum(h.us) / nullif(sum(h.requests), 0) / 1000), 0),
         'percentiles', (select json_build_object('p50', round((histogram_percentile(histogram, 0.50) / 1000)::numeric, 1),
                                                  'p95', round((histogram_percentile(histogram, 0.95) / 1000)::numeric, 1),
                                                  'p99', round((histogram_percentile(histogram, 0.99) / 1000)::numeric, 1)) from whole),
         'by_endpoint', (select coalesce(json_object_agg(p.path, json_build_object(
                                  'requests', p.requests, 'avg_response_time', round(p.us / p.requests / 1000),
                                  'error_rate', round(100 * p.errors / p.requests, 1))
                                order by p.requests desc, p.path), '{}') from path p),
         'by_status_code', (select coalesce(json_object_agg(c.status, c.requests order by c.status), '{}') from code c),
         'peak_hours', (select coalesce(json_agg(json_build_object('hour', p.hour, 'requests', p.requests) order by p.hour), '[]')
                          from (select extract(hour from h.hour at time zone 'UTC')::integer as hour, sum(h.requests) as requests
                                  from hour h group by 1 order by 2 desc, 1 limit 2) as p)) as body
  from hour h
