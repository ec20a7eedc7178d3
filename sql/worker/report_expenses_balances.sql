-- What each member has paid and had in the period, and how they stand now by the books: what was paid less what was had, with
-- all that was settled
with q as materialized (
  select * from expenses.report_scope(:account_id::bigint, :filters::json))
select g.name as "group", coalesce(expenses.person_name(m.account_id), m.email) as member,
       coalesce(paid.amount, 0) || ' ' || g.currency as paid, coalesce(had.amount, 0) || ' ' || g.currency as share,
       m.balance || ' ' || g.currency as balance
  from q
 cross join lateral expenses.report_groups(:account_id::bigint, q.group_ids) g
  join expenses.member m on m.group_id = g.id and m.status = 'active'
 cross join lateral (
         select sum(e.booked) as amount
           from expenses.expense e
          where e.group_id = g.id and e.paid_by = m.account_id and e.deleted_at is null
            and e.expense_date between q.day_from and q.day_to) as paid
 cross join lateral (
         select sum(s.booked) as amount
           from expenses.share s
          where s.group_id = g.id and s.account_id = m.account_id and s.live and s.day between q.day_from and q.day_to) as had
 order by g.name, g.id, member
