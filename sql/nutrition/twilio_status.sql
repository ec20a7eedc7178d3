-- public: the signature was checked. A message that is not ours, or an event that was told before, changes nothing.
with seen as (
  insert into webhook_event (product, provider, event_id)
  values (:product, 'twilio', :message_sid || ':' || :message_status)
  on conflict do nothing
  returning event_id),
changed as (
  update nutrition.message
     set status = :message_status, error_code = :error_code, error_message = :error_message, updated_at = now()
   where sid = :message_sid and exists (select from seen)
     and array_position('{queued,sending,sent,delivered}', status) is distinct from 4)
select '' as body
