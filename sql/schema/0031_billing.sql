-- SPDX-License-Identifier: GPL-3.0-or-later
-- Billing, of all products: what is sold, who pays and how, and what Stripe has told of it. Amounts are in minor units, as
-- Stripe counts them, currencies in small letters. Only the queue billing talks to Stripe.

create schema billing;

-- ---- money ----

create function billing.digits(currency text) returns integer
language sql immutable parallel safe as $$
  select case when upper(currency) = any ('{BIF,CLP,DJF,GNF,JPY,KMF,KRW,MGA,PYG,RWF,UGX,VND,VUV,XAF,XOF,XPF}') then 0
              when upper(currency) = any ('{BHD,JOD,KWD,OMR,TND}') then 3
              else 2 end
$$;

create function billing.money(minor bigint, currency text) returns numeric
language sql immutable parallel safe as $$
  select round(minor / 10::numeric ^ billing.digits(currency), billing.digits(currency))
$$;

-- ---- what is sold ----

create table ailice.plan (
  id              text primary key,
  name            text not null,
  price           numeric(10, 2) not null,
  currency        text not null,
  period          text not null,
  stripe_price_id text
);
insert into ailice.plan (id, name, price, currency, period) values ('pro', 'Pro', 49.99, 'usd', 'month');

-- Null: the price is said with each checkout, and Stripe makes one for it.
alter table figureforge.plan add stripe_price_id text;

create view billing.plan as
  select 'nutrition' as product, p.id::text as id, p.name, (p.price * 100)::bigint as amount, lower(p.currency) as currency,
         p.period, p.stripe_price_id, 'premium' as tier
    from nutrition.plan p where p.price > 0
   union all
  select 'ailice', p.id, p.name, (p.price * 100)::bigint, p.currency, p.period, p.stripe_price_id, 'pro'
    from ailice.plan p
   union all
  select 'figureforge', p.id, p.name, (p.price * 100)::bigint, 'usd', 'month', p.stripe_price_id, p.tier
    from figureforge.plan p where p.price > 0;

-- ---- who pays ----

create table billing.customer (
  account_id bigint primary key references account,
  stripe_id  text not null unique,
  created_at timestamptz not null default now()
);

create table billing.payment_method (
  id          text primary key,                  -- Stripe's
  account_id  bigint not null references account,
  type        text not null,
  brand       text,
  last4       text,
  exp_month   integer,
  exp_year    integer,
  name        text,                              -- the owner's own
  is_default  boolean not null default false,
  created_at  timestamptz not null default now(),
  detached_at timestamptz                        -- kept, so that what comes late does not bring it back
);
create index payment_method_of on billing.payment_method (account_id, created_at desc, id desc) where detached_at is null;
create unique index payment_method_default on billing.payment_method (account_id) where is_default and detached_at is null;

create table billing.subscription (
  id                   bigint generated always as identity primary key,
  account_id           bigint not null references account,
  plan                 text not null,             -- of the account's product: billing.plan
  status               text not null,             -- Stripe's word
  amount               bigint not null,
  currency             text not null,
  current_period_start timestamptz not null,
  current_period_end   timestamptz not null,
  cancel_at_period_end boolean not null default false,
  stripe_id            text unique,               -- null: Stripe has not been asked yet
  buying               boolean not null default false, -- a job is buying it
  wished_by            uuid,                      -- the job whose wish it shows; null: it is as Stripe has told it
  created_at           timestamptz not null default now(),
  ended_at             timestamptz
);
create index subscription_of on billing.subscription (account_id, id desc) where ended_at is null;
create unique index subscription_buying on billing.subscription (account_id) where buying;
create index subscription_active on billing.subscription (plan, account_id) where ended_at is null and status = 'active';

create table billing.invoice (
  id                     text primary key,        -- Stripe's
  account_id             bigint not null references account,
  stripe_subscription_id text,
  stripe_payment_intent_id text,
  amount_due             bigint not null,
  amount_paid            bigint not null,
  currency               text not null,
  status                 text not null,
  description            text not null,
  invoice_pdf            text,
  hosted_invoice_url     text,
  created_at             timestamptz not null
);
create index invoice_of on billing.invoice (account_id, created_at desc, id desc);

-- Payments: those that Stripe tells of, and those that we make. Of ours the row is the intent: it is committed before Stripe
-- is called, and says what may have happened when nobody knows.
create table billing.payment (
  id                       bigint generated always as identity primary key,
  account_id               bigint not null references account,
  job_id                   uuid unique,           -- who makes it; null: Stripe does, for an invoice
  purpose                  text,                  -- what it settles, in its product's words
  payment_method           text,
  amount                   bigint not null,
  currency                 text not null,
  status                   text not null check (status in ('new', 'sending', 'processing', 'requires_action', 'succeeded',
                                                           'failed', 'unknown', 'canceled')),
  error                    text,
  description              text not null,
  payment_date             timestamptz not null default now(),
  stripe_payment_intent_id text unique,
  stripe_charge_id         text,
  invoice_url              text,
  asked_at                 timestamptz            -- when Stripe was first asked for it
);
create index payment_of on billing.payment (account_id, payment_date desc, id desc);
call list_count_keep('billing.payment', 'account_id');
-- A settlement is paid once: a payment of it that has not failed keeps another from being made.
create unique index payment_once on billing.payment (account_id, purpose)
 where purpose is not null and status not in ('failed', 'canceled');

-- What Nutrition had of this.
insert into billing.payment_method (id, account_id, type, brand, last4, exp_month, exp_year, is_default, created_at)
select id, account_id, type, brand, last4, exp_month, exp_year, is_default, created_at from nutrition.payment_method;
insert into billing.subscription (account_id, plan, status, amount, currency, current_period_start, current_period_end,
                                  cancel_at_period_end, stripe_id, created_at, ended_at)
select s.account_id, s.plan_id::text, s.status, (p.price * 100)::bigint, lower(p.currency), s.current_period_start,
       s.current_period_end, s.cancel_at_period_end, s.stripe_subscription_id, s.created_at, s.ended_at
  from nutrition.subscription s join nutrition.plan p on p.id = s.plan_id;
insert into billing.payment (account_id, amount, currency, status, description, payment_date, stripe_payment_intent_id, invoice_url)
select account_id, (amount * 10 ^ billing.digits(currency))::bigint, lower(currency),
       case when status in ('succeeded', 'failed', 'processing', 'canceled') then status else 'unknown' end, description,
       payment_date, stripe_payment_intent_id, invoice_url
  from nutrition.payment;
drop table nutrition.payment, nutrition.payment_method, nutrition.subscription;
drop function nutrition.payment_counted();
delete from list_count where list = 'nutrition.payment';

-- ---- what an account has now ----

-- Whether it is paid for, or about to be.
create function billing.live(status text) returns boolean
language sql immutable parallel safe as $$
  select status in ('active', 'trialing', 'past_due')
$$;

-- The one that counts: one that is paid for before one that is not yet, the latest of those.
create function billing.subscription_now(account_id bigint) returns setof billing.subscription
language sql stable parallel safe rows 1 as $$
  select s.*
    from billing.subscription s
   where s.account_id = subscription_now.account_id and s.ended_at is null
   order by billing.live(s.status) desc, s.id desc
   limit 1
$$;

-- What an account may do goes by its tier, and that by what it pays for.
create function billing.subscription_changed() returns trigger
language plpgsql as $$
declare
  mine text := (select p.tier
                  from billing.subscription_now(new.account_id) s
                  join account a on a.id = new.account_id
                  join billing.plan p on p.product = a.product and p.id = s.plan
                 where billing.live(s.status));
begin
  update account set tier = coalesce(mine, 'free') where id = new.account_id and tier <> coalesce(mine, 'free');
  return null;
end $$;
create trigger subscription_changed after insert or update on billing.subscription
  for each row execute function billing.subscription_changed();

-- FigureForge's plans are what is sold there.
create or replace function figureforge.plan_of(account_id bigint) returns figureforge.plan
language plpgsql stable parallel safe as $$
declare
  found figureforge.plan;
begin
  select p.* into found
    from billing.subscription_now(plan_of.account_id) s
    join figureforge.plan p on p.id = s.plan
   where billing.live(s.status);
  if found.id is null then
    select p.* into found from figureforge.plan p where p.id = 'free';
  end if;
  return found;
end $$;

-- Null: of who has none.
create function figureforge.subscription_json(s billing.subscription) returns json
language plpgsql stable parallel safe as $$
begin
  return (select json_build_object(
                   'plan_id', p.id, 'tier', p.tier, 'status', coalesce(s.status, 'none'),
                   'current_period_start', iso_time(coalesce(s.current_period_start, figureforge.period() at time zone 'UTC')),
                   'current_period_end', iso_time(coalesce(s.current_period_end,
                                                           (figureforge.period() + interval '1 month') at time zone 'UTC')),
                   'cancel_at_period_end', coalesce(s.cancel_at_period_end, false))
            from figureforge.plan p
           where p.id = coalesce(s.plan, 'free'));
end $$;

create function ailice.subscription_json(s billing.subscription) returns json
language sql stable parallel safe as $$
  select json_build_object('id', s.id, 'status', s.status, 'current_period_start', ailice.stamp(s.current_period_start),
                           'current_period_end', ailice.stamp(s.current_period_end),
                           'cancel_at_period_end', s.cancel_at_period_end, 'price', billing.money(s.amount, s.currency),
                           'currency', s.currency)
$$;
