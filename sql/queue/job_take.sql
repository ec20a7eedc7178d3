-- What a worker needs to know of the jobs it has just reserved, in no order; an id without a row has no job. first and last
-- are the least and the greatest of ids: with them the executor leaves out all other weeks when it starts, which it cannot
-- tell from an array. Each look is one scan of an index. Tries, and the back-off of the last, count from the last time that
-- the job was kicked. linked: its end brings something about.
select j.id, j.kind, j.version, j.product, j.account_id, j.args, j.tries, j.deadline, j.request_id,
       coalesce(j.expires_at < now(), false) as expired,
       j.id = any (array(select e.id from job_end e
                          where e.id = any (:ids::uuid[]) and e.id between :first and :last)) as ended,
       j.id = any (array(select c.id from job_cancel c where c.id = any (:ids::uuid[]))) as cancelled,
       coalesce(t.counted, 0) as counted, coalesce(t.lost, 0) as lost, coalesce(t.wait, 0) as wait,
       job_ms(j.due_at) as due_ms, j.unique_name is not null or j.batch_id is not null or j.chain is not null as linked
  from job j
  left join (select id, count(*) filter (where counts and epoch > kick) as counted,
                    count(*) filter (where outcome = 'lost' and epoch > kick) as lost,
                    greatest(0, ceil(extract(epoch from max(not_before) filter (where epoch > kick) - now()) * 1000))::bigint as wait
               from (select x.id, x.epoch, x.outcome, x.counts, x.not_before,
                            coalesce(max(x.epoch) filter (where x.outcome in ('buried', 'cancelled'))
                                     over (partition by x.id), -1) as kick
                       from job_try x
                      where x.id = any (:ids::uuid[]) and x.id between :first and :last) as tried
              group by id) as t on t.id = j.id
 where j.id = any (:ids::uuid[]) and j.id between :first and :last
