-- The end of a broadcast. Of those in flight with an attempt that was stopped nobody knows; who was not texted yet will not be
with over as (
  update smsagent.message
     set status = case when :outcome = 'done' then 'completed' else 'failed' end, completed_at = now()
   where job_id = :job_id::uuid
  returning no),
lost as (
  update smsagent.recipient r set state = 'unknown'
    from over
   where r.message_no = over.no and r.state in ('trying', 'asking') and :outcome <> 'done'
  returning r.message_no)
select count(smsagent.message_count(over.no, 0, 0, 0, (select count(*) from lost))) from over
