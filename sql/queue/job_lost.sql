-- Leases that ran out: written by whoever reserves the job next, once. When the job has ended, only its worker's word to
-- Redis was lost.
insert into job_try (id, epoch, outcome, counts, worker, error)
select l.id, l.epoch, 'lost', false, l.worker, 'the lease ran out'
  from unnest(:ids::uuid[], :epochs::bigint[], :workers::text[]) as l(id, epoch, worker)
 where not exists (select from job_end e where e.id = l.id)
on conflict do nothing
