-- The owner's groups, or those that were asked for
with q as materialized (
  select * from expenses.report_scope(:account_id::bigint, :filters::json))
select g.name, g.group_type as type,
       (select count(*) from expenses.member m where m.group_id = g.id and m.status = 'active') as members,
       spent.n, spent.amount || ' ' || g.currency as amount, spent.open || ' ' || g.currency as open
  from q
 cross join lateral expenses.report_groups(:account_id::bigint, q.group_ids) g
 cross join lateral (
         select count(distinct e.id) as n, coalesce(sum(s.amount), 0) as amount,
                coalesce(sum(s.amount) filter (where s.settled_at is null and s.account_id <> e.paid_by), 0) as open
           from expenses.expense e
           left join expenses.share s on s.expense_id = e.id
          where e.group_id = g.id and e.deleted_at is null and e.currency = g.currency
            and e.expense_date between q.day_from and q.day_to) as spent
 order by spent.amount desc, g.name, g.id
