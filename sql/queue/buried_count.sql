-- How many of the last `most` buried jobs each queue has
select j.queue, count(*) as buried
  from (select e.id from job_end e where e.outcome = 'buried' order by e.id desc limit :most::bigint) b
 cross join lateral (select o.queue from job o where o.id = b.id limit 1) j
 group by j.queue
