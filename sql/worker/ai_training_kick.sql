-- A training that failed is made again, from its begin
update ailice.training
   set status = 'queued', error = null, finished_at = null, file_id = null, ordered_at = null, remote_id = null
 where job_id = :job_id
