-- SPDX-License-Identifier: GPL-3.0-or-later
-- The queue's truth: which jobs exist, what was tried, how they ended. docs/queue.md explains it; the formats that
-- Redis sees (job_ticket) carry a version.

-- What producers need to know of a kind. `millrace migrate` writes it from workers/kinds.c.
create table job_kind (
  name     text primary key,
  queue    text not null check (queue ~ '^[a-z][a-z0-9-]{0,31}$'),
  version  smallint not null,
  deadline integer not null check (deadline > 0),
  tries    smallint not null check (tries > 0)
);

-- Ids are version 7 UUIDs from the database's clock: ordered by time, to the millisecond.
create function job_id_make() returns uuid
language sql volatile parallel safe as $$
  select encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
           placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6),
         52, 1), 53, 1), 'hex')::uuid
$$;

-- The smallest id that could have been made at t.
create function job_id_floor(t timestamptz) returns uuid
language sql immutable parallel safe as $$
  select (lpad(to_hex((extract(epoch from t) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

-- When an id was made.
create function job_id_time(id uuid) returns timestamptz
language sql immutable parallel safe as $$
  select to_timestamp(('x' || translate(left(id::text, 13), '-', ''))::bit(48)::bigint / 1000.0)
$$;

-- Written once, never updated. Partitioned by week of id.
create table job (
  id         uuid not null,
  kind       text not null,
  version    smallint not null,
  queue      text not null,
  product    text not null,
  tenant     text not null check (tenant ~ '^[^\s|]{1,128}$'),
  account_id bigint,
  priority   smallint not null check (priority between 0 and 3),
  key        text not null default '' check (key ~ '^[^\s|]{0,128}$'),
  args       json not null check (octet_length(args::text) <= 65536),
  due_at     timestamptz not null,
  expires_at timestamptz,
  deadline   integer not null,
  tries      smallint not null,
  request_id text not null default '',
  primary key (id)
) partition by range (id);

-- One row a finished job; the first stands.
create table job_end (
  id       uuid not null,
  outcome  text not null check (outcome in ('done', 'buried', 'cancelled')),
  result   json check (octet_length(result::text) <= 262144),
  error    text,
  epoch    bigint not null,
  worker   text not null,
  ended_at timestamptz not null default now(),
  primary key (id)
) partition by range (id);

-- One row an attempt that did not end the job. A lost lease (the worker died, or was cut off) does not count as a try.
create table job_try (
  id         uuid not null,
  epoch      bigint not null,
  outcome    text not null check (outcome in ('failed', 'lost', 'snoozed')),
  counts     boolean not null,
  error      text,
  worker     text not null,
  ended_at   timestamptz not null default now(),
  not_before timestamptz not null default '-infinity',
  primary key (id, epoch)
) partition by range (id);

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

-- Put a job. Call it in the transaction that writes the business row; after the commit hand job_ticket() of the row to
-- the queue's put script (or leave it to the reconciler). priority: 0 urgent, 1 high, 2 normal, 3 low.
create function job_put(kind text, product text, tenant text, account_id bigint, args json,
                        request_id text default '', priority integer default 2, due_at timestamptz default null,
                        key text default '', expires_at timestamptz default null, id uuid default null)
returns job
language plpgsql as $$
declare
  made job;
begin
  insert into job as j (id, kind, version, queue, product, tenant, account_id, priority, key, args, due_at, expires_at,
                        deadline, tries, request_id)
  select coalesce(job_put.id, job_id_make()), k.name, k.version, k.queue, job_put.product, job_put.tenant,
         job_put.account_id, job_put.priority, job_put.key, job_put.args, coalesce(job_put.due_at, now()),
         job_put.expires_at, k.deadline, k.tries, coalesce(job_put.request_id, '')
    from job_kind k
   where k.name = job_put.kind
  returning j.* into made;
  if made.id is null then
    perform refuse('MR503', format('Jobs of kind %s cannot be put: run millrace migrate', kind));
  end if;
  return made;
end $$;

-- What Redis is told of a job: "QUEUE ID PACKED"; PACKED is 1|priority|kind|due|deadline|key|tenant, due in
-- milliseconds since 1970, deadline in seconds. not_before: when an attempt asked for a later start.
create function job_ticket(j job, not_before timestamptz default '-infinity') returns text
language sql stable parallel safe as $$
  select j.queue || ' ' || j.id::text || ' 1|' || j.priority || '|' || j.kind || '|' ||
         (extract(epoch from greatest(j.due_at, nullif(not_before, '-infinity'))) * 1000)::bigint || '|' ||
         j.deadline || '|' || j.key || '|' || j.tenant
$$;

-- Open jobs among those made between two times, as tickets, oldest first, at most `most`.
create function job_open_tickets(made_from timestamptz, made_before timestamptz, after uuid, most integer)
returns table (id uuid, ticket text)
language sql stable as $$
  select j.id, job_ticket(j, (select max(t.not_before) from job_try t where t.id = j.id))
    from job j
   where j.id >= job_id_floor(made_from) and j.id < job_id_floor(made_before) and j.id > after
     and not exists (select from job_end e where e.id = j.id)
   order by j.id
   limit most
$$;
