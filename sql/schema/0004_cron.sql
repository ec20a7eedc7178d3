-- SPDX-License-Identifier: GPL-3.0-or-later
-- Cron expressions and the moments that they mean. docs/queue.md explains them. Moments are whole seconds; sums of moments
-- are made of hours, never of days, whose length would depend on the session's time zone.

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
  low    timestamptz := cron_after(c, zone, first - interval '1 us');     -- a moment
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
    hit := cron_after(c, zone, middle - interval '1 us');
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
