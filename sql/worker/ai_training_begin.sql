-- A worker has begun: what a poll shows
update ailice.training set status = 'processing' where job_id = :job_id and status = 'queued'
