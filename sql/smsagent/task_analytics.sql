-- public: tasks belong to the installation, not to one of its accounts; who calls was checked before. Thirty days when nothing
-- is said; days are in UTC, the last 366 that have any.
with asked as materialized (
  select t.category, t.success, t.processing_time, t.tokens_used, (t.created_at at time zone 'UTC')::date as day
    from smsagent.tasks(:user_phone, :category, null,
                        coalesce(:start_date::timestamptz, coalesce(:end_date::timestamptz, now()) - interval '30 days'),
                        :end_date::timestamptz) as t),
kind as (
  select category, count(*) as n, smsagent.success_rate(count(*) filter (where success), count(success), 1) as rate,
         round(avg(processing_time), 1) as mean
    from asked group by category),
daily as (
  select day, count(*) as n, count(*) filter (where success) as good, round(avg(processing_time), 1) as mean
    from asked group by day order by day desc limit 366)
select json_build_object(
         'total_tasks', count(*), 'successful_tasks', count(*) filter (where success),
         'success_rate', smsagent.success_rate(count(*) filter (where success), count(success), 2),
         'avg_processing_time', coalesce(round(avg(processing_time), 2), 0.0),
         'avg_tokens_used', coalesce(round(avg(tokens_used)), 0),
         'category_breakdown', (select coalesce(json_object_agg(k.category, json_build_object(
                                         'count', k.n, 'success_rate', k.rate, 'avg_processing_time', coalesce(k.mean, 0.0))
                                       order by k.category), '{}') from kind k),
         'daily_stats', (select coalesce(json_agg(json_build_object(
                                  'date', d.day, 'total_tasks', d.n, 'successful_tasks', d.good,
                                  'avg_processing_time', coalesce(d.mean, 0.0)) order by d.day), '[]') from daily d)) as body
  from asked
