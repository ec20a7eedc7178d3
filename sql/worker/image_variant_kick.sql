-- Pictures are made after all. An avatar only if its owner has sent no other since, and what he had sent is there still.
with asked as (
  select f.id, f.account_id
    from job j
    join file f on f.id = (j.args ->> 'file_id')::bigint and f.product = j.product
   where j.id = :job_id and j.args ->> 'use' = 'avatar'),
held as (
  select p.account_id, asked.id
    from expenses.profile p
    join asked using (account_id)
   where p.avatar_next_id is null and coalesce(p.avatar_id, 0) < asked.id
     for update of p),
back as (
  update file f set deleted_at = null from held where f.id = held.id and f.purged_at is null returning f.id, f.account_id),
awaited as (
  update expenses.profile p set avatar_next_id = back.id from back where p.account_id = back.account_id)
select refuse('MR409', 'Another picture has been sent since, or this one is not there any more')
  from asked
 where not exists (select from back)
