-- What a prediction of the caller's own came to, or that it is still being made
select case when p.status in ('failed', 'cancelled')
            then json_build_object('detail', case p.status when 'failed' then 'The model gave no answer: ' || p.error
                                                           else 'The prediction was cancelled' end)
            else coalesce(p.answer, json_build_object('job_id', p.id, 'status', p.status)) end as body,
       case when p.status in ('failed', 'cancelled') then 500 end as status, p.status in ('queued', 'processing') as pending
  from ailice.prediction p
 where p.id = :job_id and p.account_id = :account_id
