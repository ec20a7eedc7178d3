-- A worker has begun: what a poll shows
update ailice.prediction set status = 'processing' where id = :job_id and status = 'queued'
