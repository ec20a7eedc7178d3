-- The end of a fine-tuning: the model that it made is its account's. One that is not wanted any more is cancelled at the
-- provider.
with ended as (
  update ailice.training
     set status = ailice.ended(:outcome), model_id = :result::json ->> 'model_id', finished_at = now(),
         data = case :outcome when 'done' then '{}' else data end,
         error = case :outcome when 'buried' then ailice.told(:error) end
   where job_id = :job_id
  returning *),
made as (
  insert into ailice.model (id, name, provider, model_type, remote, account_id)
  select e.model_id, e.model_name, e.provider, e.model_type, :result::json ->> 'remote', e.account_id
    from ended e
   where e.model_id is not null
  on conflict (account_id, id) do nothing)
select job_ticket(j) as ticket
  from ended e
 cross join lateral job_put(kind => 'ai.cancel', product => '', tenant => 'ai', account_id => null, anyway => true,
                            args => json_build_object('provider', e.provider, 'remote_id', e.remote_id)) j
 where e.remote_id is not null and :outcome <> 'done'
