-- Each expense, the latest first
select e.expense_date as day, e.title, coalesce(c.name, 'Uncategorized') as category, g.name as "group",
       p.first_name || ' ' || p.last_name as payer, e.amount || ' ' || e.currency as amount, e.own || ' ' || e.currency as own
  from expenses.report_expenses(:account_id::bigint, :filters::json) e
  left join expenses.category c on c.id = e.category_id
  left join expenses.expense_group g on g.id = e.group_id
  left join expenses.profile p on p.account_id = e.paid_by
 order by e.expense_date desc, e.id desc
