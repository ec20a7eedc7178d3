-- What was not sent is sent; of what nobody knows the provider is asked again
update sms
   set state = case state when 'unknown' then 'trying' else 'waiting' end, error_code = null, error_message = null,
       changed_at = now()
 where job_id = :job_id::uuid and (state = 'unknown' or state = 'failed' and sid is null)
