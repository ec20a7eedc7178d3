-- What was settled in the period, in figures
with q as materialized (
  select * from expenses.report_scope(:account_id::bigint, :filters::json)),
sums as (
  select coalesce(sum(s.amount) filter (where s.status = 'completed' and s.payer_id = :account_id), 0) as paid,
         coalesce(sum(s.amount) filter (where s.status = 'completed' and s.payee_id = :account_id), 0) as received,
         coalesce(sum(s.amount) filter (where s.status in ('pending', 'processing')), 0) as open,
         count(s.id) as n, count(*) filter (where s.status = 'completed') as done,
         count(*) filter (where s.status in ('pending', 'processing')) as waiting
    from q
    left join expenses.report_settlements(:account_id::bigint, :filters::json) s on s.currency = q.currency)
select f.label, f.type, f.value
  from q, sums
 cross join lateral (values
         (1, 'You have paid', 'money', sums.paid || ' ' || q.currency),
         (2, 'You have received', 'money', sums.received || ' ' || q.currency),
         (3, 'Still open', 'money', sums.open || ' ' || q.currency),
         (4, 'Settlements', 'integer', sums.n::text), (5, 'Completed', 'integer', sums.done::text),
         (6, 'Waiting', 'integer', sums.waiting::text)) as f(n, label, type, value)
 order by f.n
