-- A part of a video was made, or not
update media_part
   set made = case when :outcome = 'done' then :folder || '/' || (:result::json ->> 'file') end,
       error = case :outcome when 'done' then null when 'cancelled' then 'The job was cancelled'
                             else coalesce(:error, 'A part of it could not be made') end
 where job_id = :job_id
