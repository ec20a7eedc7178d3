-- The ends of many jobs at once, as job_end.sql writes one: all or, when one of them has ended already, none
with ended as (
  insert into job_end (id, outcome, result, error, epoch, worker)
  select e.id, e.outcome, e.result, e.error, e.epoch, :worker
    from unnest(:ids::uuid[], :outcomes::text[], :results::json[], :errors::text[], :epochs::bigint[])
         as e(id, outcome, result, error, epoch)
  on conflict do nothing
  returning id)
select case when (select count(*) from ended) < cardinality(:ids::uuid[])
            then refuse('MR409', 'One of these jobs has ended already') end as refused
