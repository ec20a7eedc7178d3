-- An attempt that did not end its job; committed before Redis hears of it
insert into job_try (id, epoch, outcome, counts, error, worker, not_before)
values (:job_id, :epoch, :outcome, :counts, :error, :worker, now() + make_interval(secs => :delay::double precision))
on conflict do nothing
