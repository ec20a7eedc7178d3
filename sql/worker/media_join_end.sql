-- The parts of a media file were joined, or not: what its job has promised. Of one that AIlice has not put there is nothing to
-- do. Its pieces go; of what has failed a day later, for it may be kicked.
select ailice.rendition_end((j.args ->> 'transcode_id')::uuid, :outcome, :folder,
                            case when :outcome = 'done' then :result::json end, :error),
       media_pieces_until((j.args ->> 'transcode_id')::uuid,
                          now() + case when :outcome = 'done' then interval '0' else interval '1 day' end)
  from job j
 where j.id = :job_id
