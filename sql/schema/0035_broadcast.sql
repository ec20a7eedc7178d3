-- SPDX-License-Identifier: GPL-3.0-or-later
-- SMS agent: messages to one and to many, what came in by text message, tasks that are asked for by others.

-- ---- tasks ----

alter table smsagent.task
  add category_given boolean not null default false,  -- by who asked: nobody classifies it
  add reply_by_sms   boolean not null default true;   -- what ai.reply answers is texted

-- ---- messages out ----

-- The numbers behind msg_20240120_ and broadcast_20240120_.
create table smsagent.message_day (
  kind text not null,
  day  date not null,
  n    integer not null,
  primary key (kind, day)
);

create function smsagent.message_name(kind text) returns text
language sql volatile as $$
  insert into smsagent.message_day as d (kind, day, n)
  values (kind, (now() at time zone 'UTC')::date, 1)
  on conflict on constraint message_day_pkey do update set n = d.n + 1
  returning format('%s_%s_%s', kind, to_char(day, 'YYYYMMDD'), lpad(n::text, greatest(3, length(n::text)), '0'))
$$;

-- A single message is sent by sms.send, whose row in `sms` tells what became of it; of a broadcast it is told here.
create table smsagent.message (
  no           bigint generated always as identity primary key,
  name         text not null unique,
  job_id       uuid not null unique,
  is_broadcast boolean not null,
  message_type text not null,
  body         text not null,
  tiers        text[],                                -- null: all
  created_by   bigint references account,
  created_at   timestamptz not null default now(),
  status       text not null default 'queued' check (status in ('queued', 'sending', 'completed', 'failed')),
  listed_to    text,                                  -- the snapshot of a broadcast has come so far; null: it is whole
  listed       integer not null default 0,            -- and has so many by now
  recipients   integer not null default 0,
  sent         integer not null default 0,
  failed       integer not null default 0,
  skipped      integer not null default 0,
  unknown      integer not null default 0,
  completed_at timestamptz
);

-- A broadcast's snapshot. asking: it is not known whether the message went out, the provider is to be asked; tries: how
-- often it was sent.
create table smsagent.recipient (
  message_no   bigint not null references smsagent.message,
  phone_number text not null,
  state        text not null default 'waiting'
               check (state in ('waiting', 'trying', 'asking', 'sent', 'delivered', 'failed', 'skipped', 'unknown')),
  tries        smallint not null default 0,
  intended_at  timestamptz,
  sid          text,
  error_code   text,
  primary key (message_no, phone_number)
);
create index recipient_waiting on smsagent.recipient (message_no, phone_number) where state = 'waiting';
create index recipient_open on smsagent.recipient (message_no, intended_at) where state in ('trying', 'asking');
create index recipient_sid on smsagent.recipient (sid) where sid is not null;

-- Those whom a broadcast is for: of its tiers when it was asked for, and known by then.
create function smsagent.tier_at(p smsagent.person, at timestamptz) returns text
language sql stable parallel safe as $$
  select coalesce((select c.was from smsagent.tier_change c
                    where c.phone_number = p.phone_number and c.changed_at > at
                    order by c.changed_at, c.id limit 1), p.tier)
$$;

-- Add to a broadcast's counts.
create function smsagent.message_count(of_message bigint, more_sent bigint, more_failed bigint, more_skipped bigint,
                                       more_unknown bigint) returns void
language sql as $$
  update smsagent.message
     set sent = sent + more_sent, failed = failed + more_failed, skipped = skipped + more_skipped,
         unknown = unknown + more_unknown
   where no = of_message and (more_sent, more_failed, more_skipped, more_unknown) <> (0, 0, 0, 0)
$$;

-- A message of a broadcast, told of by its sid or, before that is known here, by "NO.NUMBER".
create function smsagent.recipient_told(ref text, told_sid text, status text, code text) returns void
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
  end if;
  if was.message_no is null then
    return;
  end if;
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

-- ---- messages in ----

-- What was texted to us, by the provider's id: a repeat is answered as before.
create table smsagent.inbound (
  sid          text primary key,
  phone_number text not null,
  answer       text not null,                         -- what was said at once; '': nothing
  task_id      bigint references smsagent.task,
  received_at  timestamptz not null default now()
);
create index inbound_received on smsagent.inbound (received_at);

-- Requests by text message in this hour and month that a tier may make (null: any number).
create table smsagent.tier (
  tier     text primary key,
  an_hour  integer not null,
  a_month  integer
);
insert into smsagent.tier values ('free', 10, 50), ('premium', 60, 1000), ('enterprise', 600, null);

create index recipient_sent on smsagent.recipient (intended_at) where state = 'sent' and sid is not null;

-- What a text message is: a word that Twilio has for it (STOP, START, HELP), or something that is asked.
create function smsagent.word(said text, opted text, stopped boolean) returns text
language sql immutable parallel safe as $$
  select case when opted in ('STOP', 'START', 'HELP') then opted
              when w in ('STOP', 'STOPALL', 'UNSUBSCRIBE', 'CANCEL', 'END', 'QUIT', 'OPTOUT', 'REVOKE') then 'STOP'
              when w in ('START', 'UNSTOP') or w = 'YES' and stopped then 'START'
              when w in ('HELP', 'INFO') then 'HELP' end
    from (select upper(btrim(said, E' \t\r\n.!'))) as t(w)
$$;

-- Whether somebody has used up what his tier may ask in this hour or month. The hour is the clock's, as rate_limit_reset says.
create function smsagent.over_quota(p smsagent.person) returns boolean
language sql stable as $$
  select smsagent.this_month(p) >= t.a_month is true
         or (select count(*) from (select from smsagent.inbound i
                                    where i.phone_number = p.phone_number and i.task_id is not null
                                      and i.received_at >= date_trunc('hour', now()) limit t.an_hour) as asked) >= t.an_hour
    from smsagent.tier t where t.tier = p.tier
$$;

-- A text message to us: what is answered at once ('': nothing, Twilio has answered), and the ticket of its job. Words are
-- handled here; STOP is not answered, since Twilio does, and lets nothing else through. XML's own characters are in no answer.
create function smsagent.receive(of_product text, told_sid text, sender text, said text, opted text, of_request text)
returns table (answer text, ticket text)
language plpgsql as $$
#variable_conflict use_column
declare
  who    smsagent.person;
  word   text := smsagent.word(said, opted, exists (select from sms_stop s where s.phone_number = sender));
  task   bigint;
  spoken text;
begin
  insert into smsagent.inbound (sid, phone_number, answer) values (told_sid, sender, '') on conflict do nothing;
  if not found then
    return query select i.answer, null::text from smsagent.inbound i where i.sid = told_sid;
    return;
  end if;
  insert into smsagent.person (phone_number) values (sender) on conflict do nothing;
  update smsagent.person set last_active = now() where phone_number = sender returning * into who;
  if word = 'STOP' then
    insert into sms_stop (phone_number) values (sender) on conflict do nothing;
    spoken := '';
  elsif word = 'START' then
    delete from sms_stop s where s.phone_number = sender;
    spoken := 'Welcome back. Text us what you would like to know; STOP ends these messages.';
  elsif word = 'HELP' then
    spoken := 'Text us a question and you get an answer by text message. STOP ends these messages, START brings them back.';
  elsif btrim(said) = '' then
    spoken := 'There was no text in your message. Text us what you would like to know.';
  elsif smsagent.over_quota(who) then
    spoken := 'You have used up the messages of your plan for now. Please try again later.';
  else
    insert into smsagent.task (phone_number, category, user_message) values (sender, 'general', said) returning id into task;
    update smsagent.person p
       set total_requests = p.total_requests + 1, monthly_requests = smsagent.this_month(p) + 1,
           month = date_trunc('month', now() at time zone 'UTC')::date
     where p.phone_number = sender;
    spoken := 'Thank you for your message! I''m processing your request and will respond shortly.';
  end if;
  if opted <> '' then
    spoken := '';
  end if;
  update smsagent.inbound i set answer = spoken, task_id = task where i.sid = told_sid;
  return query
    select spoken, case when task is not null then
             (select job_ticket(j) from job_put(kind => 'ai.reply', product => of_product, tenant => of_product, account_id => null,
                                                args => json_build_object('task_id', task), request_id => of_request) as j) end;
end $$;
create index inbound_of on smsagent.inbound (phone_number, received_at) where task_id is not null;
