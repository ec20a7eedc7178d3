-- What has become of a try to send a message, or of the search for it. `taken`: another one of ours has the provider's message.
-- `moved`: what the provider has told meanwhile stands, or there was another try since; but that it went out counts always
with mine as materialized (
  select job_id, sid from sms
   where job_id = :job_id::uuid
     and (state in ('trying', 'waiting') and extract(epoch from intended_at) = :intended::numeric
          or :state = 'sent' and state in ('trying', 'waiting', 'unknown'))
     for update),
claimed as (
  insert into sms_owned (sid) select :sid::text from mine where :sid is not null and mine.sid is distinct from :sid
  on conflict do nothing
  returning sid),
settled as (
  update sms s
     set state = :state::text, sid = coalesce(s.sid, :sid), error_code = coalesce(:code, s.error_code),
         error_message = coalesce(:message, s.error_message), changed_at = now()
    from mine
   where s.job_id = mine.job_id and (:sid is null or mine.sid = :sid or exists (select from claimed))
  returning s.phone_number)
select case when exists (select from settled) then 'settled' when exists (select from mine) then 'taken' else 'moved' end as how,
       (select count(sms_stopped(phone_number, :code)) from settled) as stopped
