-- The end of a prediction. What was ordered at a provider and is not wanted any more is cancelled there, by a job of its own.
with ended as (
  update ailice.prediction
     set status = ailice.ended(:outcome), answer = :result::json, finished_at = now(),
         error = case :outcome when 'buried' then ailice.told(:error) end
   where id = :job_id)
select job_ticket(j) as ticket
  from ai_order o
 cross join lateral job_put(kind => 'ai.cancel', product => '', tenant => 'ai', account_id => null, anyway => true,
                            args => json_build_object('provider', o.provider, 'remote_id', o.remote_id)) j
 where o.job_id = :job_id and o.remote_id is not null and :outcome <> 'done'
