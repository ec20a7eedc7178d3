-- SPDX-License-Identifier: GPL-3.0-or-later
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
create or replace function request_roll_up(most integer) returns integer
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

-- What was over `keep` ago goes, as far as that goes without waiting for anybody. Names of the days that were dropped.
create or replace function request_days_drop(keep interval) returns setof text
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

-- What was rolled up until now. Nobody rolls up meanwhile: what is not counted here, the new function counts.
lock table request_batch in share row exclusive mode;
insert into request_status (hour, product, operation, status, requests)
select date_trunc('hour', r.at, 'UTC'), r.product, r.operation, r.status, count(*)
  from request r
 where not exists (select from request_batch b where b.id = r.batch and b.rolled_at is null)
 group by 1, 2, 3, 4;
insert into request_user (day, product, account_id, operation, requests)
select (r.at at time zone 'UTC')::date, r.product, r.account_id, r.operation, count(*)
  from request r
 where r.account_id is not null and not exists (select from request_batch b where b.id = r.batch and b.rolled_at is null)
 group by 1, 2, 3, 4;
