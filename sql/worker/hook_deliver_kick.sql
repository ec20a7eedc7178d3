-- A first attempt that was never made is made now, behind those that were made meanwhile
update hook_delivery d set state = 'new', ended_at = null
  from job j
 where j.id = :job_id::uuid and d.id = (j.args ->> 'delivery')::uuid and d.state = 'failed'
