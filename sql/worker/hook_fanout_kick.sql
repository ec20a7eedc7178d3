-- An event that was given up is told after all: nothing was written of it
select id from job where id = :job_id::uuid
