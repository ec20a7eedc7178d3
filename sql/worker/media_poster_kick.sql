-- What did not become a picture has left nothing to undo
select from job where id = :job_id
