-- A stage of an analysis is through. Stages never go back.
update nutrition.analysis set progress = :progress::smallint, updated_at = now()
 where id = :job_id and status = 'processing' and progress < :progress::smallint
