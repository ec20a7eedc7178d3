-- A file that could not be read is read again: nobody knows yet what is on it
delete from picture_text where job_id = :job_id and status <> 'completed'
