-- The caller's picture. It takes the place of the one before as soon as a worker has made an avatar of it: nobody sees what was
-- sent. The link that is told leads there from then on.
with added as (
  insert into file (product, account_id, storage_key, name, type)
  values (:product, :account_id::bigint, :avatar, 'avatar.jpg', :avatar_type)
  returning *),
held as (                        -- two pictures at once: the second sees the first, and removes it
  select avatar_next_id from expenses.profile where account_id = :account_id for update),
before as (
  update file set deleted_at = now() where id = (select avatar_next_id from held) and deleted_at is null),
kept as (
  update expenses.profile set avatar_next_id = (select id from added) from held where account_id = :account_id),
put as (
  select job_ticket(j) as ticket
    from added
   cross join job_put(kind => 'image.variant', product => :product, tenant => :product || '/' || :account_id,
                      account_id => :account_id::bigint, request_id => :request_id,
                      args => json_build_object('file_id', added.id, 'use', 'avatar')) j)
select json_build_object('avatar_url', expenses.avatar_link(added, :base_url)) as body, ticket as jobs
  from added
 cross join put
