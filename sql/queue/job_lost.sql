-- Leases that ran out: written by whoever reserves the job next, once
insert into job_try (id, epoch, outcome, counts, worker, error)
select l.id, l.epoch, 'lost', false, l.worker, 'the lease ran out'
  from unnest(:ids::uuid[], :epochs::bigint[], :workers::text[]) as l(id, epoch, worker)
on conflict do nothing
