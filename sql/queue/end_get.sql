-- Whose end of a job stands
select outcome, epoch, worker from job_end where id = :job_id
