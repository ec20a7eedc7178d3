-- Put a prediction: at a model's provider, or by a classifier of the caller's own
with model as (
  select m.*, p.available
    from ailice.model_of(:account_id::bigint, :model_id) m
    join provider p on p.name = m.provider
   where m.predicts),
prompt as (
  select :input_data::json ->> 'prompt' as text,
         json_typeof(:input_data::json -> 'prompt') = 'string' and length(:input_data::json ->> 'prompt') between 1 and 32000 as holds),
put as (
  select j.id, job_ticket(j) as ticket
    from model m, prompt
   cross join lateral job_put(
           kind => case m.provider when 'local' then 'ai.classify' else 'ai.predict' end, product => :product,
           tenant => :product || '/' || :account_id, account_id => :account_id::bigint, request_id => :request_id,
           args => case m.provider when 'local' then '{}'
                   else job_args_with(:job_args, json_build_object('provider', m.provider, 'remote', m.remote)) end) j
   where m.available and prompt.holds),
noted as (
  insert into ailice.prediction (id, account_id, model_key, prompt)
  select put.id, :account_id::bigint, m.key, prompt.text from put, model m, prompt)
select json_build_object('job_id', id, 'status', 'queued') as body, ticket as jobs, null as error, null as message, null as field
  from put
union all
select null, null, case when m.key is not null and prompt.holds then 'unavailable' else 'invalid' end,
       case when m.key is null then 'names no model that there is; see the models call'
            when prompt.holds is not true then 'must be a text of 1 to 32000 characters'
            else 'The provider of this model is not configured here' end,
       case when m.key is null then 'model_id' when prompt.holds is not true then 'input_data.prompt' end
  from prompt
  left join model m on true
 where not exists (select from put)
