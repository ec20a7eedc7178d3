-- What a job is about to put into storage. If nothing comes of it, it goes a day later
insert into piece (storage_key, job_id, account_id, gone_at)
select :prefix || '/' || n.name, :job_id, (select a.id from account a where a.id = :account_id::bigint), now() + interval '1 day'
  from unnest(:names::text[]) as n(name)
on conflict (storage_key) do nothing
