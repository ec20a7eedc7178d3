-- SPDX-License-Identifier: GPL-3.0-or-later
-- Expense Tracker: groups, how many are in them, as they are shown, founded and changed.

-- What a function answers that stands for a whole statement: the columns of docs/adding-an-endpoint.md.
create type expenses.answer as (body json, jobs text, error text, message text, field text, retry_after integer);

-- ---- members ----

-- Who has an account is told apart by it, who has none by the address that was invited.
alter table expenses.member drop constraint member_group_id_email_key;
create unique index member_account on expenses.member (group_id, account_id) where account_id is not null;
create unique index member_address on expenses.member (group_id, email) where account_id is null;

-- How many are in a group or invited, and how many are in it: kept, so that no list counts them.
alter table expenses.expense_group
  add members       integer not null default 0,
  add active        integer not null default 0,
  add image_next_id bigint references file; -- what was sent last and is no image yet
create index expense_group_image_id_idx on expenses.expense_group (image_id);
create index expense_group_image_next_id_idx on expenses.expense_group (image_next_id);
update expenses.expense_group g set members = c.members, active = c.active
  from (select m.group_id, count(*) filter (where m.status <> 'left') as members,
               count(*) filter (where m.status = 'active') as active
          from expenses.member m group by m.group_id) as c
 where g.id = c.group_id;

create function expenses.member_counted() returns trigger
language plpgsql as $$
declare
  was text := coalesce(old.status, 'left');
  becomes text := coalesce(new.status, 'left');
begin
  update expenses.expense_group g
     set members = g.members + (becomes <> 'left')::integer - (was <> 'left')::integer,
         active = g.active + (becomes = 'active')::integer - (was = 'active')::integer
   where g.id = coalesce(new.group_id, old.group_id) and was <> becomes;
  return null;
end $$;
create trigger member_counted after insert or delete or update of status on expenses.member
  for each row execute function expenses.member_counted();

-- Of one of a group's active members; no row: he is none, and may not know of the group.
create function expenses.membership(group_id bigint, account_id bigint) returns setof expenses.member
language sql stable rows 1 as $$
  select m.* from expenses.member m
   where m.group_id = membership.group_id and m.account_id = membership.account_id and m.status = 'active'
$$;

-- ---- codes ----

-- Four letters of a name, padded with X, and four of base32 that nobody can guess.
create function expenses.invite_code(name text) returns text
language sql volatile as $$
  select rpad(left(regexp_replace(upper(name), '[^A-Z]', '', 'g'), 4), 4, 'X')
         || string_agg(substr('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', 1 + (get_byte(r.bytes, i) & 31), 1), '')
    from (select uuid_send(gen_random_uuid()) as bytes) as r, generate_series(0, 3) as i
$$;

-- A group gets a code that no other has. After so many that are taken there is something wrong with chance.
create function expenses.invite_code_give(group_id bigint) returns void
language plpgsql as $$
begin
  for attempt in 1 .. 16 loop
    begin
      update expenses.expense_group g set invite_code = expenses.invite_code(g.name) where g.id = invite_code_give.group_id;
      return;
    exception when unique_violation then
      continue;
    end;
  end loop;
  perform refuse('MR503', 'There is no code for the group at this moment');
end $$;
select expenses.invite_code_give(g.id) from expenses.expense_group g where not g.is_private;

-- ---- what is shown ----

-- The link to a picture that is there; null to none.
create function expenses.picture_link(file_id bigint, base text) returns text
language plpgsql stable parallel safe as $$
begin
  if file_id is null then
    return null;
  end if;
  return (select file_link(f, base, null) from file f where f.id = file_id and f.deleted_at is null);
end $$;

-- A group as a member sees it, in lists and alone.
create function expenses.group_json(g expenses.expense_group, m expenses.member, base text) returns json
language sql stable parallel safe as $$
  select json_build_object(
    'id', expenses.group_ref(g.id), 'name', g.name, 'description', g.description, 'group_type', g.group_type,
    'image', expenses.picture_link(g.image_id, base),
    'currency', expenses.currency_json(g.currency), 'member_count', g.members,
    'total_expenses', expenses.money(g.spent, g.currency), 'unsettled_amount', expenses.money(g.unsettled, g.currency),
    'my_balance', expenses.money(m.balance, g.currency), 'invite_code', g.invite_code, 'is_admin', m.role = 'admin',
    'created_at', iso_time(g.created_at), 'is_private', g.is_private, 'is_active', g.is_active, 'settings', g.settings,
    'statistics', json_build_object(
      'total_expenses', expenses.money(g.spent, g.currency),
      'settled_amount', expenses.money(g.spent - g.unsettled, g.currency),
      'unsettled_amount', expenses.money(g.unsettled, g.currency), 'expense_count', g.expenses, 'active_members', g.active,
      'created_at', iso_time(g.created_at)))
$$;

-- The same of a group that has just been changed: a statement that changes one does not see it.
create function expenses.group_shown(group_id bigint, account_id bigint, base text) returns json
language plpgsql volatile as $$
begin
  return (select expenses.group_json(g, m, base)
            from expenses.membership(group_shown.group_id, group_shown.account_id) m
            join expenses.expense_group g on g.id = m.group_id);
end $$;

-- As expenses.person(), of a profile that lists join; null of none.
create function expenses.person_json(p expenses.profile) returns json
language sql stable parallel safe as $$
  select case when p.account_id is not null
              then json_build_object('id', expenses.user_ref(p.account_id), 'name', p.first_name || ' ' || p.last_name) end
$$;

-- Somebody who is in a group or invited, as its members see him; p: his profile, if he has an account, i: who has invited him. Of
-- who is invited and has never come they know the address alone: anybody may invite any address, and is not to learn by that whose
-- it is.
create function expenses.member_json(m expenses.member, p expenses.profile, i expenses.profile, currency text, base text) returns json
language sql stable parallel safe as $$
  select json_build_object(
    'id', 'mem_' || m.id,
    'user', case when m.status = 'invited' and m.joined_at is null
                 then json_build_object('id', null, 'name', m.email, 'email', m.email, 'avatar', null)
                 else json_build_object(
                   'id', expenses.user_ref(m.account_id), 'name', coalesce(p.first_name || ' ' || p.last_name, m.email),
                   'email', m.email, 'avatar', expenses.picture_link(p.avatar_id, base)) end,
    'role', m.role, 'status', m.status, 'joined_at', iso_time(m.joined_at), 'invited_by', expenses.person_json(i),
    'balance', expenses.money(m.balance, currency), 'total_paid', expenses.money(m.paid, currency),
    'total_owed', expenses.money(m.owed, currency))
$$;

-- Somebody has joined a group, or has left it. The ticket of the job that tells it.
create function expenses.member_tell(group_id bigint, account_id bigint, type text, request_id text) returns text
language plpgsql as $$
#variable_conflict use_column
declare
  g        expenses.expense_group;
  who      text := expenses.person_name(account_id);
  did      text := case type when 'member_joined' then 'joined' else 'left' end;
  role     text := (select m.role from expenses.member m
                     where m.group_id = member_tell.group_id and m.account_id = member_tell.account_id);
  audience bigint[] := expenses.group_audience(group_id);
begin
  select * into g from expenses.expense_group x where x.id = member_tell.group_id;
  perform expenses.note(group_id, null, account_id, type, format('%s %s the group', who, did),
                        json_build_object('user_id', expenses.user_ref(account_id)));
  return event_tell('expenses', 'group.' || type, 'group/' || group_id,
                    case when account_id = any (audience) then audience else audience || account_id end,
                    json_build_object('group_id', expenses.group_ref(group_id), 'group_name', g.name,
                                      'user', expenses.person(account_id), 'role', role),
                    json_build_object('type', type, 'title', format('%s %s %s', who, did, g.name),
                                      'message', format('%s %s the group "%s"', who, did, g.name), 'sender_id', account_id,
                                      'metadata', json_build_object('group_id', expenses.group_ref(group_id),
                                                                    'user_id', expenses.user_ref(account_id)),
                                      'action_url', '/groups/' || expenses.group_ref(group_id)),
                    request_id);
end $$;

-- ---- groups ----

-- A group is founded, and who is named is invited.
create function expenses.group_create(account_id bigint, name text, description text, group_type text, currency text,
                                      is_private boolean, addresses json, request_id text)
returns expenses.answer
language plpgsql as $$
#variable_conflict use_column
declare
  own    text := (select a.email from account a where a.id = account_id);
  emails text[] := array(select lower(e.address) from json_array_elements_text(addresses) with ordinality as e(address, n)
                          where lower(e.address) <> own
                          group by lower(e.address) order by min(e.n));
  answer expenses.answer;
  g      expenses.expense_group;
begin
  answer.retry_after := expenses.invite_wait(account_id, emails);
  if answer.retry_after > 0 then
    answer.error := 'rate_limited';
    answer.message := 'Too many invitations: try again later';
    return answer;
  end if;
  insert into expenses.expense_group as x (name, description, group_type, currency, is_private, created_by)
  select group_create.name, coalesce(group_create.description, ''), group_create.group_type,
         coalesce(group_create.currency, p.preferred_currency), group_create.is_private, group_create.account_id
    from expenses.profile p where p.account_id = group_create.account_id
  returning x.* into g;
  if not is_private then
    perform expenses.invite_code_give(g.id);
  end if;
  insert into expenses.member (group_id, account_id, email, role, status, joined_at)
  values (g.id, group_create.account_id, own, 'admin', 'active', now());
  perform expenses.note(g.id, null, account_id, 'group_created',
                        format('%s created the group', expenses.person_name(account_id)));
  select string_agg(i.jobs, E'\n') into answer.jobs
    from unnest(emails) as e(address)
   cross join lateral expenses.invite(g, group_create.account_id, e.address, null, request_id) i;
  select json_build_object('id', expenses.group_ref(x.id), 'name', x.name, 'description', x.description,
                           'group_type', x.group_type, 'currency', expenses.currency_json(x.currency),
                           'invite_code', x.invite_code, 'member_count', x.members, 'created_at', iso_time(x.created_at))
    into answer.body
    from expenses.expense_group x where x.id = g.id;
  return answer;
end $$;

-- Change a group: what is null stays. Its currency stays once there is anything in its books. As it is then; null: the caller is
-- none of its members. What changes nothing is not told.
create function expenses.group_change(group_id bigint, account_id bigint, name text, description text, group_type text,
                                      currency text, is_private boolean, is_active boolean, settings json, base text)
returns json
language plpgsql as $$
#variable_conflict use_column
declare
  g    expenses.expense_group;
  made expenses.expense_group;
  role text;
begin
  perform expenses.group_lock(group_change.group_id) from expenses.membership(group_change.group_id, group_change.account_id);
  select m.role into role from expenses.membership(group_change.group_id, group_change.account_id) m;
  if role is null then
    return null;
  elsif role <> 'admin' then
    perform refuse('MR403', 'Only an admin of the group may change it');
  end if;
  select * into g from expenses.expense_group x where x.id = group_change.group_id;
  if group_change.currency <> g.currency and expenses.has_books(g.id) then
    perform refuse('MR409', 'The currency stays once there are expenses', 'currency');
  end if;
  update expenses.expense_group x
     set name = coalesce(group_change.name, x.name), description = coalesce(group_change.description, x.description),
         group_type = coalesce(group_change.group_type, x.group_type), currency = coalesce(group_change.currency, x.currency),
         is_private = coalesce(group_change.is_private, x.is_private), is_active = coalesce(group_change.is_active, x.is_active),
         settings = json_over(x.settings, group_change.settings), updated_at = now(),
         invite_code = case when not coalesce(group_change.is_private, x.is_private) then x.invite_code end
   where x.id = g.id
  returning * into made;
  if g.invite_code is null and not coalesce(group_change.is_private, g.is_private) then
    perform expenses.invite_code_give(g.id);
  end if;
  if (made.name, made.description, made.group_type, made.currency, made.is_private, made.is_active, made.settings::jsonb) <>
     (g.name, g.description, g.group_type, g.currency, g.is_private, g.is_active, g.settings::jsonb) then
    perform expenses.note(g.id, null, account_id, 'group_updated',
                          format('%s changed the group', expenses.person_name(account_id)));
  end if;
  return expenses.group_shown(g.id, account_id, base);
end $$;

-- Whether anything has ever been entered into a group's books that counts still, or is to be.
create function expenses.has_books(group_id bigint) returns boolean
language sql stable as $$
  select exists (select from expenses.expense e where e.group_id = has_books.group_id and e.deleted_at is null)
      or exists (select from expenses.settlement t where t.group_id = has_books.group_id and t.status <> 'cancelled')
$$;

-- ---- what was done in a group ----

call list_count_keep('expenses.activity', 'coalesce(group_id, 0)', 'group_id is not null');
