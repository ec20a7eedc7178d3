-- Claim an idempotency key of the caller's (:account_id). held: nobody else is at it. fresh: the request is to be carried out; else
-- what was stored, and whether it was of the same request. A day later the key may be used anew.
with lock as materialized (
  select pg_try_advisory_xact_lock(hashtextextended(:account_id::bigint || ' ' || :key::text, 20)) as held),
claimed as (
  insert into idempotency as i (account_id, key, fingerprint)
  select :account_id::bigint, :key, decode(:fingerprint, 'hex') from lock where held
  on conflict (account_id, key) do update
     set fingerprint = excluded.fingerprint, status = null, headers = null, answer = null, created_at = now()
   where i.created_at < now() - interval '1 day'
  returning key)
select lock.held and (k.answer is not null or exists (select from claimed)) as held, exists (select from claimed) as fresh,
       k.fingerprint = decode(:fingerprint, 'hex') as same, k.status, k.headers, k.answer
  from lock
  left join idempotency k on k.account_id = :account_id::bigint and k.key = :key
