-- SPDX-License-Identifier: GPL-3.0-or-later
-- Texts, erasure, syncs and reminders: what they make of what comes late, twice, or from elsewhere.

-- What is to be done about a message when an attempt begins, as before (0053_text_claims.sql). A try of weeks ago is asked about
-- at once.
create or replace function sms_begin(job uuid, of_product text, account bigint, phone text, said text, settle integer, a_day integer)
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
    return query select 'ask', least(settle, greatest(0, settle - extract(epoch from clock_timestamp() - m.intended_at) * 1000))::integer,
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

-- Whose pages are taken, and whose end: the sync's that runs with the connection's token. One that has begun with a token
-- before tells of somebody else's list, maybe.
alter table ailice.integration add sync_job uuid;

-- The next bite of a closed account (0048_house.sql), which takes no file's row, nor a piece's: their bytes go first, by their own
-- statement. While there is one there is more to do. A job of the account that ends now waits until it is known whether there was.
create or replace function account_erase(account_id bigint, most integer) returns bigint
language plpgsql as $$
declare
  gone bigint;
begin
  perform from account a where a.id = account_erase.account_id and a.deleted_at is not null for update;
  if not found then
    return 0;
  elsif exists (select from file f where f.account_id = account_erase.account_id)
     or exists (select from piece p where p.account_id = account_erase.account_id) then
    return 1;
  end if;
  gone := erase_where('account', format('id = %s', account_id), most);
  if not exists (select from account a where a.id = account_erase.account_id) then
    delete from list_count c where c.owner = account_erase.account_id;
  end if;
  return gone;
end $$;

-- Whether PostgreSQL knows a time zone today: databases of zones change.
create function zone_holds(name text) returns boolean
language plpgsql stable as $$
begin
  return (now() at time zone name) is not null;
exception when invalid_parameter_value then
  return false;
end $$;

-- The next reminder of meals behind a time; null: there is none.
create function nutrition.remind_next(preferences json, since timestamptz) returns timestamptz
language plpgsql stable as $$
declare
  zone text := preferences ->> 'timezone';
begin
  if (preferences ->> 'sms_reminders')::boolean is not true or preferences ->> 'phone' is null or not zone_holds(zone) then
    return null;
  end if;
  return (select min(t.at)
            from json_array_elements_text(preferences -> 'meal_reminders') as r(clock)
           cross join generate_series(-1, 2) as n
           cross join lateral (select ((since at time zone zone)::date + n + r.clock::time) at time zone zone as at) as t
           where t.at > since);
end $$;

-- When somebody is due, by what he wants and up to when he was reminded: each minute looks at those who are only.
alter table nutrition.profile add remind_at timestamptz;
create function nutrition.profile_remind() returns trigger
language plpgsql as $$
begin
  new.remind_at := nutrition.remind_next(new.preferences, new.reminded_to);
  return new;
end $$;
create trigger profile_remind before insert or update of preferences, reminded_to on nutrition.profile
  for each row execute function nutrition.profile_remind();
update nutrition.profile set reminded_to = reminded_to
 where (preferences ->> 'sms_reminders')::boolean and (preferences ->> 'phone') is not null;
create index profile_remind_at on nutrition.profile (remind_at) where remind_at is not null;
drop index nutrition.profile_reminded;
