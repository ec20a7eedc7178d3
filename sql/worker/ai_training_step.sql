-- How far a training at a provider is; what is null stays. ordered: it is about to be
update ailice.training
   set file_id = coalesce(:file_id, file_id), remote_id = coalesce(:remote_id, remote_id),
       ordered_at = case when :ordered::boolean and :remote_id is null then clock_timestamp() else ordered_at end
 where id = :training_id
