-- Open jobs that were put, or put off, for later than ten minutes and are due within ten minutes now, or have come due in
-- the last `span` seconds; and those that were kicked within that time: who kicked them may have died before he told
-- Redis, or a worker's late word of the end that was undone has made Redis forget them again
select j.id, j.queue, job_ticket(j, (select max(t.not_before) from job_try t where t.id = j.id)) as ticket
  from (select id from job
         where later
           and due_at between now() - make_interval(secs => :span::double precision) and now() + interval '10 minutes'
         union
        select id from job_try
         where not_before - ended_at > interval '10 minutes'
           and not_before between now() - make_interval(secs => :span::double precision) and now() + interval '10 minutes'
         union
        select target::uuid from audit
         where action = 'kick' and at > now() - make_interval(secs => :span::double precision)) as near
  join job j on j.id = near.id
 where j.id > :after and not exists (select from job_end e where e.id = j.id)
 order by j.id
 limit 5000
