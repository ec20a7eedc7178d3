-- A sync that was given up is made after all
update ailice.integration i set sync_status = 'syncing', items_synced = 0, error_message = null
  from job j
 where j.id = :job_id::uuid and i.account_id = j.account_id and i.service = j.args ->> 'service'
