-- SPDX-License-Identifier: GPL-3.0-or-later
-- Expense Tracker: categories, groups, expenses with their shares, settlements. Amounts are minor units of their currency.

create table expenses.category (
  id        integer generated always as identity primary key,
  parent_id integer references expenses.category,
  slug      text not null unique,
  name      text not null,
  icon      text not null,
  color     text not null,
  position  integer not null unique
);
insert into expenses.category (slug, name, icon, color, position)
select slug, name, icon, color, n * 10
  from (values (1, 'food', 'Food & Dining', 'restaurant', '#FF6B6B'),
               (2, 'transport', 'Transportation', 'directions_car', '#4ECDC4'),
               (3, 'housing', 'Housing', 'home', '#556270'),
               (4, 'utilities', 'Utilities', 'bolt', '#F7B801'),
               (5, 'entertainment', 'Entertainment', 'movie', '#9B5DE5'),
               (6, 'shopping', 'Shopping', 'shopping_bag', '#F15BB5'),
               (7, 'health', 'Health', 'favorite', '#00BB9D'),
               (8, 'travel', 'Travel', 'flight', '#3A86FF'),
               (9, 'education', 'Education', 'school', '#8D6E63'),
               (10, 'other', 'Other', 'category', '#90A4AE')) as c(n, slug, name, icon, color);
insert into expenses.category (parent_id, slug, name, icon, color, position)
select p.id, c.slug, c.name, p.icon, p.color, p.position + c.n
  from (values ('food', 1, 'restaurants', 'Restaurants'), ('food', 2, 'groceries', 'Groceries'),
               ('food', 3, 'coffee', 'Coffee & Snacks'), ('transport', 1, 'public-transport', 'Public transport'),
               ('transport', 2, 'fuel', 'Fuel'), ('transport', 3, 'taxi', 'Taxi & Rides'), ('housing', 1, 'rent', 'Rent'),
               ('housing', 2, 'furniture', 'Furniture'), ('utilities', 1, 'electricity', 'Electricity & Heating'),
               ('utilities', 2, 'internet', 'Internet & Phone'), ('travel', 1, 'lodging', 'Lodging'),
               ('travel', 2, 'flights', 'Flights')) as c(parent, n, slug, name)
  join expenses.category p on p.slug = c.parent;

create table expenses.expense_group (
  id          bigint generated always as identity primary key,
  name        text not null,
  description text not null default '',
  group_type  text not null default 'other',
  currency    text not null,
  is_private  boolean not null default false,
  is_active   boolean not null default true,
  created_by  bigint not null references account,
  created_at  timestamptz not null default now()
);

-- Who is in a group, or was invited to: then there may be no account yet.
create table expenses.member (
  id         bigint generated always as identity primary key,
  group_id   bigint not null references expenses.expense_group,
  account_id bigint references account,
  email      text not null,
  role       text not null default 'member' check (role in ('admin', 'member')),
  status     text not null default 'invited' check (status in ('invited', 'active', 'left')),
  invited_by bigint references account,
  joined_at  timestamptz,
  check (status <> 'active' or account_id is not null),
  unique (group_id, email)
);
create index member_of on expenses.member (account_id, group_id) include (status);

create table expenses.expense (
  id           bigint generated always as identity primary key,
  account_id   bigint not null references account, -- who entered it
  paid_by      bigint not null references account,
  group_id     bigint references expenses.expense_group,
  category_id  integer references expenses.category,
  title        text not null,
  description  text not null default '',
  amount       bigint not null check (amount > 0),
  currency     text not null,
  expense_date date not null,
  split_type   text not null default 'equal' check (split_type in ('equal', 'percentage', 'exact', 'shares')),
  vendor       text,
  location     text,
  tags         text[] not null default '{}',
  receipt_id   bigint references file,
  created_at   timestamptz not null default now(),
  updated_at   timestamptz not null default now(),
  deleted_at   timestamptz
);
create index expense_group_day on expenses.expense (group_id, expense_date desc, id desc) where deleted_at is null;
create index expense_paid_by on expenses.expense (paid_by, expense_date desc, id desc) where deleted_at is null;

create table expenses.share (
  expense_id bigint not null references expenses.expense,
  account_id bigint not null references account,
  position   integer not null,
  amount     bigint not null check (amount >= 0),
  settled_at timestamptz,
  primary key (expense_id, account_id)
);
create index share_of on expenses.share (account_id, expense_id) include (amount);

create table expenses.settlement (
  id           bigint generated always as identity primary key,
  payer_id     bigint not null references account,
  payee_id     bigint not null references account,
  group_id     bigint references expenses.expense_group,
  amount       bigint not null check (amount > 0),
  currency     text not null,
  status       text not null default 'pending' check (status in ('pending', 'processing', 'completed', 'failed', 'cancelled')),
  method       text not null default 'manual',
  description  text not null default '',
  due_date     date,
  created_at   timestamptz not null default now(),
  completed_at timestamptz,
  check (payer_id <> payee_id)
);
create index settlement_payer on expenses.settlement (payer_id, created_at desc, id desc);
create index settlement_payee on expenses.settlement (payee_id, created_at desc, id desc);
create index settlement_group on expenses.settlement (group_id) where group_id is not null;

create function expenses.group_ref(id bigint) returns text
language sql immutable parallel safe as $$ select 'grp_' || id::text $$;
create function expenses.category_ref(id integer) returns text
language sql immutable parallel safe as $$ select 'cat_' || id::text $$;

-- How somebody is called.
create function expenses.person_name(account_id bigint) returns text
language sql stable parallel safe as $$
  select p.first_name || ' ' || p.last_name from expenses.profile p where p.account_id = person_name.account_id
$$;
