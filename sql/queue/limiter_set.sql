-- A rate that queues share: units a second, as the scripts can read it, and how many at once
with made as (
  insert into limiter as l (name, rate, burst)
  select :name, case when holds then :rate::numeric end, case when holds then :burst::integer end
    from (select :name::text ~ '^[a-z][a-z0-9.-]{0,31}$' and :burst::text ~ '^[1-9][0-9]{0,8}$'
                 and :rate::text ~ '^(0\.[0-9]{0,5}[1-9]|[1-9][0-9]{0,8}(\.[0-9]{1,6})?)$' as holds) as said
   where holds
  on conflict (name) do update set rate = excluded.rate, burst = excluded.burst
  returning name),
noted as (
  select audit_note(:who, 'limiter.set', name, json_build_object('rate', :rate::text, 'burst', :burst::text)) from made)
select case when not exists (select from made)
            then refuse('MR422', 'A limiter has a name in lower case, a rate such as 10 or 0.5, and a burst such as 20')
       end as refused,
       (select count(*) from noted) as made
