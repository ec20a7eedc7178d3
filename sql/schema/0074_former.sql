-- SPDX-License-Identifier: GPL-3.0-or-later
-- Erasure, for closed accounts of the Expense Tracker: what the books of groups need of them stays, and says "Former member"; all
-- else goes. Each function does one bite, and what it has done is seen in the rows: whoever died in between is followed by another.

-- A closed account of which all is erased that is to be; its row is there for what refers to it. Nobody looks at it any more.
alter table account add erased_at timestamptz;
drop index account_closed;
create index account_closed on account (deleted_at, id) where deleted_at is not null and erased_at is null;

-- Whose account was closed and erased. One who is active stays in the books until he is even with the group (former_leave).
alter table expenses.member add former boolean not null default false;
create index member_to_leave on expenses.member (group_id) where former and status = 'active' and balance = 0;

-- What is looked for by erasure alone.
create index member_address_any on expenses.member (email) where account_id is null;
create index activity_account on expenses.activity (account_id);
create index activity_settlement on expenses.activity ((metadata ->> 'settlement_id')) where metadata ->> 'settlement_id' is not null;
create index notification_settlement on expenses.notification ((metadata ->> 'settlement_id'))
 where metadata ->> 'settlement_id' is not null;
create index invitation_inviter on expenses.invitation (invited_by);

-- ---- who he was ----

create function expenses.former_name(account_id bigint) returns text
language sql immutable parallel safe as $$ select 'former-' || account_id $$;
create function expenses.former_email(account_id bigint) returns text -- .invalid is nobody's (RFC 2606)
language sql immutable parallel safe as $$ select expenses.former_name(account_id) || '@former.invalid' $$;

-- Somebody is or was in a group; who has only been invited is not.
create function expenses.is_in_books(m expenses.member) returns boolean
language sql immutable parallel safe as $$ select m.status <> 'invited' or m.joined_at is not null $$;

create function expenses.has_groups(account_id bigint) returns boolean
language sql stable as $$
  select exists (select from expenses.member m where m.account_id = has_groups.account_id and expenses.is_in_books(m))
$$;

-- The account and the profile are nobody's any more, which nobody can sign in to. False: they were already.
create function expenses.former_hide(account_id bigint) returns boolean
language plpgsql as $$
begin
  update account a
     set email = expenses.former_email(a.id), username = expenses.former_name(a.id), display_name = null, password_hash = null,
         verified_at = null, role = default, tier = default, revoked = default, revoked_until = default, tokens_valid_after = now(),
         api_generation = a.api_generation + 1
   where a.id = former_hide.account_id and a.email <> expenses.former_email(a.id);
  if not found then
    return false;
  end if;
  update expenses.profile p
     set first_name = 'Former', last_name = 'member', bio = null, preferred_currency = 'USD', timezone = 'UTC', occupation = null,
         company = null, country = null, city = null, phone_number = null, settings = default, notices = default, avatar_id = null,
         avatar_next_id = null
   where p.account_id = former_hide.account_id;
  return true;
end $$;

-- ---- his groups ----

-- As before (0073_membership.sql), but of those who are there to administer it.
create or replace function expenses.group_settle_in(group_id bigint) returns void
language sql volatile as $$
  update expenses.member m set role = 'admin'
   where m.id = (select x.id from expenses.member x
                  where x.group_id = group_settle_in.group_id and x.status = 'active' and not x.former
                  order by x.joined_at nulls first, x.id limit 1)
     and not exists (select from expenses.member x
                      where x.group_id = group_settle_in.group_id and x.status = 'active' and x.role = 'admin');
  update expenses.expense_group g set is_active = false where g.id = group_settle_in.group_id and g.active = 0;
$$;

-- Former members do not administer what they are in: where only they are left, the next who comes does.
create function expenses.member_entered() returns trigger
language plpgsql as $$
begin
  perform expenses.group_settle_in(new.group_id);
  return null;
end $$;
create trigger member_entered after insert or update of status on expenses.member -- behind member_counted
  for each row when (new.status = 'active' and new.role = 'member') execute function expenses.member_entered();

-- Invitations of the account, or of its address where nobody else has that now, go: who never came is in no books. False: there
-- are none.
create function expenses.invited_forget(closed bigint) returns boolean
language plpgsql as $$
declare
  m expenses.member;
begin
  select o.* into m
    from (select x.* from expenses.member x where x.account_id = closed and not expenses.is_in_books(x)
          union all
          select x.*
            from account a
            join expenses.member x on x.account_id is null and x.email = a.email
           where a.id = closed and not expenses.is_in_books(x)
             and not exists (select from account n where n.product = a.product and n.email = a.email and n.deleted_at is null)) as o
   limit 1;
  if m.id is null then
    return false;
  end if;
  perform expenses.group_lock(m.group_id);
  delete from expenses.invitation i using expenses.member x where x.id = m.id and i.member_id = x.id and not expenses.is_in_books(x);
  delete from expenses.member x where x.id = m.id and not expenses.is_in_books(x);
  return true;
end $$;

-- Whether a member can go: his balance is zero, and no payment is under way that would change it.
create function expenses.is_even(m expenses.member) returns boolean
language sql stable as $$
  select m.balance = 0 and not exists (
           select from expenses.settlement t
            where t.group_id = m.group_id and m.account_id in (t.payer_id, t.payee_id) and t.status = 'processing')
$$;

-- A membership becomes a former member's. He leaves the group, if he is even with it; else he stays, without a say, for the others to
-- settle what is open. False: all are already.
create function expenses.member_hide(account_id bigint) returns boolean
language plpgsql as $$
declare
  m expenses.member;
begin
  select * into m from expenses.member x where x.account_id = member_hide.account_id and not x.former limit 1;
  if m.id is null then
    return false;
  end if;
  perform expenses.group_lock(m.group_id);
  delete from expenses.invitation i where i.member_id = m.id;
  update expenses.member x
     set former = true, email = expenses.former_email(m.account_id), role = 'member',
         status = case x.status when 'invited' then 'left' else x.status end
   where x.id = m.id returning * into m;
  if m.status = 'active' and expenses.is_even(m) then
    perform expenses.group_leave(m.group_id, m.account_id, '');
  else
    perform expenses.group_settle_in(m.group_id);
  end if;
  return true;
end $$;

-- One who has been even with his group since leaves it now. No row: there is none.
create function expenses.former_leave() returns setof bigint
language plpgsql as $$
declare
  m expenses.member;
begin
  select * into m from expenses.member x where x.former and x.status = 'active' and x.balance = 0 and expenses.is_even(x) limit 1;
  if m.id is null then
    return;
  end if;
  perform expenses.group_lock(m.group_id);
  select * into m from expenses.member x where x.id = m.id;
  if expenses.is_even(m) then
    perform expenses.group_leave(m.group_id, m.account_id, '');
  end if;
  return next m.id;
end $$;

-- In a group there is nobody any more who has an account: nobody needs its books.
create function expenses.is_forsaken(group_id bigint) returns boolean
language sql stable as $$
  select not exists (select from expenses.member x
                       join account a on a.id = x.account_id and a.deleted_at is null
                      where x.group_id = is_forsaken.group_id and expenses.is_in_books(x))
$$;

-- One of somebody's groups that is.
create function expenses.group_forsaken(account_id bigint) returns bigint
language sql stable as $$
  select m.group_id from expenses.member m
   where m.account_id = group_forsaken.account_id and expenses.is_forsaken(m.group_id)
   limit 1
$$;

-- It is erased, a bite at a time, unless somebody has come into it meanwhile: at first nobody can any more. Those who were in it are
-- looked at again.
create function expenses.group_erase(group_id bigint, most integer) returns bigint
language plpgsql as $$
#variable_conflict use_column
declare
  part record;
  gone bigint;
begin
  if expenses.group_lock(group_erase.group_id) is null then
    return 1;
  elsif not expenses.is_forsaken(group_erase.group_id) then -- an expression of its own: it sees who came while this waited
    return 1;
  end if;
  update expenses.expense_group g set is_active = false, invite_code = null where g.id = group_erase.group_id;
  delete from expenses.activity a where a.id = any (array(
    select x.id from expenses.activity x where x.group_id = group_erase.group_id limit most));
  get diagnostics gone = row_count;
  for part in select * from unnest('{expenses.expense, expenses.settlement, expenses.debt}'::regclass[]) as p(name) loop
    exit when gone > 0;
    gone := erase_where(part.name, format('group_id = %s', group_erase.group_id), most);
  end loop;
  if gone = 0 then
    update account a set erased_at = null
      from expenses.member m where m.group_id = group_erase.group_id and a.id = m.account_id and a.erased_at is not null;
    gone := erase_where('expenses.expense_group', format('id = %s', group_erase.group_id), most);
  end if;
  return gone;
end $$;

-- ---- what was said of him ----

-- A sentence that begins with who did something, in its present name or a former one.
create function expenses.said_by_former(said text) returns text
language sql immutable parallel safe as $$
  select 'Former member ' || coalesce(
           substring(said from '^.*? ((?:created|changed|joined|left|added|updated|deleted|commented|invites)\M.*)$'), 'was here')
$$;

-- What the activity says of a settlement, as settlement_tell() does; and what a notification says of one afterwards.
create function expenses.settlement_said(t expenses.settlement, type text) returns text
language sql stable as $$
  select format(case type when 'settlement_created' then '%1$s wants to settle %3$s with %2$s'
                          when 'settlement_completed' then '%1$s paid %2$s %3$s'
                          when 'settlement_cancelled' then '%1$s does not settle %3$s with %2$s any more'
                          else 'A settlement of %3$s between %1$s and %2$s' end,
                expenses.person_name(t.payer_id), expenses.person_name(t.payee_id), expenses.price(t.amount, t.currency))
$$;

-- The next rows of others' activity and notifications that name him: how many they were.
create function expenses.former_unname(account_id bigint, most integer) returns bigint
language plpgsql as $$
#variable_conflict use_column
declare
  n    bigint;
  done bigint;
begin
  update expenses.activity a set description = expenses.said_by_former(a.description)
   where a.id = any (array(
           select x.id from expenses.activity x
            where x.account_id = former_unname.account_id and x.type not like 'settlement\_%'
              and x.description not like 'Former member %'
            limit most));
  get diagnostics done = row_count;
  update expenses.notification t
     set message = expenses.said_by_former(t.message),
         title = case when t.type in ('member_joined', 'member_left') then expenses.said_by_former(t.title) else t.title end
   where t.id = any (array(
           select x.id from expenses.notification x
            where x.sender_id = former_unname.account_id and x.metadata ->> 'settlement_id' is null
              and x.message not like 'Former member %'
            limit most));
  get diagnostics n = row_count;
  done := done + n;
  update expenses.activity a set description = s.said
    from (select x.id, expenses.settlement_said(t, x.type) as said
            from expenses.settlement t
            join expenses.activity x on x.metadata ->> 'settlement_id' = expenses.settlement_ref(t.id)
           where former_unname.account_id in (t.payer_id, t.payee_id) and x.description <> expenses.settlement_said(t, x.type)
           limit most) as s
   where a.id = s.id;
  get diagnostics n = row_count;
  done := done + n;
  update expenses.notification o set message = s.said
    from (select x.id, expenses.settlement_said(t, '') as said
            from expenses.settlement t
            join expenses.notification x on x.metadata ->> 'settlement_id' = expenses.settlement_ref(t.id)
           where former_unname.account_id in (t.payer_id, t.payee_id) and x.message <> expenses.settlement_said(t, '')
           limit most) as s
   where o.id = s.id;
  get diagnostics n = row_count;
  return done + n;
end $$;

-- ---- what others see of him ----

-- Of what he paid with a card stays what was paid for settlements, and not by which card. Whoever tells of a payment holds its row
-- before the account's: so this is done before account_erase() holds that. How many rows this was about.
create function expenses.payments_forget(account_id bigint, most integer) returns bigint
language plpgsql as $$
declare
  n    bigint;
  gone bigint := erase_where('billing.payment', format('account_id = %s and coalesce(purpose, '''') !~ ''^stl_''', account_id), most);
begin
  update billing.payment p set payment_method = null, error = null, invoice_url = null
   where p.id = any (array(
           select x.id from billing.payment x
            where x.account_id = payments_forget.account_id and num_nonnulls(x.payment_method, x.error, x.invoice_url) > 0
            limit most));
  get diagnostics n = row_count;
  return gone + n;
end $$;

-- The next bite of what a closed account is to others: 0, there is nothing to be done. Each holds the row of one group at most.
create function expenses.former_bite(closed bigint, most integer) returns bigint
language plpgsql as $$
declare
  forsaken bigint;
begin
  if not exists (select from account a where a.id = closed and a.product = 'expenses' and a.deleted_at is not null) then
    return 0;
  elsif expenses.invited_forget(closed) then
    return 1;
  elsif not expenses.has_groups(closed) then
    return 0;
  elsif expenses.former_hide(closed) or expenses.member_hide(closed) then
    return 1;
  end if;
  forsaken := expenses.group_forsaken(closed);
  return case when forsaken is not null then expenses.group_erase(forsaken, most)
              else expenses.former_unname(closed, most) + expenses.payments_forget(closed, most) end;
end $$;

-- ---- what is his alone ----

-- A file that a group shows: the receipt of one of its expenses, or its picture.
create function expenses.is_shown_in_group(file_id bigint) returns boolean
language sql stable as $$
  select exists (select from expenses.expense e where e.receipt_id = file_id and e.group_id is not null and e.deleted_at is null)
      or exists (select from expenses.expense_group g where g.image_id = file_id)
      or exists (select from expenses.expense_group g where g.image_next_id = file_id)
$$;

-- The next rows that no statement of others needs and erase_where() does not find, or would not let go of: how many they were.
create function expenses.own_erase(account_id bigint, most integer) returns bigint
language plpgsql as $$
#variable_conflict use_column
declare
  gone bigint;
begin
  delete from expenses.activity a
   where a.id = any (array(
           select x.id from expenses.expense e join expenses.activity x on x.expense_id = e.id
            where e.account_id = own_erase.account_id and e.group_id is null
            limit most));
  get diagnostics gone = row_count;
  if gone = 0 then
    gone := erase_where('expenses.expense', format('account_id = %s and group_id is null', own_erase.account_id), most);
  end if;
  if gone = 0 then
    gone := erase_where('sms', format('account_id = %s', own_erase.account_id), most);
  end if;
  if gone = 0 then
    gone := erase_where('hook_delivery', format('hook_id in (select id from hook where account_id = %s)', own_erase.account_id), most);
  end if;
  return gone;
end $$;

-- The next rows of an account that stays: what refers to it goes, but for what groups and their settlements need. 0: that is all,
-- and it is noted.
create function expenses.former_erase(account_id bigint, most integer) returns bigint
language plpgsql as $$
#variable_conflict use_column
declare
  one  record;
  gone bigint := 0;
begin
  for one in select c.conrelid::regclass as child, a.attname as col
               from pg_constraint c
               join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
              where c.confrelid = 'account'::regclass and c.contype = 'f' and c.conparentid = 0 and a.attnotnull
                and c.conrelid <> all ('{file, billing.customer, billing.payment, expenses.profile, expenses.expense_group,
                                         expenses.expense, expenses.share, expenses.settlement, expenses.debt, expenses.comment,
                                         expenses.invitation}'::regclass[])
              order by c.conrelid::regclass::text, a.attname loop
    exit when gone >= most;
    gone := gone + erase_where(one.child, format('%I = %s', one.col, former_erase.account_id), most);
  end loop;
  if gone = 0 then
    update expenses.invitation i set message = null where i.invited_by = former_erase.account_id and i.message is not null;
    update account a set erased_at = now() where a.id = former_erase.account_id;
  end if;
  return gone;
end $$;

-- As before (0065_syncs_erasure_texts.sql), but who has been in a group stays as a former member, with the files that it shows.
create or replace function account_erase(account_id bigint, most integer) returns bigint
language plpgsql as $$
declare
  gone bigint;
begin
  perform from account a where a.id = account_erase.account_id and a.deleted_at is not null for update;
  if not found then
    return 0;
  elsif exists (select from file f where f.account_id = account_erase.account_id and not expenses.is_shown_in_group(f.id))
     or exists (select from piece p where p.account_id = account_erase.account_id) then
    return 1;
  end if;
  gone := expenses.own_erase(account_id, most);
  if gone > 0 then
    return gone;
  elsif expenses.has_groups(account_id) then
    return expenses.former_erase(account_id, most);
  end if;
  gone := erase_where('account', format('id = %s', account_id), most);
  if not exists (select from account a where a.id = account_erase.account_id) then
    delete from list_count c where c.owner = account_erase.account_id;
  end if;
  return gone;
end $$;
