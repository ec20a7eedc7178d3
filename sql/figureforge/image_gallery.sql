-- public: images that their owners show to everybody, of models up to the viewer's plan; who is not signed in has the free one
with viewer as (
  select coalesce((figureforge.plan_of(:account_id::bigint)).position, 0) as place)
select coalesce(json_agg(json_build_object('id', figureforge.image_ref((p.i).id),
                                           'url', figureforge.image_url(p.i, p.f, :base_url),
                                           'thumbnail_url', figureforge.image_url(p.i, p.t, :base_url))
                         order by (p.i).id desc), '[]') as body,
       (select count(*) from figureforge.gallery(string_to_array(:tags, ','), (select place from viewer), null)) as total
  from (select i, f, t
          from figureforge.gallery(string_to_array(:tags, ','), (select place from viewer), :page_limit::bigint + :page_offset::bigint) as i
          join file f on f.id = i.file_id
          join file t on t.id = i.thumbnail_id
         order by i.id desc
         limit :page_limit::bigint offset :page_offset::bigint) as p
