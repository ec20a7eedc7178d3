-- SPDX-License-Identifier: GPL-3.0-or-later
-- Expense Tracker: settlements, from the request to the end, and the payments that end them.
--
-- Locks are taken in this order: payments of the settlement, its group, its row. Whoever tells of a payment holds it already when
-- the settlement hears of it (payment_changed), so who makes one asks for it first (settlement_pay).

drop trigger payment_changed on billing.payment;
drop function expenses.payment_changed();
drop function expenses.settle(bigint);

drop index expenses.settlement_payer, expenses.settlement_payee;
create index settlement_payer on expenses.settlement (payer_id, created_at desc, id desc) include (status, group_id);
create index settlement_payee on expenses.settlement (payee_id, created_at desc, id desc) include (status, group_id);
create index settlement_open on expenses.settlement (group_id, payer_id) where status in ('pending', 'processing', 'failed');

-- ---- what is said of one ----

create function expenses.settlement_json(t expenses.settlement) returns json
language plpgsql stable parallel safe as $$
begin
  return (select json_build_object(
                   'id', expenses.settlement_ref(t.id), 'payer', expenses.person(t.payer_id), 'payee', expenses.person(t.payee_id),
                   'amount', expenses.money(t.amount, t.currency), 'currency', expenses.currency_json(t.currency),
                   'group', case when g.id is not null then json_build_object('id', expenses.group_ref(g.id), 'name', g.name) end,
                   'status', t.status, 'method', t.method, 'description', t.description, 'due_date', t.due_date,
                   'created_at', iso_time(t.created_at), 'completed_at', iso_time(t.completed_at), 'notes', t.notes)
            from (select) as one
            left join expenses.expense_group g on g.id = t.group_id);
end $$;

-- A notification alone, of which no webhook hears.
create function notice_tell(product text, stream text, audience bigint[], notice json, request_id text default '') returns text
language sql volatile as $$
  select event_tell(product, 'notice', stream, audience, '{}', notice, request_id)
$$;

create function expenses.settlement_stream(t expenses.settlement) returns text
language sql immutable parallel safe as $$
  select coalesce('group/' || t.group_id, 'settlement/' || t.id)
$$;

-- What people are notified of a settlement. sender: who is not, since it is his doing; null: it is nobody's.
create function expenses.settlement_notice(t expenses.settlement, type text, title text, message text, priority text, sender bigint)
returns json
language plpgsql stable as $$
begin
  return json_build_object(
    'type', settlement_notice.type, 'priority', priority, 'sender_id', sender, 'message', message,
    'title', title || coalesce((select ' in ' || g.name from expenses.expense_group g where g.id = t.group_id), ''),
    'metadata', json_build_object('settlement_id', expenses.settlement_ref(t.id), 'group_id', expenses.group_ref(t.group_id)),
    'action_url', '/settlements/' || expenses.settlement_ref(t.id));
end $$;

-- A settlement is what its row says now: those it concerns are told. A group may know of what is asked, paid and taken back in it;
-- of attempts to pay only the two do. actor: who has done it, and is not notified; null: a payment has. The ticket of the event's
-- job; null: none of the events is about that.
create function expenses.settlement_tell(t expenses.settlement, actor bigint, request_id text) returns text
language plpgsql as $$
declare
  parties bigint[] := array[t.payer_id, t.payee_id];
  price   text := expenses.price(t.amount, t.currency);
  payer   text := expenses.person_name(t.payer_id);
  payee   text := expenses.person_name(t.payee_id);
  done    text := case t.status when 'pending' then 'created' when 'completed' then 'completed' when 'cancelled' then 'cancelled' end;
  said    text := case t.status when 'pending' then format('%s wants to settle %s with %s', payer, price, payee)
                                when 'completed' then format('%s paid %s %s', payer, payee, price)
                                when 'cancelled' then format('%s does not settle %s with %s any more', payer, price, payee) end;
begin
  perform live_tell('expenses', case when done is null or t.group_id is null then parties else expenses.group_audience(t.group_id) end,
                    'payment_update', json_build_object('settlement_id', expenses.settlement_ref(t.id), 'status', t.status, 'payer', payer,
                                                        'amount', expenses.money(t.amount, t.currency)));
  if done is not null and t.group_id is not null then
    perform expenses.note(t.group_id, null, coalesce(actor, t.payer_id), 'settlement_' || done, said,
                          json_build_object('settlement_id', expenses.settlement_ref(t.id),
                                            'amount', expenses.money(t.amount, t.currency)));
  end if;
  if done is null or done = 'cancelled' then
    return null;
  end if;
  return event_tell('expenses', 'settlement.' || done, expenses.settlement_stream(t), parties,
                    json_build_object('settlement', expenses.settlement_json(t)),
                    expenses.settlement_notice(t, case done when 'created' then 'settlement_requested' else 'settlement_completed' end,
                                               'Settlement', said, 'normal', actor), request_id);
end $$;

-- ---- who may do what ----

-- A settlement of an account's, as payer or payee. No row: he may not know of it. Who is in its group may; but it is not his.
create function expenses.settlement_of(settlement_id bigint, account_id bigint) returns setof expenses.settlement
language plpgsql stable rows 1 as $$
declare
  t expenses.settlement;
begin
  select * into t from expenses.settlement x where x.id = settlement_of.settlement_id;
  if settlement_of.account_id in (t.payer_id, t.payee_id) then
    return next t;
  elsif expenses.is_member(t.group_id, settlement_of.account_id) then
    perform refuse('MR403', 'The settlement is between two others');
  end if;
end $$;

-- The same, to be changed: its group is locked and its row is. Null: he may not know of it.
create function expenses.settlement_hold(settlement_id bigint, account_id bigint) returns expenses.settlement
language plpgsql as $$
declare
  t expenses.settlement;
begin
  select * into t from expenses.settlement_of(settlement_hold.settlement_id, settlement_hold.account_id);
  perform expenses.group_lock(t.group_id);
  select * into t from expenses.settlement x where x.id = t.id for update; -- as it is now that nobody else changes it
  return t;
end $$;

-- What is to be paid, or was, is open still, and both are there.
create function expenses.settlement_must_be_open(t expenses.settlement) returns void
language plpgsql as $$
begin
  if t.status not in ('pending', 'failed') then
    perform refuse('MR409', 'The settlement is ' || t.status);
  elsif t.group_id is not null
        and not (expenses.is_member(t.group_id, t.payer_id) and expenses.is_member(t.group_id, t.payee_id)) then
    perform refuse('MR409', 'One of the two is no longer a member of the group');
  end if;
end $$;

-- ---- a settlement's life ----

-- The zone that somebody lives in; UTC where nobody knows it any more.
create function expenses.zone_of(account_id bigint) returns text
language sql stable as $$
  select coalesce((select p.timezone from expenses.profile p where p.account_id = zone_of.account_id and zone_holds(p.timezone)), 'UTC')
$$;

-- Nine in the morning of a day, where somebody lives.
create function expenses.morning(account_id bigint, day date) returns timestamptz
language sql stable as $$
  select (day + time '09:00') at time zone expenses.zone_of(account_id)
$$;

-- The group that two share; refused when there is none, or when it is not told which.
create function expenses.group_shared(mine bigint, other bigint) returns bigint
language plpgsql stable as $$
declare
  found bigint[] := array(select m.group_id
                            from expenses.member m
                            join expenses.member o on o.group_id = m.group_id and o.account_id = other and o.status = 'active'
                            join expenses.expense_group g on g.id = m.group_id and g.is_active
                           where m.account_id = mine and m.status = 'active'
                           limit 2);
begin
  if found = '{}' then
    perform refuse('MR42R', 'is in none of your groups', 'payee_id');
  elsif cardinality(found) > 1 then
    perform refuse('MR422', 'must be said: you share several', 'group_id');
  end if;
  return found[1];
end $$;

-- Somebody is to pay somebody, which is what he asks for himself. group_id null: the only one that they share.
create function expenses.settlement_request(payer bigint, payee bigint, group_id bigint, amount numeric, currency text, description text,
                                            due_date date, request_id text)
returns table (body json, jobs text)
language plpgsql as $$
declare
  place bigint;
  today date := (now() at time zone expenses.zone_of(payer))::date;
  g     expenses.expense_group;
  t     expenses.settlement;
begin
  if payer = payee then
    perform refuse('MR422', 'must be somebody else', 'payee_id');
  end if;
  place := coalesce(settlement_request.group_id, expenses.group_shared(payer, payee));
  perform expenses.group_lock(place) where expenses.is_member(place, payer);
  select * into g from expenses.expense_group x where x.id = place and expenses.is_member(place, payer);
  perform refuse(w.code, w.message, w.field)
     from (values
       (g.id is null, 'MR42R', 'is none of your groups', 'group_id'),
       (not g.is_active, 'MR409', 'The group is not active', ''),
       (not expenses.is_member(place, payee), 'MR42R', 'is no member of the group', 'payee_id'),
       (settlement_request.currency <> g.currency, 'MR422', 'must be the group''s, ' || g.currency, 'currency'),
       (expenses.minor(settlement_request.amount, g.currency) is null, 'MR422', 'has more decimals than ' || g.currency, 'amount'),
       (settlement_request.due_date < today, 'MR422', 'is over', 'due_date'),
       (settlement_request.due_date > today + interval '10 years', 'MR422', 'is more than ten years ahead', 'due_date'),
       ((select count(*) >= 100 from expenses.settlement x
          where x.group_id = place and x.payer_id = payer and x.status in ('pending', 'processing', 'failed')),
        'MR409', 'A hundred settlements of yours are open in this group: end some of them first', '')) as w(bad, code, message, field)
    where w.bad
    limit 1;
  insert into expenses.settlement as x (payer_id, payee_id, group_id, amount, currency, description, due_date, remind_at)
  values (payer, payee, place, expenses.minor(settlement_request.amount, g.currency), g.currency,
          coalesce(settlement_request.description, ''), settlement_request.due_date,
          expenses.morning(payer, settlement_request.due_date - 1))
  returning x.* into t;
  return query select expenses.settlement_json(t), expenses.settlement_tell(t, payer, settlement_request.request_id);
end $$;

-- One of the two says that the money has changed hands, and that ends it.
create function expenses.settlement_confirm(settlement_id bigint, account_id bigint, confirmation text, method text, notes text,
                                            request_id text)
returns table (body json, jobs text)
language plpgsql as $$
declare
  t expenses.settlement := expenses.settlement_hold(settlement_confirm.settlement_id, settlement_confirm.account_id);
begin
  if t.id is null then
    return;
  elsif settlement_confirm.account_id <> (case confirmation when 'paid' then t.payer_id else t.payee_id end) then
    perform refuse('MR403', 'That it was paid is the payer''s to say, and that it was received the payee''s');
  end if;
  perform expenses.settlement_must_be_open(t);
  perform expenses.settlement_complete(t.id, settlement_confirm.method, settlement_confirm.notes, settlement_confirm.account_id);
  select * into t from expenses.settlement x where x.id = t.id;
  return query select expenses.settlement_json(t),
                      expenses.settlement_tell(t, settlement_confirm.account_id, settlement_confirm.request_id);
end $$;

-- It is not to be paid any more. What is being paid ends as the payment does.
create function expenses.settlement_cancel(settlement_id bigint, account_id bigint, request_id text)
returns table (body json, jobs text)
language plpgsql as $$
declare
  t expenses.settlement := expenses.settlement_hold(settlement_cancel.settlement_id, settlement_cancel.account_id);
begin
  if t.id is null then
    return;
  elsif t.status not in ('pending', 'failed') then
    perform refuse('MR409', 'The settlement is ' || t.status);
  end if;
  update expenses.settlement x set status = 'cancelled', updated_at = now() where x.id = t.id returning x.* into t;
  return query select expenses.settlement_json(t),
                      expenses.settlement_tell(t, settlement_cancel.account_id, settlement_cancel.request_id);
end $$;

-- ---- payments ----

-- What had failed and was taken after all is no reason to take it again, but true: it stands beside the payment that was made
-- instead.
alter table billing.payment add late boolean not null default false;
drop index billing.payment_once;
create unique index payment_once on billing.payment (account_id, purpose)
 where purpose is not null and status not in ('failed', 'canceled') and not late;

create function billing.payment_late() returns trigger
language plpgsql as $$
begin
  new.late := true;
  return new;
end $$;
create trigger payment_late before update of status on billing.payment
  for each row when (old.status in ('failed', 'canceled') and new.status not in ('failed', 'canceled'))
  execute function billing.payment_late();

-- The payer has it paid with one of his payment methods, once.
create function expenses.settlement_pay(settlement_id bigint, account_id bigint, payment_method text, amount numeric, currency text,
                                        request_id text)
returns table (body json, jobs text)
language plpgsql as $$
declare
  t expenses.settlement;
  p record;
begin
  perform from billing.payment x
    where x.account_id = settlement_pay.account_id and x.purpose = expenses.settlement_ref(settlement_pay.settlement_id)
    order by x.id
      for update;
  t := expenses.settlement_hold(settlement_pay.settlement_id, settlement_pay.account_id);
  if t.id is null then
    return;
  elsif t.payer_id <> settlement_pay.account_id then
    perform refuse('MR403', 'Only its payer pays it');
  end if;
  perform expenses.settlement_must_be_open(t);
  perform refuse(case w.field when 'payment_method_id' then 'MR42R' else 'MR422' end, w.message, w.field)
     from (values
       (settlement_pay.currency <> t.currency, 'must be the settlement''s', 'currency'),
       (settlement_pay.amount <> billing.money(t.amount, t.currency), 'must be the settlement''s', 'amount'),
       (not exists (select from billing.payment_method m
                     where m.id = settlement_pay.payment_method and m.account_id = settlement_pay.account_id and m.detached_at is null),
        'is none of your payment methods', 'payment_method_id')) as w(bad, message, field)
    where w.bad
    limit 1;
  update expenses.settlement x set status = 'processing', method = 'stripe', updated_at = now() where x.id = t.id returning x.* into t;
  select * into p from billing.pay(t.payer_id, 'expenses', expenses.settlement_ref(t.id), settlement_pay.payment_method, t.amount,
                                   t.currency, coalesce(nullif(t.description, ''), 'Settlement'), settlement_pay.request_id);
  perform expenses.settlement_tell(t, t.payer_id, settlement_pay.request_id);
  return query select json_build_object('payment_id', expenses.payment_ref(p.id), 'status', 'processing',
                                        'external_transaction_id', null, 'processed_at', null), p.ticket;
end $$;

-- What is to be told of a payment that was taken though its settlement had ended in another way: the two have to put it right.
create function expenses.paid_besides(t expenses.settlement) returns json
language sql stable as $$
  select expenses.settlement_notice(t, 'settlement_completed', 'Paid besides',
           format('%s was charged %s for a settlement with %s that is %s already: settle between you what was paid too much',
                  expenses.person_name(t.payer_id), expenses.price(t.amount, t.currency), expenses.person_name(t.payee_id), t.status),
           'high', null)
$$;

-- A payment of a settlement has come to an end, and with it the settlement: completed, or failed unless another payment of it is
-- under way. What somebody has ended meanwhile stays as it is. A card's payment is nobody's word, so both are notified of it; why
-- one failed (there was too little in an account, a card was stolen) only the payer hears.
create function expenses.payment_changed() returns trigger
language plpgsql as $$
declare
  t         expenses.settlement;
  paid      boolean := new.status = 'succeeded';
  completed boolean := false;
begin
  select * into t from expenses.settlement x where x.id = substr(new.purpose, 5)::bigint and x.payer_id = new.account_id;
  perform expenses.group_lock(t.group_id);
  select * into t from expenses.settlement x where x.id = t.id for update;
  if t.id is null then
    return null;
  end if;
  if paid then
    completed := expenses.settlement_complete(t.id, 'stripe');
  else
    update expenses.settlement x set status = 'failed', method = 'manual', updated_at = now()
     where x.id = t.id and x.status = 'processing' and not exists (
             select from billing.payment p
              where p.account_id = new.account_id and p.purpose = new.purpose and p.status not in ('failed', 'canceled'));
  end if;
  select * into t from expenses.settlement x where x.id = t.id;
  perform event_tell('expenses', case when paid then 'payment.completed' else 'payment.failed' end, expenses.settlement_stream(t),
                     a.audience,
                     json_over(json_build_object('payment_id', expenses.payment_ref(new.id), 'settlement_id', new.purpose,
                                                 'amount', expenses.money(t.amount, t.currency), 'currency', t.currency,
                                                 'status', case when paid then 'completed' else 'failed' end), a.more),
                     case when paid and not completed then expenses.paid_besides(t) end)
     from (values (paid, array[t.payer_id, t.payee_id], json_build_object('external_transaction_id', new.stripe_charge_id,
                                                                          'processed_at', iso_time(new.payment_date))),
                  (not paid, array[t.payer_id], json_build_object('error_code', 'PAYMENT_FAILED', 'error_message', new.error)),
                  (not paid, array[t.payee_id], json_build_object('error_code', 'PAYMENT_FAILED', 'error_message', 'The payment failed.'))
          ) as a(holds, audience, more)
    where a.holds;
  if completed then
    perform expenses.settlement_tell(t, null, '');
  elsif t.status = 'failed' then
    perform expenses.settlement_tell(t, null, ''),
            notice_tell('expenses', expenses.settlement_stream(t), array[t.payer_id],
                        expenses.settlement_notice(t, 'payment_due', 'Payment failed', format('Your payment of %s to %s failed: %s',
                          expenses.price(t.amount, t.currency), expenses.person_name(t.payee_id),
                          coalesce(new.error, 'the payment service did not take it')), 'high', null));
  end if;
  return null;
end $$;
create trigger payment_changed after update of status on billing.payment
  for each row when (new.purpose ~ '^stl_[0-9]{1,18}$' and new.status <> old.status
                     and (new.status = 'succeeded' or new.status in ('failed', 'canceled') and old.status not in ('failed', 'canceled')))
  execute function expenses.payment_changed();

-- ---- reminders ----

-- Tell payers of what is due within a day or was: in the morning where they live, once a day, seven times in all, and not any more a
-- month after it was due. Groups that want no reminders are looked at again the next day. Tickets of the jobs that tell them.
create function expenses.remind(most integer) returns setof text
language sql as $$
  with due as materialized (
    select t.id, (g.settings ->> 'auto_reminder')::boolean as wanted, (now() at time zone expenses.zone_of(t.payer_id))::date as today
      from expenses.settlement t
      join expenses.expense_group g on g.id = t.group_id
     where t.status = 'pending' and t.remind_at <= now()
     order by t.remind_at
     limit most
       for update of t skip locked),
  looked as (
    update expenses.settlement t
       set reminders = t.reminders + d.wanted::integer,
           remind_at = case when t.reminders + d.wanted::integer < 7 and d.today < t.due_date + 30
                            then expenses.morning(t.payer_id, d.today + 1) end
      from due d
     where t.id = d.id
    returning t as t, d.wanted, d.today)
  select notice_tell('expenses', expenses.settlement_stream((l.t)), array[(l.t).payer_id],
                     expenses.settlement_notice(l.t, 'payment_due', 'Payment due', format('%s to %s %s on %s',
                       expenses.price((l.t).amount, (l.t).currency), expenses.person_name((l.t).payee_id),
                       case when (l.t).due_date < l.today then 'was due' else 'is due' end, (l.t).due_date),
                       case when (l.t).due_date < l.today then 'high' else 'normal' end, null))
    from looked l
   where l.wanted
$$;

-- ---- what there was before ----

-- Expenses and settlements of groups that were there come into the books as they stand.
select expenses.book(e.id, 1) from expenses.expense e where e.group_id is not null and e.deleted_at is null;
update expenses.member m
   set paid = m.paid + coalesce((select sum(t.amount) from expenses.settlement t
                                  where t.group_id = m.group_id and t.payer_id = m.account_id and t.status = 'completed'), 0),
       owed = m.owed + coalesce((select sum(t.amount) from expenses.settlement t
                                  where t.group_id = m.group_id and t.payee_id = m.account_id and t.status = 'completed'), 0);
insert into expenses.debt as d (group_id, debtor_id, creditor_id, paid)
select t.group_id, t.payer_id, t.payee_id, sum(t.amount)
  from expenses.settlement t
 where t.group_id is not null and t.status = 'completed'
 group by t.group_id, t.payer_id, t.payee_id
on conflict (group_id, debtor_id, creditor_id) do update set paid = d.paid + excluded.paid;
