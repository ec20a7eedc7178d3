-- What was spent in a period, against the one before it, which is as long, and on what
with q as materialized (
  select r.day_from, r.day_to, r.currency, r.day_from - (r.day_to - r.day_from + 1) as day_before
    from expenses.analytics_range(:account_id::bigint, :group_id::bigint, expenses.period_step(:period::text), :date_from::date,
                                  :date_to::date) r),
part as materialized (
  select s.day >= q.day_from as is_now, s.category_id, s.currency, count(s.counted) as n, sum(s.counted) as counted,
         sum(s.amount) filter (where s.counted is null) as left_out
    from q
   cross join lateral expenses.spent(:account_id::bigint, :group_id::bigint, q.day_before, q.day_to, q.currency) s
   group by 1, 2, 3),
whole as (
  select coalesce(sum(p.counted) filter (where p.is_now), 0) as amount, coalesce(sum(p.n) filter (where p.is_now), 0) as n,
         coalesce(sum(p.counted) filter (where not p.is_now), 0) as before
    from part p),
top as (
  select coalesce(c.parent_id, c.id) as id, sum(p.n) as n, sum(p.counted) as amount
    from part p
    join expenses.category c on c.id = p.category_id
   where p.is_now and p.n > 0
   group by 1
   order by amount desc, id
   limit 5),
without as (
  select p.is_now, p.currency, sum(p.left_out) as amount from part p where p.left_out is not null group by 1, 2)
select json_build_object(
         'period', :period::text,
         'date_range', json_build_object('from', q.day_from, 'to', q.day_to),
         'summary', json_build_object(
            'total_expenses', expenses.money_sum(w.amount, q.currency), 'expense_count', w.n,
            'average_expense', expenses.money_sum(coalesce(round(w.amount / nullif(w.n, 0)), 0), q.currency),
            'currency', q.currency),
         'comparison', json_build_object('previous_period', json_build_object(
            'total_expenses', expenses.money_sum(w.before, q.currency),
            'change_percentage', round((w.amount - w.before) * 100 / nullif(w.before, 0), 1),
            'date_range', json_build_object('from', q.day_before, 'to', q.day_from - 1),
            'unconverted', (select coalesce(json_agg(expenses.money_json(o.amount, o.currency) order by o.currency), '[]')
                              from without o where not o.is_now))),
         'top_categories', (select coalesce(json_agg(json_build_object(
                                     'category', c.name, 'amount', expenses.money_sum(t.amount, q.currency),
                                     'percentage', expenses.percentage(t.amount, w.amount), 'count', t.n)
                                   order by t.amount desc, t.id), '[]')
                              from top t join expenses.category c on c.id = t.id),
         'unconverted', (select coalesce(json_agg(expenses.money_json(o.amount, o.currency) order by o.currency), '[]')
                           from without o where o.is_now)) as body
  from q, whole w
