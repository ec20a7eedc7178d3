-- SPDX-License-Identifier: GPL-3.0-or-later
-- Nutrition: meals and what comes of them, notifications, payments. SMS agent: all there is to know of a task, changes of tiers.
-- Expense Tracker and AIlice: notifications.

-- ---- nutrition: preferences ----

create function nutrition.standard_preferences() returns json
language sql immutable parallel safe as $$
  select '{"daily_calorie_goal": 2000, "protein_goal": 100, "timezone": "UTC", "meal_reminders": ["08:00", "12:30", "19:00"],
           "country": null, "phone": null}'::json
$$;
alter table nutrition.profile alter column preferences set default nutrition.standard_preferences();

create function nutrition.preferences(account_id bigint) returns json
language sql stable parallel safe as $$
  select coalesce((select p.preferences from nutrition.profile p where p.account_id = preferences.account_id),
                  nutrition.standard_preferences())
$$;

create function nutrition.me(a account, preferences json) returns json
language sql stable parallel safe as $$
  select json_build_object('id', a.id, 'email', a.email, 'created_at', iso_time(a.created_at), 'preferences', preferences)
$$;

-- In per cent; 0 of none.
create function nutrition.share(part numeric, whole numeric) returns numeric
language sql immutable parallel safe as $$
  select coalesce(round(100 * part / nullif(whole, 0), 1), 0.0)
$$;

-- The day that it is at a time, where somebody lives, and when one begins there.
create function nutrition.day_of(t timestamptz, zone text) returns date
language sql stable parallel safe as $$ select (t at time zone zone)::date $$;

create function nutrition.day_start(day date, zone text) returns timestamptz
language sql stable parallel safe as $$ select day::timestamp at time zone zone $$;

-- ---- nutrition: meals ----

-- What was sent of a meal's items, every member written the same way: numbers as numbers, 0 where nothing was said. Null for
-- null.
create function nutrition.items(sent json) returns json
language sql immutable parallel safe as $$
  select case when sent is not null then
         (select coalesce(json_agg(json_build_object(
                   'name', i.item ->> 'name', 'quantity', trim_scale(coalesce((i.item ->> 'quantity')::numeric, 1)),
                   'unit', coalesce(i.item ->> 'unit', 'serving'),
                   'calories', trim_scale(coalesce((i.item ->> 'calories')::numeric, 0)),
                   'protein', trim_scale(coalesce((i.item ->> 'protein')::numeric, 0)),
                   'carbs', trim_scale(coalesce((i.item ->> 'carbs')::numeric, 0)),
                   'fat', trim_scale(coalesce((i.item ->> 'fat')::numeric, 0))) order by i.n), '[]')
            from json_array_elements(sent) with ordinality as i(item, n)) end
$$;

create function nutrition.items_sum(items json, member text) returns numeric
language sql immutable parallel safe as $$
  select coalesce(sum((i.item ->> member)::numeric), 0) from json_array_elements(items) as i(item)
$$;

create table nutrition.meal (
  id          bigint generated always as identity primary key,
  account_id  bigint not null references account,
  name        text not null,
  consumed_at timestamptz not null,
  items       json not null,            -- as nutrition.items() writes them
  calories    numeric not null generated always as (nutrition.items_sum(items, 'calories')) stored,
  protein     numeric not null generated always as (nutrition.items_sum(items, 'protein')) stored,
  carbs       numeric not null generated always as (nutrition.items_sum(items, 'carbs')) stored,
  fat         numeric not null generated always as (nutrition.items_sum(items, 'fat')) stored,
  favorite    boolean not null default false,
  device_id   text,                     -- where it was entered, and its id there
  local_id    text,
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now()
);
create index meal_of on nutrition.meal (account_id, consumed_at desc, id desc) include (calories, protein);
create index meal_created on nutrition.meal (created_at);
create unique index meal_local on nutrition.meal (account_id, coalesce(device_id, ''), local_id) where local_id is not null;

create function nutrition.meal_json(m nutrition.meal) returns json
language sql stable parallel safe as $$
  select json_build_object(
         'id', m.id, 'name', m.name, 'consumed_at', iso_time(m.consumed_at), 'meal_items', m.items,
         'calories', trim_scale(m.calories), 'protein', trim_scale(m.protein), 'carbs', trim_scale(m.carbs),
         'fat', trim_scale(m.fat), 'favorite', m.favorite, 'local_id', m.local_id, 'device_id', m.device_id,
         'created_at', iso_time(m.created_at), 'updated_at', iso_time(m.updated_at))
$$;

-- ---- nutrition: what is told to people ----

create table nutrition.notification (
  id         bigint generated always as identity primary key,
  account_id bigint not null references account,
  about      text not null,             -- 'goal:2024-01-20': nothing is told twice
  title      text not null,
  message    text not null,
  priority   text not null check (priority in ('low', 'medium', 'high')),
  created_at timestamptz not null default now(),
  read_at    timestamptz,
  unique (account_id, about)
);
create index notification_of on nutrition.notification (account_id, id desc);

create function nutrition.notify(account_id bigint, about text, title text, message text, priority text) returns void
language sql volatile as $$
  insert into nutrition.notification (account_id, about, title, message, priority)
  values (account_id, about, title, message, priority)
  on conflict do nothing
$$;

-- Streaks that somebody has reached. What was reached stays, whatever becomes of the meals.
create table nutrition.achievement (
  account_id  bigint not null references account,
  days        integer not null,
  unlocked_at timestamptz not null,
  primary key (account_id, days)
);

create function nutrition.any_meal(account_id bigint, day date, zone text) returns boolean
language sql stable parallel safe as $$
  select exists (select from nutrition.meal m
                  where m.account_id = any_meal.account_id
                    and m.consumed_at >= nutrition.day_start(day, zone) and m.consumed_at < nutrition.day_start(day + 1, zone))
$$;

-- Days in a row with a meal, up to today or yesterday; one look at the index a day, at most a thousand.
create function nutrition.streak(account_id bigint, today date, zone text) returns integer
language plpgsql stable as $$
declare
  last date := today - (not nutrition.any_meal(account_id, today, zone))::integer;
  days integer := 0;
begin
  while days < 1000 and nutrition.any_meal(account_id, last - days, zone) loop
    days := days + 1;
  end loop;
  return days;
end $$;

-- A meal was entered or changed, by whichever call: a goal of today's or a streak may have been reached. Only the first meal
-- of a day can make a streak longer.
create function nutrition.meal_written() returns trigger
language plpgsql as $$
declare
  preferences json := nutrition.preferences(new.account_id);
  zone text := preferences ->> 'timezone';
  today date := nutrition.day_of(now(), zone);
  day date := nutrition.day_of(new.consumed_at, zone);
  meals bigint;
  eaten numeric;
  reached integer;
  streak integer;
begin
  if day > today then
    return null;
  end if;
  select count(*), sum(m.calories) into meals, eaten
    from nutrition.meal m
   where m.account_id = new.account_id
     and m.consumed_at >= nutrition.day_start(day, zone) and m.consumed_at < nutrition.day_start(day + 1, zone);
  if day = today and eaten >= (preferences ->> 'daily_calorie_goal')::numeric then
    perform nutrition.notify(new.account_id, 'goal:' || day, 'Daily Goal Achieved', 'You''ve reached your daily calorie goal',
                             'medium');
  end if;
  if meals > 1 then
    return null;
  end if;
  streak := nutrition.streak(new.account_id, today, zone);
  for reached in
    insert into nutrition.achievement (account_id, days, unlocked_at)
    select new.account_id, d, now() from unnest('{3, 7, 15, 30, 60, 100}'::integer[]) as d where d <= streak
    on conflict do nothing
    returning days
  loop
    perform nutrition.notify(new.account_id, 'streak:' || reached, reached || '-Day Streak! 🔥',
                             'You have entered a meal on ' || reached || ' days in a row', 'low');
  end loop;
  return null;
end $$;
create trigger meal_written after insert or update of consumed_at, items on nutrition.meal
  for each row execute function nutrition.meal_written();

-- What a telephone counts by days.
create table nutrition.daily_metric (
  account_id   bigint not null references account,
  day          date not null,
  water_intake numeric(6, 2) not null default 0, -- litres
  steps        integer not null default 0,
  primary key (account_id, day)
);

-- ---- nutrition: payments, as Stripe tells of them ----

create table nutrition.subscription (
  id                     bigint generated always as identity primary key,
  account_id             bigint not null references account,
  plan_id                integer not null references nutrition.plan,
  status                 text not null,          -- Stripe's word
  current_period_start   timestamptz not null,
  current_period_end     timestamptz not null,
  cancel_at_period_end   boolean not null default false,
  stripe_subscription_id text unique,
  created_at             timestamptz not null default now(),
  ended_at               timestamptz             -- null: it is the account's subscription now
);
create unique index subscription_now on nutrition.subscription (account_id) where ended_at is null;

create index subscription_active on nutrition.subscription (plan_id, account_id) where ended_at is null and status = 'active';

create table nutrition.payment_method (
  id         text primary key,                   -- Stripe's
  account_id bigint not null references account,
  type       text not null,
  brand      text,
  last4      text,
  exp_month  integer,
  exp_year   integer,
  is_default boolean not null default false,
  created_at timestamptz not null default now()
);
create index payment_method_of on nutrition.payment_method (account_id, created_at desc, id desc);
create unique index payment_method_default on nutrition.payment_method (account_id) where is_default;

create table nutrition.payment (
  id                       bigint generated always as identity primary key,
  account_id               bigint not null references account,
  amount                   numeric(12, 2) not null,
  currency                 text not null,
  status                   text not null,
  description              text not null,
  payment_date             timestamptz not null,
  stripe_payment_intent_id text not null unique,
  invoice_url              text
);
create index payment_of on nutrition.payment (account_id, payment_date desc, id desc);

-- ---- SMS agent: tasks ----

alter table smsagent.task
  add tokens_used      integer,
  add complexity_score numeric(3, 2) check (complexity_score between 0 and 1),
  add error_message    text,
  add completed_at     timestamptz,
  add metadata         json not null default '{}';
create index task_created on smsagent.task (created_at desc, id desc);
create index task_category on smsagent.task (category, created_at desc, id desc);
create index task_success on smsagent.task (success, created_at desc, id desc);

create function smsagent.task_json(t smsagent.task) returns json
language sql stable parallel safe as $$
  select json_build_object(
         'id', t.id, 'user_phone', t.phone_number, 'sms_content', t.user_message, 'ai_response', t.ai_response,
         'category', t.category, 'processing_time', t.processing_time, 'tokens_used', t.tokens_used,
         'complexity_score', t.complexity_score, 'success', t.success, 'error_message', t.error_message,
         'created_at', iso_time(t.created_at), 'completed_at', iso_time(t.completed_at), 'metadata', t.metadata)
$$;

-- The latest tasks that were asked for, at most so many; null asks for any. It becomes part of the statement that names it. Of
-- its branches one runs, whose index has the filter that leaves the fewest, in the order of a list.
create function smsagent.tasks(phone text, kind text, went boolean, since timestamptz, until timestamptz, most bigint)
returns setof smsagent.task
language sql stable as $$
  (select * from smsagent.task
    where phone_number = phone and (kind is null or category = kind) and (went is null or success = went)
      and created_at >= coalesce(since, '-infinity') and created_at < coalesce(until, 'infinity')
    order by created_at desc, id desc limit most)
  union all
  (select * from smsagent.task
    where phone is null and success = went and (kind is null or category = kind)
      and created_at >= coalesce(since, '-infinity') and created_at < coalesce(until, 'infinity')
    order by created_at desc, id desc limit most)
  union all
  (select * from smsagent.task
    where phone is null and went is null and category = kind
      and created_at >= coalesce(since, '-infinity') and created_at < coalesce(until, 'infinity')
    order by created_at desc, id desc limit most)
  union all
  (select * from smsagent.task
    where phone is null and went is null and kind is null
      and created_at >= coalesce(since, '-infinity') and created_at < coalesce(until, 'infinity')
    order by created_at desc, id desc limit most)
$$;

-- Of tasks that have ended, in per cent.
create function smsagent.success_rate(good bigint, ended bigint, digits integer) returns numeric
language sql immutable parallel safe as $$
  select coalesce(round(100.0 * good / nullif(ended, 0), digits), 0.0)
$$;

-- ---- SMS agent: tiers and countries ----

create table smsagent.tier_change (
  id           bigint generated always as identity primary key,
  phone_number text not null references smsagent.person,
  was          text not null,
  becomes      text not null,
  reason       text,
  changed_by   bigint references account,
  changed_at   timestamptz not null default now()
);
create index tier_change_at on smsagent.tier_change (changed_at);
create index tier_change_of on smsagent.tier_change (phone_number);

create function smsagent.tier_rank(tier text) returns integer
language sql immutable parallel safe as $$ select array_position('{free,premium,enterprise}', tier) $$;

-- Where a number is from: +1 is Canada's too, told by the area.
create function smsagent.country(phone text) returns text
language sql immutable parallel safe as $$
  select case when phone like '+44%' then 'UK'
              when phone not like '+1%' then 'Other'
              when substr(phone, 3, 3) = any ('{204,226,236,249,250,257,263,289,306,343,354,365,367,368,382,387,403,416,418,428,
                                                431,437,438,450,460,468,474,506,514,519,537,548,568,579,581,584,587,604,613,639,
                                                647,672,683,705,709,742,753,778,780,782,807,819,825,851,867,873,879,902,905,
                                                942}') then 'CA'
              else 'US' end
$$;

-- ---- Expense Tracker: notifications ----

create table expenses.notice_type (
  type     text primary key,
  position integer not null unique
);
insert into expenses.notice_type (type, position)
select type, n from unnest('{expense_added,expense_updated,comment_added,settlement_requested,settlement_completed,payment_due,
                             group_invite,member_joined,member_left,report_ready}'::text[]) with ordinality as t(type, n);

create table expenses.notification (
  id         bigint generated always as identity primary key,
  account_id bigint not null references account,
  type       text not null references expenses.notice_type,
  title      text not null,
  message    text not null,
  priority   text not null default 'normal' check (priority in ('low', 'normal', 'high')),
  sender_id  bigint references account,
  metadata   json not null default '{}',
  action_url text,
  created_at timestamptz not null default now(),
  read_at    timestamptz
);
create index notification_of on expenses.notification (account_id, id desc);
create index notification_unread on expenses.notification (account_id, id desc) where read_at is null;

-- Of somebody, the latest, at most so many; null asks for any. One of the branches runs: few are not read.
create function expenses.notifications(account_id bigint, was_read boolean, kind text, weight text, most bigint)
returns setof expenses.notification
language sql stable as $$
  (select * from expenses.notification n
    where n.account_id = notifications.account_id and n.read_at is null and not was_read
      and (kind is null or n.type = kind) and (weight is null or n.priority = weight)
    order by n.id desc limit most)
  union all
  (select * from expenses.notification n
    where n.account_id = notifications.account_id and was_read is not false and (was_read is null or n.read_at is not null)
      and (kind is null or n.type = kind) and (weight is null or n.priority = weight)
    order by n.id desc limit most)
$$;

-- What of all that somebody wants to be told, and how.
alter table expenses.profile
  add notices json not null default '{"email_enabled": true, "push_enabled": false, "sms_enabled": false,
                                      "quiet_hours": {"enabled": false, "start": "22:00", "end": "08:00", "timezone": "UTC"}}';

create table expenses.notice_choice (
  account_id bigint not null references account,
  type       text not null references expenses.notice_type,
  enabled    boolean not null,
  channels   text[] not null,
  frequency  text not null check (frequency in ('immediate', 'daily', 'weekly')),
  primary key (account_id, type)
);

-- ---- AIlice: notifications ----

create table ailice.notification (
  id                bigint generated always as identity primary key,
  account_id        bigint not null references account,
  title             text not null,
  message           text not null,
  notification_type text not null check (notification_type in ('info', 'success', 'warning', 'error')),
  action_url        text,
  metadata          json not null default '{}',
  created_at        timestamptz not null default now(),
  read_at           timestamptz
);
create index notification_of on ailice.notification (account_id, id desc);
create index notification_unread on ailice.notification (account_id, id desc) where read_at is null;

create function ailice.notification_json(n ailice.notification) returns json
language sql stable parallel safe as $$
  select json_build_object('id', n.id, 'title', n.title, 'message', n.message, 'notification_type', n.notification_type,
                           'read', n.read_at is not null, 'action_url', n.action_url, 'metadata', n.metadata,
                           'created_at', ailice.stamp(n.created_at), 'read_at', ailice.stamp(n.read_at))
$$;

-- Of somebody, the latest, at most so many. One of the branches runs: few are not read.
create function ailice.notifications(account_id bigint, unread boolean, most bigint)
returns setof ailice.notification
language sql stable as $$
  (select * from ailice.notification n
    where n.account_id = notifications.account_id and unread and n.read_at is null
    order by n.id desc limit most)
  union all
  (select * from ailice.notification n
    where n.account_id = notifications.account_id and not unread
    order by n.id desc limit most)
$$;
