-- SPDX-License-Identifier: GPL-3.0-or-later
-- Reports: what was asked for and what became of it, and what the Expense Tracker's are made of.

create table report (
  id           bigint generated always as identity primary key,
  job_id       uuid not null unique,
  product      text not null,
  account_id   bigint not null references account,
  type         text not null,
  format       text not null,
  status       text not null default 'processing' check (status in ('processing', 'completed', 'failed', 'expired')),
  error        text,
  file_id      bigint references file,
  file_size    bigint,
  requested_at timestamptz not null default now(),
  generated_at timestamptz,
  expires_at   timestamptz not null default now() + interval '7 days'
);
create index report_of on report (account_id, id);
create index report_ends on report (expires_at) where status = 'completed';

create function report_ref(id bigint) returns text
language sql immutable parallel safe as $$ select 'rpt_' || id::text $$;

-- Where it may be fetched until it expires; a link ends with an hour of the clock, so this one does with the last.
create function report_link(r report, base text) returns text
language sql stable as $$
  select file_link(f, base, (ceil(extract(epoch from r.expires_at) / 3600) - floor(extract(epoch from now()) / 3600))::integer, true)
    from file f
   where f.id = r.file_id and f.deleted_at is null and r.status = 'completed' and r.expires_at > now()
$$;

-- ---- Expense Tracker ----

-- Who asked is told when it is there, unless he does not want to be.
create function expenses.report_told() returns trigger
language plpgsql as $$
begin
  insert into expenses.notification (account_id, type, title, message, metadata)
  select new.account_id, 'report_ready', 'Your report is ready',
         format('The report "%s" can be downloaded until %s.', replace(new.type, '_', ' '), iso_time(new.expires_at)),
         json_build_object('report_id', report_ref(new.id), 'format', new.format)
   where not exists (select from expenses.notice_choice c
                      where c.account_id = new.account_id and c.type = 'report_ready' and not c.enabled);
  return null;
end $$;
create trigger report_told after update of status on report
  for each row when (new.product = 'expenses' and new.status = 'completed' and old.status <> 'completed')
  execute function expenses.report_told();

-- What a report is about: the filters with what stands for those that were not given (the month that is now where its owner
-- lives), and the currency that its figures are in: of the one group that was asked for, else of the owner.
create function expenses.report_scope(account_id bigint, filters json,
                                      out day_from date, out day_to date, out group_ids bigint[], out category_ids integer[],
                                      out currency text, out zone text)
language plpgsql stable as $$
declare
  today date;
begin
  select p.preferred_currency, p.timezone into currency, zone from expenses.profile p where p.account_id = report_scope.account_id;
  today := (now() at time zone coalesce(zone, 'UTC'))::date;
  day_to := coalesce((filters ->> 'date_to')::date,
                     (date_trunc('month', greatest(today, (filters ->> 'date_from')::date)) + interval '1 month - 1 day')::date);
  day_from := coalesce((filters ->> 'date_from')::date, date_trunc('month', day_to)::date);
  group_ids := array(select substr(g.ref, 5)::bigint from json_array_elements_text(filters -> 'group_ids') as g(ref)
                       join expenses.member m on m.group_id = substr(g.ref, 5)::bigint
                        and m.account_id = report_scope.account_id and m.status = 'active');
  if json_array_length(filters -> 'group_ids') > 0 and cardinality(group_ids) = 0 then
    group_ids := '{0}'; -- groups that have been left meanwhile: nothing is to be seen of them
  elsif coalesce(json_array_length(filters -> 'group_ids'), 0) = 0 then
    group_ids := null;
  end if;
  if json_array_length(filters -> 'category_ids') > 0 then
    category_ids := array(select c.id from json_array_elements_text(filters -> 'category_ids') as f(ref)
                            join expenses.category c on substr(f.ref, 5)::integer in (c.id, c.parent_id));
  end if;
  currency := coalesce((select g.currency from expenses.expense_group g
                         where cardinality(group_ids) = 1 and g.id = group_ids[1]), currency, 'USD');
end $$;

-- The expenses of a report. counted is what it counts: without groups the owner's share, with groups the whole amount.
create function expenses.report_expenses(account_id bigint, filters json)
returns table (id bigint, expense_date date, title text, vendor text, category_id integer, group_id bigint, paid_by bigint,
               amount bigint, currency text, own bigint, counted bigint, receipt_id bigint)
language sql stable as $$
  select e.id, e.expense_date, e.title, e.vendor, e.category_id, e.group_id, e.paid_by, e.amount, e.currency, s.amount,
         s.amount, e.receipt_id
    from expenses.report_scope(report_expenses.account_id, filters) q
    join expenses.share s on s.account_id = report_expenses.account_id
    join expenses.expense e on e.id = s.expense_id and e.deleted_at is null and e.expense_date between q.day_from and q.day_to
   where q.group_ids is null and (q.category_ids is null or e.category_id = any (q.category_ids))
  union all
  select e.id, e.expense_date, e.title, e.vendor, e.category_id, e.group_id, e.paid_by, e.amount, e.currency,
         coalesce(s.amount, 0), e.amount, e.receipt_id
    from expenses.report_scope(report_expenses.account_id, filters) q
    join expenses.expense e on e.group_id = any (q.group_ids) and e.deleted_at is null
                           and e.expense_date between q.day_from and q.day_to
    left join expenses.share s on s.expense_id = e.id and s.account_id = report_expenses.account_id
   where q.category_ids is null or e.category_id = any (q.category_ids)
$$;

-- The settlements of a report: the owner's, or all of the groups that were asked for.
create function expenses.report_settlements(account_id bigint, filters json) returns setof expenses.settlement
language sql stable as $$
  select s.*
    from expenses.report_scope(report_settlements.account_id, filters) q
    join expenses.settlement s on (s.created_at at time zone coalesce(q.zone, 'UTC'))::date between q.day_from and q.day_to
                              and case when q.group_ids is null then report_settlements.account_id in (s.payer_id, s.payee_id)
                                       else s.group_id = any (q.group_ids) end
$$;

-- The day a span of a chart begins with: days of up to two months, weeks of up to a year, else months.
create function expenses.report_step(day_from date, day_to date) returns text
language sql immutable parallel safe as $$
  select case when day_to - day_from <= 62 then 'day' when day_to - day_from <= 400 then 'week' else 'month' end
$$;
