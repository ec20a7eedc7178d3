-- A sync begins, or goes on: where the last attempt, or the last sync, stopped
update ailice.integration i
   set sync_status = 'syncing', sync_job = j.id, error_message = null,
       items_synced = case when i.place is null then 0 else i.items_synced end,
       began_at = case when i.place is null then now() else i.began_at end
  from job j
 where j.id = :job_id::uuid and i.account_id = j.account_id and i.service = j.args ->> 'service'
