-- SPDX-License-Identifier: GPL-3.0-or-later
-- Expense Tracker: the books. What a group has spent and who owes what is kept beside the expenses, changed with them under
-- the group's lock, so that no list and no balance has to add anything up. All sums are of whole minor units of the group's
-- currency, and commute: whatever the order of changes, the same books come of it.

-- ---- exchange rates ----

-- What one unit of a currency was worth in US dollars on a day, as the operator has entered it.
create table expenses.fx_rate (
  currency text not null check (currency ~ '^[A-Z]{3}$' and currency <> 'USD'),
  day      date not null,
  usd      numeric not null check (usd > 0),
  primary key (currency, day)
);

-- The rate of a day is the last one known on it, of the week before at most: markets close for days. No row: none is known.
create function expenses.fx_known(currency text, day date) returns table (usd numeric)
language sql stable parallel safe as $$
  select 1 where fx_known.currency = 'USD'
  union all
  (select r.usd from expenses.fx_rate r
    where r.currency = fx_known.currency and r.day between fx_known.day - 7 and fx_known.day
    order by r.day desc limit 1)
$$;

create function expenses.fx_usd(currency text, day date) returns numeric
language sql stable parallel safe as $$
  select k.usd from expenses.fx_known(fx_usd.currency, fx_usd.day) k
$$;

-- How minor units of one currency become those of another on a day: times so much, by so much. No row: there is no rate, or
-- they are of the same currency. It becomes part of the statement that names it.
create function expenses.fx_fraction(source text, target text, day date) returns table (times numeric, per numeric)
language sql stable parallel safe as $$
  select s.usd * 10::numeric ^ billing.digits(target), t.usd * 10::numeric ^ billing.digits(source)
    from expenses.fx_known(source, fx_fraction.day) s
   cross join expenses.fx_known(target, fx_fraction.day) t
   where source <> target
$$;

-- An amount in another currency, in whole minor units, half away from zero; null: there is no rate.
create function expenses.fx_convert(amount bigint, source text, target text, day date) returns bigint
language sql stable parallel safe as $$
  select case when source = target then amount
              else (select round(amount * f.times / f.per)::bigint from expenses.fx_fraction(source, target, fx_convert.day) f) end
$$;

-- ---- what stands in answers ----

create function expenses.currency_symbol(code text) returns text
language sql immutable parallel safe as $$
  select case code when 'USD' then '$' when 'EUR' then '€' when 'GBP' then '£' when 'JPY' then '¥' when 'CNY' then 'CN¥'
                   when 'INR' then '₹' when 'KRW' then '₩' when 'RUB' then '₽' when 'TRY' then '₺' when 'UAH' then '₴'
                   when 'VND' then '₫' when 'ILS' then '₪' when 'NGN' then '₦' when 'PHP' then '₱' when 'BRL' then 'R$'
                   when 'CAD' then 'CA$' when 'AUD' then 'A$' when 'NZD' then 'NZ$' when 'MXN' then 'MX$' when 'HKD' then 'HK$'
                   when 'SGD' then 'S$' when 'TWD' then 'NT$' when 'PLN' then 'zł' when 'CZK' then 'Kč' when 'HUF' then 'Ft'
                   else code end
$$;

create function expenses.currency_json(code text) returns json
language sql immutable parallel safe as $$
  select json_build_object('code', code, 'symbol', expenses.currency_symbol(code))
$$;

create function expenses.expense_ref(id bigint) returns text
language sql immutable parallel safe as $$ select 'exp_' || id::text $$;
create function expenses.settlement_ref(id bigint) returns text
language sql immutable parallel safe as $$ select 'stl_' || id::text $$;

-- What one minor unit is of a currency. An amount times it has as many decimals as the currency, in a tenth of the time of a
-- power and a division; whoever writes many amounts of one currency asks once.
create function expenses.unit(currency text) returns numeric
language sql immutable parallel safe as $$
  select case billing.digits(currency) when 2 then 0.01 when 0 then 1 else 0.001 end
$$;

-- An amount as text, as this product writes money.
create function expenses.money(minor bigint, currency text) returns text
language sql immutable parallel safe as $$
  select (minor * expenses.unit(currency))::text
$$;

-- The minor units of an amount; null: it has more decimals than its currency.
create function expenses.minor(amount numeric, currency text) returns bigint
language sql immutable parallel safe as $$
  select case when amount * 10::numeric ^ billing.digits(currency) = trunc(amount * 10::numeric ^ billing.digits(currency))
              then (amount * 10::numeric ^ billing.digits(currency))::bigint end
$$;

create function expenses.person(account_id bigint) returns json
language sql stable parallel safe as $$
  select json_build_object('id', expenses.user_ref(account_id), 'name', expenses.person_name(account_id))
$$;

-- ---- groups ----

alter table expenses.expense_group
  add invite_code text unique,
  add settings    json not null default '{"simplify_debts": true, "require_approval": false, "auto_reminder": true}',
  add image_id    bigint references file,
  add updated_at  timestamptz not null default now(),
  -- the books
  add spent       bigint not null default 0,  -- all that its expenses come to
  add expenses    bigint not null default 0,  -- how many they are
  add unsettled   bigint not null default 0;  -- shares that are still owed

-- paid: expenses and settlements that were paid; owed: shares, and settlements that were received.
alter table expenses.member
  add paid    bigint not null default 0,
  add owed    bigint not null default 0,
  add balance bigint not null generated always as (paid - owed) stored;
create index member_group on expenses.member (group_id, id) include (account_id, status, role);

-- Who is asked in by mail. The token is made where the mail is written; its digest is all that is kept of it.
create table expenses.invitation (
  id          bigint generated always as identity primary key,
  member_id   bigint not null references expenses.member,
  invited_by  bigint not null references account,
  message     text,
  digest      text unique,
  created_at  timestamptz not null default now(),
  expires_at  timestamptz not null default now() + interval '7 days',
  accepted_at timestamptz
);
create index invitation_of on expenses.invitation (member_id);

-- What members owe each other one by one: shares in what the other has paid, how much of that was settled share by share, and
-- the settlements that were paid.
create table expenses.debt (
  group_id    bigint not null references expenses.expense_group,
  debtor_id   bigint not null references account,
  creditor_id bigint not null references account,
  owed        bigint not null default 0,
  settled     bigint not null default 0,
  paid        bigint not null default 0,
  primary key (group_id, debtor_id, creditor_id)
);

-- Who changes a group's books holds its row; whoever else wants to waits, for all that it takes. Null: there is no such group.
create function expenses.group_lock(group_id bigint) returns bigint
language sql volatile as $$
  select g.id from expenses.expense_group g where g.id = group_lock.group_id for no key update
$$;

create function expenses.is_member(group_id bigint, account_id bigint) returns boolean
language sql stable parallel safe as $$
  select exists (select from expenses.member m
                  where m.group_id = is_member.group_id and m.account_id = is_member.account_id and m.status = 'active')
$$;
create function expenses.is_admin(group_id bigint, account_id bigint) returns boolean
language sql stable parallel safe as $$
  select exists (select from expenses.member m
                  where m.group_id = is_admin.group_id and m.account_id = is_admin.account_id and m.status = 'active'
                    and m.role = 'admin')
$$;

-- ---- expenses and their shares ----

-- booked: what it comes to in the books, in its group's currency (of a personal one, in its own). open: how many shares of
-- others in it are still owed; none: it is settled. participants: how many share it.
alter table expenses.expense
  add booked       bigint,
  add open         integer not null default 0,
  add participants integer not null default 0;
update expenses.expense e
   set booked = case when g.currency <> e.currency then 0 else e.amount end, -- nothing was known of rates
       participants = (select count(*) from expenses.share s where s.expense_id = e.id)
  from expenses.expense x left join expenses.expense_group g on g.id = x.group_id
 where x.id = e.id;
alter table expenses.expense alter booked set not null, add check (booked >= 0);
create index expense_personal on expenses.expense (account_id, expense_date desc, id desc) where group_id is null and deleted_at is null;

-- A share has what lists and sums go by, so that they read nothing but its index. weight: what was said of it (a percentage, a
-- number of parts, an amount in minor units; of an equal split 1). live: its expense is not deleted.
alter table expenses.share
  add booked      bigint not null default 0,
  add weight      numeric not null default 1,
  add group_id    bigint references expenses.expense_group,
  add owed_to     bigint references account,
  add day         date,
  add category_id integer references expenses.category,
  add currency    text,
  add live        boolean not null default true;
update expenses.share s
   set booked = case e.booked when 0 then 0 else s.amount end, group_id = e.group_id, owed_to = e.paid_by, day = e.expense_date, category_id = e.category_id,
       currency = e.currency, live = e.deleted_at is null
  from expenses.expense e
 where e.id = s.expense_id;
alter table expenses.share alter owed_to set not null, alter day set not null, alter currency set not null;
create index share_spent on expenses.share (account_id, day) include (category_id, currency, amount, group_id, expense_id) where live;
create index share_open on expenses.share (group_id, account_id, owed_to, day, expense_id) include (booked)
 where live and settled_at is null and account_id <> owed_to and amount > 0;

create table expenses.comment (
  id         bigint generated always as identity primary key,
  expense_id bigint not null references expenses.expense,
  account_id bigint not null references account,
  comment    text not null,
  created_at timestamptz not null default now()
);
create index comment_of on expenses.comment (expense_id, id);

-- What was done, by whom: of a group, of an expense, or of both.
create table expenses.activity (
  id          bigint generated always as identity primary key,
  group_id    bigint references expenses.expense_group,
  expense_id  bigint references expenses.expense,
  account_id  bigint references account,
  type        text not null,
  description text not null,
  metadata    json not null default '{}',
  created_at  timestamptz not null default now(),
  check (num_nonnulls(group_id, expense_id) > 0)
);
create index activity_group on expenses.activity (group_id, id desc) where group_id is not null;
create index activity_expense on expenses.activity (expense_id, id) where expense_id is not null;

-- An amount in parts by weights: each gets the whole units of its part, and those that are left go to the largest remainders,
-- of equal ones to the first. The parts come to the amount.
create function expenses.apportion(amount bigint, weights numeric[]) returns table (n integer, part bigint)
language sql immutable parallel safe as $$
  with asked as (
    select w.n::integer as n, div(amount * w.weight, sum(w.weight) over ()) as whole, mod(amount * w.weight, sum(w.weight) over ()) as rest
      from unnest(weights) with ordinality as w(weight, n)),
  ranked as (
    select a.n, a.whole, row_number() over (order by a.rest desc, a.n) as rank, amount - sum(a.whole) over () as spare from asked a)
  select r.n, (r.whole + (r.rank <= r.spare)::integer)::bigint from ranked r order by r.n
$$;

-- The shares of an expense are made anew of who takes part, in this order, and by what weights (null: equally); of an exact
-- split weights are the amounts. The expense's own row says all else. What is booked is apportioned as the shares are. Who took
-- part before and still does keeps his share's row.
create function expenses.shares_make(e expenses.expense, who bigint[], weights numeric[]) returns void
language plpgsql as $$
declare
  parts bigint[] := array(select a.part from expenses.apportion(e.amount, coalesce(
                            weights, array_fill(1::numeric, array[cardinality(who)]))) a order by a.n);
  booked bigint[] := parts;
begin
  if e.booked <> e.amount then
    booked := array(select a.part from expenses.apportion(e.booked, parts::numeric[]) a order by a.n);
  end if;
  delete from expenses.share s where s.expense_id = e.id and s.account_id <> all (who);
  insert into expenses.share (expense_id, account_id, position, amount, booked, weight, group_id, owed_to, day, category_id, currency)
  select e.id, p.account_id, p.n, p.part, p.booked, coalesce(p.weight, 1), e.group_id, e.paid_by, e.expense_date, e.category_id,
         e.currency
    from unnest(who, parts, booked, weights) with ordinality as p(account_id, part, booked, weight, n)
  on conflict on constraint share_pkey do update
     set position = excluded.position, amount = excluded.amount, booked = excluded.booked, weight = excluded.weight,
         group_id = excluded.group_id, owed_to = excluded.owed_to, day = excluded.day, category_id = excluded.category_id,
         currency = excluded.currency;
end $$;

-- Enter an expense in the books (sign 1), or take it out again (-1) as it stands: its row, its shares, what members and pairs
-- of them stand for. Its group is locked. Whoever changes one takes it out, changes it and enters it again.
create function expenses.book(expense_id bigint, sign integer) returns void
language plpgsql as $$
declare
  e expenses.expense;
  left_open bigint;
begin
  select * into e from expenses.expense x where x.id = book.expense_id;
  update expenses.expense x
     set open = s.open, participants = s.participants
    from (select count(*) filter (where y.settled_at is null and y.account_id <> e.paid_by and y.amount > 0) as open,
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
end $$;

-- ---- settlements ----

alter table expenses.settlement
  add notes          text,
  add updated_at     timestamptz not null default now(),
  add confirmed_by   bigint references account,
  add reminders      smallint not null default 0, -- how often the payer was told that it is due
  add remind_at      timestamptz;                 -- when he is to be told next; null: not any more
create index settlement_due on expenses.settlement (remind_at) where status = 'pending' and remind_at is not null;

-- What of one's shares in what the other has paid is covered: what was paid to him, and what he owes in turn as far as it
-- cancels out. The oldest shares that this covers wholly are settled.
create function expenses.settle_shares(group_id bigint, debtor bigint, creditor bigint) returns void
language plpgsql as $$
#variable_conflict use_column
declare
  covered bigint;
begin
  select d.paid + greatest(0, least(d.owed - d.paid, coalesce(r.owed - r.paid, 0))) - d.settled into covered
    from expenses.debt d
    left join expenses.debt r on r.group_id = d.group_id and r.debtor_id = d.creditor_id and r.creditor_id = d.debtor_id
   where d.group_id = settle_shares.group_id and d.debtor_id = debtor and d.creditor_id = creditor;
  if covered is null or covered <= 0 then
    return;
  end if;
  with due as (
    select s.expense_id, s.booked, sum(s.booked) over (order by s.day, s.expense_id) as so_far
      from expenses.share s
     where s.group_id = settle_shares.group_id and s.account_id = debtor and s.owed_to = creditor and s.live
       and s.settled_at is null and s.account_id <> s.owed_to and s.amount > 0),
  done as (
    update expenses.share s set settled_at = now()
      from due
     where due.so_far <= covered and s.expense_id = due.expense_id and s.account_id = debtor
    returning s.expense_id, s.booked),
  less as (
    update expenses.expense e set open = e.open - 1 from done where e.id = done.expense_id),
  sums as (
    select coalesce(sum(done.booked), 0) as booked from done),
  paired as (
    update expenses.debt d set settled = d.settled + sums.booked from sums
     where d.group_id = settle_shares.group_id and d.debtor_id = debtor and d.creditor_id = creditor)
  update expenses.expense_group g set unsettled = g.unsettled - sums.booked from sums where g.id = settle_shares.group_id;
end $$;

-- What cancelled out may do so no more: one of the two has paid after all, or what the other owed in turn has been taken away.
-- Then the latest of one's shares are open again, as many as are not covered any more.
create function expenses.shares_reopen(group_id bigint, debtor bigint, creditor bigint) returns void
language plpgsql as $$
#variable_conflict use_column
declare
  missing bigint;
begin
  select d.settled - d.paid - greatest(0, least(d.owed - d.paid, coalesce(r.owed - r.paid, 0))) into missing
    from expenses.debt d
    left join expenses.debt r on r.group_id = d.group_id and r.debtor_id = d.creditor_id and r.creditor_id = d.debtor_id
   where d.group_id = shares_reopen.group_id and d.debtor_id = debtor and d.creditor_id = creditor;
  if missing is null or missing <= 0 then
    return;
  end if;
  with paid as (
    select s.expense_id, sum(s.booked) over (order by s.day desc, s.expense_id desc) - s.booked as before
      from expenses.share s
     where s.account_id = debtor and s.group_id = shares_reopen.group_id and s.owed_to = creditor and s.live
       and s.settled_at is not null and s.booked > 0),
  again as (
    update expenses.share s set settled_at = null
      from paid
     where paid.before < missing and s.expense_id = paid.expense_id and s.account_id = debtor
    returning s.expense_id, s.booked),
  more as (
    update expenses.expense e set open = e.open + 1 from again where e.id = again.expense_id),
  sums as (
    select coalesce(sum(again.booked), 0) as booked from again),
  paired as (
    update expenses.debt d set settled = d.settled - sums.booked from sums
     where d.group_id = shares_reopen.group_id and d.debtor_id = debtor and d.creditor_id = creditor)
  update expenses.expense_group g set unsettled = g.unsettled + sums.booked from sums where g.id = shares_reopen.group_id;
end $$;

-- A settlement's money has changed hands: it is completed, once. Its group is locked, and so is its row. False: it had ended.
create function expenses.settlement_complete(settlement_id bigint, method text, notes text default null, confirmed_by bigint default null)
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
    perform expenses.settle_shares(t.group_id, t.payer_id, t.payee_id), expenses.settle_shares(t.group_id, t.payee_id, t.payer_id);
    perform expenses.shares_reopen(t.group_id, t.payer_id, t.payee_id), expenses.shares_reopen(t.group_id, t.payee_id, t.payer_id);
  end if;
  return true;
end $$;

-- ---- what is told at once to who listens (the products' WebSockets) ----

-- Written with the change that it tells of, kept for a day. audience: the accounts that may know.
create table live_event (
  id         bigint generated always as identity primary key,
  product    text not null,
  audience   bigint[] not null,
  type       text not null,
  data       json not null,
  created_at timestamptz not null default now()
);
create index live_event_made on live_event (created_at);

create function live_tell(product text, audience bigint[], type text, data json) returns void
language sql volatile as $$
  insert into live_event (product, audience, type, data) values (product, audience, type, data)
$$;

-- Who may know of what happens in a group.
create function expenses.group_audience(group_id bigint) returns bigint[]
language sql stable as $$
  select array(select m.account_id from expenses.member m where m.group_id = group_audience.group_id and m.status = 'active'
                order by m.account_id)
$$;

-- Note what was done in a group (null: in nobody's but the expense's own), and tell its members who listen.
create function expenses.note(group_id bigint, expense_id bigint, actor bigint, type text, description text, metadata json default '{}')
returns void
language plpgsql as $$
begin
  insert into expenses.activity (group_id, expense_id, account_id, type, description, metadata)
  values (note.group_id, note.expense_id, note.actor, note.type, note.description, note.metadata);
  if note.group_id is not null then
    perform live_tell('expenses', expenses.group_audience(note.group_id), 'group_activity', json_build_object(
              'group_id', expenses.group_ref(note.group_id), 'activity', json_build_object(
                'type', note.type, 'user', expenses.person_name(note.actor), 'timestamp', iso_time(now()))));
  end if;
end $$;
