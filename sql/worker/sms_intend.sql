-- What is to be done about a message now. That it is about to be sent is committed before it is. Who texts for the SMS agent
-- has been texted, or is an administrator; elsewhere accounts name a number themselves
select todo, wait_ms, intended
  from sms_begin(:job_id::uuid, :product, nullif(:account, '0')::bigint, :phone, :body, :settle::integer,
                 case when :account <> '0' and :product <> 'smsagent' then :daily::integer end)
