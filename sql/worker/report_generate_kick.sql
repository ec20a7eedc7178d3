-- A report that was not made is to be made again, and can be fetched for as long as a new one
update report
   set status = 'processing', error = null, expires_at = now() + interval '7 days'
 where job_id = :job_id and status = 'failed'
