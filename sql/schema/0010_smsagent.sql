-- SPDX-License-Identifier: GPL-3.0-or-later
-- SMS agent: the people who text, and what they asked.

create schema smsagent;

create table smsagent.person (
  phone_number     text primary key check (phone_number ~ '^\+[1-9][0-9]{6,14}$'),
  tier             text not null default 'free' check (tier in ('free', 'premium', 'enterprise')),
  email            text,
  full_name        text,
  timezone         text not null default 'UTC',
  preferences      json not null default '{"notifications": true, "language": "en"}',
  created_at       timestamptz not null default now(),
  last_active      timestamptz,
  total_requests   integer not null default 0,
  monthly_requests integer not null default 0,
  month            date not null default date_trunc('month', now() at time zone 'UTC')::date
);
create index person_created on smsagent.person (created_at desc, phone_number desc);
create index person_tier on smsagent.person (tier, created_at desc, phone_number desc);

-- Requests of the month that it is now.
create function smsagent.this_month(p smsagent.person) returns integer
language sql stable parallel safe as $$
  select case when p.month = date_trunc('month', now() at time zone 'UTC')::date then p.monthly_requests else 0 end
$$;
