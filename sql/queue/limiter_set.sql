-- A rate that queues share: units a second, as the scripts can read it, and how many at once
with said as (
  select case when :name::text !~ '^[a-z][a-z0-9.-]{0,31}$'
              then 'A limiter''s NAME begins with a-z and goes on with a-z, 0-9, . and -, 32 characters at most'
              when :rate::text !~ '^(0\.[0-9]{0,5}[1-9]|[1-9][0-9]{0,8}(\.[0-9]{1,6})?)$'
              then format('RATE is units a second, such as 10 or 0.5, above 0 and below 1,000,000,000, not %s', left(:rate, 32))
              when :burst::text !~ '^[1-9][0-9]{0,8}$'
              then format('BURST is how many at once, a whole number from 1 to 999,999,999, not %s', left(:burst, 32))
         end as wrong),
made as (
  insert into limiter as l (name, rate, burst)
  select :name, case when wrong is null then :rate::numeric end, case when wrong is null then :burst::integer end
    from said
   where wrong is null
  on conflict (name) do update set rate = excluded.rate, burst = excluded.burst
  returning name),
noted as (
  select audit_note(:who, 'limiter.set', name, json_build_object('rate', :rate::text, 'burst', :burst::text)) from made)
select (select refuse('MR422', wrong) from said where wrong is not null) as refused, (select count(*) from noted) as made
