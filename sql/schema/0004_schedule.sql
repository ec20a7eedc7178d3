-- SPDX-License-Identifier: GPL-3.0-or-later
-- Recurring jobs: cron expressions, the moments that they mean, and the schedules that put a job at each of them.
-- docs/queue.md explains it. Moments are whole seconds; sums of moments are made of hours, never of days, whose length
-- would depend on the session's time zone.

-- ---- expressions ----

-- A parsed expression. Each field is a set: bit n is the value n.
create type cron as (
  minutes  bigint,
  hours    bigint,
  days     bigint,
  months   bigint,
  weekdays bigint,  -- 0 is Sunday
  either   boolean, -- both day fields are restricted: a day needs to be in one of them only
  every    integer  -- seconds, of @every; the rest is null then
);

create function cron_refuse(field text, why text) returns void
language plpgsql immutable as $$
begin
  perform refuse('MR400', field || ': ' || why, 'expression');
end $$;

-- A number or a name of a field. names[1] stands for the field's lowest value.
create function cron_value(field text, word text, low integer, high integer, names text[]) returns integer
language plpgsql immutable as $$
declare
  value integer := array_position(names, word) - 1 + low;
begin
  if value is null and word ~ '^\d{1,4}$' then
    value := word::integer;
  end if;
  if value is null then
    perform cron_refuse(field, format('"%s" is neither a number nor a name', word));
  elsif value not between low and high then
    perform cron_refuse(field, format('%s is not between %s and %s', word, low, high));
  end if;
  return value;
end $$;

-- One field as a set.
create function cron_field(field text, list text, low integer, high integer, names text[] default '{}') returns bigint
language plpgsql immutable as $$
declare
  item  text;
  part  text[]; -- star, first, last, step
  first integer;
  last  integer;
  bits  bigint := 0;
begin
  foreach item in array string_to_array(list, ',') loop
    part := regexp_match(item, '^(?:(\*)|(\w+)(?:-(\w+))?)(?:/(\d{1,4}))?$');
    first := low;
    last := high;
    if part is null then
      perform cron_refuse(field, format('"%s" is no value, range or step', item));
    elsif part[1] is null then
      first := cron_value(field, part[2], low, high, names);
      last := case when high = 7 and part[3] = 'sun' then 7 -- so that fri-sun is what it looks like
                   when part[3] is not null then cron_value(field, part[3], low, high, names)
                   else first end;
    end if;
    if last < first then
      perform cron_refuse(field, format('the range %s goes backwards', item));
    elsif part[4]::integer = 0 then
      perform cron_refuse(field, format('the step of %s is 0', item));
    elsif part[4] is not null and part[1] is null and part[3] is null then
      perform cron_refuse(field, format('the step of %s has no range, such as 5-59/15 or */15', item));
    end if;
    for n in first .. last by coalesce(part[4]::integer, 1) loop
      bits := bits | (1::bigint << n);
    end loop;
  end loop;
  return bits;
end $$;

-- @every 90s, 15m, 6h. Its moments are the multiples of that time since 1970, so that they do not drift.
create function cron_every(expression text) returns cron
language plpgsql immutable as $$
declare
  part text[] := regexp_match(expression, '^@every (\d{1,5})([smh])$');
  c    cron;
begin
  if part is null or part[1]::integer = 0 then
    perform refuse('MR400', format('"%s" is no interval: @every takes 1 or more of s, m or h, such as 90s', expression),
                   'expression');
  end if;
  c.every := part[1]::integer * case part[2] when 's' then 1 when 'm' then 60 else 3600 end;
  return c;
end $$;

-- An expression: minute, hour, day of month, month, day of week; or one of the usual names of some; or @every.
create function cron_parse(expression text) returns cron
language plpgsql immutable as $$
declare
  clean text := lower(trim(regexp_replace(expression, '\s+', ' ', 'g')));
  names jsonb := '{"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
                   "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *"}';
  field text[] := string_to_array(coalesce(names ->> clean, clean), ' ');
  c     cron;
begin
  if length(expression) > 200 then
    perform refuse('MR400', 'An expression has at most 200 characters', 'expression');
  elsif clean like '@every%' then
    return cron_every(clean);
  elsif clean like '@%' and cardinality(field) <> 5 then
    perform refuse('MR400', format('There is no %s: it is one of @hourly, @daily, @weekly, @monthly, @yearly, @every',
                                   clean), 'expression');
  elsif cardinality(field) <> 5 then
    perform refuse('MR400', format('"%s" has %s fields, not the five minute, hour, day of month, month, day of week',
                                   expression, cardinality(field)), 'expression');
  end if;
  c.minutes := cron_field('minute', field[1], 0, 59);
  c.hours := cron_field('hour', field[2], 0, 23);
  c.days := cron_field('day of month', field[3], 1, 31);
  c.months := cron_field('month', field[4], 1, 12, '{jan,feb,mar,apr,may,jun,jul,aug,sep,oct,nov,dec}');
  c.weekdays := cron_field('day of week', field[5], 0, 7, '{sun,mon,tue,wed,thu,fri,sat}');
  c.weekdays := (c.weekdays | (c.weekdays >> 7)) & 127; -- 7 is Sunday too
  -- Restricted is what does not begin with a star: so it is in every cron that comes from Vixie's.
  c.either := field[3] not like '*%' and field[5] not like '*%';
  if not c.either and not exists (
       select from generate_series(1, 12) as month
        where c.months >> month & 1 = 1
          and c.days & (2::bigint << date_part('day', make_date(2024, month, 1) + interval '1 month - 1 day')::integer) - 1
              <> 0) then
    perform cron_refuse('day of month', format('%s never comes in month %s', field[3], field[4]));
  end if;
  return c;
end $$;

-- ---- moments ----

-- How far a zone's clocks are ahead of UTC's.
create function cron_offset(zone text, t timestamptz) returns interval
language sql stable parallel safe as $$
  select (t at time zone zone) - (t at time zone 'UTC')
$$;

-- The clocks are changed between two moments, at most a day apart: the first whole minute with the later offset.
create function cron_change(zone text, low timestamptz, high timestamptz) returns timestamptz
language plpgsql stable as $$
declare
  later  interval := cron_offset(zone, high);
  middle timestamptz;
begin
  while high - low > interval '1 minute' loop
    middle := low + date_trunc('minute', (high - low) / 2);
    if cron_offset(zone, middle) = later then
      high := middle;
    else
      low := middle;
    end if;
  end loop;
  return high;
end $$;

-- When clocks show a time: the first of two such moments, and the first moment after a gap that leaves it out.
-- PostgreSQL itself takes the second of two, and counts on from before a gap.
create function cron_moment(zone text, shown timestamp) returns timestamptz
language plpgsql stable as $$
declare
  t     timestamptz := shown at time zone zone;
  ahead interval := cron_offset(zone, t);
  gap   interval := ahead - (shown - (t at time zone 'UTC'));
  back  interval;
begin
  if gap > interval '0' then
    return cron_change(zone, t - gap, t);
  end if;
  back := cron_offset(zone, t - interval '24 hours') - ahead;
  if back > interval '0' and (t - back) at time zone zone = shown then
    return t - back;
  end if;
  return t;
end $$;

-- The first day of an expression, from one on. The longest wait is 40 years, for a 29 February that is a Sunday, when
-- the century's last year is no leap year; what never comes, cron_parse has refused.
create function cron_day(c cron, start date) returns date
language plpgsql immutable as $$
declare
  day date := start;
  in_days boolean;
  in_weekdays boolean;
begin
  while day < start + 41 * 366 loop
    if c.months >> date_part('month', day)::integer & 1 = 0 then
      day := date_trunc('month', day::timestamp) + interval '1 month';
      continue;
    end if;
    in_days := c.days >> date_part('day', day)::integer & 1 = 1;
    in_weekdays := c.weekdays >> date_part('dow', day)::integer & 1 = 1;
    if in_days and in_weekdays or c.either and (in_days or in_weekdays) then
      return day;
    end if;
    day := day + 1;
  end loop;
  return null;
end $$;

-- The first time of an expression that a clock without changes shows, from a whole minute on.
create function cron_shown(c cron, start timestamp) returns timestamp
language plpgsql immutable as $$
declare
  day    date := cron_day(c, start::date);
  hour   integer := 0;
  minute integer := 0;
begin
  if day = start::date then
    hour := date_part('hour', start);
    minute := date_part('minute', start);
  end if;
  while day is not null loop -- at most twice: every day has an hour and a minute
    for h in hour .. 23 loop
      continue when c.hours >> h & 1 = 0;
      for m in case when h = hour then minute else 0 end .. 59 loop
        if c.minutes >> m & 1 = 1 then
          return day + make_time(h, m, 0);
        end if;
      end loop;
    end loop;
    day := cron_day(c, day + 1);
    hour := 0;
    minute := 0;
  end loop;
  return null;
end $$;

-- The first moment after another, of an expression with fixed hours: each time that it names happens once a day, when
-- clocks show it twice or not at all as well.
create function cron_after_fixed(c cron, zone text, after timestamptz) returns timestamptz
language plpgsql stable as $$
declare
  shown timestamp := date_trunc('minute', after at time zone zone);
  t     timestamptz;
begin
  for turn in 1 .. 1500 loop -- more than one only while clocks repeat what they have shown: for a day at most
    shown := cron_shown(c, shown);
    t := cron_moment(zone, shown);
    exit when t is null or t > after;
    shown := shown + interval '1 minute';
  end loop;
  return t;
end $$;

-- The same of an expression that names every hour: each minute that passes counts by what clocks show in it, so that
-- an hourly job comes every hour, through every change. A step goes to the next time of the expression, or to the
-- next change of the clocks.
create function cron_after_real(c cron, zone text, after timestamptz) returns timestamptz
language plpgsql stable as $$
declare
  t     timestamptz := date_trunc('minute', after) + interval '1 minute';
  shown timestamp;
  wait  interval;
  near  timestamptz;
begin
  for turn in 1 .. 100 loop -- a few: one for each change within a day, one for days without a time
    shown := t at time zone zone;
    wait := cron_shown(c, shown) - shown;
    near := t + case when wait < interval '24 hours' then wait else interval '24 hours' end;
    if cron_offset(zone, near) <> cron_offset(zone, t) then
      t := cron_change(zone, t, near);
    elsif wait < interval '24 hours' then
      return near;
    else
      t := cron_moment(zone, shown + wait);
    end if;
  end loop;
  return null;
end $$;

create function cron_after(c cron, zone text, after timestamptz) returns timestamptz
language plpgsql stable as $$
begin
  if c.every is not null then
    return to_timestamp((floor(extract(epoch from after) / c.every) + 1) * c.every);
  elsif c.hours = (1 << 24) - 1 then
    return cron_after_real(c, zone, after);
  end if;
  return cron_after_fixed(c, zone, after);
end $$;

-- The first moment of an expression strictly after another.
create function cron_next(expression text, zone text, after timestamptz) returns timestamptz
language sql stable as $$
  select cron_after(cron_parse(expression), zone, after)
$$;

-- The last moment of an expression between two, both included; null when there is none. Found by halving: what
-- lies between may be a year of minutes.
create function cron_last(c cron, zone text, first timestamptz, last timestamptz) returns timestamptz
language plpgsql stable as $$
declare
  low    timestamptz := cron_after(c, zone, first - interval '1 second'); -- a moment
  high   timestamptz := date_trunc('second', last) + interval '1 second'; -- there is none from here to last
  middle timestamptz;
  hit    timestamptz;
begin
  if low > last then
    return null;
  elsif cron_after(c, zone, low) > last then
    return low;
  end if;
  while high - low > interval '1 second' loop
    middle := low + make_interval(secs => floor(extract(epoch from high - low) / 2)::double precision);
    hit := cron_after(c, zone, middle - interval '1 second');
    if hit <= last then
      low := hit;
    else
      high := middle;
    end if;
  end loop;
  return low;
end $$;

-- A zone's name as PostgreSQL writes it. Only names: "GMT+2" would be taken too, for two hours behind GMT.
create function cron_zone(zone text) returns text
language sql stable as $$
  select coalesce((select min(name) from pg_timezone_names where lower(name) = lower(zone)),
                  refuse('MR400', format('There is no time zone %s', zone), 'zone'))
$$;

-- ---- schedules ----

-- How operators' actions are written down.
do $guard$
begin
  if to_regclass('audit') is null then
    create table audit (
      id      bigint generated always as identity primary key,
      at      timestamptz not null default now(),
      who     text not null,
      action  text not null,
      target  text not null,
      details json
    );
    create function audit_note(who text, action text, target text, details json) returns void
    language sql volatile as $note$
      insert into audit (who, action, target, details) values (who, action, target, details)
    $note$;
  end if;
end $guard$;

-- A recurring job. The leader puts a job at each tick; its columns are job_put()'s.
create table schedule (
  name       text primary key,
  kind       text not null,
  product    text not null,
  tenant     text not null,
  account_id bigint,
  args       json not null,
  priority   smallint not null,
  key        text not null,
  expression text not null,
  zone       text not null,
  catch_up   integer not null,  -- so many missed ticks are made up for, the latest ones
  enabled    boolean not null default true,
  last_tick  timestamptz,       -- the last one that a job was put for
  next_tick  timestamptz,       -- none while it is disabled
  error      text,              -- why the job of the last tick could not be put; it is tried again
  made_by    text not null,
  made_at    timestamptz not null default now(),
  changed_by text not null,
  changed_at timestamptz not null default now(),
  check (enabled = (next_tick is not null))
);

-- Add one; gives its first tick. The arguments have been checked against the kind's fields by whoever calls.
create function schedule_add(who text, name text, kind text, expression text, zone text default 'UTC',
                             args json default '{}', product text default '', tenant text default null,
                             account_id bigint default null, priority integer default 2, key text default '',
                             catch_up integer default 1) returns timestamptz
language plpgsql as $$
#variable_conflict use_column
declare
  place text := cron_zone(zone);
  tick  timestamptz := cron_next(expression, place, now());
  owner text := coalesce(tenant, nullif(product, ''), 'schedules');
begin
  perform refuse(code, message, field)
     from (values
       (name !~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$', 'MR400', 'name',
        'A name has at most 64 letters, digits, dots, bars and underscores'),
       (owner !~ '^[^\s|]{1,128}$', 'MR400', 'tenant', 'A tenant has 1 to 128 characters, no blanks and no |'),
       (key !~ '^[^\s|]{0,128}$', 'MR400', 'key', 'A key has at most 128 characters, no blanks and no |'),
       (priority not between 0 and 3, 'MR400', 'priority', 'A priority is 0 (urgent) to 3 (low)'),
       (catch_up not between 0 and 60, 'MR400', 'catch_up', 'At most 60 missed ticks can be made up for'),
       (json_typeof(args) <> 'object' or octet_length(args::text) > 65536, 'MR400', 'args',
        'Arguments are an object of at most 64 KiB'),
       (not exists (select from job_kind k where k.name = schedule_add.kind), 'MR404', 'kind',
        format('There is no kind %s', kind))) as v(bad, code, field, message)
    where bad
    limit 1;
  insert into schedule as s (name, kind, product, tenant, account_id, args, priority, key, expression, zone, catch_up,
                             next_tick, made_by, changed_by)
  values (schedule_add.name, schedule_add.kind, schedule_add.product, owner, schedule_add.account_id, schedule_add.args,
          schedule_add.priority, schedule_add.key, schedule_add.expression, place, schedule_add.catch_up, tick, who, who)
  on conflict do nothing;
  if not found then
    perform refuse('MR409', format('There is a schedule %s already', name), 'name');
  end if;
  perform audit_note(who, 'schedule.add', name, json_build_object('kind', kind, 'expression', expression, 'zone', place,
                                                                  'tenant', owner, 'catch_up', catch_up));
  return tick;
end $$;

-- Remove one. The jobs that it has put stay.
create function schedule_remove(who text, name text) returns void
language plpgsql as $$
begin
  delete from schedule s where s.name = schedule_remove.name;
  if not found then
    perform refuse('MR404', format('There is no schedule %s', name), 'name');
  end if;
  perform audit_note(who, 'schedule.remove', name, null);
end $$;

-- Let one rest, or go on from now: what it would have done meanwhile is not made up for.
create function schedule_enable(who text, name text, enabled boolean) returns void
language plpgsql as $$
begin
  update schedule s
     set enabled = schedule_enable.enabled, error = null, changed_by = who, changed_at = now(),
         next_tick = case when schedule_enable.enabled
                          then coalesce(s.next_tick, cron_next(s.expression, s.zone, now())) end
   where s.name = schedule_enable.name;
  if not found then
    perform refuse('MR404', format('There is no schedule %s', name), 'name');
  end if;
  perform audit_note(who, case when enabled then 'schedule.enable' else 'schedule.disable' end, name, null);
end $$;

-- ---- ticks ----

-- The id of a tick's job: of version 7, its time the tick's, the rest made from both. Who puts it again puts nothing.
create function schedule_job_id(name text, tick timestamptz) returns uuid
language sql stable parallel safe as $$
  select encode(set_byte(set_byte(digest, 6, get_byte(digest, 6) & 15 | 112), 8, get_byte(digest, 8) & 63 | 128),
                'hex')::uuid
    from (select overlay(substring(sha256(convert_to(name || ' ' || extract(epoch from tick), 'UTF8')) for 16)
                         placing substring(int8send((extract(epoch from tick) * 1000)::bigint) from 3) from 1 for 6)
         ) as made(digest)
$$;

-- Put the jobs of a schedule's ticks up to a time: the last catch_up of them, but the last one in any case unless it is
-- more than a minute late. None is older than four weeks: the reconciler looks for open jobs no further back than
-- 32 days. A job's week is made when nobody made it, or it has been dropped. tickets: of those that were not there yet.
create function schedule_put(s schedule, at timestamptz, out tickets text[], out ticks timestamptz[])
language plpgsql as $$
declare
  c      cron := cron_parse(s.expression);
  first  timestamptz := greatest(s.next_tick, at - interval '672 hours');
  tick   timestamptz := cron_last(c, s.zone, first, at);
  most   integer := greatest(s.catch_up, (tick > at - interval '1 minute')::integer);
  due    timestamptz[] := '{}';
  ticket text;
begin
  tickets := '{}';
  ticks := '{}';
  while tick is not null and cardinality(due) < most loop
    due := tick || due;
    tick := cron_last(c, s.zone, first, tick - interval '1 second');
  end loop;
  foreach tick in array due loop
    continue when exists (select from job j where j.id = schedule_job_id(s.name, tick));
    if tick < date_trunc('week', at at time zone 'UTC') at time zone 'UTC' then
      perform job_week_make(tick);
    end if;
    ticket := job_ticket(job_put(kind => s.kind, product => s.product, tenant => s.tenant, account_id => s.account_id,
                                 args => s.args, priority => s.priority::integer, key => s.key, due_at => tick,
                                 request_id => 'schedule/' || s.name, id => schedule_job_id(s.name, tick)));
    tickets := tickets || ticket;
    ticks := ticks || tick;
  end loop;
  update schedule
     set last_tick = coalesce(due[cardinality(due)], last_tick), next_tick = cron_after(c, s.zone, at), error = null
   where name = s.name;
end $$;

-- Put the jobs that are due by schedules, of at most so many. A row is a job's ticket; or a schedule whose job was refused
-- for a reason that is new, which is tried again with the next call; or, the last one, the milliseconds until the next
-- tick (null: there is none). A schedule that another session has hold of is passed over. When the clock has gone back,
-- by more than a minute, schedules go on from where it is now, and what they did in the future is not done again.
create function schedule_run(at timestamptz default now(), most integer default 100)
returns table (schedule_name text, ticket text, tick timestamptz, late integer, refused text, wait bigint)
language plpgsql as $$
declare
  s       schedule;
  tickets text[];
  ticks   timestamptz[];
  count   integer := 0;
begin
  for s in select *
             from schedule o
            where o.next_tick <= at or o.last_tick > at + interval '1 minute' and o.next_tick > o.last_tick
            order by o.error is not null, o.next_tick
            limit most
              for update skip locked loop
    begin
      select * into tickets, ticks from schedule_put(s, at);
      count := count + 1;
      return query select s.name, made.ticket, made.tick, extract(epoch from at - made.tick)::integer, null, null::bigint
                     from unnest(tickets, ticks) as made(ticket, tick);
    exception when others then
      if sqlerrm is distinct from s.error then
        update schedule o set error = left(sqlerrm, 1000) where o.name = s.name;
        return query select s.name, null, null::timestamptz, null::integer, sqlerrm, null::bigint;
      end if;
    end;
  end loop;
  return query select null, null, null::timestamptz, null::integer, null,
                      case when count = most then 0
                           else ceil(extract(epoch from min(o.next_tick) - at) * 1000)::bigint end
                 from schedule o
                where o.next_tick > at;
end $$;
