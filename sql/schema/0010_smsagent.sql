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
  last_active      timestamptz not null default now(),
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

create table smsagent.task (
  id              bigint generated always as identity primary key,
  phone_number    text not null references smsagent.person,
  category        text not null check (category in ('coding', 'debug', 'explain', 'general')),
  user_message    text not null,
  ai_response     text,
  success         boolean,                        -- null: it is in work
  processing_time numeric(8, 2),                  -- seconds
  created_at      timestamptz not null default now()
);
create index task_of on smsagent.task (phone_number, created_at desc, id desc);

-- What somebody's tasks show: the share of ended ones that went well in per cent, their mean time in seconds, the three
-- categories that are asked for most.
create function smsagent.stats(phone text) returns json
language sql stable parallel safe as $$
  select json_build_object(
           'success_rate', coalesce(round(100.0 * count(*) filter (where t.success)
                                          / nullif(count(*) filter (where t.success is not null), 0), 1), 0.0),
           'avg_response_time', coalesce(round(avg(t.processing_time), 1), 0.0),
           'favorite_categories', coalesce((select json_agg(f.category order by f.n desc, f.category)
                                              from (select c.category, count(*) as n from smsagent.task c
                                                     where c.phone_number = phone
                                                     group by c.category
                                                     order by n desc, c.category limit 3) as f), '[]'))
    from smsagent.task t
   where t.phone_number = phone
$$;

-- Somebody as he is shown by himself.
create function smsagent.person_detail(p smsagent.person) returns json
language sql stable parallel safe as $$
  select json_build_object(
         'phone_number', p.phone_number, 'tier', p.tier, 'email', p.email, 'full_name', p.full_name,
         'created_at', iso_time(p.created_at), 'last_active', iso_time(p.last_active),
         'total_requests', p.total_requests, 'monthly_requests', smsagent.this_month(p),
         'rate_limit_reset', iso_time(date_trunc('hour', now()) + interval '1 hour'), 'timezone', p.timezone,
         'preferences', p.preferences,
         'stats', smsagent.stats(p.phone_number))
$$;
