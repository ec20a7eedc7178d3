-- What was spent, step by step, and where that leads to. A step is named by its first day in the range. Steps that are still to
-- come are shown; figures are of the days that have come, unless none has
with q as materialized (
  select r.day_from, r.day_to, r.currency, expenses.period_step(:period::text) as step,
         case when r.today < r.day_from then r.day_to else least(r.day_to, r.today) end as day_until
    from expenses.analytics_range(:account_id::bigint, :group_id::bigint,
           case :period::text when 'daily' then 'month' when 'yearly' then 'decade' else 'year' end,
           :date_from::date, :date_to::date) r
   where :category_id::bigint is null
      or exists (select from expenses.category c where c.id = :category_id::bigint)
      or refuse('MR42R', 'names a category that there is not', 'category_id') is null),
step as materialized (
  select greatest(g.start::date, q.day_from) as day
    from q
   cross join lateral generate_series(date_trunc(q.step, q.day_from::timestamp), q.day_to::timestamp,
                                      ('1 ' || q.step)::interval) as g(start)),
wrong as (
  select refuse('MR422', 'gives more than 400 steps: ask for longer ones', 'period') as refused
   where (select count(*) from step) > 400),
part as materialized (
  select s.day, s.currency, count(s.counted) as n, sum(s.counted) as counted,
         sum(s.amount) filter (where s.counted is null) as left_out
    from q
   cross join lateral expenses.spent(:account_id::bigint, :group_id::bigint, q.day_from, q.day_to, q.currency) s
   where :category_id::bigint is null
      or s.category_id in (select c.id from expenses.category c where :category_id::bigint in (c.id, c.parent_id))
   group by 1, 2),
daily as materialized (
  select p.day, sum(p.n) as n, sum(p.counted) as amount from part p where p.n > 0 group by 1),
stepped as (
  select greatest(date_trunc(q.step, d.day::timestamp)::date, q.day_from) as day, sum(d.n) as n, sum(d.amount) as amount
    from q, daily d
   group by 1),
halves as (
  select coalesce(sum(d.amount), 0) as amount,
         coalesce(sum(d.amount) filter (where d.day < q.day_from + (q.day_until - q.day_from + 1) / 2), 0) as first,
         coalesce(sum(d.amount) filter (where d.day > q.day_until - (q.day_until - q.day_from + 1) / 2), 0) as second
    from q
    join daily d on d.day <= q.day_until),
peak as (
  select d.day, d.amount from q join daily d on d.day <= q.day_until where d.amount > 0 order by d.amount desc, d.day limit 1)
select json_build_object(
         'trends', (select json_agg(json_build_object(
                             'date', s.day, 'amount', expenses.money_sum(coalesce(t.amount, 0), q.currency),
                             'expense_count', coalesce(t.n, 0)) order by s.day)
                      from step s left join stepped t on t.day = s.day),
         'statistics', json_build_object(
            'average_daily', expenses.money_sum(round(h.amount / (q.day_until - q.day_from + 1)), q.currency),
            'peak_day', (select p.day from peak p),
            'peak_amount', expenses.money_sum(coalesce((select p.amount from peak p), 0), q.currency),
            'trend_direction', case when abs(h.second - h.first) * 100 <= h.first then 'stable'
                                    when h.second > h.first then 'increasing' else 'decreasing' end,
            'trend_percentage', round((h.second - h.first) * 100 / nullif(h.first, 0), 1)),
         'period', :period::text,
         'date_range', json_build_object('from', q.day_from, 'to', q.day_to),
         'currency', q.currency,
         'unconverted', (select coalesce(json_agg(expenses.money_json(o.amount, o.currency) order by o.currency), '[]')
                           from (select p.currency, sum(p.left_out) as amount
                                   from part p where p.left_out is not null group by 1) as o)) as body
  from q, halves h
 where (select count(w.refused) from wrong w) = 0
