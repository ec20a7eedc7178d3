-- Whether a queue has a job that has not ended
select exists (select from job j
                where j.queue = :queue and j.id >= job_id_floor(now() - interval '32 days')
                  and not exists (select from job_end e where e.id = j.id)) as any_open
