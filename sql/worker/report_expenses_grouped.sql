-- By what was asked for: category, group, payer or month
with q as materialized (
  select * from expenses.report_scope(:account_id::bigint, :filters::json)),
named as (
  select case coalesce(:group_by::text, 'category')
              when 'category' then coalesce(p.name, c.name, 'Uncategorized')
              when 'group' then coalesce(g.name, 'Personal')
              when 'payer' then coalesce(f.first_name || ' ' || f.last_name, 'Somebody')
              else to_char(e.expense_date, 'YYYY-MM') end as name, e.counted, q.currency
    from q
    join expenses.report_expenses(:account_id::bigint, :filters::json) e on e.counted is not null
    left join expenses.category c on c.id = e.category_id
    left join expenses.category p on p.id = c.parent_id
    left join expenses.expense_group g on g.id = e.group_id
    left join expenses.profile f on f.account_id = e.paid_by)
select n.name, count(*) as n, sum(n.counted) || ' ' || n.currency as amount,
       coalesce(round(sum(n.counted) * 100 / nullif(sum(sum(n.counted)) over (), 0), 1), 0) as share
  from named n
 group by n.name, n.currency
 order by case when :group_by::text = 'month' then n.name end, sum(n.counted) desc, n.name
