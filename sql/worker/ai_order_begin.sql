-- Say that something is about to be ordered for a job, when it may; no row: it may not yet, or another is at it. fresh: nothing had been; else what is known of it. The age of the
-- order in seconds; when it was made first (began) and last (tried, exactly), and how long it takes from now until the
-- provider's list shows for sure whether that arrived.
with fresh as (
  insert into ai_order (job_id, position, provider)
  select :job_id, :position::integer, :provider where :may::boolean
  on conflict do nothing
  returning *),
it as (
  select true as fresh, f.* from fresh f
  union all
  select false, o.* from ai_order o where o.job_id = :job_id::uuid and o.position = :position::integer)
select fresh, remote_id, refused, extract(epoch from now() - created_at)::integer as age,
       floor(extract(epoch from created_at)) as began, extract(epoch from tried_at) as tried,
       greatest(0, ceil(extract(epoch from tried_at + make_interval(secs => :settle::integer) - clock_timestamp())))::integer as wait
  from it
