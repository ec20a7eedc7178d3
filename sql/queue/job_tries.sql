-- Attempts that did not end their jobs; committed before Redis hears of it. delays: seconds until the next may start
insert into job_try (id, epoch, outcome, counts, error, worker, not_before)
select t.id, t.epoch, t.outcome, t.counts, t.error, :worker, now() + make_interval(secs => t.delay)
  from unnest(:ids::uuid[], :epochs::bigint[], :outcomes::text[], :counts::boolean[], :errors::text[],
              :delays::double precision[]) as t(id, epoch, outcome, counts, error, delay)
on conflict do nothing
