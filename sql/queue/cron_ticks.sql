-- The next ticks of an expression, for the operator
with recursive place as materialized (select cron_zone(:zone) as zone),
     tick(n, at) as (
  select 1, cron_next(:expression, zone, now()) from place
  union all
  select n + 1, cron_next(:expression, zone, at) from tick, place where n < :count::integer)
select to_char(at at time zone zone, 'Dy YYYY-MM-DD HH24:MI:SS') as shown, zone, iso_time(at) as utc
  from tick, place
 order by n
