-- How many weeks from now on all three tables have, and rows that lie in no week
with wanted as (
  select n, to_char((now() at time zone 'UTC') + n * interval '7 days', 'IYYY"w"IW') as week from generate_series(0, 4) as n),
missing as (
  select n from wanted
   where to_regclass('job_' || week) is null or to_regclass('job_end_' || week) is null
      or to_regclass('job_try_' || week) is null)
select coalesce((select min(n) from missing), 5) as ahead,
       (select count(*) from (select from job_default limit 1000) as stray) as jobs,
       (select count(*) from (select from job_end_default limit 1000) as stray) as ends,
       (select count(*) from (select from job_try_default limit 1000) as stray) as tries
