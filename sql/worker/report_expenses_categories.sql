-- Categories by what was spent on them, below each its subcategories
with q as materialized (
  select * from expenses.report_scope(:account_id::bigint, :filters::json)),
low as (
  select coalesce(c.parent_id, c.id) as top_id, c.id, count(*) as n, sum(e.counted) as amount
    from q
    join expenses.report_expenses(:account_id::bigint, :filters::json) e on e.counted is not null
    left join expenses.category c on c.id = e.category_id
   group by 1, 2),
high as (
  select l.top_id, sum(l.n) as n, sum(l.amount) as amount from low l group by l.top_id),
shown as (
  select h.top_id, h.top_id as id, 0 as depth, h.amount as whole, h.n, h.amount from high h
  union all
  select l.top_id, l.id, 1, h.amount, l.n, l.amount
    from low l
    join high h on h.top_id = l.top_id)
select coalesce(t.name, 'Uncategorized') as category,
       case when s.depth = 1 then case when s.id = s.top_id then 'General' else c.name end end as subcategory, s.n,
       s.amount || ' ' || q.currency as amount, round(s.amount / s.n) || ' ' || q.currency as average,
       coalesce(round(s.amount * 100 / nullif((select sum(h.amount) from high h), 0), 1), 0) as share
  from q, shown s
  left join expenses.category t on t.id = s.top_id
  left join expenses.category c on c.id = s.id
 order by s.whole desc, s.top_id, s.depth, s.amount desc, s.id
