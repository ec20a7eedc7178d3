-- SPDX-License-Identifier: GPL-3.0-or-later
-- Expense Tracker: what was spent, in figures of one currency. Reports count amounts in other currencies, and take what groups
-- owe from the books.

-- ---- analytics ----

-- The step of date_trunc() and of an interval that a period's name stands for.
create function expenses.period_step(period text) returns text
language sql immutable parallel safe as $$
  select case period when 'daily' then 'day' when 'weekly' then 'week' when 'monthly' then 'month' else 'year' end
$$;

-- The days that figures are of: those that were asked for, else those of the span (day, week, month, year, decade) that is now
-- where the caller lives. And the caller's currency. No row: there is no such group that the caller is in.
create function expenses.analytics_range(account_id bigint, group_id bigint, span text, date_from date, date_to date)
returns table (day_from date, day_to date, today date, currency text)
language plpgsql stable as $$
declare
  zone text;
begin
  if group_id is not null and not expenses.is_member(group_id, account_id) then
    return;
  end if;
  select p.preferred_currency, p.timezone into currency, zone
    from expenses.profile p where p.account_id = analytics_range.account_id;
  currency := coalesce(currency, 'USD');
  today := (now() at time zone coalesce(zone, 'UTC'))::date;
  day_from := coalesce(date_from, date_trunc(span, coalesce(date_to, today)::timestamp)::date);
  day_to := coalesce(date_to, (date_trunc(span, greatest(today, date_from)::timestamp) + ('1 ' || span)::interval)::date - 1);
  if day_to < day_from then
    perform refuse('MR422', 'is before date_from', 'date_to');
  elsif day_to >= day_from + interval '10 years' then
    perform refuse('MR422', 'is more than ten years before the end', 'date_from');
  end if;
  return next;
end $$;

-- What was spent: the account's shares, or, of a group, its whole expenses as they are booked. counted: in the currency that
-- was asked for, at the rate of the expense's day; null: there is none. It becomes part of the statement that names it, and
-- looks up each rate once.
create function expenses.spent(account_id bigint, group_id bigint, day_from date, day_to date, target text)
returns table (day date, category_id integer, currency text, amount bigint, counted numeric)
language sql stable as $$
  with found as materialized (
    select s.day, s.category_id, s.currency, s.amount
      from expenses.share s
     where spent.group_id is null and s.account_id = spent.account_id and s.live and s.day between day_from and day_to
    union all
    select e.expense_date, e.category_id, g.currency, e.booked
      from expenses.expense_group g
      join expenses.expense e on e.group_id = g.id and e.deleted_at is null and e.expense_date between day_from and day_to
     where g.id = spent.group_id),
  rate as materialized (
    select p.currency, p.day, f.times, f.per
      from (select distinct found.currency, found.day from found where found.currency <> target) as p
     cross join lateral expenses.fx_fraction(p.currency, target, p.day) f)
  select f.day, f.category_id, f.currency, f.amount,
         case when f.currency = target then f.amount else round(f.amount * r.times / r.per) end
    from found f
    left join rate r on r.currency = f.currency and r.day = f.day
$$;

-- A sum of minor units, as this product writes money: sums may be beyond what an amount can be.
create function expenses.money_sum(minor numeric, currency text) returns text
language sql immutable parallel safe as $$
  select (round(minor) * expenses.unit(currency))::text
$$;

create function expenses.money_json(minor numeric, currency text) returns json
language sql immutable parallel safe as $$
  select json_build_object('currency', currency, 'amount', expenses.money_sum(minor, currency))
$$;

-- A part in per cent of the whole, to one decimal if it needs one, half away from zero; of nothing 0.
create function expenses.percentage(part numeric, whole numeric) returns numeric
language sql immutable parallel safe as $$
  select coalesce(trim_scale(round(part * 100 / nullif(whole, 0), 1)), 0)
$$;

-- ---- reports ----

-- The expenses of a report. counted is what it counts, in its own currency at the rate of the expense's day: without groups the
-- owner's share, with groups the whole amount as it is booked; null: there is no rate of source, which it would come from.
drop function expenses.report_expenses(bigint, json);
create function expenses.report_expenses(account_id bigint, filters json)
returns table (id bigint, expense_date date, title text, vendor text, category_id integer, group_id bigint, paid_by bigint,
               amount bigint, currency text, own bigint, source text, counted numeric, receipt_id bigint)
language sql stable as $$
  select x.id, x.expense_date, x.title, x.vendor, x.category_id, x.group_id, x.paid_by, x.amount, x.currency, x.own, x.source,
         case when x.source = x.target then x.base else round(x.base * f.times / f.per) end, x.receipt_id
    from (select e.*, s.amount as own, s.amount as base, e.currency as source, q.currency as target
            from expenses.report_scope(report_expenses.account_id, filters) q
            join expenses.share s on s.account_id = report_expenses.account_id and s.live and s.day between q.day_from and q.day_to
            join expenses.expense e on e.id = s.expense_id
           where q.group_ids is null and (q.category_ids is null or s.category_id = any (q.category_ids))
          union all
          select e.*, coalesce(s.amount, 0), e.booked, g.currency, q.currency
            from expenses.report_scope(report_expenses.account_id, filters) q
            join expenses.expense_group g on g.id = any (q.group_ids)
            join expenses.expense e on e.group_id = g.id and e.deleted_at is null
                                   and e.expense_date between q.day_from and q.day_to
            left join expenses.share s on s.expense_id = e.id and s.account_id = report_expenses.account_id
           where q.category_ids is null or e.category_id = any (q.category_ids)) as x
    left join lateral expenses.fx_fraction(x.source, x.target, x.expense_date) f on true
$$;

-- The settlements of a report, with what each counts in its currency, at the rate of the day it was completed on or else was
-- asked for; null: there is none.
create function expenses.report_settled(account_id bigint, filters json)
returns table (payer_id bigint, payee_id bigint, status text, completed date, currency text, counted numeric)
language sql stable as $$
  select s.payer_id, s.payee_id, s.status, (s.completed_at at time zone coalesce(q.zone, 'UTC'))::date, s.currency,
         case when s.currency = q.currency then s.amount else round(s.amount * f.times / f.per) end
    from expenses.report_scope(report_settled.account_id, filters) q
   cross join expenses.report_settlements(report_settled.account_id, filters) s
    left join lateral expenses.fx_fraction(s.currency, q.currency,
                (coalesce(s.completed_at, s.created_at) at time zone coalesce(q.zone, 'UTC'))::date) f on true
$$;
