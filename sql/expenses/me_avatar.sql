-- The caller's picture; the one before can no longer be fetched
with added as (
  insert into file (product, account_id, storage_key, name, type)
  values (:product, :account_id::bigint, :avatar,
          'avatar.' || case :avatar_type when 'image/png' then 'png' when 'image/webp' then 'webp' else 'jpg' end, :avatar_type)
  returning *),
held as (                        -- two pictures at once: the second sees the first, and removes it
  select avatar_id from expenses.profile where account_id = :account_id for update),
before as (
  update file set deleted_at = now(), generation = generation + 1
   where id = (select avatar_id from held) and deleted_at is null),
shown as (
  update expenses.profile set avatar_id = (select id from added) from held where account_id = :account_id)
select json_build_object('avatar_url', link_write(:base_url, stem, name, null, 'inline')) as body
  from added
