-- What is said of each queue: its settings as a JSON object of texts
select q.name, q.version, q.refusing, q.why,
       coalesce((select json_object_agg(s.name, s.value) from queue_setting s where s.queue = q.name), '{}') as settings
  from queue q
