-- The picture that stands for a media file, in the place of one there was
with shown as (
  select m.id, m.account_id, :result::json as made
    from job j
    join file f on f.storage_key = j.args ->> 'source'
    join ailice.media m on m.file_id = f.id
   where j.id = :job_id and :outcome = 'done'),
stored as (
  insert into file (product, account_id, storage_key, name, type)
  select 'ailice', account_id, :folder || '/' || (made ->> 'file'), made ->> 'file', made ->> 'type'
    from shown
  returning id)
update ailice.media m set poster_id = stored.id from shown, stored where m.id = shown.id
