-- SPDX-License-Identifier: GPL-3.0-or-later
-- Billing: a wish knows of the one that came after it; what was asked for is newer than what was told before; customers and
-- payments that Stripe has no more.

-- ---- wishes ----

-- The jobs that carry out the latest wish about each: not only while the row shows it (wished_by), for what Stripe tells may
-- come before the job does. What an older job wishes is not done any more, whenever it is tried again.
alter table billing.subscription
  add ending_by uuid,                             -- whether and when it ends: a cancellation, a reactivation, another plan
  add plan_by   uuid;                             -- which plan it is of
update billing.subscription set ending_by = wished_by where wished_by is not null;

-- Cancel the account's subscription at the end of its period, cancel it now, or take back the first. No row: there is none. What
-- it is put back to when Stripe does not grant that is what Stripe has told last, which is not what an earlier wish has made of it.
create or replace function billing.wish(account_id bigint, product text, wish text, reason text, request_id text)
returns table (s billing.subscription, ticket text)
language plpgsql as $$
#variable_conflict use_column
declare
  args json;
  job_id uuid := job_id_make();
begin
  select x.* into s from billing.subscription x
   where x.id = (select n.id from billing.subscription_now(wish.account_id) n)
     and x.stripe_id is not null and x.ended_at is null and (billing.live(x.status) or wish.wish = 'cancel_now')
     for update;
  if s.id is null then
    return;
  end if;
  if wish.wish = 'reactivate' and not s.cancel_at_period_end then
    perform refuse('MR400', 'The subscription is not to end');
  end if;
  args := (select json_build_object('subscription_id', s.id, 'was_status', coalesce(j.args ->> 'was_status', s.status),
                                    'was_ending', coalesce((j.args ->> 'was_ending')::boolean, s.cancel_at_period_end))
             from (values (1)) as one
             left join job j on j.id = s.wished_by);
  if wish.wish <> 'reactivate' then
    args := job_args_with(args, json_build_object('at_period_end', wish.wish = 'cancel', 'reason', reason));
  end if;
  update billing.subscription x
     set cancel_at_period_end = case wish.wish when 'reactivate' then false when 'cancel' then true else x.cancel_at_period_end end,
         status = case wish.wish when 'cancel_now' then 'canceled' else x.status end,
         ended_at = case wish.wish when 'cancel_now' then now() end, wished_by = job_id, ending_by = job_id
   where x.id = s.id
  returning x.* into s;
  ticket := billing.put(wish.account_id, wish.product,
                        case wish.wish when 'reactivate' then 'billing.reactivate' else 'billing.cancel' end, args,
                        wish.request_id, true, job_id);
  return next;
end $$;

-- Another plan for a subscription that is paid for: the id of the job that is to tell Stripe. It goes on, too.
create function billing.wish_plan(subscription_id bigint) returns uuid
language sql as $$
  update billing.subscription s set plan_by = j.id, ending_by = j.id
    from (select job_id_make() as id) j
   where s.id = wish_plan.subscription_id
  returning j.id
$$;

-- What became of a job of an account's, for the call that waits for it. error: a name of the common vocabulary; null while it
-- runs and when all went well. Of one that was given up it is not said that Stripe has done nothing: an answer may have been lost.
create or replace function billing.outcome(job_id uuid, account_id bigint)
returns table (pending boolean, error text, message text, field text, result json, args json)
language sql stable as $$
  select e.id is null,
         case when e.outcome = 'done' then e.result -> 'refused' ->> 'error' when e.id is not null then 'unavailable' end,
         case when e.outcome = 'done' then e.result -> 'refused' ->> 'message'
              when e.id is not null then 'The payment service has not confirmed it' end,
         e.result -> 'refused' ->> 'field', e.result, j.args
    from job j
    left join job_end e on e.id = j.id
   where j.id = outcome.job_id and j.account_id = outcome.account_id
$$;

-- ---- what Stripe tells, and what it was asked for ----

-- Of what happens within a second, what comes last.
create or replace function billing.event_rank(type text) returns integer
language sql immutable parallel safe as $$
  select case when type ~ '\.(deleted|detached|canceled)$' then 4
              when type = 'invoice.paid' then 3
              when type ~ '\.(succeeded|payment_succeeded)$' then 2
              when type ~ '\.created$' then 0
              else 1 end
$$;

-- Whether an event is the newest of its thing: newer, older, or same, where the second does not tell; nor do five minutes
-- before and after the last that is known was asked for.
create or replace function billing.event_order(stripe_id text, e billing.event) returns text
language plpgsql as $$
declare
  t billing.told;
begin
  insert into billing.told as last (stripe_id, created, rank, event_id)
  values (event_order.stripe_id, e.created, billing.event_rank(e.type), e.id)
  on conflict on constraint told_pkey do update
     set created = excluded.created, rank = excluded.rank, event_id = excluded.event_id
   where case when last.event_id = 'asked' then excluded.created > last.created + 300
              else (excluded.created, excluded.rank) > (last.created, last.rank) end
      or excluded.event_id = last.event_id;
  if found then
    return 'newer';
  end if;
  select * into t from billing.told x where x.stripe_id = event_order.stripe_id;
  return case when t.event_id = 'asked' and e.created >= t.created - 300
                or (t.created, t.rank) = (e.created, billing.event_rank(e.type)) then 'same'
              else 'older' end;
end $$;

-- Something was asked for just now. How that stands to events of these minutes, whose clock is Stripe's, is not known: they
-- are settled by asking. at: of the event that it was asked for because of.
create function billing.asked(stripe_id text, at bigint default 0) returns void
language sql as $$
  insert into billing.told as t (stripe_id, created, rank, event_id)
  values (asked.stripe_id, greatest(asked.at, extract(epoch from now())::bigint), 1, 'asked')
  on conflict on constraint told_pkey do update
     set created = greatest(t.created, excluded.created), rank = 1, event_id = 'asked'
$$;

create or replace function billing.subscription_know(account_id bigint, o json) returns void
language plpgsql as $$
begin
  perform billing.subscription_take(subscription_know.account_id, o);
  perform billing.asked(o ->> 'id');
end $$;

-- A payment method that was detached cannot be attached again: what says so is an old answer, repeated.
create or replace function billing.method_take(account_id bigint, o json, attached boolean) returns void
language sql as $$
  insert into billing.payment_method as m (id, account_id, type, brand, last4, exp_month, exp_year, created_at, detached_at)
  values (o ->> 'id', method_take.account_id, o ->> 'type', o -> 'card' ->> 'brand', o -> 'card' ->> 'last4',
          (o -> 'card' ->> 'exp_month')::integer, (o -> 'card' ->> 'exp_year')::integer, billing.at(o ->> 'created'),
          case when not attached then now() end)
  on conflict (id) do update
     set detached_at = coalesce(m.detached_at, excluded.detached_at),
         is_default = m.is_default and m.detached_at is null and excluded.detached_at is null,
         exp_month = excluded.exp_month, exp_year = excluded.exp_year
   where m.account_id = excluded.account_id
$$;

-- A customer that Stripe does not know any more, and with him all that was his. Who pays again is made anew.
create function billing.customer_gone(account_id bigint, stripe_id text) returns void
language sql as $$
  select billing.close(c.account_id) from billing.customer c
   where c.account_id = customer_gone.account_id and c.stripe_id = customer_gone.stripe_id
$$;

-- Have Stripe forget an account that was closed just now: the job's ticket. Null: Stripe does not know it; a job that is about to
-- tell it so sees what has happened (customer_keep).
create function billing.leave(account_id bigint, product text, request_id text) returns text
language plpgsql as $$
begin -- what was committed while the account's row was waited for is seen here
  return (select billing.put(c.account_id, leave.product, 'billing.close', '{}', leave.request_id, true)
            from billing.customer c where c.account_id = leave.account_id);
end $$;

-- Stripe knows an account from now on: its id there, which is another when one was kept before.
create function billing.customer_keep(account_id bigint, stripe_id text) returns text
language plpgsql as $$
declare
  a account;
begin
  select x.* into a from account x where x.id = customer_keep.account_id for share;
  insert into billing.customer (account_id, stripe_id) values (a.id, customer_keep.stripe_id)
  on conflict on constraint customer_pkey do nothing;
  if a.deleted_at is not null then
    perform billing.leave(a.id, a.product, '');
  end if;
  return (select c.stripe_id from billing.customer c where c.account_id = a.id);
end $$;

-- Look at an event that is kept. fresh: its thing as Stripe has it now, asked for because the second did not tell. applied;
-- older: something newer is known; ask: for the thing itself; foreign: of nobody here; stored: of a type that changes nothing.
create or replace function billing.event_apply(product text, event_id text, fresh json default null) returns text
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
                    'payment_intent.succeeded', 'payment_intent.payment_failed', 'payment_intent.canceled',
                    'payment_method.attached', 'payment_method.detached', 'customer.deleted') then
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
      perform billing.subscription_know(mine, fresh);
    end if;
    return 'applied';
  end if;
  place := billing.event_order(o ->> 'id', e);
  if place = 'same' and fresh is null then
    return 'ask';
  elsif place = 'older' then
    return 'older';
  elsif place = 'same' then
    perform billing.asked(o ->> 'id', e.created);
  end if;
  case o ->> 'object'
    when 'subscription' then perform billing.subscription_take(mine, o);
    when 'invoice' then perform billing.invoice_take(mine, o, coalesce(o ->> 'status', e.type) ~ 'open|failed|uncollectible');
    when 'payment_intent' then
      if e.type <> 'payment_intent.canceled' or exists (   -- of those that are none of ours nobody has heard
           select from billing.payment p
            where p.account_id = mine and p.status not in ('succeeded', 'failed', 'canceled')
              and (p.stripe_payment_intent_id = o ->> 'id' or p.job_id::text = o -> 'metadata' ->> 'job_id')) then
        perform billing.payment_take(mine, o);
      end if;
    when 'payment_method' then perform billing.method_take(mine, o, o ->> 'customer' is not null);
    when 'customer' then perform billing.customer_gone(mine, o ->> 'id');
    else return 'stored';
  end case;
  return 'applied';
end $$;
