-- sql/sandbox/sender_wait.sql: milliseconds until the first call is due of those that are not on their way; null: none waits
with recursive heads as (
  (select o.line, o.id, o.due from sandbox.outgoing o where o.state = 'waiting' order by o.line, o.id limit 1)
  union all
  select next.line, next.id, next.due
    from heads h
   cross join lateral (select o.line, o.id, o.due from sandbox.outgoing o
                        where o.state = 'waiting' and o.line > h.line order by o.line, o.id limit 1) next)
select case when min(due) is not null -- greatest() passes over nulls
            then ceil(greatest(extract(epoch from min(due) - clock_timestamp()) * 1000, 0))::bigint end as wait
  from heads
 where id <> all (:busy::bigint[])
