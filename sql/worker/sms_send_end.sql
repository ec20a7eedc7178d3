-- A job that has given up leaves a message that was not sent, or one of which nobody knows whether it was
update sms
   set state = case state when 'trying' then 'unknown' else 'failed' end, changed_at = now(),
       error_message = coalesce(error_message, :error)
 where job_id = :job_id::uuid and state in ('trying', 'waiting') and :outcome <> 'done'
