-- An image that is public, or the caller's own; who is not signed in has no account_id
select shown.body, md5(shown.body::text) as etag
  from (select json_build_object(
                 'id', figureforge.image_ref(i.id),
                 'url', figureforge.image_url(i, f, :base_url),
                 'thumbnail_url', figureforge.image_url(i, t, :base_url),
                 'prompt', g.prompt, 'filters', g.filters, 'model', g.model, 'width', i.width, 'height', i.height,
                 'tags', array_to_json(i.tags), 'is_public', i.is_public,
                 'is_favorite', exists (select from figureforge.favorite l
                                         where l.image_id = i.id and l.account_id = :account_id::bigint),
                 'favorites_count', i.favorites_count, 'job_id', g.id,
                 'owner', json_build_object('id', figureforge.user_ref(a.id), 'username', a.username),
                 'created_at', iso_time(i.created_at)) as body
          from figureforge.image i
          join figureforge.generation g on g.id = i.generation_id
          join account a on a.id = i.account_id
          join file f on f.id = i.file_id
          join file t on t.id = i.thumbnail_id
         where i.id = :image_id and i.deleted_at is null and (i.is_public or i.account_id = :account_id::bigint)
        offset 0) as shown
