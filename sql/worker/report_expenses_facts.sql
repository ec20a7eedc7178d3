-- The figures of a period, and how it compares with the one before it, which is as long
with q as materialized (
  select * from expenses.report_scope(:account_id::bigint, :filters::json)),
now_ as (
  select coalesce(sum(e.counted), 0) as total, count(*) as n, coalesce(max(e.counted), 0) as largest
    from q
    join expenses.report_expenses(:account_id::bigint, :filters::json) e on e.counted is not null),
before as (
  select sum(e.counted) as total
    from q
    join expenses.report_expenses(:account_id::bigint, json_over(:filters::json, json_build_object(
           'date_from', q.day_from - (q.day_to - q.day_from + 1), 'date_to', q.day_from - 1))) e on e.counted is not null),
top as (
  select coalesce(p.name, c.name, 'Uncategorized') as name
    from q
    join expenses.report_expenses(:account_id::bigint, :filters::json) e on e.counted is not null
    left join expenses.category c on c.id = e.category_id
    left join expenses.category p on p.id = c.parent_id
   group by 1
   order by sum(e.counted) desc, 1
   limit 1)
select f.label, f.type, f.value
  from q, now_, before
 cross join lateral (values
         (1, case when q.group_ids is null then 'Your share in all' else 'Spent in all' end, 'money', now_.total || ' ' || q.currency),
         (2, 'Expenses', 'integer', now_.n::text),
         (3, 'Average', 'money', case when now_.n > 0 then round(now_.total / now_.n) || ' ' || q.currency end),
         (4, 'Largest', 'money', case when now_.n > 0 then now_.largest || ' ' || q.currency end),
         (5, 'Against the period before', 'percent',
          case when before.total > 0 then round((now_.total - before.total) * 100 / before.total, 1)::text end),
         (6, 'Most was spent on', 'text', (select name from top))) as f(n, label, type, value)
 where f.value is not null
 order by f.n
