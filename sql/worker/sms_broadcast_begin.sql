-- An attempt at a broadcast begins: of those that were in flight with another it is not known whether they were texted
with begun as (
  update smsagent.message set status = 'sending'
   where job_id = :job_id::uuid and status in ('queued', 'sending')
  returning *),
doubtful as (
  update smsagent.recipient r set state = 'asking' from begun b where r.message_no = b.no and r.state = 'trying')
select b.no, b.body, b.recipients, b.sent + b.failed + b.skipped + b.unknown as ended,
       l.rate, l.burst
  from begun b left join limiter l on l.name = 'twilio'
