-- All open jobs, in pages; those that ended long ago are not looked at
select p.id, p.queue, p.ticket
  from queue_scan s
 cross join lateral job_open_page(greatest(:after::uuid, s.oldest), now() + interval '1 minute', 5000) as p
