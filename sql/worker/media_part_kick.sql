-- A part is made once more, for whoever joins them next, if what it is made of is there still
with again as (
  update media_part set error = null where job_id = :job_id returning transcode_id, track),
held as materialized (
  select h.storage_key from again cross join media_pieces_hold(again.transcode_id) as h(storage_key))
select case when again.track = 'picture' and not exists (select from held where held.storage_key = j.args ->> 'source')
            then refuse('MR409', 'What it is made of has been removed: ask for the whole anew') end,
       (select count(*) from held)
  from again
  join job j on j.id = :job_id
