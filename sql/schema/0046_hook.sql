-- SPDX-License-Identifier: GPL-3.0-or-later
-- Events of products, told to those they concern: webhooks that accounts have asked for, and notifications.

-- An address that an account wants events at. Its secret is sealed (common/seal.h), for "hook PRODUCT ACCOUNT".
create table hook (
  id           bigint generated always as identity primary key,
  product      text not null,
  account_id   bigint not null references account,
  url          text not null,
  events       text[] not null check (cardinality(events) > 0),
  secret       text not null,
  sequence     bigint not null default 0,  -- of its last delivery
  failures     integer not null default 0, -- attempts in a row
  disabled_at  timestamptz,
  created_at   timestamptz not null default now()
);
create index hook_of on hook (product, account_id, id);

-- One event for one address. What is sent is written once: each attempt sends the same bytes under the same id.
create table hook_delivery (
  id         uuid primary key default gen_random_uuid(),
  hook_id    bigint not null references hook on delete cascade,
  sequence   bigint not null,
  event      text not null,
  body       text not null,
  state      text not null default 'new' check (state in ('new', 'retrying', 'delivered', 'failed')),
  tries      integer not null default 0,
  status     integer,                      -- the last answer's
  error      text,                         -- why the last attempt has failed
  created_at timestamptz not null default now(),
  ended_at   timestamptz,
  unique (hook_id, sequence)
);
create index hook_delivery_new on hook_delivery (hook_id, sequence) where state = 'new';
create index hook_delivery_ended on hook_delivery (ended_at) where ended_at is not null;

-- An event has happened. audience: the accounts that may know of it. notice: what those are told who are not its sender,
-- an object with type, title, message, and perhaps priority, sender_id, metadata, action_url; null: nothing. Events of one
-- stream (a group's) are told in their order. The ticket of the job that tells them.
create function event_tell(product text, event text, stream text, audience bigint[], data json, notice json default null,
                           request_id text default '') returns text
language sql volatile as $$
  select job_ticket(job_put('hook.fanout', product, product, null,
                            json_build_object('event', event, 'at', iso_time(now()), 'audience', audience, 'data', data,
                                              'notice', notice),
                            request_id, key => 'event/' || product || '/' || stream))
$$;

-- An attempt has been made. After fifty in a row that failed nothing more goes there, and its owner is told. The tickets
-- of what was put.
create function hook_tried(delivery uuid, delivered boolean, status integer, error text, last boolean) returns setof text
language plpgsql as $$
#variable_conflict use_variable
declare
  h hook;
begin
  update hook_delivery d
     set state = case when delivered then 'delivered' when last then 'failed' else 'retrying' end,
         tries = d.tries + 1, status = hook_tried.status, error = hook_tried.error,
         ended_at = case when delivered or last then now() end
   where d.id = delivery;
  update hook k
     set failures = case when delivered then 0 else k.failures + 1 end,
         disabled_at = case when not delivered and k.failures + 1 >= 50 then coalesce(k.disabled_at, now()) else k.disabled_at end
   where k.id = (select d.hook_id from hook_delivery d where d.id = delivery)
  returning * into h;
  if h.failures = 50 then
    return query select job_ticket(job_put('mail.send', a.product, a.product || '/' || a.id, a.id, json_build_object(
                          'to', a.email, 'letter', 'hook_disabled', 'values', json_build_object(
                            'url', h.url, 'failures', h.failures::text, 'reason', left(error, 500)))))
                   from account a where a.id = h.account_id and a.deleted_at is null;
  end if;
end $$;

-- ---- Expense Tracker ----

create function expenses.hook_ref(id bigint) returns text
language sql immutable parallel safe as $$ select 'wh_' || id::text $$;

create function expenses.hook_json(h hook) returns json
language sql stable parallel safe as $$
  select json_build_object('id', expenses.hook_ref(h.id), 'url', h.url, 'events', to_json(h.events),
                           'is_active', h.disabled_at is null, 'created_at', iso_time(h.created_at))
$$;

-- When a mail may go that is written now: at the end of somebody's quiet hours, in the zone that they are in; else now.
-- Hours that end when they begin are none.
create function expenses.quiet_until(quiet json, at timestamptz) returns timestamptz
language plpgsql stable parallel safe as $$
declare
  here   timestamp := at at time zone (quiet ->> 'timezone');
  begins time := (quiet ->> 'start')::time;
  ends   time := (quiet ->> 'end')::time;
begin
  if (quiet ->> 'enabled')::boolean is not true or begins = ends
     or not (case when begins < ends then here::time >= begins and here::time < ends
                  else here::time >= begins or here::time < ends end) then
    return at;
  end if;
  return (here::date + ends + case when here::time < ends then interval '0' else interval '1 day' end)
         at time zone (quiet ->> 'timezone');
end $$;
