-- SPDX-License-Identifier: GPL-3.0-or-later
-- FigureForge: plans, models, generations and their images.

-- Outside services and whether this installation can use them. 'local' is what our own workers can do.
create table provider (
  name      text primary key,
  available boolean not null
);
insert into provider (name, available) values ('local', true), ('replicate', false), ('openai', false);

create schema figureforge;

create table figureforge.plan (
  id         text primary key,
  tier       text not null,
  position   integer not null,
  credits    integer not null, -- a month
  batch      integer not null, -- most images of one call
  concurrent integer not null  -- most jobs at once
);
insert into figureforge.plan (id, tier, position, credits, batch, concurrent) values
  ('free', 'free', 0, 10, 4, 1),
  ('pro_monthly', 'pro', 1, 200, 8, 3),
  ('studio_monthly', 'studio', 2, 1000, 16, 10);

create table figureforge.model (
  id       text primary key,
  name     text not null,
  credits  integer not null, -- an image
  provider text not null references provider,
  min_tier text not null,
  position integer not null unique
);
insert into figureforge.model (id, name, credits, provider, min_tier, position) values
  ('flux-pro', 'FLUX Pro', 2, 'replicate', 'pro', 1),
  ('gpt-image', 'GPT Image', 3, 'openai', 'pro', 2),
  ('croquis', 'Croquis', 1, 'local', 'free', 3);

-- What an account has used in its period and has running: one row each, so that reserving is one atomic update.
create table figureforge.usage (
  account_id bigint primary key references account,
  period     date not null,
  used       integer not null check (used >= 0),
  running    integer not null check (running >= 0)
);

-- One call of generate. The id is its job's.
create table figureforge.generation (
  id          uuid primary key,
  account_id  bigint not null references account,
  prompt      text not null,
  filters     json not null,
  model       text not null references figureforge.model,
  batch_size  integer not null,
  cost        integer not null,
  refunded    integer not null default 0,
  period      date not null, -- whose credits it used
  status      text not null default 'queued' check (status in ('queued', 'processing', 'completed', 'failed', 'cancelled')),
  error       text,
  created_at  timestamptz not null default now(),
  finished_at timestamptz
);
create index generation_account on figureforge.generation (account_id, created_at desc, id desc);

create table figureforge.image (
  id              bigint generated always as identity primary key,
  generation_id   uuid not null references figureforge.generation,
  account_id      bigint not null references account,
  position        integer not null,
  file_id         bigint not null references file,
  thumbnail_id    bigint not null references file,
  width           integer not null,
  height          integer not null,
  tags            text[] not null,
  is_public       boolean not null default false,
  favorites_count integer not null default 0,
  created_at      timestamptz not null default now(),
  deleted_at      timestamptz,
  unique (generation_id, position)
);
create index image_of on figureforge.image (account_id, id desc) where deleted_at is null;

create table figureforge.favorite (
  account_id bigint not null references account,
  image_id   bigint not null references figureforge.image,
  primary key (account_id, image_id)
);

-- The first day of this month in UTC: a free account's period.
create function figureforge.period() returns date
language sql stable parallel safe as $$
  select date_trunc('month', now() at time zone 'UTC')::date
$$;

-- The plan an account is on. Every account is on the free one until subscriptions are sold.
create function figureforge.plan_of(account_id bigint) returns figureforge.plan
language sql stable parallel safe as $$
  select p from figureforge.plan p where p.id = 'free'
$$;

create function figureforge.user_ref(id bigint) returns text
language sql immutable parallel safe as $$ select 'user_' || id::text $$;
create function figureforge.image_ref(id bigint) returns text
language sql immutable parallel safe as $$ select 'img_' || id::text $$;

-- A file of an image as a link for those who may see it: for one to two hours, or for ever when it is public.
create function figureforge.image_url(i figureforge.image, f file, base text) returns text
language sql stable parallel safe as $$
  select file_link(f, base, case when i.is_public then null else 2 end)
$$;
