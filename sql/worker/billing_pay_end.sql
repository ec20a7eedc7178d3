-- A payment that could not be taken: failed, when it was never sent; what was sent and never heard of is not known
update billing.payment
   set status = case status when 'new' then 'failed' else 'unknown' end, error = coalesce(error, :error)
 where job_id = :job_id and :outcome <> 'done' and status in ('new', 'sending')
