-- SPDX-License-Identifier: GPL-3.0-or-later
-- The queue's truth: which jobs exist, what was tried, how they ended. docs/queue.md explains it; the formats that
-- Redis sees (job_ticket) carry a version.

-- What producers need to know of a kind. `millrace migrate` writes it from workers/kinds.c.
create table job_kind (
  name     text primary key,
  queue    text not null check (queue ~ '^[a-z][a-z0-9-]{0,31}$'),
  version  smallint not null,
  deadline integer not null check (deadline > 0),
  tries    smallint not null check (tries > 0),
  plain    boolean not null default false -- its ends change nothing else here: who does not know it may undo them
);

-- Milliseconds since 1970, rounded as (extract(epoch from t) * 1000)::bigint is, which numeric makes slower: up to the year
-- 2106 a double tells microseconds apart.
create function job_ms(t timestamptz) returns bigint
language sql stable parallel safe as $$
  select ((date_part('epoch', t) * 1000000)::bigint + 500) / 1000
$$;

-- Ids are version 7 UUIDs from the database's clock: ordered by time, to the millisecond.
create function job_id_make() returns uuid
language sql volatile parallel safe as $$
  select encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
           placing substring(int8send(job_ms(clock_timestamp())) from 3) from 1 for 6), 52, 1), 53, 1), 'hex')::uuid
$$;

-- The smallest id that could have been made at t.
create function job_id_floor(t timestamptz) returns uuid
language sql immutable parallel safe as $$
  select (lpad(to_hex((extract(epoch from t) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

-- An id that is less than this one and not less than any of an earlier millisecond.
create function job_id_before(id uuid) returns uuid
language sql immutable parallel safe as $$
  select (left(id::text, 13) || '-0000-0000-000000000000')::uuid
$$;

-- When an id was made.
create function job_id_time(id uuid) returns timestamptz
language sql immutable parallel safe as $$
  select to_timestamp(('x' || translate(left(id::text, 13), '-', ''))::bit(48)::bigint / 1000.0)
$$;

-- Domains, not CHECK constraints: the conditions of these are parsed and planned anew for each INSERT, which doubled the
-- cost of one (10 us) where a domain's, kept by the session, add a fifth of it.
create domain job_tenant as text check (value !~ '[\s|]' and length(value) between 1 and 128);
create domain job_key as text check (value = '' or value !~ '[\s|]' and length(value) <= 128);
create domain job_args as json check (octet_length(value::text) <= 65536);
create domain job_priority as smallint check (value between 0 and 3);
create domain job_cost as integer check (value between 1 and 1000000);
create domain job_outcome as text check (value in ('done', 'buried', 'cancelled'));
create domain job_result as json check (octet_length(value::text) <= 262144);

-- Written once, never updated. Partitioned by week of id.
create table job (
  id         uuid not null,
  kind       text not null,
  version    smallint not null,
  queue      text not null,
  product    text not null,
  tenant     job_tenant not null,
  account_id bigint,
  priority   job_priority not null,
  key        job_key not null default '',
  args       job_args not null,
  due_at     timestamptz not null,
  later      boolean not null default false, -- it was due in more than ten minutes when it was put
  expires_at timestamptz,
  deadline   integer not null,
  tries      smallint not null,
  request_id text not null default '',
  cost       job_cost not null default 1, -- what rate limits charge
  unique_name text,                      -- its row in job_unique, given up when it ends
  batch_id   uuid,
  chain      json,                       -- what follows when it is done: a list of {kind, args, ...}, see job_follow()
  primary key (id)
) partition by range (id);

-- Redis is told of a job when it is due within ten minutes. What was further away, by when it is due.
create index job_later on job (due_at) where later;

-- One row a finished job; the first stands.
create table job_end (
  id       uuid not null,
  outcome  job_outcome not null,
  result   job_result,
  error    text,
  epoch    bigint not null,
  worker   text not null,
  ended_at timestamptz not null default now(),
  primary key (id)
) partition by range (id);

create index job_end_buried on job_end (id) where outcome = 'buried';

-- One row an attempt that did not end the job. A lost lease (the worker died, or was cut off) does not count as a try. An
-- end that was undone by kick is moved here as what it was, buried or cancelled: tries count from the last such row on.
create table job_try (
  id         uuid not null,
  epoch      bigint not null,
  outcome    text not null check (outcome in ('failed', 'lost', 'snoozed', 'buried', 'cancelled')),
  counts     boolean not null,
  error      text,
  worker     text not null,
  ended_at   timestamptz not null default now(),
  not_before timestamptz,               -- when the next may start; null: at once
  primary key (id, epoch)
) partition by range (id);

create index job_try_later on job_try (not_before) where not_before - ended_at > interval '10 minutes';

create table job_default partition of job default;
create table job_end_default partition of job_end default;
create table job_try_default partition of job_try default;

-- Asked-for cancellations of running jobs. Few; removed with the job's week.
create table job_cancel (
  id       uuid primary key,
  asked_by text not null,
  asked_at timestamptz not null default now()
);

-- Who leads (the reconciler). Two leaders do no harm; the term tells them apart in the log.
create table leader (
  name    text primary key,
  holder  text not null,
  term    bigint not null,
  expires timestamptz not null
);

-- What operators have done.
create table audit (
  id      bigint generated always as identity primary key,
  at      timestamptz not null default now(),
  who     text not null,
  action  text not null,
  target  text not null,
  details json
);
create index audit_target on audit (target, id desc);
create index audit_kick on audit (at) where action = 'kick';

create function audit_note(who text, action text, target text, details json default null) returns void
language sql volatile as $$
  insert into audit (who, action, target, details) values (who, action, target, details)
$$;

-- A queue that somebody has said something of. version: of its settings, so that Redis never goes back to older ones.
-- refusing: nothing more may be put, and why; the reconciler says so (its Redis is short of memory, the backlog is too long).
create table queue (
  name    text primary key,
  version bigint not null default 0,
  refusing boolean not null default false,
  why     text not null default ''
);

-- What reserve goes by; script settings tells it to Redis. By name:
--   paused          1
--   cap             how many may run at once; cap.tenant, cap.key: of each tenant, each key (a key: 1 when nothing is said);
--                   cap.tenant:NAME, cap.kind:NAME, cap.key:NAME: of that one
--   rate            units a second|burst; rate.tenant, rate.tenant:NAME, rate.kind:NAME
--   weight:TENANT   its share among tenants, 1 when nothing is said
--   level.1 .. 3    the share of a priority, 6, 3 and 1 when nothing is said; age: seconds of waiting that double it (60), 0: never
--   limiter         the limiter it shares with other queues
--   backlog         how many jobs may be open before no more can be put
create table queue_setting (
  queue text not null,
  name  text not null,
  value text not null,
  primary key (queue, name),
  check (length(name) <= 200 and case
    when name = 'paused' then value = '1'
    when name ~ '^cap(\.(tenant|key))?$' or name ~ '^cap\.(tenant|kind|key):[^\s|]+$' or name in ('age', 'backlog')
      then value ~ '^[0-9]{1,9}$'
    when name ~ '^rate(\.tenant)?$' or name ~ '^rate\.(tenant|kind):[^\s|]+$'
      then value ~ '^(0\.[0-9]{0,5}[1-9][0-9]*|[1-9][0-9]{0,8}(\.[0-9]{1,6})?)\|[1-9][0-9]{0,8}$'
    when name ~ '^weight:[^\s|]+$' or name ~ '^level\.[123]$'
      then value ~ '^(0\.[0-9]{0,2}[1-9][0-9]*|[1-9][0-9]{0,5}(\.[0-9]{1,3})?)$'
    when name = 'limiter' then value ~ '^[a-z][a-z0-9.-]{0,31}$'
    else false end)
);

-- A rate that several queues share.
create table limiter (
  name  text primary key check (name ~ '^[a-z][a-z0-9.-]{0,31}$'),
  rate  numeric not null check (rate > 0), -- units a second
  burst integer not null check (burst > 0)
);

-- Set what goes for a queue; value null: as if nothing had been said.
create function queue_set(who text, queue text, name text, value text) returns void
language plpgsql as $$
begin
  if value is null then
    delete from queue_setting s where s.queue = queue_set.queue and s.name = queue_set.name;
  else
    insert into queue_setting as s values (queue, name, value)
    on conflict on constraint queue_setting_pkey do update set value = excluded.value;
  end if;
  if (select count(*) > 1000 from queue_setting s where s.queue = queue_set.queue) then
    perform refuse('MR422', 'A queue has at most 1,000 settings');
  end if;
  insert into queue as q (name, version) values (queue, 1) on conflict on constraint queue_pkey do update set version = q.version + 1;
  perform audit_note(who, 'set', queue, json_build_object('name', name, 'value', value));
exception when check_violation then
  perform refuse('MR422', format('%s = %s is no setting of a queue', name, value));
end $$;

-- Names that only one open job may have.
create table job_unique (
  name       text primary key check (length(name) <= 200),
  id         uuid not null,
  expires_at timestamptz not null
);
create index job_unique_id on job_unique (id);

-- Jobs that belong together. It is complete when it was closed and all its jobs have ended; then what `finally` says is put.
create table batch (
  id         uuid primary key default job_id_make(),
  product    text not null,
  tenant     text not null,
  account_id bigint,
  name       text not null default '',
  finally    json,                        -- {kind, args, ...}, see job_follow(); null: nothing
  total      integer not null default 0,
  done       integer not null default 0,
  buried     integer not null default 0,
  cancelled  integer not null default 0,
  closed     boolean not null default false,
  made_at    timestamptz not null default now(),
  used_at    timestamptz not null default now(), -- when something was put into it last, or of it ended
  ended_at   timestamptz
);
create index batch_open on batch (id) where ended_at is null;

-- Whether weeks since a batch was opened have to stay for it. One that nobody has closed is given up when all that was put
-- into it has ended and it has not been used for as long as jobs are kept.
create function batch_holds(b batch, keep interval) returns boolean
language sql stable as $$
  select b.ended_at is null and (b.done + b.buried + b.cancelled < b.total or b.used_at > now() - keep)
$$;

-- Make the week of t in all three tables, when it is not there. One at a time: of two that see that it is missing one
-- would fail. A week of which rows lie in the default partition already can no longer be made; that must not keep the
-- next ones from being made (weeks_make.sql tells of such rows).
create function job_week_make(t timestamptz) returns void
language plpgsql as $$
declare
  week timestamptz := date_trunc('week', t at time zone 'UTC') at time zone 'UTC';
  base text;
begin
  perform pg_advisory_xact_lock(5284073914872);
  foreach base in array array['job', 'job_end', 'job_try'] loop
    begin
      execute format('create table if not exists %I partition of %I for values from (%L) to (%L)',
                     base || to_char(week at time zone 'UTC', '_IYYY"w"IW'), base,
                     job_id_floor(week), job_id_floor(week + interval '7 days'));
    exception when check_violation then
      raise warning 'rows of the week of % lie in %_default', week, base;
    end;
  end loop;
end $$;

-- This week and the next ahead weeks.
create function job_weeks_make(ahead integer) returns void
language sql as $$
  select job_week_make(now() + n * interval '7 days') from generate_series(0, ahead) as n
$$;
select job_weeks_make(4);

-- All jobs up to here have ended, this id included. Whole passes begin here and raise it, when nothing was kicked
-- meanwhile, or put that is older (kicks counts both).
create table queue_scan (
  oldest uuid not null,
  kicks  bigint not null
);
insert into queue_scan values ('00000000-0000-0000-0000-000000000000', 0);

-- Whole passes are to see a job whose id was made long ago: it is put now, or again. Call it in the transaction that does so.
create function queue_scan_lower(job_id uuid) returns void
language sql volatile as $$
  update queue_scan set oldest = least(oldest, job_id_before(job_id)), kicks = kicks + 1
$$;

-- An id that was made elsewhere, or long ago (a tick that is made up for; who puts it had to wait), and is put now: the same.
-- Refused when it is not of version 7, or of a time to come: a job that is younger than all that a look asks for would not
-- be found. A minute is left to clocks that differ. Whole passes leave out nothing of the last hour, so only of an older one
-- they are told.
create function job_id_given(id uuid) returns uuid
language plpgsql as $$
begin
  if id::text !~ '^.{14}7.{4}[89ab]' then
    perform refuse('MR400', format('%s is no id of a job: it is to be a UUID of version 7, as job_id_make() gives', id), 'id');
  elsif id >= job_id_floor(clock_timestamp() + interval '1 minute') then
    perform refuse('MR400', format('The id %s is of a time to come, %s', id, job_id_time(id)), 'id');
  elsif id < job_id_floor(now() - interval '30 minutes') then
    perform queue_scan_lower(id);
  end if;
  return id;
end $$;

-- The weeks that were over `keep` ago, oldest first, and what holds each back; null: nothing does.
create function job_weeks_held(keep interval) returns table (week text, ends timestamptz, held text)
language plpgsql stable as $$
begin
  for week in select substring(c.relname from '[0-9]{4}w[0-9]{2}$')
                from pg_inherits i join pg_class c on c.oid = i.inhrelid
               where i.inhparent = 'job'::regclass and c.relname <> 'job_default' order by c.relname loop
    ends := (to_date(week, 'IYYY"w"IW') + 7)::timestamp at time zone 'UTC';
    exit when ends > now() - keep;
    execute format('select ''job '' || j.id || '' is open'' from job_%s j'
                   ' where not exists (select from job_end e where e.id = j.id) order by j.id limit 1', week)
       into held;
    held := coalesce(held, (select format('batch %s is not %s', b.id,
                                          case when b.done + b.buried + b.cancelled < b.total then 'complete' else 'closed' end)
                              from batch b
                             where b.ended_at is null and b.id < job_id_floor(ends) and batch_holds(b, keep)
                             order by b.id limit 1));
    return next;
  end loop;
end $$;

-- Drop the weeks that were over `keep` ago and that nothing holds back, oldest first, as far as that goes without waiting
-- for anybody. Batches that were opened by then go with them. Names of what was dropped.
create function job_weeks_drop(keep interval) returns setof text
language plpgsql as $$
declare
  one record;
begin
  perform pg_advisory_xact_lock(5284073914873); -- nothing is kicked now
  perform set_config('lock_timeout', '200ms', true);
  for one in select * from job_weeks_held(keep) w where w.held is null loop
    begin
      execute format('drop table job_%1$s, job_end_%1$s, job_try_%1$s', one.week);
      delete from job_cancel c where c.id < job_id_floor(one.ends)
         and not exists (select from job j where j.id = c.id);
      delete from batch b where b.id < job_id_floor(one.ends) and not batch_holds(b, keep);
      return next 'job_' || one.week;
    exception when lock_not_available then
      return;
    end;
  end loop;
end $$;
