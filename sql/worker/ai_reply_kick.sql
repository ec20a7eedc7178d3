-- A task that was not answered is answered after all; one that was is not
with asked as (
  select (j.args ->> 'task_id')::bigint as id from job j where j.id = :job_id),
again as (
  update smsagent.task t set success = null, error_message = null, completed_at = null, processing_time = null
    from asked
   where t.id = asked.id and t.success is not true
  returning t.id)
select refuse('MR409', 'The task has been answered') as refused where not exists (select from again)
