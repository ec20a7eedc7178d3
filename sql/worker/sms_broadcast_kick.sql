-- A broadcast that was given up goes on; of those of whom nobody knows the provider is asked
with again as (
  update smsagent.message set status = 'queued', completed_at = null where job_id = :job_id::uuid returning no),
doubtful as (
  update smsagent.recipient r set state = 'asking'
    from again
   where r.message_no = again.no and r.state = 'unknown'
  returning r.message_no)
select count(smsagent.message_count(again.no, 0, 0, 0, -(select count(*) from doubtful))) from again
