-- What operators did longer ago than `days`, but at least 400, is forgotten: some of it with each call
delete from audit
 where id in (select id from audit order by id limit 10000)
   and at < now() - greatest(make_interval(days => :days), interval '400 days')
