-- SPDX-License-Identifier: GPL-3.0-or-later
-- Text messages, whichever product sends them: what is to be said to whom, and what has become of it. A row is committed
-- as `trying` before the provider is called: whoever finds it so afterwards does not know whether the message went out, and
-- asks the provider before anything is sent again.

-- Numbers that have asked not to be texted. All our messages come from one number, so this holds for all products.
create table sms_stop (
  phone_number text primary key,
  stopped_at   timestamptz not null default now()
);

-- waiting: not with the provider. trying: it was called, or is about to be. sent: it has accepted the message. delivered,
-- failed: as it tells. skipped: the number has asked not to be texted. unknown: neither we nor the provider can tell.
create domain sms_state as text
  check (value in ('waiting', 'trying', 'sent', 'delivered', 'failed', 'skipped', 'unknown'));

-- One a job of the kind sms.send.
create table sms (
  job_id        uuid primary key,
  product       text not null,
  account_id    bigint references account,
  phone_number  text not null,
  body          text not null,
  state         sms_state not null default 'waiting',
  sid           text,                              -- the provider's name for it
  error_code    text,
  error_message text,
  intended_at   timestamptz,                       -- when it was tried last
  created_at    timestamptz not null default now(),
  changed_at    timestamptz not null default now()
);
create index sms_sid on sms (sid) where sid is not null;
create index sms_sent on sms (changed_at) where state = 'sent';

-- Nutrition's messages were a table of their own, which nothing but a test has ever filled.
drop table nutrition.message;

-- What is to be done about a message when an attempt begins: `send` (and it counts as tried from now on), `ask` the provider
-- about the attempt before, in wait_ms at the earliest, or nothing any more (`ended`). intended: seconds since 1970.
create function sms_intend(job uuid, of_product text, account bigint, phone text, said text, settle integer)
returns table (todo text, wait_ms integer, intended bigint)
language plpgsql as $$
declare
  m sms;
begin
  insert into sms (job_id, product, account_id, phone_number, body) values (job, of_product, account, phone, said)
  on conflict do nothing;
  select * into m from sms s where s.job_id = job for update;
  if m.state = 'trying' then
    return query select 'ask', greatest(0, settle - (extract(epoch from clock_timestamp() - m.intended_at) * 1000)::integer),
                        extract(epoch from m.intended_at)::bigint;
  elsif m.state <> 'waiting' then
    return query select 'ended', 0, 0::bigint;
  elsif exists (select from sms_stop t where t.phone_number = m.phone_number) then
    update sms s set state = 'skipped', changed_at = now() where s.job_id = job;
    return query select 'ended', 0, 0::bigint;
  else
    update sms s set state = 'trying', intended_at = clock_timestamp(), changed_at = now() where s.job_id = job;
    return query select 'send', 0, extract(epoch from clock_timestamp())::bigint;
  end if;
end $$;

-- Somebody whom the provider will not text because he has told it so (21610).
create function sms_stopped(phone text, error_code text) returns void
language sql as $$
  insert into sms_stop (phone_number) select phone where error_code = '21610' on conflict do nothing
$$;

-- What the provider tells of a message, as a state; null: it is on its way, which we knew.
create function sms_state_of(status text) returns sms_state
language sql immutable parallel safe as $$
  select case status when 'accepted' then 'sent' when 'scheduled' then 'sent' when 'queued' then 'sent' when 'sending' then 'sent'
                     when 'sent' then 'sent' when 'delivered' then 'delivered' when 'read' then 'delivered'
                     when 'undelivered' then 'failed' when 'failed' then 'failed' when 'canceled' then 'failed' end::sms_state
$$;

-- Whether what is told changes what is known: news come in any order, and twice. What was delivered stays so.
create function sms_news(was sms_state, told sms_state) returns boolean
language sql immutable parallel safe as $$
  select told is not null and case was when 'delivered' then false
                                       when 'failed' then told = 'delivered'
                                       when 'sent' then told in ('delivered', 'failed')
                                       else true end
$$;

-- All broadcasts of the installation leave at one rate: one message a second, as a number that is nothing special may, until
-- an operator says otherwise (millrace limiter twilio RATE BURST).
create function sms_rate() returns numeric
language sql stable as $$ select coalesce((select l.rate from limiter l where l.name = 'twilio'), 1) $$;
