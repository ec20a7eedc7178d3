-- SPDX-License-Identifier: GPL-3.0-or-later
-- What every product stands on: refusals, formats, accounts and their tokens, throttles, files.

-- Ends the transaction with an error of our vocabulary (common/error.c): code is MR + HTTP status. The front takes the
-- message and the field as they are, so both are written for the caller. Called only where a row is missing:
-- coalesce((select ...), refuse(...)).
create function refuse(code text, message text, field text default '') returns text
language plpgsql as $$
begin
  raise exception using errcode = code, message = message, column = field;
end $$;

-- A function in SQL costs nothing when the planner can put its body in its place: one expression, no less stable than
-- declared (to_char() and a concatenation of what is not text are stable), parameters used more than once cheap to
-- evaluate. Else its body is planned anew in each statement, at some 50 us: then plpgsql is better, which keeps the plan.

-- Times go out in UTC, to the second.
create function iso_time(t timestamptz) returns text
language sql stable parallel safe as $$
  select to_char(t at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
$$;

create table account (
  id                 bigint generated always as identity primary key,
  product            text not null,
  email              text not null check (email = lower(email)),
  username           text not null,
  display_name       text,
  role               text not null default 'user' check (role in ('user', 'admin')),
  tokens_valid_after timestamptz not null default '-infinity',
  created_at         timestamptz not null default now(),
  deleted_at         timestamptz
);
-- An account is told apart within its product only (no account is shared between products).
create unique index account_email on account (product, email) where deleted_at is null;
create unique index account_username on account (product, lower(username)) where deleted_at is null;

-- Access tokens that were taken back before their end. A row may go when the token would have ended.
create table revoked_token (
  jti        uuid primary key,
  expires_at timestamptz not null
);

-- Refresh tokens that count: the SHA-256 of their jti.
create table refresh_token (
  digest     bytea primary key,
  account_id bigint not null references account,
  expires_at timestamptz not null
);
create index refresh_token_account on refresh_token (account_id);

-- Counters of what may be tried only so often, where a loss of Redis must not open the door. One row a scope and
-- subject; its window starts with the first hit after the last window's end.
create table throttle (
  scope     text not null,
  subject   text not null,
  count     integer not null,
  resets_at timestamptz not null,
  primary key (scope, subject)
);

-- Count one hit. Seconds to wait when there were more than most in this window, else 0. When the caller then refuses,
-- the count goes back to what it was, and the window still ends when it would have.
create function throttle_hit(scope text, subject text, most integer, span interval) returns integer
language sql volatile as $$
  insert into throttle as t (scope, subject, count, resets_at)
  values (throttle_hit.scope, throttle_hit.subject, 1, now() + span)
  on conflict on constraint throttle_pkey do update
     set count = case when t.resets_at <= now() then 1 else t.count + 1 end,
         resets_at = case when t.resets_at <= now() then now() + span else t.resets_at end
  returning case when count > most then ceil(extract(epoch from resets_at - now()))::integer else 0 end
$$;

-- The one-time sign-in code of an address: a keyed digest, never the code.
create table signin_code (
  product    text not null,
  email      text not null,
  digest     text not null,
  tries      integer not null default 0,
  expires_at timestamptz not null,
  used_at    timestamptz,
  primary key (product, email)
);

-- Finished files. A link to one carries its generation: raising it ends every link made before. Names and types are what
-- a fenced program says, which may have been turned against us, and they end in paths and headers: the key stays within
-- its folder, a name needs no quoting anywhere, a type is one word of a header.
create table file (
  id          bigint generated always as identity primary key,
  product     text not null,
  account_id  bigint not null references account,
  storage_key text not null unique check (storage_key ~ '^([A-Za-z0-9_-][A-Za-z0-9._-]*/)+[A-Za-z0-9_-][A-Za-z0-9._-]*$'),
  name        text not null check (name ~ '^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$'),
  type        text not null check (type ~ '^[a-z]{1,32}/[a-z0-9.+-]{1,100}$'),
  generation  integer not null default 1,
  created_at  timestamptz not null default now(),
  deleted_at  timestamptz
);

-- base64url without padding
create function base64url(bytes bytea) returns text
language sql immutable parallel safe as $$
  select replace(replace(replace(rtrim(encode(bytes, 'base64'), '='), '+', '-'), '/', '_'), E'\n', '')
$$;

-- A payload and its HMAC-SHA256. The key's pads are settings of the front's and the workers' sessions.
create function link_token(payload text) returns text
language plpgsql stable parallel safe as $$
declare
  bytes bytea := convert_to(payload, 'UTF8');
begin
  return base64url(bytes) || '.' ||
         base64url(sha256(decode(current_setting('millrace.link_outer'), 'hex') ||
                          sha256(decode(current_setting('millrace.link_inner'), 'hex') || bytes)));
end $$;

-- A signed link (common/token.h, struct link): payload product:id:generation:expires:disposition. lifetime null: for
-- ever; else counted from the full hour, so that an answer stays the same for as long as it can.
create function file_link(f file, base text, lifetime interval, attachment boolean default false) returns text
language sql stable parallel safe as $$
  select base || '/files/' || link_token(f.product || ':' || f.id::text || ':' || f.generation::text || ':' ||
           case when lifetime is null then '0'
                else extract(epoch from date_trunc('hour', now()) + lifetime)::bigint::text end ||
           case when attachment then ':attachment' else ':inline' end) || '/' || f.name
$$;
