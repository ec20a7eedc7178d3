-- Another form of a media file of the caller's: the job that makes it, or the one that has been asked for it before
select json_build_object('job_id', t.id, 'media_id', :media_id::bigint, 'status', t.status, 'output_format', :output_format,
                         'quality', :quality) as body,
       t.ticket as jobs
  from ailice.media_transcode(:media_id::bigint, :account_id::bigint, :output_format, :quality, :job_args, :request_id) t
