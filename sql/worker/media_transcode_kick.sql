-- What was not made is queued again, unless it has been asked for anew
with again as (
  select r.* from ailice.rendition r where r.id = :job_id and r.status in ('failed', 'cancelled')),
taken as (
  select r.id from ailice.rendition r, again a
   where r.media_id = a.media_id and r.output_format = a.output_format and r.quality = a.quality
     and r.status in ('queued', 'processing', 'completed')),
queued as (
  update ailice.rendition r set status = 'queued', error = null, finished_at = null
    from again
   where r.id = again.id and not exists (select from taken))
select refuse('MR409', format('Job %s makes the same', taken.id)) as refused from taken
