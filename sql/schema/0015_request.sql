-- SPDX-License-Identifier: GPL-3.0-or-later
-- What became of each request, and that by hours. Fronts write their records in batches, the scheduler that leads rolls
-- them up. Records and hours are kept for 90 days (sql/queue/requests_keep.sql).

-- Written once, never updated. Partitioned by day.
create table request (
  at         timestamptz not null,      -- when it came
  batch      bigint not null,           -- the request_batch it came with
  account_id bigint,                    -- null: nobody was signed in
  us         integer not null,          -- microseconds until it was answered
  status     smallint not null,         -- 499: the client did not wait for the answer
  product    text not null,             -- '': none was named
  operation  text not null,             -- the endpoint's name; '': there is none of that path and method
  request_id text                       -- of errors
) partition by range (at);
create index request_by_batch on request (batch);
create index request_by_time on request (at);
create index request_by_account on request (account_id, at) where account_id is not null;
create table request_default partition of request default; -- clocks that are days off

-- What fronts have sent. A batch whose answer is lost is sent again by the same number, and is known here for a day.
create table request_batch (
  id        bigint generated always as identity primary key,
  front     uuid not null,              -- a process
  number    bigint not null,
  first_at  timestamptz not null,       -- of its records
  last_at   timestamptz not null,
  rolled_at timestamptz,                -- null: not rolled up
  unique (front, number)
);
create index request_batch_open on request_batch (id) where rolled_at is null;
create index request_batch_rolled on request_batch (rolled_at) where rolled_at is not null;

-- ---- how long things took: buckets whose bounds grow by 2 %, so that their middles are within 1 % of all they hold ----

-- Each bucket once, ascending, with what it counts; those that count nothing are left out.
create type histogram as (buckets smallint[], counts bigint[]);

-- 0: less than 50 us; 734: more than 100 s.
create function histogram_bucket(us integer) returns smallint
language sql immutable parallel safe as $$
  select (case when us < 50 then 0
               else least(floor(ln(us / 50.0::double precision) / ln(1.02::double precision)) + 1, 734) end)::smallint
$$;

-- The (geometric) middle of a bucket, in microseconds.
create function histogram_us(bucket smallint) returns double precision
language sql immutable parallel safe as $$
  select 50 * power(1.02::double precision, greatest(bucket - 0.5, 0)::double precision)
$$;

create function histogram_merge(a histogram, b histogram) returns histogram
language sql immutable parallel safe as $$
  select row(coalesce(array_agg(m.bucket order by m.bucket), '{}'),
             coalesce(array_agg(m.count order by m.bucket), '{}'))::histogram
    from (select u.bucket, sum(u.count)::bigint as count
            from (select * from unnest((a).buckets, (a).counts)
                  union all
                  select * from unnest((b).buckets, (b).counts)) as u(bucket, count)
           group by u.bucket) as m
$$;
create aggregate histogram_sum(histogram) (
  sfunc = histogram_merge, stype = histogram, combinefunc = histogram_merge, initcond = '({},{})', parallel = safe
);

-- What this share (0.95) stayed within, in microseconds; null when nothing was counted.
create function histogram_percentile(h histogram, share numeric) returns double precision
language sql immutable parallel safe as $$
  select histogram_us(c.bucket)
    from (select u.bucket, sum(u.count) over (order by u.bucket) as upto, sum(u.count) over () as of
            from unnest((h).buckets, (h).counts) as u(bucket, count)) as c
   where c.upto >= share * c.of
   order by c.bucket limit 1
$$;

-- ---- by hours ----

create table request_hour (
  hour      timestamptz not null,
  product   text not null,
  operation text not null,
  class     smallint not null,          -- the status' first digit
  requests  bigint not null,
  errors    bigint not null generated always as (case when class >= 4 then requests else 0 end) stored,
  us        bigint not null,            -- in sum
  histogram histogram not null,
  primary key (hour, product, operation, class)
);

-- Which statuses came of requests by hours, and who asked for what by days: rolled up with request_hour, kept as long.

create table request_status (
  hour      timestamptz not null,
  product   text not null,
  operation text not null,
  status    smallint not null,
  requests  bigint not null,
  primary key (hour, product, operation, status)
);

create table request_user (
  day        date not null,             -- in UTC
  product    text not null,
  account_id bigint not null,
  operation  text not null,
  requests   bigint not null,
  primary key (product, day, account_id, operation)
);
create index request_user_day on request_user (day);
create index request_user_account on request_user (account_id, day);

-- Roll up batches, at most so many: how many it were. One that is killed has done nothing, two at once do not take the
-- same. A record that comes late counts in its own hour.
create function request_roll_up(most integer) returns integer
language plpgsql as $$
declare
  batches bigint[];
  begins timestamptz;
  ends timestamptz;
begin
  select array_agg(b.id), min(b.first_at), max(b.last_at) into batches, begins, ends
    from (select * from request_batch where rolled_at is null order by id limit most for update skip locked) as b;
  if batches is null then
    return 0;
  end if;
  insert into request_hour as h (hour, product, operation, class, requests, us, histogram)
  select b.hour, b.product, b.operation, b.class, sum(b.count), sum(b.us),
         row(array_agg(b.bucket order by b.bucket), array_agg(b.count order by b.bucket))::histogram
    from (select date_trunc('hour', r.at, 'UTC') as hour, r.product, r.operation, r.status / 100 as class,
                 histogram_bucket(r.us) as bucket, count(*) as count, sum(r.us) as us
            from request r
           where r.batch = any (batches) and r.at between begins and ends
           group by 1, 2, 3, 4, 5) as b
   group by 1, 2, 3, 4
   order by 1, 2, 3, 4
  on conflict (hour, product, operation, class) do update
     set requests = h.requests + excluded.requests, us = h.us + excluded.us,
         histogram = histogram_merge(h.histogram, excluded.histogram);
  insert into request_status as s (hour, product, operation, status, requests)
  select date_trunc('hour', r.at, 'UTC'), r.product, r.operation, r.status, count(*)
    from request r
   where r.batch = any (batches) and r.at between begins and ends
   group by 1, 2, 3, 4
   order by 1, 2, 3, 4
  on conflict (hour, product, operation, status) do update set requests = s.requests + excluded.requests;
  insert into request_user as u (day, product, account_id, operation, requests)
  select (r.at at time zone 'UTC')::date, r.product, r.account_id, r.operation, count(*)
    from request r
   where r.batch = any (batches) and r.at between begins and ends and r.account_id is not null
   group by 1, 2, 3, 4
   order by 1, 2, 3, 4
  on conflict (product, day, account_id, operation) do update set requests = u.requests + excluded.requests;
  update request_batch set rolled_at = now() where id = any (batches);
  return cardinality(batches);
end $$;

-- A product's hours from since on and before until, of one operation or of all. Times in microseconds, null when there was
-- no request; they hold within 1 % from 50 us to 100 s.
create function request_summary(product text, since timestamptz, until timestamptz, operation text default null)
returns table (requests bigint, errors bigint, mean_us double precision, p50_us double precision,
               p95_us double precision, p99_us double precision)
language sql stable as $$
  select s.requests, s.errors, s.us::double precision / nullif(s.requests, 0), histogram_percentile(s.histogram, 0.5),
         histogram_percentile(s.histogram, 0.95), histogram_percentile(s.histogram, 0.99)
    from (select coalesce(sum(h.requests), 0)::bigint as requests, coalesce(sum(h.errors), 0)::bigint as errors,
                 sum(h.us) as us, histogram_sum(h.histogram) as histogram
            from request_hour h
           where h.product = request_summary.product and h.hour >= since and h.hour < until
             and (request_summary.operation is null or h.operation = request_summary.operation)) as s
$$;

-- ---- days ----

-- Today and so many days to come, as far as that goes without waiting for anybody: who waits here holds up all that is
-- written. A day of which records lie in the default partition already cannot be made; that must not keep the next ones
-- from being made.
create function request_days_make(ahead integer) returns void
language plpgsql as $$
declare
  day timestamp;
begin
  perform pg_advisory_xact_lock(5284073914874);
  perform set_config('lock_timeout', '200ms', true);
  for day in select date_trunc('day', now() at time zone 'UTC') + n * interval '1 day' from generate_series(0, ahead) as n loop
    begin
      execute format('create table if not exists %I partition of request for values from (%L) to (%L)',
                     to_char(day, '"request_"YYYYMMDD'), day at time zone 'UTC', (day + interval '1 day') at time zone 'UTC');
    exception when check_violation then
      raise warning 'records of the day % lie in request_default', day::date;
    when lock_not_available then
      return;
    end;
  end loop;
end $$;
select request_days_make(7);

-- What was over `keep` ago goes, as far as that goes without waiting for anybody. Names of the days that were dropped.
create function request_days_drop(keep interval) returns setof text
language plpgsql as $$
declare
  name text;
begin
  perform set_config('lock_timeout', '200ms', true);
  delete from request_hour where hour < now() - keep;
  delete from request_status where hour < now() - keep;
  delete from request_user where day < ((now() - keep) at time zone 'UTC')::date;
  delete from request_default where at < now() - keep;
  delete from request_batch where rolled_at < now() - interval '1 day';
  for name in select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
               where i.inhparent = 'request'::regclass and c.relname ~ '^request_[0-9]{8}$'
                 and (to_date(right(c.relname, 8), 'YYYYMMDD') + 1)::timestamp at time zone 'UTC' < now() - keep
               order by c.relname loop
    begin
      execute format('drop table %I', name);
      return next name;
    exception when lock_not_available then
      return;
    end;
  end loop;
end $$;
