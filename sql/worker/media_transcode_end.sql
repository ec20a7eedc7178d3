-- What was made of a media file, or why not; what was only cut is made in parts. Of a job that AIlice has not put there is
-- nothing more to do.
with cut as (
  insert into media_part
  select * from media_split(:job_id::uuid, :folder, case when :outcome = 'done' then :result::json end)
  returning job_id)
select ailice.rendition_end(:job_id::uuid, :outcome, :folder, case when :outcome = 'done' then :result::json end, :error)
 where not exists (select from cut)
