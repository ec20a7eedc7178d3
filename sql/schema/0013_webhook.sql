-- SPDX-License-Identifier: GPL-3.0-or-later
-- What providers have told us, once each: a repeat does nothing.
create table webhook_event (
  product     text not null,
  provider    text not null,
  event_id    text not null,
  received_at timestamptz not null default now(),
  primary key (product, provider, event_id)
);
create index webhook_event_received on webhook_event (received_at);

-- Text messages that Nutrition has sent, by Twilio's id.
create table nutrition.message (
  sid           text primary key,
  account_id    bigint not null references account,
  status        text not null,
  error_code    text,
  error_message text,
  updated_at    timestamptz not null default now()
);
