-- Queues that some kind of job is for: also those of programs that stand on the library
select distinct queue from job_kind order by queue
