-- What was spent, step by step: steps without an expense as well. The first one begins where the report does.
with q as materialized (
  select s.*, expenses.report_step(s.day_from, s.day_to) as step
    from expenses.report_scope(:account_id::bigint, :filters::json) s),
spent as (
  select date_trunc(q.step, e.expense_date)::date as day, sum(e.counted) as amount, count(*) as n
    from q
    join expenses.report_expenses(:account_id::bigint, :filters::json) e on e.counted is not null
   group by 1)
select greatest(d.day::date, q.day_from) as day, coalesce(s.amount, 0) || ' ' || q.currency as amount, coalesce(s.n, 0) as n
  from q
 cross join lateral generate_series(date_trunc(q.step, q.day_from::timestamp), q.day_to::timestamp, ('1 ' || q.step)::interval) as d(day)
  left join spent s on s.day = d.day::date
 where exists (select from spent)
 order by d.day
