-- SPDX-License-Identifier: GPL-3.0-or-later
-- What operators are told when what they ask for cannot be: what was wrong with it, and what there can be.

-- What is wrong with a setting of a queue (0002_queue.sql); null: nothing. value null: only the name is looked at.
create function queue_setting_wrong(setting text, value text) returns text
language sql immutable parallel safe as $$
  select case
    when form.holds is null
      then format('%s is no setting of a queue: there are cap, cap.tenant, cap.key, cap.tenant:NAME, cap.kind:NAME, '
                  'cap.key:NAME, rate, rate.tenant, rate.tenant:NAME, rate.kind:NAME, weight:TENANT, level.1, level.2, '
                  'level.3, age, limiter, backlog and paused', case when setting = '' then '""' else left(setting, 64) end)
    when length(setting) > 200 then 'A setting''s name has at most 200 characters'
    when value !~ form.holds then format('%s = %s is no setting of a queue: %1$s takes %3$s', left(setting, 64),
                                           case when value = '' then '""' else left(value, 32) end, form.takes)
  end
  from (select) as one
  left join (values
    ('^paused$', '^1$', '1, or nothing to go on'),
    ('^cap(\.(tenant|key))?$|^cap\.(tenant|kind|key):[^\s|]+$|^(age|backlog)$', '^[0-9]{1,9}$',
     'a whole number of 0 or more, nine digits at most'),
    ('^rate(\.tenant)?$|^rate\.(tenant|kind):[^\s|]+$',
     '^(0\.[0-9]{0,5}[1-9][0-9]*|[1-9][0-9]{0,8}(\.[0-9]{1,6})?)\|[1-9][0-9]{0,8}$',
     'units a second and how many at once, both above 0, such as 10|20 or 0.5|3'),
    ('^weight:[^\s|]+$|^level\.[123]$', '^(0\.[0-9]{0,2}[1-9][0-9]*|[1-9][0-9]{0,5}(\.[0-9]{1,3})?)$',
     'a share above 0, such as 3 or 0.5'),
    ('^limiter$', '^[a-z][a-z0-9.-]{0,31}$', 'a limiter''s name: a-z, then a-z, 0-9, . and -, 32 at most')) as form (names, holds, takes)
    on setting ~ form.names
$$;

alter table queue_setting drop constraint queue_setting_check, add check (queue_setting_wrong(name, value) is null);

-- Set what goes for a queue; value null: as if nothing had been said, which can be done to what a former release has set too.
create or replace function queue_set(who text, queue text, name text, value text) returns void
language plpgsql as $$
declare
  wrong text := queue_setting_wrong(name, value);
begin
  if value is null then
    delete from queue_setting s where s.queue = queue_set.queue and s.name = queue_set.name;
    if found then
      wrong := null;
    end if;
  end if;
  if wrong is not null then
    perform refuse('MR422', wrong);
  end if;
  if value is not null then
    insert into queue_setting as s values (queue, name, value)
    on conflict on constraint queue_setting_pkey do update set value = excluded.value;
  end if;
  if (select count(*) > 1000 from queue_setting s where s.queue = queue_set.queue) then
    perform refuse('MR422', 'A queue has at most 1,000 settings');
  end if;
  insert into queue as q (name, version) values (queue, 1) on conflict on constraint queue_pkey do update set version = q.version + 1;
  perform audit_note(who, 'set', queue, json_build_object('name', name, 'value', value));
end $$;

-- Why a job cannot be kicked that has no end to undo.
create function job_kick_refuse(job_id uuid) returns void
language plpgsql as $$
begin
  if not exists (select from job where id = job_id) then
    perform refuse('MR404', 'there is no such job');
  elsif exists (select from job_end where id = job_id) then
    perform refuse('MR409', 'It is done: only what was buried or cancelled can be put again');
  elsif exists (select from job_cancel where id = job_id) then
    perform refuse('MR409', 'It is being cancelled: its worker has been asked to stop it, and has not yet; once it has, it can be put again');
  end if;
  perform refuse('MR409', 'It has not ended: only what was buried or cancelled can be put again');
end $$;

-- Undo the end of a job that was buried or cancelled: it is put again, with all its tries. Its ticket. The caller runs the
-- kind's own statement in the same transaction.
create or replace function job_kick(who text, job_id uuid) returns text
language plpgsql as $$
declare
  j job;
  e job_end;
begin
  perform pg_advisory_xact_lock_shared(5284073914873); -- no week is dropped now
  delete from job_end where id = job_id and outcome <> 'done' returning * into e;
  if e.id is null then
    perform job_kick_refuse(job_id);
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

-- Not of operators, but said twice until now: the groups that a report is about, of those that its owner is in.
create function expenses.report_groups(account_id bigint, group_ids bigint[]) returns setof expenses.expense_group
language sql stable as $$
  select g.*
    from expenses.member m
    join expenses.expense_group g on g.id = m.group_id
   where m.account_id = report_groups.account_id and m.status = 'active'
     and (report_groups.group_ids is null or g.id = any (report_groups.group_ids))
$$;
