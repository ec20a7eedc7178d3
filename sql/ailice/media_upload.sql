-- A media file of the caller's: kept, looked at by a job, and of what has pictures or sound a picture made that stands for it
with form as (
  select * from ailice.media_form where type = :file_type),
stored as (
  insert into file (product, account_id, storage_key, name, type)
  select :product, :account_id::bigint, :file, gen_random_uuid() || '.' || form.extension, form.type
    from form
  returning *),
put as (
  select j.id, job_ticket(j) as ticket
    from form
   cross join lateral job_put(
           kind => 'media.probe', product => :product, tenant => :product || '/' || :account_id,
           account_id => :account_id::bigint, request_id => :request_id,
           args => job_args_with(:job_args, json_build_object('source', :file)),
           chain => case when form.class <> 'image'
                         then json_build_array(json_build_object('kind', 'media.poster', 'args', json_build_object('source', :file)))
                    end) j),
kept as (
  insert into ailice.media (account_id, file_id, probe_id, original_filename, file_size, mime_type, media_type)
  select :account_id::bigint, stored.id, put.id, coalesce(nullif(:file_name, ''), 'file'), :file_size::bigint, form.type, form.class
    from stored, put, form
  returning *)
select ailice.media_json(kept, stored) as body, put.ticket as jobs
  from kept, stored, put
