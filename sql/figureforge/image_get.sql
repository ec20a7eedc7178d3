-- An image that is public, or the caller's own; who is not signed in has no account_id
select shown.body, md5(shown.body::text) as etag
  from (select figureforge.image_json(i, f, t, :account_id::bigint, :base_url) as body
          from figureforge.image i
          join file f on f.id = i.file_id
          join file t on t.id = i.thumbnail_id
         where i.id = :image_id and i.deleted_at is null and (i.is_public or i.account_id = :account_id::bigint)
        offset 0) as shown
