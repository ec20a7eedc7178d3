-- What a sealing key still has to open: arguments of open jobs, and answers that are kept for requests sent twice. :mark is how a
-- text begins that it has sealed
select (select count(*) from job j
         where position('"' || :mark::text in j.args::text) > 0 and not exists (select from job_end e where e.id = j.id)) as jobs,
       (select count(*) from idempotency i
         where starts_with(i.answer, :mark::text) and i.created_at > now() - interval '1 day') as answers
