-- SPDX-License-Identifier: GPL-3.0-or-later
-- Text messages that the provider has accepted and told nothing of since: when it was asked about them last.
alter table sms add asked_at timestamptz;
alter table smsagent.recipient add asked_at timestamptz;
create index sms_of on sms (phone_number) where state = 'trying';

-- A message of sms.send, told of by its sid or, before that is known here, by its job. What is no news
-- does not look like some.
create function sms_told(job text, told_sid text, status text, code text, said text) returns void
language plpgsql as $$
declare
  told sms_state := sms_state_of(status);
  was sms;
begin
  select * into was from sms s where s.sid = told_sid for update;
  if not found and job ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
    select * into was from sms s where s.job_id = job::uuid and s.sid is null for update;
  end if;
  if was.job_id is null then
    return;
  end if;
  perform sms_stopped(was.phone_number, code);
  if sms_news(was.state, told) then
    update sms s set state = told, sid = told_sid, error_code = code, error_message = said, changed_at = now()
     where s.job_id = was.job_id;
  elsif was.sid is null then
    update sms s set sid = told_sid where s.job_id = was.job_id;
  end if;
end $$;
