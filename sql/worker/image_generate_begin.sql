-- A worker has begun: what a poll shows
update figureforge.generation set status = 'processing' where id = :job_id and status = 'queued'
