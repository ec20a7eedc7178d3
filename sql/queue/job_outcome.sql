-- How a job has ended, if it has
select j.id, e.outcome, e.result, e.error
  from job j
  left join job_end e on e.id = j.id
 where j.id = :job_id
