-- sql/sandbox/sender_due.sql: of the lines behind a name, in their order, the first calls that are due and not on their way. Lines
-- are walked one by one, by the index, and no further than it takes.
with recursive heads as (
  (select o.line, o.id, o.due from sandbox.outgoing o
    where o.state = 'waiting' and o.line > :after::text order by o.line, o.id limit 1)
  union all
  select next.line, next.id, next.due
    from heads h
   cross join lateral (select o.line, o.id, o.due from sandbox.outgoing o
                        where o.state = 'waiting' and o.line > h.line order by o.line, o.id limit 1) next),
chosen as materialized (
  select id from heads where due <= clock_timestamp() and id <> all (:busy::bigint[]) limit :most::int)
select o.id, o.line, o.url, o.message, o.headers, o.body, o.form, o.sign, o.secret
  from chosen
  join sandbox.outgoing o using (id)
 order by o.line
