-- Cancellations that were asked for and have not ended their jobs: a Redis that has forgotten them is told again. The ticket
-- is for one that does not know the job: who asked was dropping it there, to put it at the front.
select c.id, j.queue, job_ticket_now(j) as ticket
  from job_cancel c
  join job j on j.id = c.id
 where not exists (select from job_end e where e.id = c.id)
 limit 1000
