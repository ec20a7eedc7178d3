-- The caller likes an image that he may see, or likes it no more
with seen as (
  select id from figureforge.image
   where id = :image_id and deleted_at is null and (is_public or account_id = :account_id::bigint) for update),
gone as (
  delete from figureforge.favorite l using seen where l.image_id = seen.id and l.account_id = :account_id::bigint returning 1),
made as (
  insert into figureforge.favorite (account_id, image_id)
  select :account_id::bigint, seen.id from seen where not exists (select from gone)
  on conflict do nothing
  returning 1)
update figureforge.image as i
   set favorites_count = favorites_count + (select count(*) from made) - (select count(*) from gone)
  from seen
 where i.id = seen.id
returning json_build_object('image_id', figureforge.image_ref(i.id), 'is_favorite', not exists (select from gone),
                            'favorites_count', i.favorites_count) as body
