-- Text somebody; only administrators get here, and who it was is kept
with person as (
  select p.phone_number,
         case when exists (select from sms_stop s where s.phone_number = p.phone_number)
              then refuse('MR409', 'This number has asked not to be texted', 'phone_number') end as refused
    from smsagent.person p where p.phone_number = :phone_number),
put as (
  select p.phone_number, j.id, job_ticket(j) as ticket
    from person p
   cross join lateral job_put(kind => 'sms.send', product => :product, tenant => :product, account_id => :account_id::bigint,
                              args => json_build_object('to', p.phone_number, 'body', :message::text),
                              request_id => :request_id) j
   where p.refused is null),
made as (
  insert into smsagent.message (name, job_id, is_broadcast, message_type, body, created_by, recipients)
  select smsagent.message_name('msg'), put.id, false, :message_type, :message, :account_id::bigint, 1 from put
  returning *)
select json_build_object('message_id', m.name, 'status', m.status, 'recipient', put.phone_number,
                         'message_type', m.message_type, 'created_at', iso_time(m.created_at)) as body,
       put.ticket as jobs
  from made m, put
