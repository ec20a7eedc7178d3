-- SPDX-License-Identifier: GPL-3.0-or-later
-- Expense Tracker: whether a share is settled follows the books with every change of them, of an expense as well as of a settlement. Of
-- what somebody has paid another, and what the two owe each other in turn, nothing is left that would cover the oldest share that
-- is open between them, and no share is settled without it. A share that comes to nothing in the books is owed by nobody.

-- credited: it was settled by what stood in the books when its expense or another was changed, not by a settlement since. Its own
-- expense may be changed still.
alter table expenses.share add credited boolean not null default false;
drop index expenses.share_open;
create index share_open on expenses.share (group_id, account_id, owed_to, day, expense_id) include (booked)
 where live and settled_at is null and account_id <> owed_to and booked > 0;
create index share_settled on expenses.share (group_id, account_id, owed_to, day, expense_id) include (booked)
 where live and settled_at is not null and account_id <> owed_to and booked > 0;

-- The payer's own share is settled when all others are, one of nothing in any case.
create or replace function expenses.share_settled(s expenses.share, open integer) returns boolean
language sql immutable parallel safe as $$
  select s.settled_at is not null or s.booked = 0 or (s.account_id = s.owed_to and open = 0)
$$;

-- Shares of one's in what the other has paid, which come to so much, are settled, or open again. Their expenses and their group are
-- the caller's to bring up to that.
create function expenses.shares_turn(group_id bigint, debtor bigint, creditor bigint, ids bigint[], amount bigint, settled boolean,
                                     credited boolean) returns void
language plpgsql as $$
begin
  update expenses.share s
     set settled_at = case when shares_turn.settled then now() end, credited = shares_turn.settled and shares_turn.credited
   where s.expense_id = any (ids) and s.account_id = debtor;
  update expenses.debt d set settled = d.settled + case when shares_turn.settled then amount else -amount end
   where d.group_id = shares_turn.group_id and d.debtor_id = debtor and d.creditor_id = creditor;
end $$;

-- What somebody and others of a group owe one another has changed. What of one's shares in what the other has paid is covered: what
-- was paid to him, and what he owes in turn as far as it cancels out. Where less is covered than was, the latest shares that were
-- settled are open again, as many as it takes; then the oldest open ones that are covered wholly are settled. credited: no settlement
-- has done it. The group is locked.
create function expenses.shares_follow(group_id bigint, one bigint, others bigint[], credited boolean) returns void
language plpgsql as $$
#variable_conflict use_column
declare
  pair      record;
  -- Few of many are read, most of the time: as cursors they are planned for that.
  latest    cursor (debtor bigint, creditor bigint) for
    select x.expense_id, x.booked
      from expenses.share x
     where x.group_id = shares_follow.group_id and x.account_id = debtor and x.owed_to = creditor and x.live
       and x.settled_at is not null and x.account_id <> x.owed_to and x.booked > 0
     order by x.day desc, x.expense_id desc;
  oldest    cursor (debtor bigint, creditor bigint) for
    select x.expense_id, x.booked
      from expenses.share x
     where x.group_id = shares_follow.group_id and x.account_id = debtor and x.owed_to = creditor and x.live
       and x.settled_at is null and x.account_id <> x.owed_to and x.booked > 0
     order by x.day, x.expense_id;
  spare     bigint;
  moved     bigint;
  ids       bigint[];
  left_open bigint := 0;         -- by how much the group has more unsettled than before,
  turned    bigint[] := '{}';    -- and these expenses more open shares
  steps     integer[] := '{}';
begin
  for pair in
    select c.debtor_id, c.creditor_id, c.covered - c.settled as spare
      from (select d.debtor_id, d.creditor_id, d.owed, d.settled,
                   d.paid + greatest(0, least(d.owed - d.paid, coalesce(r.owed - r.paid, 0))) as covered
              from (select distinct o.id from unnest(others) as o(id) where o.id <> one) as o
             cross join lateral (values (one, o.id), (o.id, one)) as p(debtor, creditor)
              join expenses.debt d on d.group_id = shares_follow.group_id and d.debtor_id = p.debtor and d.creditor_id = p.creditor
              left join expenses.debt r on r.group_id = shares_follow.group_id and r.debtor_id = p.creditor and r.creditor_id = p.debtor
           ) as c
     where c.covered < c.settled or c.covered > c.settled and c.owed > c.settled
     order by c.debtor_id, c.creditor_id
  loop
    spare := pair.spare;
    ids := '{}';
    moved := 0;
    if spare < 0 then
      for s in latest(pair.debtor_id, pair.creditor_id) loop
        exit when spare + moved >= 0;
        ids := ids || s.expense_id;
        moved := moved + s.booked;
      end loop;
      perform expenses.shares_turn(group_id, pair.debtor_id, pair.creditor_id, ids, moved, false, false);
      left_open := left_open + moved;
      turned := turned || ids;
      steps := steps || array_fill(1, array[cardinality(ids)]);
      spare := spare + moved;
      ids := '{}';
      moved := 0;
    end if;
    for s in oldest(pair.debtor_id, pair.creditor_id) loop
      exit when moved + s.booked > spare;
      ids := ids || s.expense_id;
      moved := moved + s.booked;
    end loop;
    if moved > 0 then
      perform expenses.shares_turn(group_id, pair.debtor_id, pair.creditor_id, ids, moved, true, credited);
      left_open := left_open - moved;
      turned := turned || ids;
      steps := steps || array_fill(-1, array[cardinality(ids)]);
    end if;
  end loop;
  if turned <> '{}' then
    update expenses.expense e set open = e.open + t.step
      from (select u.id, sum(u.step) as step from unnest(turned, steps) as u(id, step) group by u.id) as t
     where e.id = t.id and t.step <> 0;
    update expenses.expense_group g set unsettled = g.unsettled + left_open where g.id = shares_follow.group_id;
  end if;
end $$;

-- ---- what changes the books, with that ----

-- Enter an expense in the books (sign 1), or take it out again (-1) as it stands: its row, its shares, what members and pairs
-- of them stand for. Its group is locked. Whoever changes one takes it out, changes it and enters it again; then its shares follow,
-- and what was settled by the books alone is so no more until then.
create or replace function expenses.book(expense_id bigint, sign integer) returns void
language plpgsql as $$
declare
  e expenses.expense;
  left_open bigint;
begin
  select * into e from expenses.expense x where x.id = book.expense_id;
  update expenses.expense x
     set open = s.open, participants = s.participants
    from (select count(*) filter (where y.settled_at is null and y.account_id <> e.paid_by and y.booked > 0) as open,
                 count(*) as participants
            from expenses.share y where y.expense_id = e.id) as s
   where x.id = e.id;
  if e.group_id is null then
    return;
  end if;
  select coalesce(sum(s.booked), 0) into left_open
    from expenses.share s where s.expense_id = e.id and s.settled_at is null and s.account_id <> e.paid_by;
  update expenses.expense_group g
     set spent = g.spent + sign * e.booked, expenses = g.expenses + sign, unsettled = g.unsettled + sign * left_open
   where g.id = e.group_id;
  update expenses.member m
     set owed = m.owed + sign * coalesce(s.booked, 0), paid = m.paid + sign * case when m.account_id = e.paid_by then e.booked else 0 end
    from (select e.paid_by as account_id, 0::bigint as booked where not exists (
                   select from expenses.share x where x.expense_id = e.id and x.account_id = e.paid_by)
          union all
          select x.account_id, x.booked from expenses.share x where x.expense_id = e.id) as s
   where m.group_id = e.group_id and m.account_id = s.account_id;
  insert into expenses.debt as d (group_id, debtor_id, creditor_id, owed, settled)
  select e.group_id, s.account_id, e.paid_by, sign * s.booked, case when s.settled_at is not null then sign * s.booked else 0 end
    from expenses.share s
   where s.expense_id = e.id and s.account_id <> e.paid_by and s.booked > 0
   order by s.account_id
  on conflict (group_id, debtor_id, creditor_id) do update
     set owed = d.owed + excluded.owed, settled = d.settled + excluded.settled;
  if sign < 0 then
    update expenses.share s set settled_at = null, credited = false where s.expense_id = e.id and s.credited;
  end if;
end $$;

-- A settlement's money has changed hands: it is completed, once. Its group is locked, and so is its row. False: it had ended.
create or replace function expenses.settlement_complete(settlement_id bigint, method text, notes text default null, confirmed_by bigint default null)
returns boolean
language plpgsql as $$
#variable_conflict use_column
declare
  t expenses.settlement;
begin
  update expenses.settlement x
     set status = 'completed', completed_at = now(), updated_at = now(), method = coalesce(settlement_complete.method, x.method),
         notes = coalesce(settlement_complete.notes, x.notes), confirmed_by = settlement_complete.confirmed_by
   where x.id = settlement_id and x.status not in ('completed', 'cancelled')
  returning * into t;
  if t.id is null then
    return false;
  end if;
  if t.group_id is not null then
    update expenses.member m
       set paid = m.paid + case when m.account_id = t.payer_id then t.amount else 0 end,
           owed = m.owed + case when m.account_id = t.payee_id then t.amount else 0 end
     where m.group_id = t.group_id and m.account_id in (t.payer_id, t.payee_id);
    insert into expenses.debt as d (group_id, debtor_id, creditor_id, paid) values (t.group_id, t.payer_id, t.payee_id, t.amount)
    on conflict (group_id, debtor_id, creditor_id) do update set paid = d.paid + excluded.paid;
    perform expenses.shares_follow(t.group_id, t.payer_id, array[t.payee_id], false);
  end if;
  return true;
end $$;

-- What others have settled, and what somebody has left behind, stays as it is.
create or replace function expenses.expense_free(e expenses.expense) returns void
language plpgsql as $$
begin
  if exists (select from expenses.share s
              where s.expense_id = e.id and s.settled_at is not null and not s.credited and s.account_id <> e.paid_by) then
    perform refuse('MR409', 'Somebody has settled his share of this expense');
  elsif e.group_id is not null and exists (
          select from expenses.share s where s.expense_id = e.id and not expenses.is_member(e.group_id, s.account_id)) then
    perform refuse('MR409', 'Somebody who takes part in this expense has left the group');
  elsif e.group_id is not null and not expenses.is_member(e.group_id, e.paid_by) then
    perform refuse('MR409', 'Who paid this expense has left the group');
  end if;
end $$;

-- Enter an expense. No body: there is no such group for the caller.
create or replace function expenses.expense_enter(caller bigint, fields json, base text, request_id text, out body json, out jobs text)
language plpgsql as $$
declare
  sent  json := (select coalesce(json_object_agg(f.key, f.value), '{}') from json_each(fields) f where json_typeof(f.value) <> 'null');
  home  bigint := (sent ->> 'group_id')::bigint;
  e     expenses.expense;
  g     expenses.expense_group;
  split record;
begin
  if home is not null and not expenses.is_member(home, caller) then
    return;
  elsif coalesce(sent ->> 'expense_type', '') = 'personal' and home is not null then
    perform refuse('MR422', 'must be group: a group is named', 'expense_type');
  elsif coalesce(sent ->> 'expense_type', '') = 'group' and home is null then
    perform refuse('MR422', 'is required of a group''s expense', 'group_id');
  end if;
  perform expenses.group_lock(home);
  select * into g from expenses.expense_group x where x.id = home and expenses.is_member(home, caller);
  if home is not null and g.id is null then
    return;
  elsif not g.is_active then
    perform refuse('MR409', 'The group is not active');
  end if;
  select coalesce(g.currency, p.preferred_currency), (now() at time zone p.timezone)::date into e.currency, e.expense_date
    from expenses.profile p where p.account_id = caller;
  e.account_id := caller;
  e.paid_by := caller;
  e.group_id := home;
  e.split_type := 'equal';
  e.tags := '{}';
  e := expenses.expense_over(e, sent);
  if sent -> 'split_data' is not null then
    split := expenses.split_read(e, sent -> 'split_data');
  elsif e.split_type <> 'equal' then
    perform refuse('MR422', format('is required of a split of type %s', e.split_type), 'split_data');
  else
    select case when home is null then array[caller] else array_agg(m.account_id order by m.id) end as who, null::numeric[] as weights
      into split from expenses.member m where m.group_id = home and m.status = 'active' and not m.former;
  end if;
  perform expenses.people_check(e, split.who);
  insert into expenses.expense (account_id, paid_by, group_id, category_id, title, description, amount, currency, expense_date,
                                split_type, vendor, location, tags, booked)
  values (caller, e.paid_by, e.group_id, e.category_id, e.title, e.description, e.amount, e.currency, e.expense_date, e.split_type,
          e.vendor, e.location, e.tags, expenses.booked(e))
  returning * into e;
  perform expenses.shares_make(e, split.who, split.weights);
  perform expenses.book(e.id, 1), expenses.shares_follow(e.group_id, e.paid_by, split.who, true);
  select * into e from expenses.expense x where x.id = e.id;
  body := expenses.expense_json(e, base);
  jobs := expenses.expense_tell(e, caller, 'expense_added', null, body, request_id);
end $$;

-- Change what was sent of an expense. type: what it is called in the group's feed; the body is the expense, or of its split
-- the shares. No body: there is none for the caller.
create or replace function expenses.expense_change(expense_id bigint, caller bigint, sent json, type text, base text, request_id text,
                                        out body json, out jobs text)
language plpgsql as $$
declare
  was     expenses.expense := expenses.expense_locked(expense_id, caller);
  e       expenses.expense;
  facts   json;
  changes json;
  split   record;
  held    record;
begin
  if was.id is null then
    return;
  end if;
  perform expenses.expense_guard(was, caller);
  facts := expenses.expense_facts(was);
  e := expenses.expense_over(was, sent);
  if (e.amount, e.currency, e.expense_date) is distinct from (was.amount, was.currency, was.expense_date) then
    e.booked := expenses.booked(e);
  end if;
  select array_agg(s.account_id order by s.position) as who, array_agg(s.weight order by s.position) as weights
    into held from expenses.share s where s.expense_id = e.id;
  if sent -> 'split_data' is not null then
    split := expenses.split_read(e, sent -> 'split_data');
  elsif e.split_type = 'equal' then
    select held.who as who, array_fill(1::numeric, array[cardinality(held.who)]) as weights into split;
  elsif e.split_type <> was.split_type or e.split_type = 'exact' and (e.amount, e.currency) <> (was.amount, was.currency) then
    perform refuse('MR422', format('is required of a split of type %s', e.split_type), 'split_data');
  else
    split := held;
  end if;
  if (e.amount, e.currency, e.booked, e.paid_by, e.split_type, split.who, split.weights) is distinct from
     (was.amount, was.currency, was.booked, was.paid_by, was.split_type, held.who, held.weights) then
    perform expenses.expense_free(was), expenses.people_check(e, split.who), expenses.book(e.id, -1);
  else
    split.who := null;
  end if;
  update expenses.expense x
     set title = e.title, description = e.description, amount = e.amount, currency = e.currency, category_id = e.category_id,
         expense_date = e.expense_date, paid_by = e.paid_by, split_type = e.split_type, vendor = e.vendor, location = e.location,
         tags = e.tags, booked = e.booked
   where x.id = e.id;
  if split.who is not null then
    perform expenses.shares_make(e, split.who, split.weights), expenses.book(e.id, 1);
    perform expenses.shares_follow(e.group_id, p.paid_by, held.who || split.who, true)
       from (values (was.paid_by), (e.paid_by)) as p(paid_by) group by p.paid_by;
  elsif (e.category_id, e.expense_date) is distinct from (was.category_id, was.expense_date) then
    update expenses.share s set category_id = e.category_id, day = e.expense_date where s.expense_id = e.id;
    perform expenses.shares_follow(e.group_id, e.paid_by, held.who, true) where e.expense_date <> was.expense_date;
  end if;
  changes := expenses.facts_changed(facts, expenses.expense_facts(e));
  update expenses.expense x set updated_at = case when changes is null then x.updated_at else now() end
   where x.id = e.id returning * into e;
  if changes is not null then
    jobs := expenses.expense_tell(e, caller, type, changes, expenses.expense_json(e, base), request_id);
  end if;
  body := case type when 'split_updated' then expenses.split_json(e) else expenses.expense_detail(e, base) end;
end $$;

-- Take an expense away. What was stays in the books' rows, and counts no more; links to its receipt end, and that of a former
-- member goes.
create or replace function expenses.expense_remove(expense_id bigint, caller bigint, base text, request_id text, out removed bigint, out jobs text)
language plpgsql as $$
declare
  e expenses.expense := expenses.expense_locked(expense_id, caller);
begin
  if e.id is null then
    return;
  end if;
  perform expenses.expense_guard(e, caller), expenses.expense_free(e), expenses.book(e.id, -1);
  update expenses.share s set live = false where s.expense_id = e.id;
  perform expenses.shares_follow(e.group_id, e.paid_by, array(select s.account_id from expenses.share s where s.expense_id = e.id), true);
  update file f set generation = f.generation + 1 where f.id = e.receipt_id;
  update account a set erased_at = null from file f where f.id = e.receipt_id and a.id = f.account_id and a.deleted_at is not null;
  update expenses.expense x set deleted_at = now(), updated_at = now() where x.id = e.id returning * into e;
  removed := e.id;
  jobs := expenses.expense_tell(e, caller, 'expense_deleted', null, expenses.expense_json(e, base), request_id);
end $$;

-- Shares that are open between somebody and the others of a group count as settled: what he owes and what he is owed came to
-- nothing, and what that left between others is entered by debts_pass_on().
create or replace function expenses.shares_close(group_id bigint, account_id bigint) returns void
language sql volatile as $$
  with done as (
    update expenses.share s set settled_at = now()
     where s.group_id = shares_close.group_id and s.live and s.settled_at is null and s.account_id <> s.owed_to and s.booked > 0
       and shares_close.account_id in (s.account_id, s.owed_to)
    returning s.expense_id, s.account_id, s.owed_to, s.booked),
  less as (
    update expenses.expense e set open = e.open - d.n
      from (select expense_id, count(*) as n from done group by expense_id) as d
     where e.id = d.expense_id),
  paired as (
    update expenses.debt t set settled = t.settled + d.booked
      from (select account_id, owed_to, sum(booked) as booked from done group by account_id, owed_to) as d
     where t.group_id = shares_close.group_id and t.debtor_id = d.account_id and t.creditor_id = d.owed_to)
  update expenses.expense_group g set unsettled = g.unsettled - (select coalesce(sum(booked), 0) from done)
   where g.id = shares_close.group_id
$$;

-- Who leaves owes some and is owed by others, as much. His debtors and his creditors, each in the order of their accounts, are laid
-- side by side; where two meet, money goes once around: the debtor pays him, he pays the creditor, and the creditor the
-- debtor. Nobody's balance changes by that; with him nothing is open any more, and the debtor owes the creditor.
create or replace function expenses.debts_pass_on(group_id bigint, account_id bigint) returns void
language plpgsql as $$
#variable_conflict use_column
declare
  met record;
begin
  for met in
    with open as materialized (
      select * from expenses.debts(debts_pass_on.group_id) d where debts_pass_on.account_id in (d.debtor, d.creditor)),
    from_him as (
      select d.creditor as who, d.amount, sum(d.amount) over (order by d.creditor) as upto
        from open d where d.debtor = debts_pass_on.account_id),
    to_him as (
      select d.debtor as who, d.amount, sum(d.amount) over (order by d.debtor) as upto
        from open d where d.creditor = debts_pass_on.account_id)
    select t.who as debtor, f.who as creditor,
           (least(t.upto, f.upto) - greatest(t.upto - t.amount, f.upto - f.amount))::bigint as amount
      from to_him t join from_him f on t.upto > f.upto - f.amount and f.upto > t.upto - t.amount
     order by t.who, f.who
  loop
    insert into expenses.debt as d (group_id, debtor_id, creditor_id, paid)
    values (debts_pass_on.group_id, met.debtor, debts_pass_on.account_id, met.amount),
           (debts_pass_on.group_id, debts_pass_on.account_id, met.creditor, met.amount),
           (debts_pass_on.group_id, met.creditor, met.debtor, met.amount)
    on conflict (group_id, debtor_id, creditor_id) do update set paid = d.paid + excluded.paid;
    perform expenses.shares_follow(debts_pass_on.group_id, met.creditor, array[met.debtor], false);
  end loop;
end $$;

drop function expenses.settle_shares(bigint, bigint, bigint), expenses.shares_reopen(bigint, bigint, bigint);

-- ---- what there was before ----

update expenses.expense e set open = s.open
  from (select x.expense_id, count(*) filter (where x.settled_at is null and x.account_id <> x.owed_to and x.booked > 0) as open
          from expenses.share x group by x.expense_id having bool_or(x.booked = 0 and x.amount > 0)) as s
 where e.id = s.expense_id and e.open <> s.open;
select expenses.shares_follow(d.group_id, d.one, array[d.other], true)
  from (select distinct d.group_id, least(d.debtor_id, d.creditor_id) as one, greatest(d.debtor_id, d.creditor_id) as other
          from expenses.debt d order by 1, 2, 3) as d;
