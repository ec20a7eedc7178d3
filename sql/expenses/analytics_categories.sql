-- What was spent on what: each category with what is in it, and what has none
with q as materialized (
  select r.day_from, r.day_to, r.currency
    from expenses.analytics_range(:account_id::bigint, :group_id::bigint, 'month', :date_from::date, :date_to::date) r),
part as materialized (
  select s.category_id, s.currency, count(s.counted) as n, sum(s.counted) as counted,
         sum(s.amount) filter (where s.counted is null) as left_out
    from q
   cross join lateral expenses.spent(:account_id::bigint, :group_id::bigint, q.day_from, q.day_to, q.currency) s
   group by 1, 2),
low as materialized (
  select coalesce(c.parent_id, c.id) as top_id, c.id, sum(p.n) as n, sum(p.counted) as amount
    from part p
    left join expenses.category c on c.id = p.category_id
   where p.n > 0
   group by 1, 2),
high as materialized (
  select l.top_id as id, sum(l.n) as n, sum(l.amount) as amount from low l group by 1),
whole as (
  select coalesce(sum(h.amount), 0) as amount from high h)
select json_build_object(
         'categories', (
            select coalesce(json_agg(json_build_object(
                     'id', expenses.category_ref(c.id), 'name', c.name, 'amount', expenses.money_sum(h.amount, q.currency),
                     'percentage', expenses.percentage(h.amount, w.amount), 'expense_count', h.n,
                     'average_expense', expenses.money_sum(round(h.amount / h.n), q.currency),
                     'subcategories', (
                        select json_agg(json_build_object(
                                 'name', case when l.id = h.id then 'General' else s.name end,
                                 'amount', expenses.money_sum(l.amount, q.currency),
                                 'percentage', expenses.percentage(l.amount, h.amount)) order by l.amount desc, l.id)
                          from low l join expenses.category s on s.id = l.id
                         where l.top_id = h.id)) order by h.amount desc, h.id), '[]')
              from high h join expenses.category c on c.id = h.id),
         'uncategorized', (
            select json_build_object(
                     'amount', expenses.money_sum(coalesce(sum(h.amount), 0), q.currency),
                     'percentage', expenses.percentage(sum(h.amount), w.amount), 'expense_count', coalesce(sum(h.n), 0))
              from high h where h.id is null),
         'date_range', json_build_object('from', q.day_from, 'to', q.day_to),
         'total_expenses', expenses.money_sum(w.amount, q.currency),
         'currency', q.currency,
         'unconverted', (select coalesce(json_agg(expenses.money_json(o.amount, o.currency) order by o.currency), '[]')
                           from (select p.currency, sum(p.left_out) as amount
                                   from part p where p.left_out is not null group by 1) as o)) as body
  from q, whole w
