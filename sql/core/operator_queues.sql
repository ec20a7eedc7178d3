-- public: queues are the machine's, no caller's; that an operator asks is checked in front of this. :looks: what Redis says of
-- each; a queue whose Redis does not answer is missing there.
with looked as (
  select * from json_to_recordset(:looks::json) as l(queue text, open boolean, known bigint, delayed bigint, running bigint,
                                                     parked bigint, workers bigint, draining bigint)),
buried as (
  select o.queue, count(*) as jobs
    from (select e.id from job_end e where e.outcome = 'buried' order by e.id desc limit 10000) b
   cross join lateral (select j.queue from job j where j.id = b.id limit 1) o
   group by o.queue),
named as (
  select k.queue, exists (select from queue_setting s where s.queue = k.queue and s.name = 'paused') as paused,
         coalesce(q.refusing, false) as refusing, nullif(q.why, '') as why
    from (select distinct queue from job_kind order by queue limit 200) k
    left join queue q on q.name = k.queue)
select json_build_object('queues', coalesce(json_agg(json_build_object(
         'queue', n.queue,
         'state', case when l.open is null then 'unknown' when not l.open then 'closed' when n.paused then 'paused' else 'open' end,
         'paused', n.paused, 'refusing', n.refusing, 'why', n.why,
         'waiting', case when l.open is not null then greatest(l.known - l.delayed - l.running, 0) end, 'delayed', l.delayed, 'running', l.running,
         'parked', l.parked, 'buried', coalesce(b.jobs, 0), 'workers', l.workers, 'draining', l.draining) order by n.queue),
       '[]')) as body
  from named n
  left join looked l on l.queue = n.queue
  left join buried b on b.queue = n.queue
