-- The end of a job, in one transaction with its product's rows; when another end stands already, nothing is written
with ended as (
  insert into job_end (id, outcome, result, error, epoch, worker)
  values (:job_id, :outcome, :result, :error, :epoch, :worker)
  on conflict do nothing
  returning id)
select coalesce((select id::text from ended), refuse('MR409', 'This job has ended already')) as id
