-- The parts of a media file are joined once more, if they are there still
with again as (
  select (j.args ->> 'transcode_id')::uuid as id from job j where j.id = :job_id),
held as materialized (
  select h.storage_key from again cross join media_pieces_hold(again.id) as h(storage_key)),
missing as (
  select from again a
    join media_part m on m.transcode_id = a.id and m.made is not null
   where not exists (select from held where held.storage_key = m.made)
   limit 1),
joined as (
  update ailice.rendition r set status = 'processing', error = null, finished_at = null
    from again
   where r.id = again.id and r.status in ('failed', 'cancelled') and not exists (select from missing))
select (select count(*) from held),
       case when exists (select from missing) then refuse('MR409', 'Its parts have been removed: ask for it anew') end
  from again
