-- Cancellations that were asked for and have not ended their jobs: a Redis that has forgotten them is told again
select c.id, j.queue
  from job_cancel c
  join job j on j.id = c.id
 where not exists (select from job_end e where e.id = c.id)
 limit 1000
