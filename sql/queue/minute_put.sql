-- One minute of all queues
insert into queue_minute (minute, queue, waiting, running, delayed, put, done, failed, buried)
select to_timestamp(:minute::bigint * 60), m.*
  from unnest(:queues::text[], :waiting::bigint[], :running::bigint[], :delayed::bigint[], :put::bigint[], :done::bigint[],
              :failed::bigint[], :buried::bigint[]) as m
on conflict do nothing
