-- A generation of the caller's own, and its images once there are any. The offset keeps the planner from writing the list
-- of images into both shapes, which would prepare it twice in each call. Links are the same for an hour.
select case when g.error is null
            then json_build_object('job_id', g.id, 'status', g.status, 'images', shown.images)
            else json_build_object('job_id', g.id, 'status', g.status, 'images', shown.images, 'error', g.error)
       end as body, g.status in ('queued', 'processing') as pending, g.status || md5(shown.images::text) as etag
  from figureforge.generation g
 cross join lateral (
         select array_to_json(array(
                  select json_build_object(
                           'id', figureforge.image_ref(i.id),
                           'url', figureforge.image_url(i, f, :base_url),
                           'thumbnail_url', figureforge.image_url(i, t, :base_url))
                    from figureforge.image i
                    join file f on f.id = i.file_id
                    join file t on t.id = i.thumbnail_id
                   where i.generation_id = g.id and i.deleted_at is null
                   order by i.position)) as images
         offset 0) as shown
 where g.id = :job_id and g.account_id = :account_id
