-- After a whole pass: `oldest` is the oldest that is open. Not the last hour: what a long transaction commits may be older than
-- what was seen. Nothing when something was kicked meanwhile.
update queue_scan
   set oldest = greatest(oldest, least(job_id_before(:oldest), job_id_floor(now() - interval '1 hour')))
 where kicks = :kicks
