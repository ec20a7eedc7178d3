-- An analysis that failed is begun again
update nutrition.analysis set status = 'queued', progress = 0, error = null, updated_at = now()
 where id = :job_id and status in ('failed', 'cancelled')
