-- public: the signature was checked. A message that is not ours, or an event that was told before, changes nothing.
with seen as (
  insert into webhook_event (product, provider, event_id)
  values (:product, 'twilio', :message_sid || ':' || :message_status)
  on conflict do nothing
  returning event_id)
select '' as body, count(sms_told(:ref, :message_sid, :message_status, nullif(:error_code, ''), nullif(:error_message, ''))) as told
  from seen
