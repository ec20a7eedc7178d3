-- SPDX-License-Identifier: GPL-3.0-or-later
-- Whose a message of the provider's is, be it a job's of sms.send or a recipient's of a broadcast. What was sent of the same
-- text to the same number looks alike in the provider's list, where those are looked for whose answer was lost; each counts
-- for one of ours only. Which one takes which does not matter: as many go out as were asked for.

create table sms_owned (
  sid text primary key
);
insert into sms_owned
select sid from sms where sid is not null
union
select sid from smsagent.recipient where sid is not null;

-- Take one. False: it is somebody's already.
create function sms_claim(of_sid text) returns boolean
language plpgsql as $$
begin
  insert into sms_owned (sid) values (of_sid) on conflict do nothing;
  return found;
end $$;

-- What the provider tells of a message of which it was not known whether it went out, as a state: whatever is told proves
-- that it did.
create function sms_proof(was text, told sms_state) returns sms_state
language sql immutable parallel safe as $$
  select case when told is null and was in ('waiting', 'trying', 'asking', 'unknown') then 'sent' else told end::sms_state
$$;

-- A message of sms.send, told of by its sid or, before that is known here, by its job. One that another of the same text has
-- taken is that one's, whatever address it comes by.
create or replace function sms_told(job text, told_sid text, status text, code text, said text) returns void
language plpgsql as $$
declare
  told sms_state := sms_state_of(status);
  was sms;
begin
  select * into was from sms s where s.sid = told_sid for update;
  if not found and job ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
    select * into was from sms s where s.job_id = job::uuid and s.sid is null for update;
    if found and not sms_claim(told_sid) then
      select * into was from sms s where s.sid = told_sid for update;
    end if;
  end if;
  if was.job_id is null then
    return;
  end if;
  told := sms_proof(was.state, told);
  perform sms_stopped(was.phone_number, code);
  if sms_news(was.state, told) then
    update sms s set state = told, sid = told_sid, error_code = code, error_message = said, changed_at = now()
     where s.job_id = was.job_id;
  elsif was.sid is null then
    update sms s set sid = told_sid where s.job_id = was.job_id;
  end if;
end $$;

-- Likewise a message of a broadcast, told of by its sid or by "NO.NUMBER".
create or replace function smsagent.recipient_told(ref text, told_sid text, status text, code text) returns void
language plpgsql as $$
declare
  told sms_state := sms_state_of(status);
  was smsagent.recipient;
begin
  select * into was from smsagent.recipient r where r.sid = told_sid for update;
  if not found and ref ~ '^[0-9]{1,18}\.[0-9]{7,15}$' then
    select * into was from smsagent.recipient r
     where r.message_no = split_part(ref, '.', 1)::bigint and r.phone_number = '+' || split_part(ref, '.', 2) and r.sid is null
       for update;
    if found and not sms_claim(told_sid) then
      select * into was from smsagent.recipient r where r.sid = told_sid for update;
    end if;
  end if;
  if was.message_no is null then
    return;
  end if;
  told := sms_proof(was.state, told);
  perform sms_stopped(was.phone_number, code);
  if not sms_news(case was.state when 'asking' then 'trying' else was.state end, told) then
    update smsagent.recipient r set sid = told_sid
     where r.message_no = was.message_no and r.phone_number = was.phone_number and r.sid is null;
    return;
  end if;
  update smsagent.recipient r set state = told, sid = told_sid, error_code = code
   where r.message_no = was.message_no and r.phone_number = was.phone_number;
  perform smsagent.message_count(was.message_no,
                                 (told <> 'failed')::integer - (was.state in ('sent', 'delivered'))::integer,
                                 (told = 'failed')::integer - (was.state = 'failed')::integer, 0,
                                 - (was.state = 'unknown')::integer);
end $$;

-- Who names a number himself may name anybody's. Whether one more text may go to it, on this account's behalf: so many go to
-- a number in a day, and as many from an account, whatever numbers it names.
create function sms_allowed(phone text, account bigint, a_day integer) returns boolean
language sql as $$
  select throttle_hit('sms-number', phone, a_day, interval '1 day') = 0
     and (account is null or throttle_hit('sms-account', account::text, a_day, interval '1 day') = 0)
$$;

-- What is to be done about a message when an attempt begins: `send` (and it counts as tried from now on), `ask` the provider
-- about the attempt before, in wait_ms at the earliest, or nothing any more (`ended`). intended: when it was tried, seconds
-- since 1970, exactly: what an attempt says of a try counts only until there is another. a_day: how many texts go to a number
-- that an account has named; null: it has not. (Workers of an earlier release call sms_intend().)
create function sms_begin(job uuid, of_product text, account bigint, phone text, said text, settle integer, a_day integer)
returns table (todo text, wait_ms integer, intended numeric)
language plpgsql as $$
declare
  m sms;
  fresh boolean;
  reason text;
begin
  if account is not null and not exists (select from account a where a.id = sms_begin.account and a.deleted_at is null) then
    reason := 'The account is closed';  -- and its rows go, those of messages that are under way included
  else
    insert into sms (job_id, product, account_id, phone_number, body) values (job, of_product, account, phone, said)
    on conflict do nothing;
    fresh := found;
  end if;
  select * into m from sms s where s.job_id = job for update;
  if m.state = 'waiting' and exists (select from sms_stop t where t.phone_number = m.phone_number) then
    reason := 'The number has asked not to be texted';
  elsif fresh and a_day is not null and not sms_allowed(phone, account, a_day) then
    reason := 'The number, or the account, has had its texts of the day';
  end if;
  if m.state = 'trying' then
    return query select 'ask', greatest(0, settle - (extract(epoch from clock_timestamp() - m.intended_at) * 1000)::integer),
                        extract(epoch from m.intended_at);
  elsif m.state = 'waiting' and reason is null then
    return query update sms s set state = 'trying', intended_at = clock_timestamp(), changed_at = now()
                  where s.job_id = job
                 returning 'send', 0, extract(epoch from s.intended_at);
  else
    update sms s set state = 'skipped', error_message = reason, changed_at = now() where s.job_id = job and m.state = 'waiting';
    return query select 'ended', 0, 0::numeric;
  end if;
end $$;
