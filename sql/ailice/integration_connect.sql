-- The caller connects a service, or gives it another token. What a sync that runs tells from now on is not taken: it begins anew
insert into ailice.integration as i (account_id, service, access_token, refresh_token, config)
values (:account_id::bigint, :service, :access_sealed, :refresh_sealed, coalesce(:config::json, '{}'))
on conflict (account_id, service) do update
   set access_token = excluded.access_token, refresh_token = excluded.refresh_token, config = excluded.config,
       sync_status = case i.sync_status when 'syncing' then i.sync_status else 'idle' end, error_message = null, place = null,
       sync_job = null, updated_at = now()
returning ailice.integration_json(i) as body
