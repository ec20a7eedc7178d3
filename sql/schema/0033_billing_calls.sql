-- SPDX-License-Identifier: GPL-3.0-or-later
-- Billing: what callers ask for, and what they are told.

-- ---- what became of a job of an account's, for the call that waits for it ----

-- error: a name of the common vocabulary; null while it runs and when all went well.
create function billing.outcome(job_id uuid, account_id bigint)
returns table (pending boolean, error text, message text, field text, result json, args json)
language sql stable as $$
  select e.id is null,
         case when e.outcome = 'done' then e.result -> 'refused' ->> 'error' when e.id is not null then 'unavailable' end,
         case when e.outcome = 'done' then e.result -> 'refused' ->> 'message'
              when e.id is not null then 'The payment service did not do it' end,
         e.result -> 'refused' ->> 'field', e.result, j.args
    from job j
    left join job_end e on e.id = j.id
   where j.id = outcome.job_id and j.account_id = outcome.account_id
$$;

-- ---- what callers wish; the rows say so at once, and a job tells Stripe ----

-- Put a job of an account's that somebody waits for and that is of no use when he has gone: its ticket.
create function billing.put(account_id bigint, product text, kind text, args json, request_id text, lasting boolean default false,
                            id uuid default null)
returns text
language sql as $$
  select job_ticket(job_put(kind, product, product || '/' || account_id, account_id, json_strip_nulls(args), request_id,
                            expires_at => case when not lasting then now() + interval '10 s' end, id => put.id))
$$;

-- Cancel the account's subscription at the end of its period, cancel it now, or take back the first. No row: there is none. What
-- it is put back to when Stripe does not grant that is what Stripe has told last, which is not what an earlier wish has made of it.
create function billing.wish(account_id bigint, product text, wish text, reason text, request_id text)
returns table (s billing.subscription, ticket text)
language plpgsql as $$
#variable_conflict use_column
declare
  args json;
  job_id uuid := job_id_make();
begin
  select x.* into s from billing.subscription_now(wish.account_id) x
   where x.stripe_id is not null and (billing.live(x.status) or wish.wish = 'cancel_now');
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
         ended_at = case wish.wish when 'cancel_now' then now() end, wished_by = job_id
   where x.id = s.id
  returning x.* into s;
  ticket := billing.put(wish.account_id, wish.product,
                        case wish.wish when 'reactivate' then 'billing.reactivate' else 'billing.cancel' end, args,
                        wish.request_id, true, job_id);
  return next;
end $$;

-- A card as the products show it.
create function billing.card_json(m billing.payment_method) returns json
language sql stable parallel safe as $$
  select case when m.last4 is not null then
         json_build_object('brand', m.brand, 'last4', m.last4, 'exp_month', m.exp_month, 'exp_year', m.exp_year) end
$$;

create function expenses.method_name(m billing.payment_method) returns text
language sql immutable parallel safe as $$
  select coalesce(m.name, initcap(coalesce(m.brand, m.type)) || ' ending in ' || m.last4, m.type)
$$;

create function expenses.method_details(m billing.payment_method) returns json
language sql stable parallel safe as $$
  select json_build_object('brand', initcap(m.brand), 'last4', m.last4, 'exp_month', m.exp_month, 'exp_year', m.exp_year)
$$;

-- Have a payment taken from a stored method: the row that says so, and the job that does it. What is paid already, or about to
-- be, cannot be paid again (purpose).
create function billing.pay(account_id bigint, product text, purpose text, payment_method text, amount bigint, currency text,
                            description text, request_id text)
returns table (id bigint, job_id uuid, ticket text)
language plpgsql as $$
#variable_conflict use_column
declare
  made bigint;
  put job := job_put('billing.pay', pay.product, pay.product || '/' || pay.account_id, pay.account_id,
                     json_strip_nulls(json_build_object('purpose', pay.purpose)), pay.request_id);
begin
  insert into billing.payment (account_id, job_id, purpose, payment_method, amount, currency, status, description)
  values (pay.account_id, put.id, pay.purpose, pay.payment_method, pay.amount, lower(pay.currency), 'new', pay.description)
  returning billing.payment.id into made;
  return query select made, put.id, job_ticket(put);
end $$;

-- ---- the Expense Tracker's settlements: what is paid is settled ----

create function expenses.payment_ref(id bigint) returns text
language sql immutable parallel safe as $$ select 'pay_' || id::text $$;

-- The oldest shares of the payer's in what the payee has paid, as far as the settlement covers them.
create function expenses.settle(settlement_id bigint) returns void
language plpgsql as $$
declare
  due record;
  left_over bigint;
  t record;
begin
  select * into t from expenses.settlement x where x.id = settlement_id;
  left_over := t.amount;
  for due in select s.expense_id, s.amount
               from expenses.share s
               join expenses.expense e on e.id = s.expense_id
              where s.account_id = t.payer_id and s.settled_at is null and e.paid_by = t.payee_id and e.deleted_at is null
                and e.currency = t.currency and (t.group_id is null or e.group_id = t.group_id)
              order by e.expense_date, e.id
                for update of s loop
    exit when due.amount > left_over;
    update expenses.share s set settled_at = now() where s.expense_id = due.expense_id and s.account_id = t.payer_id;
    left_over := left_over - due.amount;
  end loop;
end $$;

-- A payment of a settlement has come to an end: both are told.
create function expenses.payment_changed() returns trigger
language plpgsql as $$
declare
  t record;
  paid boolean := new.status = 'succeeded';
begin
  update expenses.settlement x
     set status = case when paid then 'completed' else 'failed' end, completed_at = case when paid then now() end
   where x.id = substr(new.purpose, 5)::bigint and x.payer_id = new.account_id and x.status <> 'completed'
  returning * into t;
  if not found then
    return null;
  end if;
  if paid then
    perform expenses.settle(t.id);
  end if;
  perform event_tell('expenses', case when paid then 'payment.completed' else 'payment.failed' end, 'settlement/' || t.id,
                     array[t.payer_id, t.payee_id],
                     json_build_object('payment_id', expenses.payment_ref(new.id), 'settlement_id', new.purpose,
                                       'amount', billing.money(t.amount, t.currency)::text, 'currency', t.currency,
                                       'status', case when paid then 'completed' else 'failed' end));
  return null;
end $$;
create trigger payment_changed after update of status on billing.payment
  for each row when (new.purpose ~ '^stl_[0-9]{1,18}$' and new.status <> old.status and new.status in ('succeeded', 'failed', 'canceled'))
  execute function expenses.payment_changed();
