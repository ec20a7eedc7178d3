-- A job is done: what its end has made a file of is no piece any more. The rest is kept for a week, for who goes on with it
with named as (
  delete from piece p
   where p.job_id = :job_id and exists (select from file f where f.storage_key = p.storage_key))
insert into piece (storage_key, job_id, account_id, gone_at)
select :prefix || '/' || n.name, :job_id, (select a.id from account a where a.id = :account_id::bigint), now() + interval '7 days'
  from unnest(:names::text[]) as n(name)
 where not exists (select from file f where f.storage_key = :prefix || '/' || n.name)
on conflict (storage_key) do update set gone_at = excluded.gone_at
