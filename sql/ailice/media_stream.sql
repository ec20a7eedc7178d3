-- The bytes of a media file, or of what was made of it, for its owner (:account_id) or whoever has its link: that names the
-- file that was sent in, and its generation. With a format but no quality the best there is.
select f.storage_key as file, f.type as file_type, f.name as file_name, 'false' as file_attachment
  from ailice.media m
  join file sent on sent.id = m.file_id
 cross join lateral (
         select r.file_id, array_position('{high,medium,low}', r.quality) as place
           from ailice.rendition r
          where r.media_id = m.id and r.status = 'completed' and r.output_format = :format
            and (:quality::text is null or r.quality = :quality)
         union all
         select m.file_id, 0 where :format::text is null
          order by place
          limit 1) as wanted
  join file f on f.id = wanted.file_id
 where m.id = :media_id and f.deleted_at is null
   and (m.account_id = :account_id::bigint or (sent.id = :file_id::bigint and sent.generation = :generation::integer))
