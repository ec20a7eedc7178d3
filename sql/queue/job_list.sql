-- Jobs made before `before` and not before `floor`, the last first: it looks at `most` at most, so that a call takes its
-- time whatever else there is, and gives `wanted` of those that fit. state: open, an outcome, or null; later: whether it is due
-- later. When it looked at as many as it may, the last row has no kind and tells how far it has come.
with page as materialized (
  select j.id, j.kind, j.queue, j.product, j.tenant, j.priority, j.due_at
    from job j
   where j.id < :before::uuid
     and j.id >= greatest(:floor::uuid, case when :state = 'open' then (select s.oldest from queue_scan s) end)
   order by j.id desc
   limit :most::bigint),
span as materialized (
  select (array_agg(id order by id))[1] as low, count(*) as seen from page),
ended as materialized (
  select e.id, e.outcome, e.error, e.ended_at
    from job_end e where e.id < :before::uuid and e.id >= (select low from span)),
tried as materialized (
  select t.id, max(t.not_before) as not_before, count(*) filter (where t.counts) as tries
    from job_try t where t.id < :before::uuid and t.id >= (select low from span)
   group by t.id),
found as (
  select p.id, p.kind, p.queue, p.product, p.tenant, p.priority, iso_time(job_id_time(p.id)) as made_at,
         extract(epoch from now() - job_id_time(p.id))::bigint as age_s, iso_time(p.due_at) as due_at, e.outcome, e.error,
         iso_time(e.ended_at) as ended_at, coalesce(t.tries, 0) as tries, greatest(p.due_at, t.not_before) > now() as later
    from page p
    left join ended e on e.id = p.id
    left join tried t on t.id = p.id
   where (:queue::text is null or p.queue = :queue) and (:kind::text is null or p.kind = :kind)
     and (:tenant::text is null or p.tenant = :tenant)
     and (:state::text is null or coalesce(e.outcome, 'open') = :state)
     and (:later::boolean is null or (greatest(p.due_at, t.not_before) > now()) = :later::boolean)
   order by p.id desc
   limit :wanted::bigint)
select * from found
union all
select low, null, null, null, null, null, null, null, null, null, null, null, null, null
  from span
 where seen >= :most::bigint
