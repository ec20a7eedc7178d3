-- SPDX-License-Identifier: GPL-3.0-or-later
-- How many rows a list has, kept so that nobody has to count a long one; and indexes that hold all that finding a page's
-- rows takes, so that passing over rows does not read them.

-- What a list's owner has is the sum of n over its parts. A statement that adds or takes away rows changes one part that
-- nobody else is changing, and makes another when there is none: no writer waits for another, none can be in a deadlock,
-- and there are never more parts than there were writers at once. Whoever reads sees a part when he sees the rows.
create table list_count (
  part  bigint generated always as identity primary key,
  list  text not null,                  -- the table's name
  owner bigint not null,                -- an account; 0: the rows belong to the installation
  n     bigint not null
) with (fillfactor = 50);               -- room for the next version of a row on its page: no index is touched
create index list_count_of on list_count (list, owner);

create function list_count_add(list text, owner bigint, n bigint) returns void
language plpgsql as $$
declare
  free bigint;
begin
  select c.part into free from list_count c
   where c.list = list_count_add.list and c.owner = list_count_add.owner
   limit 1 for no key update skip locked;
  if free is null then
    insert into list_count (list, owner, n) values (list_count_add.list, list_count_add.owner, list_count_add.n);
  else
    update list_count c set n = c.n + list_count_add.n where c.part = free;
  end if;
end $$;

create function list_count(list text, owner bigint) returns bigint
language sql stable parallel safe as $$
  select coalesce(sum(c.n), 0)::bigint from list_count c where c.list = list_count.list and c.owner = list_count.owner
$$;

-- What a statement of a list need not count: null where it must. Up to 10,000 rows are counted, whatever the counter says
-- of them. Of more it says how many there are; and how many of them a filter lets through is counted where a walk begins
-- and carried along by its links.
create function list_total(list text, owner bigint, filtered boolean, carried bigint) returns bigint
language plpgsql stable parallel safe as $$
declare
  n bigint := list_count(list, owner);
begin
  return case when n > 10000 then case when filtered then carried else n end end;
end $$;

-- Keep count of a table's rows, those that are there included. owner: an expression of a row. counts: which rows do; where
-- that is not all of them a row may begin or cease to by an update, but it stays its owner's. In a migration, once a list.
create procedure list_count_keep(name regclass, owner text, counts text default 'true')
language plpgsql as $$
declare
  function_name text := name::text || '_counted';
begin
  execute format($made$
    create function %s() returns trigger language plpgsql as $body$
    begin
      if TG_OP = 'INSERT' then
        perform list_count_add(%2$L, c.owner, c.n)
           from (select %3$s as owner, count(*) as n from added where %4$s group by 1) as c;
      elsif TG_OP = 'DELETE' then
        perform list_count_add(%2$L, c.owner, -c.n)
           from (select %3$s as owner, count(*) as n from removed where %4$s group by 1) as c;
      elsif TG_OP = 'UPDATE' then
        perform list_count_add(%2$L, c.owner, c.n)
           from (select owner, sum(n)::bigint as n
                   from (select %3$s as owner, 1 as n from added where %4$s
                          union all
                         select %3$s, -1 from removed where %4$s) as u
                  group by owner having sum(n) <> 0) as c;
      else
        delete from list_count where list = %2$L;
      end if;
      return null;
    end $body$ $made$, function_name, name::text, owner, counts);
  execute format('create trigger counted_added after insert on %s referencing new table as added'
                 ' for each statement execute function %s()', name, function_name);
  execute format('create trigger counted_removed after delete on %s referencing old table as removed'
                 ' for each statement execute function %s()', name, function_name);
  execute format('create trigger counted_truncated after truncate on %s for each statement execute function %s()',
                 name, function_name);
  if counts <> 'true' then
    execute format('create trigger counted_changed after update on %s referencing old table as removed new table as added'
                   ' for each statement execute function %s()', name, function_name);
  end if;
  execute format('insert into list_count (list, owner, n) select %2$L, %3$s, count(*) from %1$s where %4$s group by 2',
                 name, name::text, owner, counts);
end $$;

call list_count_keep('figureforge.image', 'account_id', 'deleted_at is null');
call list_count_keep('smsagent.person', '0');

drop index ailice.item_of;
create index item_of on ailice.item (account_id, created_at desc, id desc) include (item_type, status);

drop index figureforge.image_of;
create index image_of on figureforge.image (account_id, created_at desc, id desc) include (tags) where deleted_at is null;

drop index smsagent.person_created, smsagent.person_tier;
create index person_created on smsagent.person (created_at desc, phone_number desc) include (tier);
