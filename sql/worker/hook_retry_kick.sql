-- A delivery that was given up is tried again
update hook_delivery d set state = 'retrying', ended_at = null
  from job j
 where j.id = :job_id::uuid and d.id = (j.args ->> 'delivery')::uuid and d.state = 'failed'
