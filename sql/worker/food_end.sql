-- An analysis has ended
update nutrition.analysis a
   set status = case :outcome when 'done' then 'completed' when 'cancelled' then 'cancelled' else 'failed' end,
       progress = case :outcome when 'done' then 100 else a.progress end,
       items = case :outcome when 'done' then :result::json -> 'items' end,
       error = case :outcome when 'done' then null when 'cancelled' then 'The analysis was cancelled'
               else case when :error like 'the picture %' then upper(left(:error, 1)) || substr(:error, 2)
                    else 'The meal could not be analysed' end end,
       updated_at = now()
 where a.id = :job_id
