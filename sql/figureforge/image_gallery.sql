-- public: images that their owners show to everybody, of models up to the viewer's plan; who is not signed in has the free one.
-- All of them or those with tags, of which there are few: one of the two is read.
with viewer as (
  select coalesce((figureforge.plan_of(:account_id::bigint)).position, 0) as place),
shown as not materialized (
  select created_at, id from figureforge.gallery((select place from viewer)) where :tags::text is null),
tagged as not materialized (
  select created_at, id from figureforge.gallery((select place from viewer)) where tags @> string_to_array(:tags, ',')),
page as materialized (
  select created_at, id, row_number() over () as n
    from ((select created_at, id from shown
            where :page_before::json is null
              and (created_at, id) < (coalesce((:page_after::json ->> 0)::timestamptz, 'infinity'),
                                      (:page_after::json ->> 1)::bigint)
            order by created_at desc, id desc
            limit 101 offset :page_offset::bigint)
           union all
          (select created_at, id from shown
            where (created_at, id) > ((:page_before::json ->> 0)::timestamptz, (:page_before::json ->> 1)::bigint)
            order by created_at, id
            limit 101)
           union all
          (select created_at, id from tagged
            where :page_before::json is null
              and (created_at, id) < (coalesce((:page_after::json ->> 0)::timestamptz, 'infinity'),
                                      (:page_after::json ->> 1)::bigint)
            order by created_at desc, id desc
            limit 101 offset :page_offset::bigint)
           union all
          (select created_at, id from tagged
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
       coalesce(case when :page_total::bigint > 10000 then :page_total::bigint end,
                (select count(*) from shown) + (select count(*) from tagged)) as total
  from page p
  join figureforge.image i on i.id = p.id
  join file f on f.id = i.file_id
  join file t on t.id = i.thumbnail_id
