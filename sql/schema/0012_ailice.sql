-- SPDX-License-Identifier: GPL-3.0-or-later
-- AIlice: items and files.

create schema ailice;

-- Times go out in UTC, to the second, without a word on the zone.
create function ailice.stamp(t timestamptz) returns text
language sql stable parallel safe as $$
  select to_char(t at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS')
$$;

create table ailice.item (
  id           bigint generated always as identity primary key,
  account_id   bigint not null references account,
  title        text not null,
  description  text not null default '',
  content      json not null default '{}',
  item_type    text not null,
  status       text not null check (status in ('draft', 'published', 'archived')),
  metadata     json not null default '{}',
  created_at   timestamptz not null default now(),
  updated_at   timestamptz not null default now(),
  published_at timestamptz
);
create index item_of on ailice.item (account_id, created_at desc, id desc);

create function ailice.item_json(i ailice.item) returns json
language sql stable parallel safe as $$
  select json_build_object('id', i.id, 'title', i.title, 'description', i.description, 'content', i.content,
                           'item_type', i.item_type, 'status', i.status, 'user_id', i.account_id, 'metadata', i.metadata,
                           'created_at', ailice.stamp(i.created_at), 'updated_at', ailice.stamp(i.updated_at),
                           'published_at', ailice.stamp(i.published_at))
$$;
