-- A subscription, the plan that it is of or is to be of, those of the account's that were never paid for, and whether it has another.
-- ending, planning: whether this job's wish about its end, about its plan, is the latest
select s.id, s.stripe_id, s.status, p.id as plan, p.name, p.stripe_price_id as price, s.ended_at is not null as ended,
       coalesce(s.ending_by, :job::uuid) = :job::uuid as ending, coalesce(s.plan_by, :job::uuid) = :job::uuid as planning,
       (select string_agg(o.stripe_id, ' ') from billing.subscription o
         where o.account_id = s.account_id and o.id <> s.id and o.ended_at is null and o.status = 'incomplete'
           and o.stripe_id is not null) as forgotten,
       exists (select from billing.subscription o
                where o.account_id = s.account_id and o.id <> s.id and o.ended_at is null and billing.live(o.status)) as other
  from billing.subscription s
  join account a on a.id = s.account_id
  left join billing.plan p on p.product = a.product and p.id = coalesce(:plan, s.plan)
 where s.id = :id::bigint and s.account_id = :account::bigint
