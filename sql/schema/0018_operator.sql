-- SPDX-License-Identifier: GPL-3.0-or-later
-- Operators: who may look at this machine's queues, and act on them, in a page. A realm of its own: nothing here refers to an
-- account of a product, and no account, session or token of a product leads here.

-- A name is what logs and the audit show: it has no letters that could be read as something else there.
create table operator (
  id            bigint generated always as identity primary key,
  name          text not null unique check (name ~ '^[a-z0-9][a-z0-9._-]{0,31}$'),
  role          text not null default 'viewer' check (role in ('viewer', 'operator')),
  password_hash text not null, -- Argon2id (libsodium)
  disabled_at   timestamptz,
  signed_in_at  timestamptz,
  created_at    timestamptz not null default now()
);

-- The SHA-256 of a session's random digits. It ends after twelve hours, and when it was not used for two.
create table operator_session (
  digest      bytea primary key,
  operator_id bigint not null references operator,
  expires_at  timestamptz not null,
  seen_at     timestamptz not null default now()
);
create index operator_session_of on operator_session (operator_id, expires_at);
create index operator_session_expires on operator_session (expires_at);

-- How often a password may be wrong: for one name in a quarter of an hour, and from one address in an hour.
create function operator_wait(name text, client_place text) returns integer
language sql stable as $$
  select greatest(throttle_wait('operator', lower(name), 10), throttle_wait('operator-ip', client_place, 30))
$$;

create function operator_tried(name text, client_place text, matches boolean) returns integer
language plpgsql as $$
declare
  of_name integer := throttle_tried('operator', lower(name), 10, interval '15 minutes', matches);
  of_address integer := throttle_tried('operator-ip', client_place, 30, interval '1 hour', matches);
begin
  return greatest(of_name, of_address);
end $$;

-- The one that a command means; refused when there is none.
create function operator_meant(name text) returns bigint
language plpgsql stable as $$
declare
  found bigint := (select o.id from operator o where o.name = operator_meant.name);
begin
  if found is null then
    perform refuse('MR404', 'there is no such operator');
  end if;
  return found;
end $$;

create function operator_sign_out(operator_id bigint) returns void
language sql volatile as $$
  delete from operator_session s where s.operator_id = operator_sign_out.operator_id
$$;

-- Who is in the audit for what an operator does in the page: no user of the system has such a name.
create function operator_who(operator_id bigint) returns text
language sql stable as $$
  select 'operator:' || o.name from operator o where o.id = operator_id
$$;

-- A session for one whose password has been checked, with its new hash when the cost of hashing was raised; null for null, and
-- when he was disabled meanwhile. The oldest of too many sessions ends.
create function operator_enter(operator_id bigint, new_hash text, digest text, client_ip text) returns operator
language plpgsql as $$
declare
  entered operator;
begin
  update operator o set password_hash = coalesce(new_hash, o.password_hash), signed_in_at = now()
   where o.id = operator_enter.operator_id and o.disabled_at is null
  returning o.* into entered;
  if entered.id is null then
    return null;
  end if;
  delete from operator_session s
   where s.operator_id = entered.id and s.digest in (
         select x.digest from operator_session x where x.operator_id = entered.id order by x.expires_at desc offset 15);
  insert into operator_session (digest, operator_id, expires_at)
  values (decode(operator_enter.digest, 'hex'), entered.id, now() + interval '12 hours');
  perform audit_note('operator:' || entered.name, 'operator.sign-in', entered.name, json_build_object('from', client_ip));
  return entered;
end $$;

-- The role of a session's operator; null when it is over. That it is used is written down once a minute.
create function operator_caller(operator_id bigint, proof text) returns text
language plpgsql volatile as $$
declare
  found record;
begin
  select o.role, s.seen_at < now() - interval '1 minute' as stale into found
    from operator_session s
    join operator o on o.id = s.operator_id
   where s.digest = decode(proof, 'hex') and o.id = operator_caller.operator_id and o.disabled_at is null
     and s.expires_at > now() and s.seen_at > now() - interval '2 hours';
  if found.stale then
    update operator_session s set seen_at = now() where s.digest = decode(proof, 'hex');
  end if;
  return found.role;
end $$;

-- What Redis is to be told of a queue, words of script settings behind the queue's name: version, then name and value of each.
create function queue_words(queue text) returns text
language sql stable as $$
  select array_to_json(array[q.name, q.version::text] ||
           coalesce((select array_agg(w.word order by s.name, w.n)
                       from queue_setting s
                      cross join lateral unnest(array[s.name, s.value]) with ordinality as w(word, n)
                      where s.queue = q.name), '{}'))::text
    from queue q
   where q.name = queue_words.queue
$$;

-- Set a queue's setting as an operator; what Redis is to be told.
create function operator_set(operator_id bigint, queue text, name text, value text) returns text
language plpgsql as $$
begin
  if not exists (select from job_kind k where k.queue = operator_set.queue) then
    perform refuse('MR404', 'There is no such queue');
  end if;
  perform queue_set(operator_who(operator_id), queue, name, value);
  return queue_words(queue);
end $$;
