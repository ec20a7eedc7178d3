-- SPDX-License-Identifier: GPL-3.0-or-later
-- Expense Tracker: mails that gather what is to be told once a day or once a week. Of all products: the feed of what has happened,
-- by product.

-- ---- what is told ----

create function shortened(said text, most integer) returns text
language sql immutable parallel safe as $$
  select case when length(said) > most then left(said, most - 3) || '...' else said end
$$;

-- A time zone by its name, refused by the name of the field that it was sent in when there is none such.
create function zone_known(name text, field text) returns text
language plpgsql stable as $$
begin
  if name is null or exists (select from time_zone z where z.name = zone_known.name) then
    return name;
  elsif exists (select from pg_timezone_names z where z.name = zone_known.name) then
    return name;
  end if;
  return refuse('MR422', 'is not a time zone that is known', field);
end $$;

create or replace function zone_known(name text) returns text
language plpgsql stable as $$
begin
  return zone_known(name, 'timezone');
end $$;

-- What listeners read (docs/architecture.md): the rows of a product behind one that they know.
create index live_event_of on live_event (product, id);

-- As before (0046_hook.sql); but names and words of people may make a notice longer than a notification or a mail takes it: it is
-- cut then, and never a reason that an event is not told.
create or replace function event_tell(product text, event text, stream text, audience bigint[], data json, notice json default null,
                                      request_id text default '') returns text
language sql volatile as $$
  select job_ticket(job_put('hook.fanout', product, product, null,
                            json_build_object('event', event, 'at', iso_time(now()), 'audience', audience, 'data', data,
                                              'notice', case when notice is not null then json_over(notice, json_build_object(
                                                          'title', shortened(notice ->> 'title', 200),
                                                          'message', shortened(notice ->> 'message', 5000))) end),
                            request_id, key => 'event/' || product || '/' || stream))
$$;

-- ---- digests ----

-- Who has something to be mailed together with what else happens, and when his mail is looked after next. A row is there from the
-- first such notice to the first look that finds none: so the next mail after one is on another day. Whoever adds a notice holds the
-- row, and so does whoever writes the mail: what is not in one mail is in the next.
create table expenses.digest (
  account_id bigint primary key references account,
  due_at     timestamptz not null,
  mailed_at  timestamptz -- the last one
);
create index digest_due on expenses.digest (due_at, account_id);

create table expenses.digest_item (
  id         bigint generated always as identity primary key,
  account_id bigint not null references account,
  type       text not null references expenses.notice_type,
  title      text not null,
  message    text not null,
  created_at timestamptz not null default now()
);
create index digest_item_of on expenses.digest_item (account_id, id);

-- As before (0046_hook.sql), but of a zone that PostgreSQL does not know any more no hour is quiet.
create or replace function expenses.quiet_until(quiet json, at timestamptz) returns timestamptz
language plpgsql stable parallel unsafe as $$
declare
  zone   text := quiet ->> 'timezone';
  begins time := (quiet ->> 'start')::time;
  ends   time := (quiet ->> 'end')::time;
  here   timestamp;
begin
  if (quiet ->> 'enabled')::boolean is not true or begins = ends or not zone_holds(zone) then
    return at;
  end if;
  here := at at time zone zone;
  if not (case when begins < ends then here::time >= begins and here::time < ends
               else here::time >= begins or here::time < ends end) then
    return at;
  end if;
  return (here::date + ends + case when here::time < ends then interval '0' else interval '1 day' end) at time zone zone;
end $$;

-- Where somebody's day begins and ends; UTC, where PostgreSQL does not know his zone any more.
create function expenses.day_zone(timezone text) returns text
language sql stable as $$ select case when zone_holds(timezone) then timezone else 'UTC' end $$;

-- When the next mail is due: at eight in the morning, today or, when that is over or today has had one, tomorrow; if it is a quiet
-- hour then, at their end.
create function expenses.digest_next(timezone text, quiet json, at timestamptz, mailed_at timestamptz default null) returns timestamptz
language plpgsql stable as $$
declare
  zone text := expenses.day_zone(timezone);
  here timestamp := at at time zone zone;
  over boolean := here::time >= time '08:00' or coalesce((mailed_at at time zone zone)::date = here::date, false);
begin
  return expenses.quiet_until(quiet, (here::date + over::integer + time '08:00') at time zone zone);
end $$;

-- The latest Monday, eight in the morning: what is older is in this week's mail.
create function expenses.digest_week(timezone text, at timestamptz) returns timestamptz
language plpgsql stable as $$
declare
  zone text := expenses.day_zone(timezone);
begin
  return (date_trunc('week', at at time zone zone - interval '8 hours') + interval '8 hours') at time zone zone;
end $$;

-- Who moves, or sleeps at other hours, has his mail at the new ones; one that is due already is.
create function expenses.digest_move() returns trigger
language plpgsql as $$
begin
  update expenses.digest d
     set due_at = expenses.digest_next(new.timezone, new.notices -> 'quiet_hours', now(), d.mailed_at)
   where d.account_id = new.account_id and d.due_at > now();
  return null;
end $$;
create trigger profile_digest after update of timezone, notices on expenses.profile for each row
  when (old.timezone <> new.timezone or old.notices ->> 'quiet_hours' <> new.notices ->> 'quiet_hours')
  execute function expenses.digest_move();

-- Whether somebody wants to be mailed at all.
create function expenses.is_mailed(p expenses.profile) returns boolean
language sql immutable parallel safe as $$
  select (p.settings ->> 'notifications_enabled')::boolean and (p.settings ->> 'email_notifications')::boolean
     and (p.notices ->> 'email_enabled')::boolean
$$;

-- What of a notification reaches whom, and how (0049_texts.sql): besides, when the mail is due that it is
-- gathered for; null: for none.
drop function expenses.notice_reach(bigint[], json);
create function expenses.notice_reach(audience bigint[], notice json)
returns table (account_id bigint, email text, in_app boolean, mail_at timestamptz, phone text, digest_at timestamptz)
language sql stable as $$
  select a.id, a.email, 'in_app' = any (c.channels),
         case when m.mailed and c.frequency = 'immediate' then expenses.quiet_until(p.notices -> 'quiet_hours', now()) end,
         case when 'sms' = any (c.channels) and c.frequency = 'immediate' and (p.notices ->> 'sms_enabled')::boolean
              then p.phone_number end,
         case when m.mailed and c.frequency <> 'immediate'
              then expenses.digest_next(p.timezone, p.notices -> 'quiet_hours', now()) end
    from account a
    join expenses.profile p on p.account_id = a.id
   cross join lateral (select coalesce(n.enabled, true) as enabled, coalesce(n.channels, '{email,in_app}') as channels,
                              coalesce(n.frequency, 'immediate') as frequency
                         from (select) as one
                         left join expenses.notice_choice n on n.account_id = a.id and n.type = notice ->> 'type') as c
   cross join lateral (select 'email' = any (c.channels) and expenses.is_mailed(p) as mailed) as m
   where a.id = any (audience) and a.product = 'expenses' and a.deleted_at is null and notice is not null
     and a.id is distinct from (notice ->> 'sender_id')::bigint
     and (p.settings ->> 'notifications_enabled')::boolean and c.enabled
$$;

-- The mails of those whose time has come, at most so many: the tickets of their jobs. What somebody does not want to be mailed any
-- more is dropped; what he wants once a week stays until Monday. In a quiet hour nobody is written to: this is late, and can wait.
create function expenses.digest_put(most integer, at timestamptz default now()) returns setof text
language plpgsql as $$
#variable_conflict use_column
declare
  claimed bigint[] := array(select d.account_id from expenses.digest d where d.due_at <= at
                             order by d.due_at, d.account_id limit most for update skip locked);
begin -- a statement of its own: it sees what was added up to then
  return query
  with reader as materialized (
    select p.account_id, a.email, expenses.day_zone(p.timezone) as zone, p.notices -> 'quiet_hours' as quiet,
           a.deleted_at is null and expenses.is_mailed(p) as mailed,
           expenses.quiet_until(p.notices -> 'quiet_hours', at) as awake_at, expenses.digest_week(p.timezone, at) as week
      from expenses.profile p
      join account a on a.id = p.account_id
     where p.account_id = any (claimed)),
  found as materialized (
    select i.id, i.account_id, i.title, i.message, i.created_at, r.zone,
           r.mailed and coalesce(c.enabled and 'email' = any (c.channels), true) as wanted,
           coalesce(c.frequency, '') = 'weekly' and i.created_at >= r.week as early
      from reader r
      join expenses.digest_item i on i.account_id = r.account_id
      left join expenses.notice_choice c on c.account_id = i.account_id and c.type = i.type
     where r.awake_at <= at),
  gone as (
    delete from expenses.digest_item i using found f where i.id = f.id and not (f.wanted and f.early)),
  told as (
    select f.*, row_number() over (partition by f.account_id order by f.id) as n, count(*) over (partition by f.account_id) as total
      from found f
     where f.wanted and not f.early),
  mail as materialized (
    select t.account_id, t.total,
           json_agg(json_build_object('at', to_char(t.created_at at time zone t.zone, 'Mon DD HH24:MI'),
                                      'title', shortened(t.title, 100), 'message', shortened(t.message, 160))
                    order by t.n) as lines
      from told t
     where t.n <= 50
     group by t.account_id, t.total),
  again as materialized ( -- who is looked after again, and when
    select d.account_id, case when m.account_id is not null then at else d.mailed_at end as mailed_at,
           case when r.awake_at > at then r.awake_at
                else expenses.digest_next(r.zone, r.quiet, at, case when m.account_id is not null then at else d.mailed_at end) end as due_at
      from reader r
      join expenses.digest d on d.account_id = r.account_id
      left join mail m on m.account_id = r.account_id
     where r.awake_at > at or m.account_id is not null
        or exists (select from found f where f.account_id = r.account_id and f.wanted and f.early)),
  moved as (
    update expenses.digest d set due_at = a.due_at, mailed_at = a.mailed_at from again a where d.account_id = a.account_id),
  done as (
    delete from expenses.digest d
     where d.account_id = any (claimed) and not exists (select from again a where a.account_id = d.account_id)),
  put as (
    select array_agg(json_build_object('to', r.email, 'letter', 'digest', 'values', json_build_object(
                       'news', m.total || case m.total when 1 then ' notification' else ' notifications' end, 'lines', m.lines,
                       'more', case when m.total > 50 then (m.total - 50)::text end, 'action_url', '/notifications'))
                     order by m.account_id) as args,
           array_agg('expenses/' || m.account_id order by m.account_id) as tenants,
           array_agg(m.account_id order by m.account_id) as accounts
      from mail m
      join reader r on r.account_id = m.account_id)
  select j.ticket
    from put p, job_put_many('mail.send', 'expenses', p.args, p.tenants, p.accounts) j
   where p.args is not null;
end $$;

-- ---- reports ----

-- Who asked for a report is told by the event's job like of anything else, mails included (sql/worker/report_generate_end.sql).
drop trigger report_told on report;
drop function expenses.report_told();
