-- Kinds and their queues, also those of programs that stand on the library
select queue, name from job_kind order by queue, name
