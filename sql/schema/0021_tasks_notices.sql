-- SPDX-License-Identifier: GPL-3.0-or-later
-- SMS agent: all there is to know of a task, changes of tiers. Expense Tracker and AIlice: notifications. FigureForge: images as
-- others see them, and what plans cost.

-- ---- SMS agent: tasks ----

alter table smsagent.task
  add tokens_used      integer,
  add complexity_score numeric(3, 2) check (complexity_score between 0 and 1),
  add error_message    text,
  add completed_at     timestamptz,
  add metadata         json not null default '{}';
create index task_created on smsagent.task (created_at desc, id desc);
create index task_category on smsagent.task (category, created_at desc, id desc);
create index task_success on smsagent.task (success, created_at desc, id desc) include (category);
drop index smsagent.task_of;
create index task_of on smsagent.task (phone_number, created_at desc, id desc) include (category, success);

create function smsagent.task_json(t smsagent.task) returns json
language sql stable parallel safe as $$
  select json_build_object(
         'id', t.id, 'user_phone', t.phone_number, 'sms_content', t.user_message, 'ai_response', t.ai_response,
         'category', t.category, 'processing_time', t.processing_time, 'tokens_used', t.tokens_used,
         'complexity_score', t.complexity_score, 'success', t.success, 'error_message', t.error_message,
         'created_at', iso_time(t.created_at), 'completed_at', iso_time(t.completed_at), 'metadata', t.metadata)
$$;

-- Tasks that were asked for; null asks for any. It becomes part of the statement that names it. Of its branches one runs, whose
-- index has the filter that leaves the fewest, in the order of a list.
create function smsagent.tasks(phone text, kind text, went boolean, since timestamptz, until timestamptz)
returns setof smsagent.task
language sql stable as $$
  select * from smsagent.task
   where phone_number = phone and (kind is null or category = kind) and (went is null or success = went)
     and created_at >= coalesce(since, '-infinity') and created_at < coalesce(until, 'infinity')
  union all
  select * from smsagent.task
   where phone is null and success = went and (kind is null or category = kind)
     and created_at >= coalesce(since, '-infinity') and created_at < coalesce(until, 'infinity')
  union all
  select * from smsagent.task
   where phone is null and went is null and category = kind
     and created_at >= coalesce(since, '-infinity') and created_at < coalesce(until, 'infinity')
  union all
  select * from smsagent.task
   where phone is null and went is null and kind is null
     and created_at >= coalesce(since, '-infinity') and created_at < coalesce(until, 'infinity')
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
create index notification_of on expenses.notification (account_id, created_at desc, id desc) include (type, priority, read_at);
create index notification_unread on expenses.notification (account_id, created_at desc, id desc) include (type, priority)
 where read_at is null;

-- Of somebody; null asks for any. One of the branches runs: few are not read.
create function expenses.notifications(account_id bigint, was_read boolean, kind text, weight text)
returns setof expenses.notification
language sql stable as $$
  select * from expenses.notification n
   where n.account_id = notifications.account_id and n.read_at is null and not was_read
     and (kind is null or n.type = kind) and (weight is null or n.priority = weight)
  union all
  select * from expenses.notification n
   where n.account_id = notifications.account_id and was_read is not false and (was_read is null or n.read_at is not null)
     and (kind is null or n.type = kind) and (weight is null or n.priority = weight)
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
create index notification_of on ailice.notification (account_id, created_at desc, id desc);
create index notification_unread on ailice.notification (account_id, created_at desc, id desc) where read_at is null;

create function ailice.notification_json(n ailice.notification) returns json
language sql stable parallel safe as $$
  select json_build_object('id', n.id, 'title', n.title, 'message', n.message, 'notification_type', n.notification_type,
                           'read', n.read_at is not null, 'action_url', n.action_url, 'metadata', n.metadata,
                           'created_at', ailice.stamp(n.created_at), 'read_at', ailice.stamp(n.read_at))
$$;

-- Of somebody. One of the branches runs: few are not read.
create function ailice.notifications(account_id bigint, unread boolean) returns setof ailice.notification
language sql stable as $$
  select * from ailice.notification n
   where n.account_id = notifications.account_id and unread and n.read_at is null
  union all
  select * from ailice.notification n
   where n.account_id = notifications.account_id and not unread
$$;

-- ---- FigureForge: images as others see them, and what plans cost ----

alter table figureforge.plan
  add name     text,
  add price    numeric(10, 2),
  add features text[];
update figureforge.plan
   set name = p.name, price = p.price, features = p.features
  from (values ('free', 'Free', 0.00, '{"10 credits a month"}'::text[]),
               ('pro_monthly', 'Pro', 19.99, '{"200 credits a month", "All models"}'),
               ('studio_monthly', 'Studio', 59.99, '{"1000 credits a month", "All models"}')) as p(id, name, price, features)
 where plan.id = p.id;
alter table figureforge.plan
  alter name set not null,
  alter price set not null,
  alter features set not null;

create function figureforge.plans() returns json
language sql stable parallel safe as $$
  select json_agg(json_build_object('id', p.id, 'name', p.name, 'tier', p.tier, 'price', p.price, 'currency', 'usd',
                                    'interval', 'month', 'credits', p.credits, 'max_batch_size', p.batch,
                                    'features', to_json(p.features)) order by p.position)
    from figureforge.plan p
$$;

create index image_public on figureforge.image (created_at desc, id desc) include (generation_id)
 where is_public and deleted_at is null;
create index image_public_tags on figureforge.image using gin (tags) where is_public and deleted_at is null;

-- Public images of models up to a plan's place. It becomes part of the statement that names it.
create function figureforge.gallery(place integer) returns setof figureforge.image
language sql stable as $$
  select i.*
    from figureforge.image i
    join figureforge.generation g on g.id = i.generation_id
    join figureforge.model m on m.id = g.model
    join figureforge.plan p on p.tier = m.min_tier
   where i.is_public and i.deleted_at is null and p.position <= place
$$;

create function figureforge.image_json(i figureforge.image, f file, t file, viewer bigint, base text) returns json
language plpgsql stable as $$
begin
  return (
    select json_build_object(
           'id', figureforge.image_ref(i.id), 'url', figureforge.image_url(i, f, base),
           'thumbnail_url', figureforge.image_url(i, t, base), 'prompt', g.prompt, 'filters', g.filters, 'model', g.model,
           'width', i.width, 'height', i.height, 'tags', array_to_json(i.tags), 'is_public', i.is_public,
           'is_favorite', exists (select from figureforge.favorite l where l.image_id = i.id and l.account_id = viewer),
           'favorites_count', i.favorites_count, 'job_id', g.id,
           'owner', json_build_object('id', figureforge.user_ref(a.id), 'username', a.username),
           'created_at', iso_time(i.created_at))
      from figureforge.generation g
      join account a on a.id = i.account_id
     where g.id = i.generation_id);
end $$;
