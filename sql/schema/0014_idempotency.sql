-- SPDX-License-Identifier: GPL-3.0-or-later
-- Requests that are carried out once: whose, under which key, what they were (SHA-256), and what was answered, sealed. Kept a
-- day. A row without an answer is never committed.
create table idempotency (
  account_id  bigint not null references account,
  key         text not null,
  fingerprint bytea not null,
  status      integer,
  headers     text,
  answer      text,
  created_at  timestamptz not null default now(),
  primary key (account_id, key)
);
create index idempotency_created on idempotency (created_at);
