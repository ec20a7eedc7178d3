-- A worker has begun: what a look at the media shows
update ailice.rendition set status = 'processing' where id = :job_id and status = 'queued'
