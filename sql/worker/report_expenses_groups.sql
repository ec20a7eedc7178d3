-- The owner's groups, or those that were asked for: what they have spent in the period, and what of that is still owed
with q as materialized (
  select * from expenses.report_scope(:account_id::bigint, :filters::json))
select g.name, g.group_type as type,
       (select count(*) from expenses.member m where m.group_id = g.id and m.status = 'active') as members,
       spent.n, spent.amount || ' ' || g.currency as amount, owed.amount || ' ' || g.currency as open
  from q
 cross join lateral expenses.report_groups(:account_id::bigint, q.group_ids) g
 cross join lateral (
         select count(*) as n, coalesce(sum(e.booked), 0) as amount
           from expenses.expense e
          where e.group_id = g.id and e.deleted_at is null and e.expense_date between q.day_from and q.day_to) as spent
 cross join lateral (
         select coalesce(sum(s.booked), 0) as amount
           from expenses.share s
          where s.group_id = g.id and s.live and s.settled_at is null and s.account_id <> s.owed_to and s.booked > 0
            and s.day between q.day_from and q.day_to) as owed
 order by spent.amount desc, g.name, g.id
