-- What each member has paid and had in the period, and how they stand at its end: what was paid less what was had, with all
-- that was settled
with q as materialized (
  select * from expenses.report_scope(:account_id::bigint, :filters::json))
select g.name as "group", coalesce(expenses.person_name(m.account_id), m.email) as member,
       coalesce(paid.now_, 0) || ' ' || g.currency as paid, coalesce(had.now_, 0) || ' ' || g.currency as share,
       coalesce(paid.ever, 0) - coalesce(had.ever, 0) + coalesce(settled.net, 0) || ' ' || g.currency as balance
  from q
 cross join lateral expenses.report_groups(:account_id::bigint, q.group_ids) g
  join expenses.member m on m.group_id = g.id and m.status = 'active'
 cross join lateral (
         select sum(e.amount) as ever, sum(e.amount) filter (where e.expense_date >= q.day_from) as now_
           from expenses.expense e
          where e.group_id = g.id and e.paid_by = m.account_id and e.currency = g.currency and e.deleted_at is null
            and e.expense_date <= q.day_to) as paid
 cross join lateral (
         select sum(s.amount) as ever, sum(s.amount) filter (where e.expense_date >= q.day_from) as now_
           from expenses.expense e
           join expenses.share s on s.expense_id = e.id and s.account_id = m.account_id
          where e.group_id = g.id and e.currency = g.currency and e.deleted_at is null and e.expense_date <= q.day_to) as had
 cross join lateral (
         select sum(case when t.payer_id = m.account_id then t.amount else -t.amount end) as net
           from expenses.settlement t
          where t.group_id = g.id and t.currency = g.currency and t.status = 'completed'
            and m.account_id in (t.payer_id, t.payee_id)
            and (t.completed_at at time zone coalesce(q.zone, 'UTC'))::date <= q.day_to) as settled
 order by g.name, g.id, member
