-- SPDX-License-Identifier: GPL-3.0-or-later
-- Recurring jobs: schedules, which put a job at each moment of a cron expression. docs/queue.md explains it.

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
-- more than a minute late. None is older than four weeks. A job's week is made when nobody made it, or it has been
-- dropped. tickets: of those that were not there yet.
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
    tick := cron_last(c, s.zone, first, tick - interval '1 us');
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
