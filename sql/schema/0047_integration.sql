-- SPDX-License-Identifier: GPL-3.0-or-later
-- AIlice: services that accounts have connected, and the items that come from them.

-- A service by its name (common/provider/integrations.c) for one account. Tokens are sealed (common/seal.h), for "integration
-- ACCOUNT SERVICE".
create table ailice.integration (
  id            bigint generated always as identity primary key,
  account_id    bigint not null references account,
  service       text not null,
  access_token  text,
  refresh_token text,
  config        json not null default '{}',
  sync_status   text not null default 'idle' check (sync_status in ('idle', 'syncing', 'completed', 'error')),
  error_message text,
  items_synced  integer not null default 0,   -- of the sync that runs, or was the last
  began_at      timestamptz,                  -- that
  last_sync     timestamptz,                  -- when the last one that went well began
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now(),
  unique (account_id, service)
);

-- Where an item is from; what its account has made itself is from nowhere.
alter table ailice.item
  add service     text,
  add external_id text;
create unique index item_from on ailice.item (account_id, service, external_id) where service is not null;

create function ailice.integration_json(i ailice.integration) returns json
language sql stable parallel safe as $$
  select json_build_object('id', i.id, 'service_name', i.service, 'connected', true, 'last_sync', ailice.stamp(i.last_sync),
                           'sync_status', i.sync_status, 'error_message', i.error_message,
                           'created_at', ailice.stamp(i.created_at), 'updated_at', ailice.stamp(i.updated_at))
$$;

-- What came of a sync, or comes of it.
create function ailice.sync_json(i ailice.integration) returns json
language sql stable parallel safe as $$
  select json_build_object('service_name', i.service, 'sync_status', i.sync_status, 'items_synced', i.items_synced,
                           'message', case i.sync_status when 'completed' then format('Successfully synced %s items', i.items_synced)
                                                         when 'error' then i.error_message
                                                         else 'The sync goes on' end)
$$;
