-- A media file is looked at once more
update ailice.media set status = 'processing', error = null where probe_id = :job_id
