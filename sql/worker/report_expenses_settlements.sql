-- Each settlement, the latest first
select (s.created_at at time zone coalesce(q.zone, 'UTC'))::date as day, expenses.person_name(s.payer_id) as payer,
       expenses.person_name(s.payee_id) as payee, g.name as "group", s.description, s.status, s.method,
       (s.completed_at at time zone coalesce(q.zone, 'UTC'))::date as completed, s.amount || ' ' || s.currency as amount
  from expenses.report_scope(:account_id::bigint, :filters::json) q
 cross join expenses.report_settlements(:account_id::bigint, :filters::json) s
  left join expenses.expense_group g on g.id = s.group_id
 order by s.created_at desc, s.id desc
