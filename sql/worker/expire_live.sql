-- What was told a day ago to who listened, some of it
delete from live_event
 where id in (select id from live_event where created_at < now() - interval '1 day' order by created_at limit 1000)
returning id
