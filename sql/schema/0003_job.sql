-- SPDX-License-Identifier: GPL-3.0-or-later
-- What is done with jobs: put, also many or for a batch, what their ends bring about, kick, and how Redis is told of them.

-- Put a job. Call it in the transaction that writes the business row; after the commit hand job_ticket() of the row to
-- the queue's put script (or leave it to the reconciler). priority: 0 urgent, 1 high, 2 normal, 3 low. key: at most
-- cap.key jobs of the same key run at once. unique_name: when an open job has it, nothing is put and that job is returned;
-- the name is given up when the job ends, or after unique_for. id: one that job_id_make() has given, or another UUID of
-- version 7 that is not of a time to come. batch: one that is not complete. chain: what follows when it is done. anyway:
-- also while the queue takes no more, because it comes in the place of what has ended.
create function job_put(kind text, product text, tenant text, account_id bigint, args json,
                        request_id text default '', priority integer default 2, due_at timestamptz default null,
                        key text default '', expires_at timestamptz default null, id uuid default null,
                        cost integer default 1, unique_name text default null, unique_for interval default '1 day',
                        batch uuid default null, chain json default null, anyway boolean default false)
returns job
language plpgsql as $$
#variable_conflict use_variable
declare
  made job;
  k record;
begin
  if chain is not null then
    perform job_follow_check(chain);
  end if;
  if id is not null then
    perform job_id_given(id);
  end if;
  if unique_name is not null then
    id := coalesce(id, job_id_make());
    for attempt in 1 .. 10 loop -- whoever has the name may give it up between these two
      insert into job_unique as u (name, id, expires_at) values (job_put.unique_name, job_put.id, now() + unique_for)
      on conflict (name) do update set id = excluded.id, expires_at = excluded.expires_at where u.expires_at <= now();
      exit when found;
      select j.* into made from job j join job_unique u on u.id = j.id where u.name = job_put.unique_name;
      if found then
        return made;
      end if;
      if attempt = 10 then
        perform refuse('MR503', format('The name %s is taken by a job that is not there', unique_name));
      end if;
    end loop;
  end if;
  if batch is not null then
    perform batch_add(batch, 1);
  end if;
  select j.queue, j.version, j.deadline, j.tries, q.refusing into k
    from job_kind j left join queue q on q.name = j.queue where j.name = job_put.kind;
  if not found and anyway then -- not "later": that would hold up the end of what it follows, and all ends beside it
    perform refuse('MR422', format('A job of kind %s cannot follow: there is no such kind', kind));
  elsif not found or k.refusing and not anyway then
    perform job_refuse(kind);
  end if;
  insert into job (id, kind, version, queue, product, tenant, account_id, priority, key, args, due_at, later, expires_at,
                   deadline, tries, request_id, cost, unique_name, batch_id, chain)
  values (coalesce(job_put.id, job_id_make()), kind, k.version, k.queue, product, tenant, account_id, priority, key, args,
          coalesce(due_at, now()), coalesce(due_at > now() + interval '10 minutes', false), expires_at, k.deadline, k.tries,
          coalesce(request_id, ''), cost, unique_name, batch, chain)
  returning * into made;
  return made;
end $$;

-- That there are the kinds of what is to follow, an object or a list of these, before anything depends on it.
create function job_follow_check(follow json) returns void
language plpgsql stable as $$
declare
  missing text := (select string_agg(coalesce(f.step ->> 'kind', 'null'), ', ')
                     from json_array_elements(case json_typeof(follow) when 'array' then follow
                                              else json_build_array(follow) end) as f(step)
                    where follow is not null and not exists (select from job_kind k where k.name = f.step ->> 'kind'));
begin
  if missing is not null then
    perform refuse('MR422', format('There is no kind %s that could follow', missing));
  end if;
end $$;

create function batch_add(batch_id uuid, jobs integer) returns void
language plpgsql as $$
begin
  update batch set total = total + jobs, used_at = now() where id = batch_id and ended_at is null;
  if not found then
    perform refuse('MR409', 'There is no such batch, or it is complete');
  end if;
end $$;

-- What is said of a kind that nobody has registered: one of ours by a migration, one of another program by its workers.
create function job_kind_unknown(kind text) returns text
language sql stable as $$
  select format('Jobs of kind %s cannot be put, the database does not know it: run millrace migrate, or start the workers of '
                'the program that has it', kind)
$$;

-- Why a job of a kind could not be put.
create function job_refuse(kind text) returns void
language plpgsql as $$
declare
  reason text := (select q.why from job_kind k join queue q on q.name = k.queue where k.name = kind and q.refusing);
begin
  perform refuse('MR503', coalesce('The queue takes no more jobs now: ' || reason, job_kind_unknown(kind)));
end $$;

-- Put many jobs of one kind at once, one for each of args; tenants, keys, due_ats and accounts have as many members or are
-- null (then the product is the tenant, and so on). Their tickets, in order.
create function job_put_many(kind text, product text, args json[], tenants text[] default null,
                             account_ids bigint[] default null, keys text[] default null,
                             due_ats timestamptz[] default null, request_id text default '', priority integer default 2,
                             expires_at timestamptz default null, cost integer default 1, batch uuid default null)
returns table (id uuid, ticket text)
language plpgsql as $$
begin
  if batch is not null then
    perform batch_add(batch, cardinality(args));
  end if;
  return query
    insert into job as j (id, kind, version, queue, product, tenant, account_id, priority, key, args, due_at, later, expires_at,
                          deadline, tries, request_id, cost, batch_id)
    select job_id_make(), k.name, k.version, k.queue, job_put_many.product, coalesce(a.tenant, job_put_many.product),
           a.account_id, job_put_many.priority, coalesce(a.key, ''), a.args, coalesce(a.due_at, now()),
           coalesce(a.due_at > now() + interval '10 minutes', false),
           job_put_many.expires_at, k.deadline, k.tries, coalesce(job_put_many.request_id, ''), job_put_many.cost, batch
      from job_kind k
      left join queue q on q.name = k.queue
     cross join unnest(job_put_many.args, tenants, account_ids, keys, due_ats) as a(args, tenant, account_id, key, due_at)
     where k.name = job_put_many.kind and q.refusing is not true
    returning j.id, job_ticket(j.*);
  if not found and cardinality(args) > 0 then
    perform job_refuse(kind);
  end if;
end $$;

-- A batch to put jobs into; batch_close() when all are put. Its jobs may have ended by then.
create function batch_open(product text, tenant text default null, account_id bigint default null, name text default '',
                           finally json default null)
returns uuid
language sql volatile as $$
  select job_follow_check(finally);
  insert into batch (product, tenant, account_id, name, finally)
  values (product, coalesce(tenant, product), account_id, name, finally)
  returning id
$$;

-- What follows a job or a batch: an object with kind and, if wanted, args, priority, key, cost, previous: the name of the
-- argument that is to hold the id of what it follows.
create function job_follow(follow json, previous uuid, product text, tenant text, account_id bigint, request_id text,
                           chain json default null, batch uuid default null)
returns job
language sql volatile as $$
  select job_put(follow ->> 'kind', product, tenant, account_id,
                 case when follow ->> 'previous' is null then coalesce(follow -> 'args', '{}')
                      else (coalesce(follow -> 'args', '{}')::jsonb
                            || jsonb_build_object(follow ->> 'previous', previous))::json end, request_id,
                 coalesce((follow ->> 'priority')::integer, 2), key => coalesce(follow ->> 'key', ''),
                 cost => coalesce((follow ->> 'cost')::integer, 1), chain => chain, batch => batch, anyway => true)
$$;

-- A batch whose jobs have all ended is complete: once, whoever looks first. The ticket of what follows, if anything does.
create function batch_complete(batch_id uuid) returns text
language plpgsql as $$
declare
  b batch;
begin
  update batch set ended_at = now()
   where id = batch_id and closed and ended_at is null and done + buried + cancelled >= total
  returning * into b;
  if b.id is null or b.finally is null then
    return null;
  end if;
  return job_ticket(job_follow(b.finally, b.id, b.product, b.tenant, b.account_id, ''));
end $$;

create function batch_close(batch_id uuid) returns text
language plpgsql as $$
begin
  update batch set closed = true where id = batch_id;
  if not found then
    perform refuse('MR404', 'There is no such batch');
  end if;
  return batch_complete(batch_id);
end $$;

-- What the ends of these jobs bring about, in their transaction: names are given up, batches counted, chains go on (those
-- of done jobs). Tickets of what was put. Batches are counted in the order of their ids, so that two do not wait for each
-- other.
create function job_ended(ids uuid[]) returns setof text
language plpgsql as $$
declare
  one record;
  ticket text;
begin
  delete from job_unique u where u.id = any (ids);
  for one in select j.*, (j.chain -> 0) as next,
                    (select json_agg(c.step order by c.n)
                       from json_array_elements(j.chain) with ordinality as c(step, n) where c.n > 1) as rest
               from job j join job_end e on e.id = j.id
              where j.id = any (ids) and e.outcome = 'done' and json_array_length(j.chain) > 0 loop
    -- Its batch counts the whole chain: the next one is put into it before this one is counted.
    return next job_ticket(job_follow(one.next, one.id, one.product, one.tenant, one.account_id, one.request_id, one.rest,
                                      one.batch_id));
  end loop;
  for one in select j.batch_id, count(*) filter (where e.outcome = 'done') as done,
                    count(*) filter (where e.outcome = 'buried') as buried,
                    count(*) filter (where e.outcome = 'cancelled') as cancelled
               from job j join job_end e on e.id = j.id
              where j.id = any (ids) and j.batch_id is not null
              group by j.batch_id order by j.batch_id loop
    update batch b set done = b.done + one.done, buried = b.buried + one.buried, cancelled = b.cancelled + one.cancelled,
                       used_at = now()
     where b.id = one.batch_id and b.ended_at is null;
    ticket := batch_complete(one.batch_id);
    if ticket is not null then
      return next ticket;
    end if;
  end loop;
end $$;

-- Undo the end of a job that was buried or cancelled: it is put again, with all its tries. Its ticket. The caller runs the
-- kind's own statement in the same transaction.
create function job_kick(who text, job_id uuid) returns text
language plpgsql as $$
declare
  j job;
  e job_end;
begin
  perform pg_advisory_xact_lock_shared(5284073914873); -- no week is dropped now
  delete from job_end where id = job_id and outcome <> 'done' returning * into e;
  if e.id is null then
    perform refuse(case when exists (select from job where id = job_id) then 'MR409' else 'MR404' end,
                   'There is no such job that was buried or cancelled');
  end if;
  select * into j from job where id = job_id;
  if j.unique_name is not null then
    insert into job_unique as u (name, id, expires_at) values (j.unique_name, j.id, now() + interval '1 day')
    on conflict (name) do update set id = excluded.id, expires_at = excluded.expires_at where u.expires_at <= now();
    if not found then
      perform refuse('MR409', 'Another open job has its name');
    end if;
  end if;
  -- Behind all tries so far: what was cancelled while it waited ended in no lease, so its epoch is 0.
  insert into job_try (id, epoch, outcome, counts, error, worker, ended_at)
  select e.id, greatest(e.epoch, (select max(t.epoch) + 1 from job_try t where t.id = e.id)), e.outcome, false, e.error,
         e.worker, e.ended_at
  on conflict (id, epoch) do update set outcome = excluded.outcome, counts = false;
  delete from job_cancel where id = job_id;
  update batch b set buried = b.buried - (e.outcome = 'buried')::integer,
                     cancelled = b.cancelled - (e.outcome = 'cancelled')::integer
   where b.id = j.batch_id and b.ended_at is null;
  perform queue_scan_lower(job_id);
  perform audit_note(who, 'kick', job_id::text, json_build_object('was', e.outcome, 'error', e.error));
  return job_ticket(j);
end $$;

-- What Redis is told of a job, null when it is due in more than ten minutes: "QUEUE ID PACKED"; PACKED is 1|priority|kind|due|deadline|key|cost|tenant, due in
-- milliseconds since 1970, deadline in seconds. not_before: when an attempt asked for a later start.
create function job_ticket(j job, not_before timestamptz default null) returns text
language sql stable parallel safe as $$
  select case when greatest(j.due_at, not_before) <= now() + interval '10 minutes' then
         concat_ws('|', concat_ws(' ', j.queue, j.id, 1), j.priority, j.kind, job_ms(greatest(j.due_at, not_before)),
                   j.deadline, j.key, j.cost, j.tenant) end
$$;

-- What Redis is told of a job that is to be ended: the ticket of one that is urgent and due.
create function job_ticket_now(j job) returns text
language sql stable parallel safe as $$
  select job_ticket(jsonb_populate_record(j, jsonb_build_object('priority', 0, 'due_at', job_id_time(j.id))))
$$;

-- Open jobs after `after`, made before `before`, oldest first; ticket as job_ticket() has it. It reads at most `most` jobs, so
-- that a call takes its time whatever has ended since. When there may be more, the last row has no queue and tells how far
-- it has read.
create function job_open_page(after uuid, before timestamptz, most integer)
returns table (id uuid, queue text, ticket text)
language sql stable as $$
  with page as materialized (
    select j.id, j from job j where j.id > after and j.id < job_id_floor(before) order by j.id limit most),
  open as materialized (
    select p.id, (p.j).queue, job_ticket(p.j, (select max(t.not_before) from job_try t where t.id = p.id)) as ticket
      from page p
     where not exists (select from job_end e where e.id = p.id)
     order by p.id)
  select * from open
  union all
  (select p.id, null, null from page p where (select count(*) from page) >= most order by p.id desc limit 1)
$$;

-- A job's arguments when a statement decides some of them: what the caller said (:job_args, which may be sealed) and, over
-- that, what was decided, which stays in plain (docs/adding-a-job-kind.md). What is said keeps its text, so that nothing
-- grows but by a few bytes a member.
create function job_args_with(said json, decided json) returns json
language plpgsql stable parallel safe as $$
declare
  args json := (select coalesce(json_object_agg(key, value), '{}')
                  from (select s.key, s.value from json_each(said) s where decided -> s.key is null
                        union all
                        select d.key, d.value from json_each(decided) d) as member);
begin
  if octet_length(args::text) > 65536 then
    perform refuse('MR413', 'This is more than a job may be given');
  end if;
  return args;
end $$;
