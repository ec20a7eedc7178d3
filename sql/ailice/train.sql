-- Put a training on a base model: by ourselves, or at the model's provider
with base as (
  select m.*, p.available
    from ailice.model_of(:account_id::bigint, :base_model) m
    join provider p on p.name = m.provider
   where m.trains),
given as (
  select coalesce(json_typeof(:training_data::json -> 'examples') = 'array', false)
         and json_array_length(case when json_typeof(:training_data::json -> 'examples') = 'array'
                                    then :training_data::json -> 'examples' else '[]' end) > 0 as holds),
refused as (
  select * from ailice.training_refused(:parameters::json)),
noted as (
  insert into ailice.training (account_id, job_id, model_name, model_type, base_model, provider, remote, parameters, data)
  select :account_id::bigint, job_id_make(), :model_name, :model_type, base.id, base.provider, base.remote,
         coalesce(:parameters::json, '{}'), :training_data::json
    from base, given
   where base.available and given.holds and :model_type = base.model_type and not exists (select from refused)
  returning id, job_id, provider),
put as (
  select n.id, j.id as job_id, job_ticket(j) as ticket
    from noted n
   cross join lateral job_put(
           kind => case n.provider when 'local' then 'ai.fit' else 'ai.train' end, product => :product,
           tenant => :product || '/' || :account_id, account_id => :account_id::bigint, request_id => :request_id,
           id => n.job_id, args => json_build_object('training_id', n.id)) j)
select json_build_object('training_id', id::text, 'status', 'queued', 'message', 'Training job queued', 'job_id', job_id) as body,
       ticket as jobs, null as error, null as message, null as field
  from put
union all
select null, null, case when base.key is not null and given.holds and :model_type = base.model_type and refused.field is null
                       then 'unavailable' else 'invalid' end,
       case when base.key is null then 'names no model that can be trained; see the models call'
            when :model_type <> base.model_type then 'must be ' || base.model_type || ' for this base model'
            when not given.holds then 'must have a list of examples'
            when refused.field is not null then refused.message
            else 'The provider of this model is not configured here' end,
       case when base.key is null then 'base_model' when :model_type <> base.model_type then 'model_type'
            when not given.holds then 'training_data.examples' else refused.field end
  from given
  left join base on true
  left join refused on true
 where not exists (select from put)
