-- What the owner has paid and received, step by step. The first one begins where the report does.
with q as materialized (
  select s.*, expenses.report_step(s.day_from, s.day_to) as step
    from expenses.report_scope(:account_id::bigint, :filters::json) s),
moved as (
  select date_trunc(q.step, s.completed::timestamp)::date as day,
         coalesce(sum(s.counted) filter (where s.payer_id = :account_id), 0) as paid,
         coalesce(sum(s.counted) filter (where s.payee_id = :account_id), 0) as received
    from q
    join expenses.report_settled(:account_id::bigint, :filters::json) s
      on s.counted is not null and s.status = 'completed' and :account_id in (s.payer_id, s.payee_id)
   group by 1)
select greatest(d.day::date, q.day_from) as day, coalesce(m.paid, 0) || ' ' || q.currency as paid,
       coalesce(m.received, 0) || ' ' || q.currency as received
  from q
 cross join lateral generate_series(date_trunc(q.step, q.day_from::timestamp), q.day_to::timestamp, ('1 ' || q.step)::interval) as d(day)
  left join moved m on m.day = d.day::date
 where exists (select from moved)
 order by d.day
