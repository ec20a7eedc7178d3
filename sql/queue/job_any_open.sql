-- Whether a queue has a job that has not ended
select exists (select from job j, queue_scan s
                where j.queue = :queue and j.id >= s.oldest
                  and not exists (select from job_end e where e.id = j.id)) as any_open
