-- SPDX-License-Identifier: GPL-3.0-or-later
-- Billing: what Stripe tells and answers, and what that changes here.

-- ---- what Stripe tells ----

create table billing.event (
  product     text not null,
  id          text not null,
  type        text not null,
  created     bigint not null,                   -- Stripe's clock, seconds
  data        json not null,
  received_at timestamptz not null default now(),
  outcome     text,                              -- null: not looked at yet
  primary key (product, id)
);
create index event_received on billing.event (received_at);

-- The last that was told of each thing at Stripe.
create table billing.told (
  stripe_id text primary key,
  created   bigint not null,
  rank      integer not null,
  event_id  text not null
);

-- Keep an event, and put the job that looks at it: its ticket. Null when it is kept already.
create function billing.event_put(product text, event_id text, type text, created bigint, data json, request_id text)
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
  return job_ticket(job_put('billing.event', product, product, null, json_build_object('event_id', event_id), request_id));
end $$;

-- Of what happens within a second, what comes last.
create function billing.event_rank(type text) returns integer
language sql immutable parallel safe as $$
  select case when type ~ '\.(deleted|detached)$' then 4
              when type = 'invoice.paid' then 3
              when type ~ '\.(succeeded|payment_succeeded)$' then 2
              when type ~ '\.created$' then 0
              else 1 end
$$;

-- Whether an event is the newest of its thing: newer, older, or same, where the second does not tell; nor do five minutes
-- when the last that is known was asked for.
create function billing.event_order(stripe_id text, e billing.event) returns text
language plpgsql as $$
declare
  t billing.told;
begin
  insert into billing.told as last (stripe_id, created, rank, event_id)
  values (event_order.stripe_id, e.created, billing.event_rank(e.type), e.id)
  on conflict on constraint told_pkey do update
     set created = excluded.created, rank = excluded.rank, event_id = excluded.event_id
   where (excluded.created, excluded.rank) > (last.created, last.rank) and last.event_id <> 'asked'
      or excluded.event_id = last.event_id;
  if found then
    return 'newer';
  end if;
  select * into t from billing.told x where x.stripe_id = event_order.stripe_id;
  return case when t.event_id = 'asked' and e.created >= t.created - 300
                or (t.created, t.rank) = (e.created, billing.event_rank(e.type)) then 'same'
              else 'older' end;
end $$;

create function billing.account_of(o json, previous json) returns bigint
language sql stable as $$
  select coalesce((select c.account_id from billing.customer c
                    where c.stripe_id = coalesce(o ->> 'customer', previous ->> 'customer')),
                  (select m.account_id from billing.payment_method m
                    where o ->> 'object' = 'payment_method' and m.id = o ->> 'id'))
$$;

create function billing.at(seconds text) returns timestamptz
language sql immutable parallel safe as $$
  select to_timestamp(seconds::double precision)
$$;

create function billing.subscription_take(account_id bigint, o json) returns void
language plpgsql as $$
#variable_conflict use_column
declare
  item json := o -> 'items' -> 'data' -> 0;
  price json := item -> 'price';
  ours bigint := (select case when o -> 'metadata' ->> 'subscription_id' ~ '^[0-9]{1,18}$'
                              then (o -> 'metadata' ->> 'subscription_id')::bigint end);
  its_plan text := (select coalesce((select p.id from billing.plan p
                                      where p.product = a.product and p.stripe_price_id = price ->> 'id'),
                                    (select p.id from billing.plan p
                                      where p.product = a.product and p.id = o -> 'metadata' ->> 'plan'))
                      from account a where a.id = subscription_take.account_id);
  begins timestamptz := billing.at(coalesce(o ->> 'current_period_start', item ->> 'current_period_start', o ->> 'created'));
  ends timestamptz := billing.at(coalesce(o ->> 'current_period_end', item ->> 'current_period_end', o ->> 'created'));
  over timestamptz := case when o ->> 'status' in ('canceled', 'incomplete_expired')
                           then coalesce(billing.at(coalesce(o ->> 'ended_at', o ->> 'canceled_at')), now()) end;
begin
  update billing.subscription s
     set stripe_id = o ->> 'id', status = o ->> 'status', plan = coalesce(its_plan, s.plan),
         amount = coalesce((price ->> 'unit_amount')::bigint, s.amount), currency = coalesce(price ->> 'currency', s.currency),
         current_period_start = begins, current_period_end = ends,
         cancel_at_period_end = coalesce((o ->> 'cancel_at_period_end')::boolean, false), ended_at = over, wished_by = null
   where s.account_id = subscription_take.account_id
     and (s.stripe_id = o ->> 'id' or s.stripe_id is null and s.id = ours);
  if not found and its_plan is not null then
    insert into billing.subscription (account_id, plan, status, amount, currency, current_period_start, current_period_end,
                                      cancel_at_period_end, stripe_id, created_at, ended_at)
    values (subscription_take.account_id, its_plan, o ->> 'status', coalesce((price ->> 'unit_amount')::bigint, 0),
            coalesce(price ->> 'currency', 'usd'), begins, ends, coalesce((o ->> 'cancel_at_period_end')::boolean, false),
            o ->> 'id', billing.at(o ->> 'created'), over);
  end if;
end $$;

create function billing.method_take(account_id bigint, o json, attached boolean) returns void
language sql as $$
  insert into billing.payment_method as m (id, account_id, type, brand, last4, exp_month, exp_year, created_at, detached_at)
  values (o ->> 'id', method_take.account_id, o ->> 'type', o -> 'card' ->> 'brand', o -> 'card' ->> 'last4',
          (o -> 'card' ->> 'exp_month')::integer, (o -> 'card' ->> 'exp_year')::integer, billing.at(o ->> 'created'),
          case when not attached then now() end)
  on conflict (id) do update
     set detached_at = excluded.detached_at, is_default = m.is_default and excluded.detached_at is null,
         exp_month = excluded.exp_month, exp_year = excluded.exp_year
   where m.account_id = excluded.account_id
$$;

-- What an invoice or a payment of it is called in a list.
create function billing.invoice_name(account_id bigint, o json) returns text
language sql stable as $$
  select coalesce((select p.name from account a join billing.plan p on p.product = a.product
                    where a.id = invoice_name.account_id
                      and p.id = coalesce((select s.plan from billing.subscription s
                                            where s.stripe_id = coalesce(o ->> 'subscription',
                                                  o -> 'parent' -> 'subscription_details' ->> 'subscription')),
                                          o -> 'subscription_details' -> 'metadata' ->> 'plan')), 'Your')
$$;

create function billing.invoice_take(account_id bigint, o json, failed boolean) returns void
language plpgsql as $$
#variable_conflict use_column
declare
  called text := billing.invoice_name(invoice_take.account_id, o);
begin
  insert into billing.invoice as i (id, account_id, stripe_subscription_id, stripe_payment_intent_id, amount_due, amount_paid,
                                    currency, status, description, invoice_pdf, hosted_invoice_url, created_at)
  values (o ->> 'id', invoice_take.account_id,
          coalesce(o ->> 'subscription', o -> 'parent' -> 'subscription_details' ->> 'subscription'),
          o ->> 'payment_intent', coalesce((o ->> 'amount_due')::bigint, (o ->> 'amount_paid')::bigint, 0),
          coalesce((o ->> 'amount_paid')::bigint, 0), coalesce(o ->> 'currency', 'usd'),
          coalesce(o ->> 'status', case when failed then 'open' else 'paid' end), called, o ->> 'invoice_pdf',
          o ->> 'hosted_invoice_url', coalesce(billing.at(o ->> 'created'), now()))
  on conflict (id) do update
     set status = excluded.status, amount_due = excluded.amount_due, amount_paid = excluded.amount_paid,
         stripe_payment_intent_id = coalesce(excluded.stripe_payment_intent_id, i.stripe_payment_intent_id),
         description = excluded.description, invoice_pdf = excluded.invoice_pdf, hosted_invoice_url = excluded.hosted_invoice_url
   where i.account_id = excluded.account_id;
  if o ->> 'payment_intent' is not null then
    insert into billing.payment as p (account_id, amount, currency, status, description, payment_date, stripe_payment_intent_id,
                                      invoice_url)
    values (invoice_take.account_id, (o ->> case when failed then 'amount_due' else 'amount_paid' end)::bigint, o ->> 'currency',
            case when failed then 'failed' else 'succeeded' end,
            called || ' subscription - ' || to_char(billing.at(o ->> 'created') at time zone 'UTC', 'FMMonth YYYY'),
            billing.at(o ->> 'created'), o ->> 'payment_intent', o ->> 'hosted_invoice_url')
    on conflict (stripe_payment_intent_id) do update
       set invoice_url = excluded.invoice_url, description = excluded.description,
           status = case when p.status = 'succeeded' then p.status else excluded.status end
     where p.account_id = excluded.account_id;
  end if;
end $$;

-- Stripe's word for a payment's state in ours.
create function billing.payment_state(o json) returns text
language sql immutable parallel safe as $$
  select case o ->> 'status' when 'succeeded' then 'succeeded' when 'processing' then 'processing' when 'canceled' then 'canceled'
              when 'requires_action' then 'requires_action' else 'failed' end
$$;

-- What is known of a payment: ours is known by the job that Stripe keeps with it. What has succeeded stays so.
create function billing.payment_take(account_id bigint, o json) returns void
language plpgsql as $$
#variable_conflict use_column
declare
  failure text := o -> 'last_payment_error' ->> 'message';
begin
  update billing.payment p
     set status = billing.payment_state(o), stripe_payment_intent_id = o ->> 'id', stripe_charge_id = o ->> 'latest_charge',
         error = case when billing.payment_state(o) <> 'succeeded' then failure end,
         payment_date = case when p.job_id is not null then now() else p.payment_date end
   where p.account_id = payment_take.account_id and p.status <> 'succeeded'
     and (p.stripe_payment_intent_id = o ->> 'id'
          or p.stripe_payment_intent_id is null and p.job_id::text = o -> 'metadata' ->> 'job_id');
  if not found then
    insert into billing.payment (account_id, amount, currency, status, error, description, payment_date, stripe_payment_intent_id,
                                 stripe_charge_id)
    values (payment_take.account_id, (o ->> 'amount')::bigint, o ->> 'currency', billing.payment_state(o), failure,
            coalesce(o ->> 'description', 'Payment'), billing.at(o ->> 'created'), o ->> 'id', o ->> 'latest_charge')
    on conflict do nothing;
  end if;
end $$;

-- Look at an event that is kept. fresh: its thing as Stripe has it now, asked for because the second did not tell. applied;
-- older: something newer is known; ask: for the thing itself; foreign: of nobody here; stored: of a type that changes nothing.
create function billing.event_apply(product text, event_id text, fresh json default null) returns text
language plpgsql as $$
declare
  e billing.event := (select x from billing.event x where x.product = event_apply.product and x.id = event_apply.event_id);
  o json := coalesce(fresh, e.data -> 'object');
  previous json := e.data -> 'previous_attributes';
  mine bigint := billing.account_of(o, previous);
  place text;
begin
  if e.type not in ('checkout.session.completed', 'customer.subscription.created', 'customer.subscription.updated',
                    'customer.subscription.deleted', 'invoice.paid', 'invoice.payment_succeeded', 'invoice.payment_failed',
                    'payment_intent.succeeded', 'payment_intent.payment_failed', 'payment_method.attached',
                    'payment_method.detached') then
    return 'stored';
  end if;
  if mine is null or not exists (select from account a where a.id = mine and a.product = event_apply.product)
     or o ->> 'id' is null then
    return 'foreign';
  end if;
  if e.type = 'checkout.session.completed' then
    if fresh is null and o ->> 'subscription' is not null
       and not exists (select from billing.subscription s where s.stripe_id = o ->> 'subscription') then
      return 'ask';
    end if;
    if fresh ->> 'object' = 'subscription' then
      perform billing.subscription_take(mine, fresh);
    end if;
    return 'applied';
  end if;
  place := billing.event_order(o ->> 'id', e);
  if place = 'same' and fresh is null then
    return 'ask';
  elsif place = 'older' then
    return 'older';
  elsif place = 'same' then
    update billing.told t set created = e.created, rank = billing.event_rank(e.type), event_id = e.id
     where t.stripe_id = o ->> 'id';
  end if;
  case o ->> 'object'
    when 'subscription' then perform billing.subscription_take(mine, o);
    when 'invoice' then perform billing.invoice_take(mine, o, coalesce(o ->> 'status', e.type) ~ 'open|failed|uncollectible');
    when 'payment_intent' then perform billing.payment_take(mine, o);
    when 'payment_method' then perform billing.method_take(mine, o, o ->> 'customer' is not null);
    else return 'stored';
  end case;
  return 'applied';
end $$;

-- ---- what the queue billing writes down of Stripe's answers ----

-- A payment method that was attached, and whether it is the one that is charged from now on.
create function billing.method_keep(account_id bigint, o json, as_default boolean, name text) returns void
language plpgsql as $$
#variable_conflict use_column
begin
  perform billing.method_take(method_keep.account_id, o, true);
  if as_default then
    update billing.payment_method m set is_default = false
     where m.account_id = method_keep.account_id and m.is_default and m.id <> o ->> 'id';
  end if;
  update billing.payment_method m
     set is_default = m.is_default or as_default, name = coalesce(method_keep.name, m.name)
   where m.account_id = method_keep.account_id and m.id = o ->> 'id' and m.detached_at is null;
end $$;

-- A subscription as Stripe has it now. How this stands to events of these minutes, whose clock is Stripe's, is not known:
-- they are settled by asking.
create function billing.subscription_know(account_id bigint, o json) returns void
language plpgsql as $$
begin
  perform billing.subscription_take(subscription_know.account_id, o);
  insert into billing.told as t (stripe_id, created, rank, event_id)
  values (o ->> 'id', extract(epoch from now())::bigint, 1, 'asked')
  on conflict on constraint told_pkey do update
     set created = greatest(t.created, excluded.created), rank = 1, event_id = 'asked';
end $$;

create function billing.close(account_id bigint) returns void
language sql as $$
  update billing.subscription s set status = 'canceled', ended_at = now(), wished_by = null
   where s.account_id = close.account_id and s.ended_at is null;
  update billing.payment_method m set detached_at = now(), is_default = false
   where m.account_id = close.account_id and m.detached_at is null;
  delete from billing.customer c where c.account_id = close.account_id;
$$;

-- What became of a payment that we make: what Stripe tells of it (o), or the word for it where there is no such thing there.
create function billing.payment_end(account_id bigint, job_id uuid, status text, why text, o json) returns void
language plpgsql as $$
#variable_conflict use_column
begin
  if o is not null then
    perform billing.payment_take(payment_end.account_id, o);
  end if;
  if payment_end.status is not null then
    update billing.payment p
       set status = payment_end.status, error = coalesce(why, p.error)
     where p.account_id = payment_end.account_id and p.job_id = payment_end.job_id and p.status <> 'succeeded';
  end if;
end $$;
