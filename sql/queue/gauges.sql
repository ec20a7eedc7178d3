-- What PostgreSQL knows of each queue, and who leads. Buried jobs are counted among the latest 10,000 of all queues.
select n.name, coalesce(q.refusing, false) as refusing, coalesce(q.why, '') as why, coalesce(q.version, 0) as version,
       coalesce(b.jobs, 0) as buried,
       coalesce((select term from leader where leader.name = 'reconciler' and expires > now()), 0) as term
  from (select distinct queue as name from job_kind) as n
  left join queue q on q.name = n.name
  left join (select j.queue, count(*) as jobs
               from (select id from job_end where outcome = 'buried' order by id desc limit 10000) as e
               join job j on j.id = e.id
              group by j.queue) as b on b.queue = n.name
 order by n.name
