-- sql/sandbox/schema.sql: what the sandbox keeps; made by itself when it starts, and anew when one of these scripts has
-- changed. docs/sandbox.md says how services use it.
create schema sandbox;

create sequence sandbox.number;

-- The calls that came, for tests that count them.
create table sandbox.call (
  id bigint generated always as identity primary key,
  service text not null,
  operation text not null,
  method text not null,
  path text not null,
  headers json not null,
  input text,                    -- the body as a JSON object; null: none, or too large to keep
  fault text,                    -- what was done to it
  at timestamptz not null default clock_timestamp()
);

-- Whatever a service has made: n is its place in the order in which things were made.
create table sandbox.thing (
  service text not null,
  kind text not null,
  id text not null,
  n bigint not null default nextval('sandbox.number'),
  body jsonb not null,
  primary key (service, kind, id)
);
create index on sandbox.thing (service, kind, n);

-- How services behave until somebody says otherwise: the one thing that a reset leaves.
create table sandbox.setting (
  service text primary key,
  looks int not null             -- after so many an order is done
);

-- What POSTs with an Idempotency-Key were answered; status is null while the first of them is still being answered.
create table sandbox.replay (
  service text not null,
  key text not null,
  operation text not null,
  input text,
  status int,
  body text,
  primary key (service, key)
);

-- Calls that the sandbox makes: webhooks.
create table sandbox.outgoing (
  id bigint generated always as identity primary key,
  service text not null,
  line text not null,            -- what keeps its order: the calls of a line go out one after the other
  url text not null,
  message text not null,         -- the service's own id of it
  headers json not null,
  body text,
  form json,                     -- instead of body: parameters of a form
  sign text not null,            -- how: a name of signature.c, or ''
  secret text not null,
  made timestamptz not null default clock_timestamp(),
  due timestamptz not null default clock_timestamp(),
  tries int not null default 0,
  status int,                    -- of the last answer; 0: there was none
  state text not null default 'waiting' check (state in ('waiting', 'sent', 'failed'))
);
create index on sandbox.outgoing (line, id) where state = 'waiting';

-- The next number in the form that a service's ids have: ids come in the order of the calls, and are the same each time.
create function sandbox.id(prefix text, digits int default 14) returns text language sql volatile
return prefix || lpad(nextval('sandbox.number')::text, digits, '0');

create function sandbox.epoch(at timestamptz default now()) returns bigint language sql stable
return floor(extract(epoch from at));

create function sandbox.put(service text, kind text, id text, body jsonb) returns jsonb language sql volatile
begin atomic
  insert into sandbox.thing (service, kind, id, body) values (service, kind, id, body)
  on conflict on constraint thing_pkey do update set body = excluded.body
  returning body;
end;

create function sandbox.get(service text, kind text, id text) returns jsonb language sql stable
begin atomic
  select t.body from sandbox.thing t where t.service = get.service and t.kind = get.kind and t.id = get.id;
end;

-- The members of patch in the place of the thing's own. Null when there is no such thing.
create function sandbox.change(service text, kind text, id text, patch jsonb) returns jsonb language sql volatile
begin atomic
  update sandbox.thing t set body = t.body || patch
   where t.service = change.service and t.kind = change.kind and t.id = change.id
  returning t.body;
end;

create function sandbox.remove(service text, kind text, id text) returns boolean language sql volatile
begin atomic
  with gone as (
    delete from sandbox.thing t where t.service = remove.service and t.kind = remove.kind and t.id = remove.id returning 1)
  select exists (select from gone);
end;

-- Have the sandbox call an address once this transaction has been committed: body, or form as an object of texts.
create function sandbox.send(service text, line text, url text, message text, sign text, secret text, body text default null,
                             form json default null, headers json default '{}') returns bigint language sql volatile
begin atomic
  select pg_notify('sandbox_outgoing', '');
  insert into sandbox.outgoing (service, line, url, message, headers, body, form, sign, secret)
  values (service, line, url, message, headers, body, form, coalesce(sign, ''), coalesce(secret, ''))
  returning id;
end;

-- How many looks it takes until what was ordered of a service is there.
create function sandbox.looks(service text, standard int) returns int language sql stable
return coalesce((select s.looks from sandbox.setting s where s.service = looks.service), standard);

create function sandbox.reset() returns void language plpgsql as $$
begin
  execute (select 'truncate ' || string_agg(format('sandbox.%I', tablename), ', ') || ' restart identity'
             from pg_tables where schemaname = 'sandbox' and tablename <> 'setting');
  perform setval('sandbox.number', 1, false);
end $$;
