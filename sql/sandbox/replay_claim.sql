-- sql/sandbox/replay_claim.sql: this key is ours now (no row); or what it was answered before; or why it cannot be used
with claimed as (
  insert into sandbox.replay (service, key, operation, input) values (:service, :key, :operation, :input)
  on conflict do nothing
  returning 1)
select coalesce(r.status::text,
                refuse('MR409', 'There is currently another in-progress request using this Idempotent Key')) as status,
       case when r.operation = :operation and r.input is not distinct from :input then r.body
            else refuse('MR400', 'Keys for idempotent requests can only be used with the same parameters they were first used with.')
       end as body
  from sandbox.replay r
 where r.service = :service and r.key = :key and not exists (select from claimed)
