-- What was settled in the period, in figures
with q as materialized (
  select * from expenses.report_scope(:account_id::bigint, :filters::json)),
sums as (
  select coalesce(sum(s.counted) filter (where s.status = 'completed' and s.payer_id = :account_id), 0) as paid,
         coalesce(sum(s.counted) filter (where s.status = 'completed' and s.payee_id = :account_id), 0) as received,
         coalesce(sum(s.counted) filter (where s.status in ('pending', 'processing')), 0) as open,
         count(*) as n, count(*) filter (where s.status = 'completed') as done,
         count(*) filter (where s.status in ('pending', 'processing')) as waiting
    from expenses.report_settled(:account_id::bigint, :filters::json) s
   where s.counted is not null)
select f.label, f.type, f.value
  from q, sums
 cross join lateral (values
         (1, 'You have paid', 'money', sums.paid || ' ' || q.currency),
         (2, 'You have received', 'money', sums.received || ' ' || q.currency),
         (3, 'Still open', 'money', sums.open || ' ' || q.currency),
         (4, 'Settlements', 'integer', sums.n::text), (5, 'Completed', 'integer', sums.done::text),
         (6, 'Waiting', 'integer', sums.waiting::text)) as f(n, label, type, value)
 order by f.n
