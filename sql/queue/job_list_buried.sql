-- As job_list has it, of buried jobs: those that were not are not looked at
with page as materialized (
  select e.id, e.outcome, e.error, e.ended_at
    from job_end e
   where e.outcome = 'buried' and e.id < :before::uuid and e.id >= :floor::uuid
   order by e.id desc
   limit :most::bigint),
found as (
  select p.id, j.kind, j.queue, j.product, j.tenant, j.priority, iso_time(job_id_time(p.id)) as made_at,
         extract(epoch from now() - job_id_time(p.id))::bigint as age_s, iso_time(j.due_at) as due_at, p.outcome, p.error,
         iso_time(p.ended_at) as ended_at, (select count(*) from job_try t where t.id = p.id and t.counts) as tries,
         false as later
    from page p
   cross join lateral (select * from job o where o.id = p.id limit 1) j
   where (:queue::text is null or j.queue = :queue) and (:kind::text is null or j.kind = :kind)
     and (:tenant::text is null or j.tenant = :tenant)
   order by p.id desc
   limit :wanted::bigint)
select * from found
union all
select (array_agg(id order by id))[1], null, null, null, null, null, null, null, null, null, null, null, null, null
  from page
having count(*) >= :most::bigint
