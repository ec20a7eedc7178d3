-- SPDX-License-Identifier: GPL-3.0-or-later
-- Expense Tracker: profiles and notifications.

create schema expenses;

create function expenses.user_ref(id bigint) returns text
language sql immutable parallel safe as $$ select 'usr_' || id::text $$;

create table expenses.profile (
  account_id         bigint primary key references account,
  first_name         text not null,
  last_name          text not null,
  bio                text,
  preferred_currency text not null,
  timezone           text not null,
  occupation         text,
  company            text,
  country            text,
  city               text,
  settings           json not null default '{"notifications_enabled": true, "email_notifications": true,
                                             "push_notifications": false}',
  avatar_id          bigint references file
);
