-- Settings that keep all that they go for from ever running, and limiters that there are not
select s.queue, s.name, s.value, s.name = 'limiter' as limiter
  from queue_setting s
 where s.name ~ '^cap\M' and s.value ~ '^0+$'
    or s.name = 'limiter' and not exists (select from limiter l where l.name = s.value)
 order by s.queue, s.name
 limit 100
