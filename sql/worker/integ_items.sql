-- A page of a service's items becomes the account's, and the next one is what a sync begins with. No row: the service is not
-- connected any more, or with another token
with open as (
  update ailice.integration i
     set items_synced = i.items_synced + json_array_length(:items::json), place = :place::json, updated_at = now()
   where i.account_id = :account_id::bigint and i.service = :service and i.sync_job = :job_id::uuid
  returning i.id),
sent as (
  select distinct on (s.id) s.*
    from open, json_to_recordset(:items::json) as s(id text, title text, url text)
   order by s.id),
kept as (
  insert into ailice.item as k (account_id, title, item_type, status, content, metadata, service, external_id, published_at)
  select :account_id::bigint, left(s.title, 200), :kind, 'published', json_build_object('url', s.url),
         json_build_object('service', :service::text, 'external_id', s.id), :service, s.id, now()
    from sent s
   order by s.id
  on conflict (account_id, service, external_id) where service is not null do update
     set title = excluded.title, content = excluded.content, updated_at = now()
   where k.title <> excluded.title or k.content::text <> excluded.content::text)
select id from open
