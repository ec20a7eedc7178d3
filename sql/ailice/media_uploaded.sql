-- A media file of the caller's that has just been sent in, once it was looked at
select ailice.media_json(m, f) as body, m.status = 'processing' as pending, 201 as status
  from ailice.media m
  join file f on f.id = m.file_id
 where m.probe_id = :job_id and m.account_id = :account_id::bigint
