-- Minutes that are older than 14 days, a bounded number at a time
delete from queue_minute m
 using (select minute, queue from queue_minute where minute < now() - interval '14 days' order by minute limit 1000) as old
 where m.minute = old.minute and m.queue = old.queue
