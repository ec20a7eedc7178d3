-- SPDX-License-Identifier: GPL-3.0-or-later
-- The house: what its workers do by themselves. Erasure of closed accounts, expiry, and how outside services are.

-- How an outside service answered last (maint.probe). What health calls show; older than two minutes it says nothing.
create table provider_health (
  name       text primary key,
  status     text not null check (status in ('healthy', 'down', 'not_configured')),
  ms         integer,          -- that the answer took
  detail     json,             -- what the service tells of itself: account_balance, rate_limit_remaining
  why        text,
  checked_at timestamptz not null default now()
);

-- Schedules that a migration has installed, once: what operators have made of them since stays.
create table schedule_installed (
  name         text primary key,
  installed_at timestamptz not null default now()
);

-- The bytes of a file that nobody can reach any more are dropped by maint.expire; its row stays.
alter table file add purged_at timestamptz;
create index file_to_purge on file (deleted_at) where deleted_at is not null and purged_at is null;
-- By what rows are found that refer to those that go: each reference to an account, a file or an image has an index.
do $$
declare
  one record;
begin
  for one in select c.conrelid::regclass as child, a.attname as col
               from pg_constraint c join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
              where c.contype = 'f' and c.conparentid = 0 and c.confrelid = any ('{account,file,figureforge.image}'::regclass[])
                and not exists (select from pg_index i where i.indrelid = c.conrelid and i.indkey[0] = c.conkey[1] and i.indpred is null)
              order by c.conrelid::regclass::text, a.attname loop
    execute format('create index on %s (%I)', one.child, one.col);
  end loop;
end $$;
create index account_closed on account (deleted_at) where deleted_at is not null;

-- Erase rows of a table that a condition names, at most so many of each table: first those that refer to them, and so on;
-- where a reference may be null it is taken away instead. Gives how many rows went. The condition is text of our own making.
create function erase_where(target regclass, condition text, most integer) returns bigint
language plpgsql as $$
declare
  one  record;
  here bigint;
  gone bigint := 0;
begin
  for one in select c.conrelid::regclass as child, a.attname as col, a.attnotnull as needed, p.attname as key
               from pg_constraint c
               join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
               join pg_attribute p on p.attrelid = c.confrelid and p.attnum = c.confkey[1]
              where c.confrelid = target and c.contype = 'f' and c.confdeltype = 'a' and c.conparentid = 0
                and c.conrelid <> target
              order by c.conrelid::regclass::text, a.attname loop
    if one.needed then
      gone := gone + erase_where(one.child, format('%I in (select %I from %s where %s)', one.col, one.key, target, condition), most);
    else
      execute format('update %s set %I = null where ctid = any (array(select ctid from %1$s where %2$I in (select %I from %s where %s) limit %s))',
                     one.child, one.col, one.key, target, condition, most);
      get diagnostics here = row_count;
      gone := gone + here;
    end if;
    if gone >= most then
      return gone;
    end if;
  end loop;
  execute format('delete from %s where ctid = any (array(select ctid from %1$s where %s limit %s))', target, condition, most);
  get diagnostics here = row_count;
  return gone + here;
end $$;

-- The next bite of a closed account: at most so many rows. 0: nothing of it is left. Files go by their own statement, when
-- their bytes are gone.
create function account_erase(account_id bigint, most integer) returns bigint
language plpgsql as $$
declare
  gone bigint;
begin
  if not exists (select from account a where a.id = account_erase.account_id and a.deleted_at is not null) then
    return 0;
  end if;
  gone := erase_where('account', format('id = %s', account_id), most);
  if not exists (select from account a where a.id = account_erase.account_id) then
    delete from list_count c where c.owner = account_erase.account_id;
  end if;
  return gone;
end $$;
