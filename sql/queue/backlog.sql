-- How many jobs of a queue are open, as far as `most` and a little beyond: asked while Redis cannot be
select count(*) as open
  from (select from job j, queue_scan s
         where j.queue = :queue and j.id >= s.oldest and not exists (select from job_end e where e.id = j.id)
         limit :most::bigint + 1) as counted
