-- SPDX-License-Identifier: GPL-3.0-or-later
-- Billing: the jobs of an account take turns.

-- What jobs about an account have as their key, so that one of them runs at a time. Empty: about none that is known.
create function billing.turn(account_id bigint) returns text
language sql immutable parallel safe as $$ select coalesce('billing/' || account_id::text, '') $$;

create or replace function billing.put(account_id bigint, product text, kind text, args json, request_id text,
                                       lasting boolean default false, id uuid default null)
returns text
language sql as $$
  select job_ticket(job_put(kind, product, product || '/' || account_id, account_id, json_strip_nulls(args), request_id,
                            key => billing.turn(account_id),
                            expires_at => case when not lasting then now() + interval '10 s' end, id => put.id))
$$;

create or replace function billing.pay(account_id bigint, product text, purpose text, payment_method text, amount bigint,
                                       currency text, description text, request_id text)
returns table (id bigint, job_id uuid, ticket text)
language plpgsql as $$
#variable_conflict use_column
declare
  made bigint;
  put job := job_put('billing.pay', pay.product, pay.product || '/' || pay.account_id, pay.account_id,
                     json_strip_nulls(json_build_object('purpose', pay.purpose)), pay.request_id,
                     key => billing.turn(pay.account_id));
begin
  insert into billing.payment (account_id, job_id, purpose, payment_method, amount, currency, status, description)
  values (pay.account_id, put.id, pay.purpose, pay.payment_method, pay.amount, lower(pay.currency), 'new', pay.description)
  returning billing.payment.id into made;
  return query select made, put.id, job_ticket(put);
end $$;

-- Whom something at Stripe belongs to: by its customer or, where that is forgotten already, by what we know it as.
create or replace function billing.account_of(o json, previous json) returns bigint
language sql stable as $$
  select coalesce((select c.account_id from billing.customer c
                    where c.stripe_id = coalesce(o ->> 'customer', previous ->> 'customer',
                                                 case when o ->> 'object' = 'customer' then o ->> 'id' end)),
                  (select m.account_id from billing.payment_method m
                    where o ->> 'object' = 'payment_method' and m.id = o ->> 'id'),
                  (select s.account_id from billing.subscription s
                    where o ->> 'object' = 'invoice' and s.stripe_id = o ->> 'subscription'),
                  (select p.account_id from billing.payment p
                    where o ->> 'object' = 'payment_intent' and p.stripe_payment_intent_id = o ->> 'id'),
                  (select p.account_id from billing.payment p
                    where o ->> 'object' = 'payment_intent'
                      and p.job_id = case when o -> 'metadata' ->> 'job_id' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
                                          then (o -> 'metadata' ->> 'job_id')::uuid end))
$$;

create or replace function billing.event_put(product text, event_id text, type text, created bigint, data json, request_id text)
returns text
language plpgsql as $$
begin
  insert into webhook_event (product, provider, event_id) values (event_put.product, 'stripe', event_put.event_id)
  on conflict do nothing;
  if not found then
    return null;
  end if;
  insert into billing.event (product, id, type, created, data)
  values (product, event_id, type, coalesce(created, extract(epoch from now())::bigint), data);
  return job_ticket(job_put('billing.event', product, product, null, json_build_object('event_id', event_id), request_id,
                            key => billing.turn(billing.account_of(data -> 'object', data -> 'previous_attributes'))));
end $$;
