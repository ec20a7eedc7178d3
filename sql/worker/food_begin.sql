-- A worker has begun to look at a meal
update nutrition.analysis set status = 'processing', progress = 0, updated_at = now() where id = :job_id and status = 'queued'
