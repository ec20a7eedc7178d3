-- Whether a broadcast has recipients left, and in how many milliseconds the first of them may be asked about
with left_over as (
  select (select count(*) from (select from smsagent.recipient where message_no = :no::bigint and state = 'waiting' limit 1) as w) as waiting,
         (select min(intended_at) from smsagent.recipient where message_no = :no::bigint and state in ('trying', 'asking')) as oldest)
select waiting > 0 or oldest is not null as some,
       case when waiting > 0 then 0
            else greatest(0, extract(epoch from oldest + make_interval(secs => :settle::integer) - clock_timestamp()) * 1000)::bigint
       end as wait_ms
  from left_over
