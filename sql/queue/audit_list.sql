-- What operators have done, the last first; :target null: to anything
select a.id, iso_time(a.at) as at, a.who, a.action, a.target, a.details
  from audit a
 where :target::text is null or a.target = :target
 order by a.id desc
 limit :most::integer
