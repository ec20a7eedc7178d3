-- Change one of the caller's images. Made private, all links to it end.
with was as (
  select id, is_public from figureforge.image
   where id = :image_id and account_id = :account_id::bigint and deleted_at is null for update),
changed as (
  update figureforge.image as i
     set is_public = coalesce(:is_public::boolean, i.is_public),
         tags = case when :tags::json is null then tags
                     else array(select tag from json_array_elements_text(:tags::json) as tag) end
    from was
   where i.id = was.id
  returning i, was.is_public and not i.is_public as hidden),
linked as (
  update file as f set generation = generation + c.hidden::integer
    from changed c
   where f.id in ((c.i).file_id, (c.i).thumbnail_id)
  returning f)
select figureforge.image_json(c.i, p.f, t.f, :account_id::bigint, :base_url) as body
  from changed c
  join linked p on (p.f).id = (c.i).file_id
  join linked t on (t.f).id = (c.i).thumbnail_id
