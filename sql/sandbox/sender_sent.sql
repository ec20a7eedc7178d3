-- sql/sandbox/sender_sent.sql: what came of calls: 2xx ends one, anything else is tried again, eight times in all; of so many that have
-- ended no more are kept
with ended as (
  select * from unnest(:ids::bigint[], :statuses::int[]) e (id, status)),
gone as (
  delete from sandbox.outgoing o using ended e where e.id % 1000 = 0 and o.id <= e.id - 200000 and o.state <> 'waiting')
update sandbox.outgoing o
   set status = e.status, tries = o.tries + 1, due = clock_timestamp() + interval '100 ms' * 2 ^ o.tries,
       state = case when e.status between 200 and 299 then 'sent' when o.tries + 1 >= 8 then 'failed' else 'waiting' end
  from ended e
 where o.id = e.id
