-- An admin sends a group's image. It takes the place of the one before as soon as a worker has made it of what was sent, which
-- nobody sees. The link that is told leads there from then on.
with held as (                        -- two images at once: the second sees the first, and removes it
  select g.id, g.image_next_id,
         case when m.role <> 'admin' then refuse('MR403', 'Only an admin of the group may change it') end as refusal
    from expenses.member m
    join expenses.expense_group g on g.id = m.group_id
   where m.group_id = :group_id::bigint and m.account_id = :account_id::bigint and m.status = 'active'
     for no key update of g),
added as (
  insert into file (product, account_id, storage_key, name, type)
  select :product, :account_id::bigint, :image, 'group.jpg', :image_type from held where held.refusal is null
  returning *),
before as (
  update file f set deleted_at = now() from held where f.id = held.image_next_id and f.deleted_at is null),
kept as (
  update expenses.expense_group g set image_next_id = added.id from held, added where g.id = held.id),
put as (
  select job_ticket(j) as ticket
    from added
    join held on true
   cross join lateral job_put(kind => 'image.variant', product => :product, tenant => :product || '/' || :account_id,
                              account_id => :account_id::bigint, request_id => :request_id,
                              args => json_build_object('file_id', added.id, 'use', 'group', 'group_id', held.id)) j)
select json_build_object('image', expenses.avatar_link(added, :base_url)) as body, ticket as jobs
  from added
 cross join put
