-- The last attempt of a delivery, or the one that went well; or there is nowhere to send it to any more
select hook_tried(d.id, coalesce((:result::json ->> 'delivered')::boolean, false), (:result::json ->> 'status')::integer, :error,
                  true) as ticket
  from job j
  join hook_delivery d on d.id = (j.args ->> 'delivery')::uuid
 where j.id = :job_id::uuid and d.state = 'retrying'
