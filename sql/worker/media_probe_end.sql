-- What a media file is
update ailice.media m
   set status = case when :outcome = 'done' then 'ready' else 'failed' end,
       error = case :outcome when 'done' then null when 'cancelled' then 'The look at it was cancelled'
                             else coalesce(:error, 'It could not be looked at') end,
       media_type = coalesce(:result::json ->> 'class', m.media_type),
       duration_ms = (:result::json ->> 'duration_ms')::bigint,
       width = (:result::json ->> 'width')::integer,
       height = (:result::json ->> 'height')::integer,
       details = :result
 where m.probe_id = :job_id
