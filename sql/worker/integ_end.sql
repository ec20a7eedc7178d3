-- A sync has ended; what it has kept by then stays. When there is more, the next one goes on there; after one that failed and
-- brought nothing it begins anew, for the place may be why. When another token was given meanwhile, it has ended for nothing
with ended as (
  select j.id, j.account_id, j.args ->> 'service' as service,
         case :outcome when 'done' then :result::json -> 'place' end as place
    from job j
   where j.id = :job_id::uuid),
another as (
  update ailice.integration i set sync_status = 'idle', updated_at = now()
    from ended e
   where i.account_id = e.account_id and i.service = e.service and i.sync_job is distinct from e.id and i.sync_status = 'syncing')
update ailice.integration i
   set sync_status = case :outcome when 'done' then 'completed' when 'cancelled' then 'idle' else 'error' end,
       error_message = case when :outcome = 'buried' then left(:error, 500)
                            when e.place is not null then 'There are more: the next sync goes on behind these' end,
       last_sync = case when :outcome = 'done' and e.place is null then coalesce(i.began_at, now()) else i.last_sync end,
       place = case when :outcome = 'done' then e.place when :outcome = 'cancelled' or i.items_synced > 0 then i.place end,
       updated_at = now()
  from ended e
 where i.account_id = e.account_id and i.service = e.service and i.sync_job = e.id
