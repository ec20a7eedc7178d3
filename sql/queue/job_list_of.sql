-- As job_list has it, of the open ones among these jobs
select j.id, j.kind, j.queue, j.product, j.tenant, j.priority, iso_time(job_id_time(j.id)) as made_at,
       extract(epoch from now() - job_id_time(j.id))::bigint as age_s, iso_time(j.due_at) as due_at, null as outcome,
       null as error, null as ended_at, (select count(*) from job_try t where t.id = j.id and t.counts) as tries,
       false as later
  from unnest(:ids::uuid[]) as one(id)
 cross join lateral (select * from job o where o.id = one.id limit 1) j
 where j.id < :before::uuid and j.id >= :floor::uuid and (:queue::text is null or j.queue = :queue)
   and (:kind::text is null or j.kind = :kind) and (:tenant::text is null or j.tenant = :tenant)
   and not exists (select from job_end e where e.id = j.id)
 order by j.id desc
 limit :wanted::bigint
