-- The caller wants what is new at a service. One sync of it runs at a time: who asks again waits for the same
with meant as (
  update ailice.integration i
     set items_synced = case i.sync_status when 'syncing' then i.items_synced else 0 end, sync_status = 'syncing',
         error_message = null, updated_at = now()
   where i.account_id = :account_id::bigint and i.service = :service
  returning i),
put as (
  select (m.i).id, job_ticket(j) as ticket
    from meant m
   cross join lateral job_put(kind => 'integ.sync', product => :product, tenant => :product || '/' || :account_id,
                              account_id => :account_id::bigint, request_id => :request_id,
                              args => json_build_object('service', :service::text, 'sync_type', coalesce(:sync_type, 'full')),
                              unique_name => 'integ/' || :account_id || '/' || :service) as j)
select ailice.sync_json(m.i) as body, p.ticket as jobs
  from meant m, put p
