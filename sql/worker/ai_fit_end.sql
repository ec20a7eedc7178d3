-- The end of a training of our own: the file becomes the model that predict names local:NAME, in the place of an earlier one
with ended as (
  update ailice.training
     set status = ailice.ended(:outcome), model_id = case :outcome when 'done' then 'local:' || model_name end,
         accuracy = (:result::json ->> 'accuracy')::numeric, finished_at = now(),
         data = case :outcome when 'done' then '{}' else data end,
         error = case :outcome when 'buried' then left(:error, 500) end
   where job_id = :job_id
  returning *),
stored as (
  insert into file (product, account_id, storage_key, name, type)
  select 'ailice', e.account_id, :folder || '/' || (:result::json ->> 'file'), :result::json ->> 'file', 'application/octet-stream'
    from ended e
   where e.model_id is not null
  returning id),
replaced as (
  update file f set deleted_at = now()
    from ended e
    join ailice.model m on m.account_id = e.account_id and m.id = e.model_id
   where f.id = m.file_id)
insert into ailice.model (id, name, provider, model_type, remote, account_id, file_id)
select e.model_id, e.model_name, 'local', e.model_type, e.model_name, e.account_id, s.id
  from ended e, stored s
on conflict (account_id, id) do update set file_id = excluded.file_id
