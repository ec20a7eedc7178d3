-- Fills a stack's Expense Tracker, set by set: a big group of :members with :shared expenses of two years, each split among all
-- of them, and :groups small ones of three or four with the rest of :expenses. :'name' is the big group's administrator, who is in
-- thirty of the small ones, too. What is older than a season has been settled. The books come of the rows.
\set ON_ERROR_STOP on
set synchronous_commit = off;
set work_mem = '256MB';
set maintenance_work_mem = '512MB';
set jit = off;

-- Foreign keys hold by the way rows are made, and indexes are made behind them: a tenth of the time.
create temp table filled as
  select unnest('{expenses.expense, expenses.share, expenses.activity, expenses.debt}'::regclass[]) as name;
create temp table shelved as
  select pg_get_indexdef(i.indexrelid) as made from pg_index i join filled f on f.name = i.indrelid
   where not exists (select from pg_constraint c where c.conindid = i.indexrelid);
do $$ declare one record; begin
  for one in select i.indexrelid::regclass as name from pg_index i join filled f on f.name = i.indrelid
              where not exists (select from pg_constraint c where c.conindid = i.indexrelid) loop
    execute format('drop index %s', one.name);
  end loop;
  for one in select t.tgrelid::regclass as of, t.tgname as name
               from pg_trigger t join filled f on f.name = t.tgrelid where t.tgisinternal loop
    execute format('alter table %s disable trigger %I', one.of, one.name);
  end loop;
end $$;

-- ---- people and groups ----

create temp table person as
with made as (
  insert into account (product, email, username, verified_at)
  select 'expenses', 'person' || n || '@bench.example.org', 'person-' || n, now() from generate_series(1, 2000) n
  returning id)
select id, row_number() over (order by id) - 1 as n from made;
insert into expenses.profile (account_id, first_name, last_name, preferred_currency, timezone)
select id, 'Person', 'Number ' || n, 'USD', 'Europe/Berlin' from person;
select id as admin from account where product = 'expenses' and username = :'name' \gset

create temp table home as
with made as (
  insert into expenses.expense_group (name, group_type, currency, created_by, created_at)
  select case when n = 0 then 'Village' else 'Flat ' || n end, 'home', 'USD', :admin, now() - interval '2 years'
    from generate_series(0, :groups) n
  returning id)
select id, row_number() over (order by id) - 1 as n from made;
insert into expenses.member (group_id, account_id, email, role, status, joined_at)
select h.id, m.account_id, m.account_id || '@bench.example.org', case when m.k = 0 then 'admin' else 'member' end, 'active',
       h.joined
  from (select id, n, now() - interval '2 years' as joined from home) h
 cross join lateral (
         select :admin as account_id, 0 as k where h.n <= 30
         union all
         select p.id, 1 + p.n from person p where h.n = 0 and p.n < :members - 1
         union all
         select p.id, k from generate_series(0, 2) k join person p on p.n = (h.n * 7 + k * 331) % 2000 where h.n > 0) as m;
create temp table sharer as
  select m.group_id, m.account_id, row_number() over (partition by m.group_id order by m.id) - 1 as n,
         count(*) over (partition by m.group_id) as of
    from expenses.member m join home h on h.id = m.group_id;
create index on sharer (group_id, n);

-- ---- expenses, their shares, what was done ----

create temp table spent as
  select x.n, x.group_id, s.account_id as paid_by, s.of, nullif(x.n % 23, 0) as category_n,
         1000 + (hashint8(x.n) & 16383) as amount,
         current_date - (case when x.n < :shared then x.n * 730 / :shared else (hashint8(x.n + 7) & 65535) % 730 end) as day
    from (select t.n, h.id as group_id from generate_series(0, :expenses - 1) as t(n)
            join home h on h.n = case when t.n < :shared then 0 else 1 + t.n % :groups end) as x
    join sharer s on s.group_id = x.group_id and s.n = x.n / 3 % s.of;
with category as (select id, row_number() over (order by id) as n from expenses.category)
insert into expenses.expense (account_id, paid_by, group_id, category_id, title, description, amount, booked, currency,
                              expense_date, tags, created_at, updated_at, participants, open)
select s.paid_by, s.paid_by, s.group_id, c.id,
       (array['Groceries', 'Dinner', 'Electricity', 'Train', 'Rent'])[1 + s.n % 5] || ' ' || s.n, 'For all of us',
       s.amount, s.amount, 'USD', s.day, '{bench}', s.day + time '12:00', s.day + time '12:00', s.of,
       case when s.day >= current_date - 90 then s.of - 1 else 0 end
  from spent s left join category c on c.n = s.category_n
 order by s.day, s.n;
insert into expenses.share (expense_id, account_id, position, amount, booked, settled_at, group_id, owed_to, day, category_id,
                            currency)
select e.id, s.account_id, s.n, e.amount / s.of + (s.n < e.amount % s.of)::integer,
       e.amount / s.of + (s.n < e.amount % s.of)::integer,
       case when s.account_id <> e.paid_by and e.expense_date < current_date - 90 then e.expense_date + interval '30 days' end,
       e.group_id, e.paid_by, e.expense_date, e.category_id, e.currency
  from expenses.expense e join sharer s on s.group_id = e.group_id
 order by e.id, s.n;
insert into expenses.activity (group_id, expense_id, account_id, type, description, metadata, created_at)
select e.group_id, e.id, e.paid_by, 'expense_added',
       'Person added ''' || e.title || ''' expense of $' || billing.money(e.amount, 'USD'),
       json_build_object('expense_id', expenses.expense_ref(e.id), 'amount', billing.money(e.amount, 'USD')::text), e.created_at
  from expenses.expense e join home h on h.id = e.group_id order by e.id;

do $$ declare one record; begin
  for one in select made from shelved loop
    execute one.made;
  end loop;
  for one in select t.tgrelid::regclass as of, t.tgname as name
               from pg_trigger t join filled f on f.name = t.tgrelid where t.tgisinternal loop
    execute format('alter table %s enable trigger %I', one.of, one.name);
  end loop;
end $$;

-- ---- the books ----

insert into expenses.debt (group_id, debtor_id, creditor_id, owed, settled, paid)
select s.group_id, s.account_id, s.owed_to, sum(s.booked), coalesce(sum(s.booked) filter (where s.settled_at is not null), 0),
       coalesce(sum(s.booked) filter (where s.settled_at is not null), 0)
  from expenses.share s join home h on h.id = s.group_id
 where s.account_id <> s.owed_to and s.booked > 0 group by 1, 2, 3;
insert into expenses.settlement (payer_id, payee_id, group_id, amount, currency, status, description, created_at, completed_at,
                                 updated_at)
select d.debtor_id, d.creditor_id, d.group_id, d.paid, 'USD', 'completed', 'The season', now() - interval '60 days',
       now() - interval '59 days', now() - interval '59 days'
  from expenses.debt d join home h on h.id = d.group_id where d.paid > 0;
insert into expenses.settlement (payer_id, payee_id, group_id, amount, currency, description, due_date)
select d.debtor_id, d.creditor_id, d.group_id, d.owed - d.settled, 'USD', 'What is left', current_date + 14
  from expenses.debt d join home h on h.id = d.group_id where d.owed > d.settled and d.debtor_id % 10 = 0;
update expenses.member m set paid = b.paid, owed = b.owed
  from (select x.group_id, x.account_id, sum(x.paid) as paid, sum(x.owed) as owed
          from (select e.group_id, e.paid_by as account_id, e.booked as paid, 0 as owed from expenses.expense e
                union all select s.group_id, s.account_id, 0, s.booked from expenses.share s
                union all select d.group_id, d.debtor_id, d.paid, 0 from expenses.debt d
                union all select d.group_id, d.creditor_id, 0, d.paid from expenses.debt d) as x
         group by 1, 2) as b
 where b.group_id = m.group_id and b.account_id = m.account_id;
update expenses.expense_group g set spent = b.spent, expenses = b.n, unsettled = coalesce(o.booked, 0)
  from (select e.group_id, sum(e.booked) as spent, count(*) as n from expenses.expense e group by 1) as b
  left join (select s.group_id, sum(s.booked) as booked
               from expenses.share s where s.settled_at is null and s.account_id <> s.owed_to group by 1) as o
    on o.group_id = b.group_id
 where g.id = b.group_id;

-- ---- what is told, and said ----

insert into expenses.notification (account_id, type, title, message, sender_id, metadata, created_at, read_at)
select :admin, 'expense_added', 'New expense in Village', 'Somebody added an expense', p.id, '{}', now() - k * interval '1 hour',
       case when k > 50 then now() end
  from generate_series(1, 5000) k join person p on p.n = k % 199;
insert into expenses.comment (expense_id, account_id, comment)
select e.id, e.paid_by, 'Thank you ' || k
  from expenses.expense e join home h on h.id = e.group_id and h.n = 0, generate_series(1, 3) k;

vacuum analyze;
