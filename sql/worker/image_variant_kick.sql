-- Pictures are made after all. An avatar or a group's image only if no other was sent since, and what was sent is there still.
with asked as (
  select f.id, f.account_id, j.args ->> 'use' as use, (j.args ->> 'group_id')::bigint as group_id
    from job j
    join file f on f.id = (j.args ->> 'file_id')::bigint and f.product = j.product
   where j.id = :job_id and j.args ->> 'use' in ('avatar', 'group')),
held_profile as (
  select asked.id
    from expenses.profile p
    join asked on asked.account_id = p.account_id and asked.use = 'avatar'
   where p.avatar_next_id is null and coalesce(p.avatar_id, 0) < asked.id
     for update of p),
held_group as (
  select asked.id
    from expenses.expense_group g
    join asked on asked.group_id = g.id and asked.use = 'group'
   where g.image_next_id is null and coalesce(g.image_id, 0) < asked.id
     for no key update of g),
back as (
  update file f set deleted_at = null
   where f.id in (select id from held_profile union all select id from held_group) and f.purged_at is null
  returning f.id),
awaited as (
  update expenses.profile p set avatar_next_id = back.id
    from back join asked on asked.id = back.id and asked.use = 'avatar'
   where p.account_id = asked.account_id),
pictured as (
  update expenses.expense_group g set image_next_id = back.id
    from back join asked on asked.id = back.id and asked.use = 'group'
   where g.id = asked.group_id)
select refuse('MR409', 'Another picture has been sent since, or this one is not there any more')
  from asked
 where not exists (select from back)
