-- Text all, or those of some tiers; only administrators get here, and who it was is kept. Whom it is for is put down by the
-- job, as it is now. One broadcast runs at a time: their key is the same.
with them as (
  select count(*)::integer as n
    from smsagent.person p
   where (:tier_filter::json is null or p.tier in (select json_array_elements_text(:tier_filter::json)))
     and not exists (select from sms_stop s where s.phone_number = p.phone_number)),
put as (
  select j.id, job_ticket(j) as ticket
    from job_put(kind => 'sms.broadcast', product => :product, tenant => :product, account_id => :account_id::bigint,
                 args => '{}', request_id => :request_id, key => 'sms.broadcast') j),
made as (
  insert into smsagent.message (name, job_id, is_broadcast, message_type, body, tiers, created_by, recipients, listed_to)
  select smsagent.message_name('broadcast'), put.id, true, :message_type, :message,
         case when :tier_filter::json is not null then array(select json_array_elements_text(:tier_filter::json)) end,
         :account_id::bigint, them.n, ''
    from put, them
  returning *)
select json_build_object('message_id', m.name, 'recipients_count', m.recipients,
                         'estimated_delivery', iso_time(m.created_at + make_interval(secs => (m.recipients / sms_rate())::float)),
                         'status', m.status) as body,
       put.ticket as jobs
  from made m, put
