-- A prediction that failed is made again; what was ordered for it has ended
with forgotten as (
  delete from ai_order where job_id = :job_id)
update ailice.prediction set status = 'queued', error = null, finished_at = null where id = :job_id
