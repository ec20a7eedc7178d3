-- A media file of the caller's with what was made of it. Links are the same for an hour.
select shown.body, md5(shown.body::text) as etag
  from (select json_over(ailice.media_json(m, f), json_build_object(
                 'stream_url', ailice.media_stream(m, f, :base_url),
                 'poster_url', (select file_link(p, :base_url, 3) from file p where p.id = m.poster_id),
                 'details', m.details,
                 'renditions', array_to_json(array(
                    select json_build_object(
                             'job_id', r.id, 'output_format', r.output_format, 'quality', r.quality, 'status', r.status,
                             'error', r.error, 'mime_type', made.type, 'file_size', r.file_size,
                             'duration', round(r.duration_ms / 1000.0)::bigint, 'width', r.width, 'height', r.height,
                             'stream_url', ailice.media_stream(m, f, :base_url) || '&format=' || r.output_format
                                           || '&quality=' || case when r.status = 'completed' then r.quality end,
                             'created_at', ailice.stamp(r.created_at), 'finished_at', ailice.stamp(r.finished_at))
                      from ailice.rendition r
                      left join file made on made.id = r.file_id
                     where r.media_id = m.id
                     order by r.created_at desc, r.id desc
                     limit 100)))) as body
          from ailice.media m
          join file f on f.id = m.file_id
         where m.id = :media_id and m.account_id = :account_id::bigint
        offset 0) as shown
