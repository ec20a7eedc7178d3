-- A page of the caller's images, newest first
select list.body, list.total, md5(list.body::text) || list.total as etag
  from (select coalesce(json_agg(json_build_object('id', figureforge.image_ref((p.i).id),
                                                   'url', figureforge.image_url(p.i, p.f, :base_url),
                                                   'thumbnail_url', figureforge.image_url(p.i, p.t, :base_url))
                                 order by (p.i).id desc), '[]') as body,
               (select count(*) from figureforge.image i
                 where i.account_id = :account_id::bigint and i.deleted_at is null
                   and (:tag::text is null or :tag = any (i.tags))) as total
          from (select i, f, t
                  from figureforge.image i
                  join file f on f.id = i.file_id
                  join file t on t.id = i.thumbnail_id
                 where i.account_id = :account_id::bigint and i.deleted_at is null
                   and (:tag::text is null or :tag = any (i.tags))
                 order by i.id desc
                 limit :page_limit::bigint offset :page_offset::bigint) as p
        offset 0) as list
