-- A page of the caller's images, newest first
with mine as not materialized (
  select created_at, id from figureforge.image
   where account_id = :account_id::bigint and deleted_at is null and (:tag::text is null or :tag = any (tags))),
page as materialized (
  select created_at, id, row_number() over () as n
    from ((select created_at, id from mine
            where :page_before::json is null
              and (created_at, id) < (coalesce((:page_after::json ->> 0)::timestamptz, 'infinity'),
                                      (:page_after::json ->> 1)::bigint)
            order by created_at desc, id desc
            limit 101 offset :page_offset::bigint)
           union all
          (select created_at, id from mine
            where (created_at, id) > ((:page_before::json ->> 0)::timestamptz, (:page_before::json ->> 1)::bigint)
            order by created_at, id
            limit 101)) as read
   limit :page_more::bigint)
select coalesce(json_agg(json_build_object('id', figureforge.image_ref(i.id),
                                           'url', figureforge.image_url(i, f, :base_url),
                                           'thumbnail_url', figureforge.image_url(i, t, :base_url))
                         order by p.created_at desc, p.id desc)
                filter (where p.n <= :page_limit::bigint), '[]') as body,
       string_agg(json_build_array(p.created_at, p.id)::text, E'\n' order by p.n) as keys,
       coalesce(list_total('figureforge.image', :account_id::bigint, :tag::text is not null, :page_total::bigint),
                (select count(*) from mine)) as total
  from page p
  join figureforge.image i on i.id = p.id
  join file f on f.id = i.file_id
  join file t on t.id = i.thumbnail_id
