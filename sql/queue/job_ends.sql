-- The ends of jobs, in one transaction with their products' rows: all or, when one of them has ended already, none. Then it
-- fails with unique_violation; to ask first (on conflict) would cost another look into the index for each.
insert into job_end (id, outcome, result, error, epoch, worker)
select e.id, e.outcome, e.result, e.error, e.epoch, :worker
  from unnest(:ids::uuid[], :outcomes::text[], :results::json[], :errors::text[], :epochs::bigint[])
       as e(id, outcome, result, error, epoch)
