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
  tier               text not null default 'free',                  -- what the product's rate limits and plans go by
  api_generation     integer not null default 0,                    -- of its API token: raised, the token ends
  password_hash      text,                                          -- Argon2id (libsodium); null: there is no password
  verified_at        timestamptz,                                   -- when a mail to the address was answered
  tokens_valid_after timestamptz not null default '-infinity',
  revoked            uuid[] not null default '{}',                  -- the jti of access tokens taken back before their end
  revoked_until      timestamptz not null default '-infinity',      -- when the last of them would have ended
  created_at         timestamptz not null default now(),
  deleted_at         timestamptz
);
-- An account is told apart within its product only (no account is shared between products).
create unique index account_email on account (product, email) where deleted_at is null;
create unique index account_username on account (product, lower(username)) where deleted_at is null;

create index account_revoked_until on account (revoked_until) where revoked_until > '-infinity';

-- Take back one access token. Every request looks at this list, so it lies in the row that is read anyway and stays short:
-- what has ended goes with the next one, and whoever signs out a hundred times within a token's life is signed out
-- everywhere.
create function revoke_token(account_id bigint, jti uuid, expires_at timestamptz) returns void
language sql volatile as $$
  update account
     set revoked = case when revoked_until < now() or cardinality(revoked) >= 100 then array[jti] else revoked || jti end,
         tokens_valid_after = case when revoked_until >= now() and cardinality(revoked) >= 100 then now()
                                   else tokens_valid_after end,
         revoked_until = greatest(revoked_until, expires_at)
   where id = account_id
$$;

-- Refresh tokens that count: the SHA-256 of their jti.
create table refresh_token (
  digest     bytea primary key,
  account_id bigint not null references account,
  expires_at timestamptz not null
);
create index refresh_token_account on refresh_token (account_id);

-- Sessions of web pages: the SHA-256 of their random digits.
create table session (
  digest     bytea primary key,
  account_id bigint not null references account,
  expires_at timestamptz not null
);
create index session_account on session (account_id);
create index session_expires on session (expires_at);

-- One-time tokens that were mailed: the SHA-256 of each. The newest of a purpose counts.
create table account_token (
  purpose    text not null check (purpose in ('reset', 'verify')),
  account_id bigint not null references account,
  digest     bytea not null unique,
  expires_at timestamptz not null,
  primary key (purpose, account_id)
);

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

-- Seconds until more may be tried, 0 when it may be now. Nothing is counted.
create function throttle_wait(scope text, subject text, most integer) returns integer
language sql stable as $$
  select coalesce((select ceil(extract(epoch from t.resets_at - now()))::integer from throttle t
                    where t.scope = throttle_wait.scope and t.subject = throttle_wait.subject
                      and t.count >= most and t.resets_at > now()), 0)
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
  deleted_at  timestamptz,
  stem        text not null generated always as (product || ':' || id::text || ':' || generation::text) stored -- of its links
);

-- A signed link (common/token.h, struct link). hours null: for ever; else counted from the full hour, so that an answer
-- stays the same for as long as it can. The MAC is HMAC-SHA256, whose pads are settings of the front's sessions. One call
-- with few steps: most answers that show files make two of them for each.
create function link_write(base text, stem text, name text, hours integer, disposition text) returns text
language plpgsql stable parallel safe as $$
declare
  payload text := stem || ':' || coalesce(((date_part('epoch', now())::bigint / 3600 + hours) * 3600)::text, '0') || ':' ||
                  disposition;
begin
  return base || '/files/' || payload || '.' ||
         encode(sha256(convert_to(current_setting('millrace.link_outer'), 'UTF8') ||
                       sha256(convert_to(current_setting('millrace.link_inner') || payload, 'UTF8'))), 'hex') ||
         '/' || name;
end $$;

create function file_link(f file, base text, hours integer, attachment boolean default false) returns text
language sql stable parallel safe as $$
  select link_write(base, f.stem, f.name, hours, case when attachment then 'attachment' else 'inline' end)
$$;

-- A time zone by its name, refused when there is none such.
create function zone_known(name text) returns text
language plpgsql stable as $$
begin
  if name is null or exists (select from pg_timezone_names z where z.name = zone_known.name) then
    return name;
  end if;
  return refuse('MR422', 'is not a time zone that is known', 'timezone');
end $$;

-- What a member of an object that was sent makes of a text: missing, it stays; null clears it.
create function merged_text(was text, sent json, member text) returns text
language sql immutable parallel safe as $$
  select case when sent -> member is null then was else sent ->> member end
$$;

-- An object with the members of another over its own: in its own order, then what is new in the order it was sent.
create function json_over(was json, sent json) returns json
language sql immutable parallel safe as $$
  select case when sent is null then was else
         (select json_object_agg(m.key, m.value order by m.n)
            from (select w.key, coalesce(sent -> w.key, w.value) as value, w.n
                    from json_each(was) with ordinality as w(key, value, n)
                   union all
                  select s.key, s.value, 1000000 + s.n
                    from json_each(sent) with ordinality as s(key, value, n)
                   where was -> s.key is null) as m) end
$$;
